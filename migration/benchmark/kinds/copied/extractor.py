"""A task whose answers are copied from its prompts: values found by a tagger, written in the form of logged answers.

It reads the user's last message, or the whole conversation. A text that the encoder cannot read whole is not answered.
Out of scope: how it is learned (`fitting`), and what its answers are worth.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from migration.benchmark.candidates import chat
from migration.benchmark.kinds.copied.shape import Field, Layout, Letters, Many, Shape, Style
from migration.benchmark.kinds.copied.tagger import Tagged, Tagger, allowed_tags
from migration.benchmark.kinds.copied.tags import values_of
from migration.benchmark.kinds.versions import UNKNOWN, Forms, Request
from migration.benchmark.kinds.views import Near
from migration.errors import BadInput
from migration.files import read_json, write_json
from migration.models import Tokens, embed_tokens
from migration.prompts.tokens import SYSTEM_ROLES

BATCH = 256
"""Texts whose token vectors are held at once."""
HEAD = "spans"
"""What classifier.json says of an extractor."""
VERSION = 1


@dataclass(frozen=True)
class Extractor:
    """A fitted extractor of one task: `answer` says what its answers are, `save` keeps it without pickle.

    shapes: of the answers of each of `forms.forms`, None where none was learned. kinds: of values, in the
    order of their tags. last: whether only the user's last message is read. agreement: share of training answers that
    were given right by taggers which did not see them; those that cannot be rebuilt count as wrong.
    """

    forms: Forms
    shapes: tuple[Shape | None, ...]
    kinds: tuple[str, ...]
    tagger: Tagger
    near: Near
    encoder: str
    last: bool
    agreement: float = float("nan")

    def answer(self, texts: Sequence[Request], forms: Sequence[Hashable] | None = None) -> pd.DataFrame:
        """One row a request, in their order: output, confidence, margin, distance.

        texts, forms, columns: as of `Classifier.answer`; margin is that of the least sure token. A request that is like
        no version of the prompt in training, is longer than the encoder reads, or whose values cannot be written in
        the answer's form, gets a null output, confidence 0 and distance 1.
        """
        named = [None] * len(texts) if forms is None else list(forms)
        split = [self.forms.whole(narrowed(text, self.last), form) for text, form in zip(texts, named, strict=True)]
        rows: list[dict[str, Any]] = []
        for start in range(0, len(split), BATCH):
            block = split[start : start + BATCH]
            read = embed_tokens([content for _, content in block], encoder=self.encoder, fast=True)
            rows += [self._one(form, content, each) for (form, content), each in zip(block, read, strict=True)]
        found = pd.DataFrame(rows, columns=["output", "confidence", "margin", "distance"])
        return found.assign(output=pd.Series([row["output"] for row in rows], dtype=object))  # null stays None

    def _one(self, form: int, content: str, tokens: Tokens | None) -> dict[str, Any]:
        output, said = self.read(form, content, tokens)
        if output is None or tokens is None:
            return {"output": None, "confidence": 0.0, "margin": 0.0, "distance": 1.0}
        distance, trust = self.near.quantile(tokens.sentence[None])
        confidence = float(self.tagger.confidence(np.array([said.chance]))[0] * trust[0])
        return {"output": output, "confidence": confidence, "margin": said.margin, "distance": float(distance[0])}

    def read(self, form: int, content: str, tokens: Tokens | None) -> tuple[str | None, Tagged]:
        """The answer to a content in a form, None where there is none, and what the tagger says of it."""
        shape = None if form == UNKNOWN else self.shapes[form]
        if shape is None or tokens is None:
            return None, Tagged(np.zeros(0, int), 0.0, 0.0)
        allowed = allowed_tags([self.kinds.index(kind) for kind in shape.kinds], 1 + 2 * len(self.kinds))
        said = self.tagger.tag(tokens.states, allowed)
        return shape.decode(values_of(content, tokens.places, said.tags.tolist(), self.kinds)), said

    def save(self, folder: Path) -> Path:
        """Two files in `folder`: weights.npz and classifier.json. No words of a request are in either."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "weights.npz").open("wb") as file:
            np.savez_compressed(
                file, tagger=self.tagger.weights, vectors=self.near.vectors.astype(np.float16),
                distances=self.near.distances,
            )  # fmt: skip
        about = {
            "version": VERSION,
            "head": HEAD,
            "encoder": self.encoder,
            "calibration": self.tagger.calibration,
            **self.forms.to_dict(),
            "shapes": [shape and asdict(shape) for shape in self.shapes],
            "kinds": list(self.kinds),
            "touching": list(self.tagger.touching),
            "last": self.last,
        }
        write_json(folder / "classifier.json", about)
        return folder

    @classmethod
    def load(cls, folder: Path) -> Extractor:
        """The extractor that `save` kept in `folder`. Raises BadInput where it is none."""
        try:
            about = read_json(folder / "classifier.json")
            if (about["head"], about["version"]) != (HEAD, VERSION):
                raise BadInput(
                    f"{folder}: head {about['head']} of version {about['version']}, this release reads {VERSION}"
                )
            with np.load(folder / "weights.npz", allow_pickle=False) as file:
                weights, vectors, distances = (file[name] for name in ("tagger", "vectors", "distances"))
            forms = Forms.from_dict(about)
            shapes = tuple(None if each is None else _shape(each) for each in about["shapes"])
            (slope, offset), touching = map(float, about["calibration"]), tuple(map(int, about["touching"]))
            kinds, last = tuple(map(str, about["kinds"])), bool(about["last"])
        except (OSError, KeyError, ValueError, TypeError, json.JSONDecodeError) as error:
            raise BadInput(f"{folder} holds no classifier that can be read: {error}") from error
        near = Near(vectors.astype(np.float32), distances)
        tagger = Tagger(weights, (slope, offset), touching)
        return cls(forms, shapes, kinds, tagger, near, about["encoder"], last)


def _shape(about: dict[str, Any]) -> Shape:
    fields = tuple(
        replace(
            Field(**each),
            many=Many(each["many"]),
            letters=Letters(each["letters"]),
            spelled=tuple(map(tuple, each["spelled"])),
        )
        for each in about["fields"]
    )
    return Shape(Layout(about["layout"]), fields, Style(about["style"]), str(about["fence"]))


def narrowed(request: Request, last: bool) -> Request:
    """`request`, or of a conversation its system prompts and the user's last message."""
    if isinstance(request, str) or not last:
        return request
    turns = chat(request)
    asked = [i for i, turn in enumerate(turns) if turn["role"] == "user"][-1:]
    return [turn for i, turn in enumerate(turns) if turn["role"] in SYSTEM_ROLES or i in asked]
