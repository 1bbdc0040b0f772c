"""The sweep itself: it finds a canary in every kind of file, and each markup canary where it is live."""

import html
import json
import sqlite3
import zipfile
from pathlib import Path

import canaries
import numpy as np
import pandas as pd
import pytest
from nbconvert.filters.markdown import markdown2html
from PIL import Image, PngImagePlugin

from migration.audit.pii import mask
from migration.markup import plain, sanitise, table

MAIL = canaries.PERSONAL["e-mail"]


def a_parquet(path: Path) -> None:
    pd.DataFrame({"text": [None, f"write to {MAIL}"]}).to_parquet(path.with_suffix(".parquet"), compression="zstd")


def a_cache(path: Path) -> None:
    with sqlite3.connect(path.with_suffix(".sqlite")) as cache:
        cache.execute("CREATE TABLE kept (key TEXT, value BLOB)")
        cache.execute("INSERT INTO kept VALUES (?, ?)", ("a", MAIL.encode()))
    cache.close()


def a_picture(path: Path) -> None:
    said = PngImagePlugin.PngInfo()
    said.add_text("Title", f"of {MAIL}", zip=True)
    Image.new("L", (2, 2)).save(path.with_suffix(".png"), pnginfo=said)


def arrays(path: Path) -> None:
    np.savez_compressed(path.with_suffix(".npz"), names=np.array([MAIL, "b"]))


def an_archive(path: Path) -> None:
    with zipfile.ZipFile(path.with_suffix(".xlsx"), "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("sheet.xml", f"<v>{MAIL}</v>" * 9)


def escaped_json(path: Path) -> None:
    path.with_suffix(".json").write_text(json.dumps(MAIL).replace("q", "\\u0071"))


@pytest.mark.parametrize("write", [a_parquet, a_cache, a_picture, arrays, an_archive, escaped_json])
def test_personal_data_is_found_in_any_file(write, tmp_path: Path) -> None:
    write(tmp_path / "file")
    (held,) = canaries.leaks(tmp_path).values()
    assert held == {"quentinvoleexampleorg"}


def test_a_phone_written_otherwise_is_found_and_what_is_masked_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("call +447700 900 461")
    (tmp_path / "b.txt").write_text(mask([canaries.SAID])[0])
    assert set(canaries.leaks(tmp_path)) == {"a.txt"}


@pytest.mark.parametrize("payload", [*canaries.MARKUP, canaries.MODEL])
def test_markup_is_live_as_it_is_and_text_where_it_is_shown(payload: str) -> None:
    as_html, as_markdown = canaries.live(payload), canaries.live(markdown2html(payload))
    assert as_html or as_markdown or not set(payload) & set("<[*\x1b#"), "each sign is seen where it works"
    assert canaries.live(html.escape(payload.replace("\x1b", ""))) == []
    assert canaries.live(markdown2html(f"Model {plain(payload)} answers.")) == []
    assert canaries.live(table(pd.DataFrame({payload: [payload]})).to_html()) == []
    assert not [found for found in canaries.live(sanitise(payload)) if "onerror" in found or "onload" in found]
