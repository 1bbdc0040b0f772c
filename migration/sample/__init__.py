"""Sample traffic of an invented shop (`simulate`), and the real and pocket models that need no hub (`models`)."""

from migration.sample.simulate import World, truth, write

__all__ = ["World", "truth", "write"]
