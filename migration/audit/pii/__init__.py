"""Personal data out of texts: found, masked, and how much of it is found.

Out of scope: where a text came from or goes.
"""

from migration.audit.pii.masking import Masker, count_by_kind, mask, mask_messages
from migration.audit.pii.recall import recall_by_kind

__all__ = ["Masker", "count_by_kind", "mask", "mask_messages", "recall_by_kind"]
