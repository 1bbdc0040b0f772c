"""Answers that are copied from their prompts: a tagger of spans on the sentence encoder's token vectors."""

from migration.benchmark.kinds.copied.extractor import Extractor
from migration.benchmark.kinds.copied.fitting import fit_extractor, may_be_copied

__all__ = ["Extractor", "fit_extractor", "may_be_copied"]
