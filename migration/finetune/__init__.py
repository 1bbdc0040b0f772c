"""Step 03: a training set from the log, an adapter from the training set, and proof that it helps.

Names are loaded when asked for: torch only where a model is at hand.
"""

from __future__ import annotations

from migration import later

_LATER = {
    "TrainingSet": "examples",
    "choose": "examples",
    "relabelled": "examples",
    "trained_tokens": "training.packing",
    "Recipe": "training.recipe",
    "tune": "training.train",
    "targets_table": "training.recipe",
    "say_targets": "training.recipe",
    "check": "training.train",
    "identity": "training.train",
    "TRAINING_PART": "fit",
    "recipe_for": "room",
    "room_for": "room",
    "pace_of": "fit",
    "choose_tasks": "fit",
    "with_left": "below",
    "doubted": "below",
    "encoded": "fit",
    "base_of": "proof",
    "answer_held_out": "held_out",
    "minutes_to_answer": "held_out",
    "comparison": "proof",
    "shown": "proof",
    "reading": "proof",
    "decision": "proof",
    "summary": "proof",
    "learning_curve": "proof",
    "save_adapter": "export",
    "merge": "export",
    "serving_lines": "export.runtimes",
    "launch_files": "export",
    "same_answers": "export",
    "to_gguf": "export.runtimes",
    "to_onnx": "export.runtimes",
    "to_executorch": "export.runtimes",
}

__all__ = [*_LATER]  # noqa: PLE0604

__getattr__ = later(__name__, _LATER)
