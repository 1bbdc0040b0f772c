"""Every command, page and script that the README and docs/ name is there, with the options that they give it."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from migration import cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
COMMANDS = sorted({
    line.split("#")[0].strip() if "v1#" not in line else line.strip()
    for text in TEXT.values()
    for line in re.findall(r"(?:^    |`|- run: )((?:\.venv/bin/)?migrate [^`\n|]+)", text, re.M)
})  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_that_migrate_takes(command):
    words = cli._join_parameters([w for w in shlex.split(command)[1:] if w not in ("||", "…")])
    group = typer.main.get_command(cli.app)
    context, name = group.make_context("migrate", [], resilient_parsing=True), words.pop(0)
    found = group.get_command(context, name)
    assert found is not None, f"migrate has no command {name}"
    if hasattr(found, "get_command") and words:
        inner = found.get_command(found.make_context(name, [], resilient_parsing=True), words[0])
        assert inner is not None or words[0].startswith(("outputs", "RUN")), command
        found, words = (inner, words[1:]) if inner is not None else (found, words)
    known = {option for parameter in found.params for option in parameter.opts}
    given = {word.split("=")[0] for word in words if word.startswith("-")}
    assert given <= known | {"--help"}, f"{name} has no {given - known}"


@pytest.mark.parametrize("page", TEXT)
def test_what_a_page_names_exists(page):
    text, here = TEXT[page], (ROOT if page == "README.md" else ROOT / "docs")
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (here / link).exists(), link
    for script in re.findall(r"python (tests/bench/\w+\.py)", text):
        assert (ROOT / script).exists(), script
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:^    |`)make (\w+)", text, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), f"make {target}"


def test_the_readme_is_read_in_ten_minutes():
    assert len(TEXT["README.md"].split()) < 2600
