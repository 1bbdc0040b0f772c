"""What training takes of memory, and the recipe that follows from it."""

import pandas as pd
import pytest

from migration.errors import BadInput
from migration.finetune import room
from migration.finetune.training.recipe import Recipe


def seven_billion():
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=32000, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32
    )


def test_a_7b_model_needs_what_the_article_says():
    """About 4 GB to load in NF4, 8 to 10 GB to train."""
    needed = room.memory(seven_billion(), tokens=1024, answers=256, recipe=Recipe(), gpu=True)
    parts = needed.frame.set_index("part")["gigabytes"]
    assert 3.5 < parts["weights"] < 4.5
    assert 6 < needed.needed < 12
    sparing = room.memory(seven_billion(), tokens=1024, answers=256, recipe=Recipe(checkpointing=True), gpu=True)
    assert sparing.needed < needed.needed


def test_checkpointing_only_where_memory_asks(monkeypatch):
    def on_a_device_with(free):
        def estimate(config, *, recipe, **_):
            return room.Memory(pd.DataFrame({"gigabytes": [3.0 if recipe.checkpointing else 9.0]}), free, "GPU")

        monkeypatch.setattr(room, "memory", estimate)
        return room.room_for("any", Recipe())[0].checkpointing

    monkeypatch.setattr(room, "_config", lambda base: None)
    assert on_a_device_with(20.0) is False
    assert on_a_device_with(5.0) is True
    with pytest.raises(BadInput, match="does not fit"):
        on_a_device_with(2.0)


def test_the_rate_follows_the_size_of_the_model(monkeypatch):
    monkeypatch.setattr(room, "_size", lambda base: 3.8e9 if base == "large" else 1.3e8)
    assert room.recipe_for("small").learning_rate == 2e-3
    assert room.recipe_for("large").learning_rate == 2e-4
    assert room.recipe_for("large", learning_rate=5e-4).learning_rate == 5e-4
