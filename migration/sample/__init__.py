"""Sample traffic of an invented shop (`simulate`), and the real and pocket models that need no hub (`models`)."""

from migration.sample.drifting import Drift, drifting
from migration.sample.simulate import World, truth, write

__all__ = ["Drift", "World", "drifting", "truth", "write"]
