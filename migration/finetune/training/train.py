"""QLoRA on the answers: trl's SFTTrainer, a frozen 4-bit base, low-rank adapters on its linear layers.

Covers: steps, checkpoints, memory that runs out, time that runs out. Out of scope: the recipe (`recipe`), which calls
are worth training on (`examples`), how the result is judged on held-out calls (notebook 03).
"""

from __future__ import annotations

import gc
import hashlib
import json
import math
import shutil
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import torch
from datasets import Dataset
from peft import PeftModel
from torch.optim.lr_scheduler import LambdaLR
from transformers import PrinterCallback
from transformers.trainer_utils import get_last_checkpoint
from trl import SFTConfig, SFTTrainer

from migration.benchmark.engine.local import stop_ids
from migration.files import read_json, write_json
from migration.finetune.training import packing
from migration.finetune.training.packing import Collator, Example, answer_loss, plan
from migration.finetune.training.recipe import Recipe, bf16_pays, enough, prepare, sum_parameters
from migration.finetune.training.watch import Watch
from migration.models.threads import free_cores

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from migration.models import LoadedModel

Say = Callable[[str], None]


@dataclass(frozen=True)
class Training:
    """What a training did. `history`: step, loss, rate; at the end of an epoch also agreement, held_out_loss."""

    history: pd.DataFrame
    seconds: float
    steps: int
    best_step: int
    agreement: float
    micro_batch: int
    tokens_computed: int
    tokens_padded: int
    trainable: int
    parameters: int
    folder: Path

    @property
    def tokens_saved(self) -> float:
        """Share of the padded rows' tokens that packing did not compute."""
        return 1 - self.tokens_computed / max(self.tokens_padded, 1)

    def settings(self, recipe: Recipe, quantize: str) -> dict[str, object]:
        """What a model card says of how it was made."""
        shown = {key: value for key, value in asdict(recipe).items() if key != "patience"}
        measured = {"steps": self.steps, "best step": self.best_step, "seconds": round(self.seconds)}
        return shown | {"quantisation": quantize or "none", "loss": "answers only"} | measured

    def __str__(self) -> str:
        how = "packed behind shared beginnings" if self.tokens_saved > 0 else "padded, as nothing is shared"
        return (
            f"{self.steps} steps in {self.seconds:.0f} s. {self.trainable:,} of {self.parameters:,} parameters are "
            f"trained ({self.trainable / self.parameters:.2%}; the article says 0.1%). Rows were {how}: "
            f"{self.tokens_computed:,} tokens computed instead of {self.tokens_padded:,} "
            f"({self.tokens_saved:.0%} saved). The adapter of step {self.best_step} is kept: it answers "
            f"{self.agreement:.0%} of the validation calls exactly."
        )


class AnswerTrainer(SFTTrainer):
    """SFTTrainer that computes logits, and so loss, at the positions before answer tokens only.

    `rate`: step -> multiplier of the learning rate.
    """

    rate: Callable[[int], float]

    def create_scheduler(self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None) -> LambdaLR:
        """The schedule by steps and by the clock, `rate`."""
        self.lr_scheduler = LambdaLR(cast(Any, optimizer or self.optimizer), self.rate)
        return self.lr_scheduler

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict,
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The loss of the answer tokens alone, over the tokens of all accumulated batches."""
        loss, tokens = answer_loss(model, inputs)
        return loss / (tokens if num_items_in_batch is None else num_items_in_batch)


def check(examples: Sequence[Example], loaded: LoadedModel) -> None:
    """Refuse examples that would teach nothing, or never to stop, before the first step. Raises BadInput."""
    packing.check(
        examples, stop_ids(loaded.tokenizer, loaded.model), loaded.model.get_input_embeddings().num_embeddings
    )


def tune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    validation: Sequence[Example],
    recipe: Recipe,
    folder: Path,
    *,
    minutes: float = math.inf,
    report_to: str | list[str] = "none",
    start: Path | None = None,
    say: Say = print,
) -> Training:
    """Train an adapter on `model` and leave the best one in `folder/best`, with `folder/training.json`.

    start: the folder of an adapter of this base that training goes on from; None: a fresh one.
    `folder` belongs to this data and recipe (`identity`): a killed training goes on from its last checkpoint there,
    a finished one is read back. The rate falls to zero as the steps or the `minutes` come to their end, whichever is
    first, so a slow machine takes fewer steps of a whole schedule. Where memory runs out, rows are cut smaller and
    their gradients summed: same effective batch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "training.json").exists():
        say(f"this training was finished before: read from {folder.name}")
        return read_training(folder)
    recipe, started = enough(recipe, len(examples)), time.monotonic()
    collator, rows = collator_of(model, tokenizer, examples, recipe.packed), _planned(examples, recipe, folder)
    adapted = prepare(model, recipe, start)

    def attempt(parts: int) -> Watch:
        watch = Watch(validation, collator, recipe, folder, minutes, len(rows), say)
        with free_cores(), warnings.catch_warnings():  # the libraries' renamed options, old names of which work in all
            warnings.simplefilter("ignore", FutureWarning)
            trainer = _trainer(adapted, tokenizer, rows, parts, report_to, watch)
            trainer.train(resume_from_checkpoint=get_last_checkpoint(str(folder)))
        return watch

    watch, parts = _in_memory(attempt, recipe.size, say)
    computed, padded = np.sum([collator.tokens(row) for row in rows[: watch.step]], axis=0)
    trainable = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    result = {
        "seconds": watch.earlier + time.monotonic() - started, "steps": watch.step, "best_step": watch.best["step"],
        "agreement": watch.best["agreement"], "micro_batch": math.ceil(recipe.size / parts),
        "tokens_computed": int(computed), "tokens_padded": int(padded), "trainable": trainable,
        "parameters": sum_parameters(adapted) - trainable, "history": watch.history,
    }  # fmt: skip
    adapted.unload()
    write_json(folder / "training.json", result)
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    return read_training(folder)


def collator_of(
    model: Any, tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], packed: bool = True
) -> Collator:
    """What turns rows of `examples` into batches for `model`."""
    return Collator(
        examples,
        tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id,
        dtype=model.get_input_embeddings().weight.dtype,
        window=getattr(model.config, "sliding_window", None),
        packed=packed,
        width=model.config.get_text_config().hidden_size,
    )


def _in_memory(attempt: Callable[[int], Watch], size: int, say: Say) -> tuple[Watch, int]:
    """What `attempt` gives with rows of `size` examples in the fewest parts that fit into memory, and the parts."""
    parts = 1
    while True:
        try:
            return attempt(parts), parts
        except RuntimeError as error:
            if not _no_memory(error) or parts >= size:
                raise
        # outside of the handler: the error's traceback holds the activations that did not fit
        parts *= 2
        say(
            f"out of memory: going on with micro-batches of {math.ceil(size / parts)} examples, "
            f"{parts} summed a step: the effective batch stays {size}"
        )
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def read_training(folder: Path) -> Training:
    """A finished training, from `folder/training.json`."""
    fields = read_json(folder / "training.json")
    return Training(**fields | {"history": pd.DataFrame(fields["history"]), "folder": folder})


def identity(
    base: str, examples: Sequence[Example], validation: Sequence[Example], recipe: Recipe, minutes: float = math.inf
) -> str:
    """A name for this training: the same base, tokens, recipe and minutes give the same one."""
    parts = [
        base,
        str(minutes),
        asdict(recipe),
        [example.ids for example in examples],
        [example.ids for example in validation],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _planned(examples: Sequence[Example], recipe: Recipe, folder: Path) -> list[list[int]]:
    """The rows of all steps. Written down, so that a resumed training keeps the plan it began with."""
    if (folder / "plan.json").exists():
        return read_json(folder / "plan.json")
    sites = Counter(example.site for example in examples)
    epoch = sum(max(1, round(count / recipe.size)) for count in sites.values())
    rows = plan(examples, size=recipe.size, steps=max(1, round(epoch * recipe.epochs)), seed=recipe.seed)
    write_json(folder / "plan.json", rows)
    return rows


def _no_memory(error: RuntimeError) -> bool:
    """Whether a device ran out of memory: CUDA's own error, or the CPU allocator's words."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _trainer(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[list[int]],
    parts: int,
    report_to: str | list[str],
    watch: Watch,
) -> AnswerTrainer:
    pieces = [piece.tolist() for row in rows for piece in np.array_split(row, parts)]
    trainer = AnswerTrainer(
        model=model,
        args=_settings(watch, model.device, steps=len(rows), parts=parts, report_to=report_to),
        data_collator=watch.collator,
        train_dataset=Dataset.from_dict({"examples": pieces}),
        processing_class=tokenizer,
        callbacks=[watch],
    )
    trainer.rate = watch.rate
    trainer.remove_callback(PrinterCallback)  # `watch` tells how it goes
    if model.device.type != "cuda":  # trl stores 4-bit models' adapters in bf16, which a CPU multiplies 15 times slower
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
    return trainer


def _settings(watch: Watch, device: torch.device, *, steps: int, parts: int, report_to: str | list[str]) -> SFTConfig:
    recipe, gpu = watch.recipe, device.type == "cuda"
    return SFTConfig(
        output_dir=str(watch.folder),
        max_steps=steps,
        per_device_train_batch_size=1,  # a planned row is a batch already
        gradient_accumulation_steps=parts,
        train_sampling_strategy="sequential",
        learning_rate=recipe.learning_rate,
        max_grad_norm=1.0,
        optim="paged_adamw_8bit" if gpu else "adamw_torch",
        bf16=bf16_pays(device),
        use_cpu=not gpu,
        gradient_checkpointing=recipe.checkpointing,
        logging_steps=1,
        save_strategy="no",  # `Watch` asks for checkpoints
        save_total_limit=1,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_pin_memory=gpu,
        disable_tqdm=True,
        report_to=report_to,
        seed=recipe.seed,
    )
