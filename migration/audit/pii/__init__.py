"""Personal data out of texts: found and masked; `recall` measures how much of it is found.

Light to import, since what runs in production masks what it writes. Out of scope: where a text came from or goes.
"""

from migration.audit.pii.masking import Masker, count_by_kind, mask, mask_answers, mask_messages, named_without
from migration.audit.pii.restoring import Placeholders, masked_request

__all__ = [
    "Masker",
    "Placeholders",
    "count_by_kind",
    "mask",
    "mask_answers",
    "mask_messages",
    "masked_request",
    "named_without",
]
