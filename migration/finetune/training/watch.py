"""How a training is watched: what it would answer, the best adapter so far, checkpoints, time, a word to the reader.

Covers: the trainer's callbacks. Out of scope: how a step is computed, and the held-out calls of the proof.

Agreement is read by teacher forcing: every token of the reference is the likeliest one exactly when greedy decoding
writes the reference, so one packed forward pass tells what generation would write.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import TrainerCallback

from migration.files import read_json, write_json
from migration.finetune.training.packing import IGNORED, Collator, Example

if TYPE_CHECKING:
    from transformers import PreTrainedModel, TrainerControl, TrainerState, TrainingArguments

    from migration.finetune.training.recipe import Recipe

Say = Callable[[str], None]
MOST_LOOKS = 8
"""Times at most that the adapter is judged: once an epoch, or as often as this."""
TRAINED_PART = 0.95
"""Part of a training's minutes after which no step begins: the rest judges the last adapter."""


def evaluating(model: PreTrainedModel) -> PreTrainedModel:
    """`model` without dropout. Its 4-bit layers stay as in training: on a CPU with bf16 instructions bitsandbytes
    would else repack them in place, for a bf16 product that training must not go on with (and not for every shape)."""
    model.eval()
    for module in model.modules():
        if type(module).__name__ == "Linear4bit":
            module.training = True
    return model


@torch.no_grad()
def exact_answers(
    model: PreTrainedModel, examples: Sequence[Example], collator: Collator, size: int = 40
) -> tuple[np.ndarray, float]:
    """Whether greedy decoding would write each reference exactly, bool (n,), and the mean loss a token."""
    was_training, exact, loss, tokens = model.training, np.zeros(len(examples), bool), 0.0, 0
    evaluating(model)
    held = replace(collator, examples=examples)
    sites = sorted({example.site for example in examples})
    for site in sites:
        members = [number for number, example in enumerate(examples) if example.site == site]
        for start in range(0, len(members), size):
            chosen = members[start : start + size]
            batch = {k: v.to(model.device) for k, v in held([{"examples": chosen}]).items()}
            inputs = {key: value for key, value in batch.items() if key not in ("labels", "shift_labels")}
            logits, labels = model(**inputs, use_cache=False).logits.float(), batch["shift_labels"]
            wrong = ((logits.argmax(-1) != labels) & (labels != IGNORED)).cpu().numpy()
            lengths = [len(examples[number]) - examples[number].answer for number in chosen]
            if len(labels) == len(chosen):
                exact[chosen] = ~wrong.any(1)
            else:
                exact[chosen] = ~np.logical_or.reduceat(wrong[0], np.r_[0, np.cumsum(lengths)[:-1]])
            loss += float(torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum"))
            tokens += sum(lengths)
    model.train(was_training)
    return exact, loss / max(tokens, 1)


def live_bar() -> Callable[[int, int, str], None]:
    """A progress bar that a notebook's kernel redraws in place, so that an executed notebook keeps one of it.

    Elsewhere, nothing: the lines that are said an epoch are enough.
    """
    from IPython.core.getipython import get_ipython

    if getattr(get_ipython(), "kernel", None) is None:
        return lambda step, steps, words: None
    from IPython.display import HTML, display

    handle: Any = display(HTML(""), display_id=True)

    def draw(step: int, steps: int, words: str) -> None:
        handle.update(HTML(f'<progress value="{step}" max="{steps}"></progress> step {step}/{steps}: {words}'))

    return draw


class Watch(TrainerCallback):
    """Says how it goes, keeps the best adapter by held-out agreement, saves checkpoints, minds the time."""

    def __init__(
        self, validation: Sequence[Example], collator: Collator, recipe: Recipe, folder: Path, minutes: float,
        steps: int, say: Say,
    ):  # fmt: skip
        self.validation, self.collator, self.recipe, self.folder = validation, collator, recipe, folder
        self.minutes, self.steps, self.say, self.step = minutes, steps, say, 0
        self.every = max(1, round(steps / min(max(recipe.epochs, 1), MOST_LOOKS)))
        saved = read_json(folder / "watch.json") if (folder / "watch.json").exists() else {}
        self.best = saved.get("best", {"step": 0, "agreement": -1.0, "loss": math.inf})
        self.history: list[dict[str, float]] = saved.get("history", [])
        self.earlier: float = saved.get("seconds", 0.0)
        self.started = time.monotonic()
        self.began = 0
        self.bar = live_bar()

    @property
    def used(self) -> float:
        """Seconds of this training so far, those before a kill included."""
        return self.earlier + time.monotonic() - self.started

    def rate(self, step: int) -> float:
        """Multiplier of the learning rate: a linear warm-up, then a cosine to zero over the steps or the time."""
        done = max((step + 0.5) / self.steps, self.used / (60 * self.minutes * TRAINED_PART))
        warm = min(1.0, done / self.recipe.warmup) if self.recipe.warmup else 1.0
        return warm * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Go on from a checkpoint: what came after it is forgotten."""
        self.step = self.began = state.global_step
        self.history = [row for row in self.history if row["step"] <= self.step]
        if self.step:
            self.say(f"going on from the checkpoint of step {self.step}/{state.max_steps}")

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: object,
    ) -> None:
        """Keep loss and rate of a step, and show what is left."""
        if logs and "loss" in logs:
            row = {"step": state.global_step, "loss": logs["loss"], "rate": logs["learning_rate"]}
            self.history.append(row)
            done = max(state.global_step - self.began, 1)
            left = (state.max_steps - state.global_step) * (time.monotonic() - self.started) / done
            self.bar(state.global_step, state.max_steps, f"loss {logs['loss']:.3f}, {left:.0f} s left")

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        """Stop when the minutes are used; save once a minute and at each check."""
        self.step = state.global_step
        if self.used > 60 * self.minutes * TRAINED_PART and self.step < state.max_steps:
            epochs = self.step / self.steps * self.recipe.epochs
            self.say(
                f"the minutes end after {self.step} of {state.max_steps} steps, {epochs:.1f} of "
                f"{self.recipe.epochs:g} epochs; the rate has fallen to zero"
            )
            control.should_training_stop = True
        last = self.step == state.max_steps or control.should_training_stop
        control.should_save = last or self.step % self.every == 0 or self.used - self.saved_at > 60

    saved_at = 0.0

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        """Judge a checkpoint on the validation examples, and keep the best."""
        self.saved_at = self.used
        last = self.step == state.max_steps or control.should_training_stop
        if last or self.step % self.every == 0:
            self._judge(given["model"], state, control)
        write_json(self.folder / "watch.json", {"best": self.best, "history": self.history, "seconds": self.used})

    def _judge(self, model: PreTrainedModel, state: TrainerState, control: TrainerControl) -> None:
        """Held-out agreement of the adapter as it is; it becomes the best one when it is no worse: of two that agree
        alike, the later one saw more at a smaller rate."""
        exact, loss = exact_answers(model, self.validation, self.collator)
        agreement = float(exact.mean())
        if self.history:
            self.history[-1] |= {"agreement": agreement, "held_out_loss": loss}
        if agreement >= self.best["agreement"]:
            self.best = {"step": self.step, "agreement": agreement, "loss": loss}
            model.save_pretrained(self.folder / "best")
        elif self.step - self.best["step"] >= self.recipe.patience * self.every:
            self.say(f"no better for {self.recipe.patience} epochs: stopping early")
            control.should_training_stop = True
        recent = np.mean([row["loss"] for row in self.history[-self.every :]])
        self.say(
            f"step {self.step}/{state.max_steps}: loss {recent:.3f}, exact on {len(exact)} validation calls "
            f"{agreement:.0%} (best {self.best['agreement']:.0%} at step {self.best['step']}), "
            f"{self.used:.0f} s"
        )
