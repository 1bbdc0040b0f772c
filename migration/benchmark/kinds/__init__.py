"""Kinds of candidates that need no language model: a classifier, and a cache of answers."""

from migration.benchmark.kinds.classifier import Classifier, fit_classifier

__all__ = ["Classifier", "fit_classifier"]
