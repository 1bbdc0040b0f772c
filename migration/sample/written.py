"""Texts with personal data, written by hand in data/*.txt with their numbers drawn. Out of scope: who reads them."""

from __future__ import annotations

import re
import string
from pathlib import Path
from random import Random

from migration.errors import BadInput
from migration.files import shipped
from migration.sample.numbers import NUMBERS, some
from migration.sample.personal import Labelled

HELD_OUT = Path("data/pii_held_out.txt")
_DRAWN = {"#": string.digits, "^": string.ascii_uppercase, "?": string.ascii_lowercase}
_DRAWN["*"] = string.ascii_letters + string.digits
_SLOT = re.compile(r"%([a-z]+)|\\([#^?*%])|[#^?*]")


def written(file: Path = HELD_OUT, times: int = 3, seed: int = 7) -> list[Labelled]:
    """Each text of `file` (a line: kind, country, text with the [value]), `times` over where it has something to draw.

    Raises BadInput naming the line that does not hold exactly one value (none of kind NONE).
    """
    r, made = Random(seed), []
    for number, line in enumerate(shipped(file).read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        kind, country, form = line.split(" ", 2)
        form = form.replace("\\n", "\n")
        inside = re.findall(r"\[(.+?)\]", form, re.DOTALL)
        if len(inside) != (kind != "NONE"):
            raise BadInput(f"{file}, line {number}: one value in [brackets] is expected, none of kind NONE")
        for _ in range(times if _draws(form) else 1):
            value = _filled(r, inside[0]) if inside else ""
            before, _, after = form.partition(f"[{inside[0]}]") if inside else (form, "", "")
            made.append(Labelled(_filled(r, before) + value + _filled(r, after), value, kind, country))
    return made


def _draws(form: str) -> bool:
    return any(not match[2] for match in _SLOT.finditer(form))


def _filled(r: Random, form: str) -> str:
    """`form` with each of its signs, and each `%name` of `NUMBERS`, drawn; a sign behind a backslash is itself."""

    def draw(match: re.Match[str]) -> str:
        if match[2]:
            return match[2]
        return NUMBERS[match[1]](r) if match[1] else some(r, _DRAWN[match[0]], 1)

    return _SLOT.sub(draw, form)
