"""Canaries for a log: personal data and markup that are told apart from everything else wherever they turn up.

`plant` puts them into a simulated log (prompts, answers, labels, system prompts, models, ids, metadata); `leaks` finds
the personal ones in the files of a run, `live` the markup that became part of a page instead of its text.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import html
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import numpy as np
import pyarrow.parquet as pq
from nbconvert.filters.markdown import markdown2html
from PIL import Image

PERSONAL = {
    "e-mail": "quentin.vole@example.org",
    "phone": "+44 7700 900461",
    "card": "5555 5555 5555 4444",
    "name": "Quentin Abernathy",
    "key": "sk-proj-Vole4Canary0123456789Qz",
}
SAID = (
    "My name is {name}, mail {e-mail}. Call me on {phone}. I paid with card {card}. My API key is {key}."
).format_map(PERSONAL)
_SOUGHT = [re.sub(r"[^a-z0-9]", "", value.lower()) for value in PERSONAL.values()] + ["abernathy"]

MARKUP = (
    "<img src=x onerror=cnry01()>",
    "<script>cnry02()</script>",
    "<style>cnry03{}</style>",
    '<meta http-equiv="refresh" content="0;url=//cnry04.example">',
    '"><svg onload=cnry05()>',
    "[cnry06](javascript:cnry06)",
    "**cnry07**",
    '=HYPERLINK("https://cnry08.example")',
    "\x1b[31mcnry09\x1b[0m",
    "| cnry10 |",
    "# cnry11",
    "</td></tr></table><b>cnry12",
    "${cnry13}$",
    "../../cnry14",
)
FILE = "shop <img src=x onerror=cnry01()>**cnry07**.jsonl.gz"
PRIVATE = ("01_traffic_audit/calls.parquet", "cache/")
"""What of a run's folder may hold personal data: the calls, and answers that were paid for as they came."""
MODEL = "gpt-4o-mini-<img src=x onerror=cnry15()>-**cnry16**"
_MARK = re.compile(r"cnry(\d\d)")
_BEFORE = [
    (match[1], payload[: match.start()][-6:].replace("\x1b[31m", ""))
    for payload in (*MARKUP, MODEL)
    for match in _MARK.finditer(payload)
]
"""What stands right before each mark: where it is gone, markup was taken for markup."""
_TEXTS = {"alt", "title", "aria-label", "data-text"}


_HARMLESS = str.maketrans(dict.fromkeys('<>()[]{}*#|$=/"\x1b', ";"))


def plant(log: Path, *, harmless: bool = False) -> None:
    """Canaries into each third conversation of the simulated `log` (.jsonl.gz); `harmless` takes markup's signs out."""
    with gzip.open(log, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    signs = _HARMLESS if harmless else {}
    with gzip.open(log, "wt", encoding="utf-8") as out:
        for number, record in enumerate(records):
            out.write(json.dumps(_planted(record, number, signs)) + "\n")


def _planted(record: dict, number: int, signs: dict) -> dict:
    markup, request = MARKUP[number % len(MARKUP)].translate(signs), record["request"]
    label, begins = (text.translate(signs) for text in (MARKUP[0], MARKUP[0] + MARKUP[6]))
    mail, conversation = PERSONAL["e-mail"], record.get("metadata", {}).get("conversation_id", "")
    messages = request.get("messages") or []
    if messages and "replies for the shop" in messages[0]["content"]:
        messages[0]["content"] += f"\nAnswers are signed {'; '.join(MARKUP).translate(signs)}\nQuestions: {SAID}"
    if messages and "Name the" in messages[0]["content"]:
        messages[0]["content"] = f"{begins} {messages[0]['content']}"
    if not conversation or int(conversation[-3:], 16) % 3:
        return record
    record["metadata"] |= {
        "channel": markup,
        "user": mail,
        "task": f"{markup} {mail}",
        "conversation_id": f"{conversation} {mail} {markup}",
    }
    record["id"] += f" {mail} {markup}"
    if request["model"].startswith("gpt-4o-mini"):
        request["model"] = MODEL.translate(signs)
    if messages:
        messages[-1]["content"] += f" {SAID} {markup}"
        answer = ((record.get("response") or {}).get("choices") or [{}])[0].get("message")
        if answer and len(answer["content"]) > 60:
            answer["content"] += f" {SAID} {markup}"
        elif answer and "{" not in answer["content"] and number % 4 == 0:
            answer["content"] = f"{mail} {label}"
    return record


def leaks(folder: Path) -> dict[str, set[str]]:
    """The files under `folder` (relative) that hold a personal canary, in whatever form, with those they hold."""
    found: dict[str, set[str]] = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        for text in _texts(path):
            bare = re.sub(r"[^a-z0-9]", "", text.lower())
            held = {sought for sought in _SOUGHT if sought in bare}
            if held:
                found.setdefault(str(path.relative_to(folder)), set()).update(held)
    return found


def _texts(path: Path) -> Iterator[str]:
    """Everything that a file says, also packed: as bytes, and as what reads it gives it."""
    data = path.read_bytes()
    plain = data.decode("utf-8", "replace")
    yield plain
    yield path.name
    if path.suffix == ".parquet":
        yield str(pq.read_schema(path))
        for name, column in pq.read_table(path).to_pydict().items():
            yield f"{name} {column}"
    elif data.startswith(b"SQLite format 3"):
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as cache:
            tables = [name for (name,) in cache.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                yield str(cache.execute(f'SELECT * FROM "{table}"').fetchall())
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            yield str([arrays[name].tolist() for name in arrays.files if arrays[name].dtype.kind in "USO"])
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(path) as packed:
            yield str([packed.read(name) for name in packed.namelist()])
    elif path.suffix == ".png":
        yield str(Image.open(path).info)
    elif path.suffix in (".html", ".svg"):
        yield html.unescape(re.sub(r"<[^>]*>", "", plain))
    elif path.suffix in (".json", ".ipynb", ".jsonl"):
        yield plain.encode("utf-8").decode("unicode_escape", "replace")


def formulas(folder: Path) -> list[str]:
    """Cells of the CSV files under `folder` that a spreadsheet would work out."""
    rows = [row for path in folder.rglob("*.csv") for row in csv.reader(path.open(encoding="utf-8"))]
    return [cell for row in rows for cell in row if _MARK.search(cell) and cell[:1] in "=+-@\t\r"]


def pages(folder: Path) -> dict[str, str]:
    """Each page of a run, and each output of its notebooks as JupyterLab shows it, as HTML."""
    shown = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.html")}
    for path in folder.rglob("notebook.ipynb"):
        outputs = [out for cell in nbformat.read(path, 4).cells for out in cell.get("outputs", ())]
        made = [_as_html(out.get("data") or {"text/plain": out.get("text", "")}) for out in outputs]
        shown[str(path.relative_to(folder))] = "".join(made)
    return shown


def _as_html(data: dict[str, str]) -> str:
    if "text/html" in data:
        return data["text/html"]
    if "text/markdown" in data:
        return markdown2html(data["text/markdown"])
    return html.escape(re.sub(r"\x1b\[[\d;]*m", "", data.get("text/plain", "")))


class _Page(HTMLParser):
    """A page's skeleton, its text, and what of a canary became part of the skeleton."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.skeleton: list[str] = []
        self.text: list[str] = []
        self.live: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kept = {name: value or "" for name, value in attrs if name not in _TEXTS}
        self.text += [value or "" for name, value in attrs if name in _TEXTS]
        self.skeleton.append(f"{tag} {sorted(kept)}")
        self.live += [f"<{tag} {name}={value}>" for name, value in kept.items() if _MARK.search(f"{name}{value}")]
        if _MARK.search(tag):
            self.live.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        self.skeleton.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(page: str) -> _Page:
    """`page` (HTML) taken apart."""
    read = _Page()
    read.feed(page)
    read.close()
    return read


def live(page: str) -> list[str]:
    """What of the markup canaries is not text in `page` (HTML): a tag, an attribute, a mark without its signs."""
    read = parsed(page)
    text = "".join(read.text)
    bare = [text[max(0, m.start() - 40) : m.end() + 10] for m in _MARK.finditer(text) if not _whole(text, m)]
    return read.live + bare + (["a terminal escape"] if "\x1b" in text else [])


def _whole(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 6) : match.start()]
    return any(before.endswith(signs) for mark, signs in _BEFORE if mark == match[1])
