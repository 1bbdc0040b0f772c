"""What a checkout promises: equal dependencies both ways in, pinned and hostless locks, clean notebooks."""

import ast
import importlib
import json
import re
import tomllib
from pathlib import Path

import licences
import papermill
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_conda_and_pip_install_the_same() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    assert sorted(pip) == sorted(PROJECT["dependencies"])
    assert f"python{PROJECT['requires-python']}" in environment["dependencies"]


def test_the_lock_pins_every_dependency_and_names_no_host() -> None:
    lines = (ROOT / "requirements.lock").read_text().split("\n")
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!_]+", line) for line in pins), pins
    locked = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in pins}
    extras = PROJECT["optional-dependencies"]
    wanted = PROJECT["dependencies"] + extras["test"] + extras["lint"]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~ ]", need)[0]).lower() for need in wanted}
    assert names <= locked, names - locked


def test_every_licence_is_known_and_none_is_strong_copyleft_unless_accepted_by_name() -> None:
    assert len(list(licences.listed())) > 150
    assert licences.undecided() == []
    assert all(len(reason) > 20 for reason in licences.ACCEPTED.values())


@pytest.mark.parametrize(
    ("said", "family"),
    [
        ("MIT OR GPL-3.0-only", "permissive"),
        ("MIT AND GPL-2.0-or-later", "strong copyleft"),
        ("GNU General Public License v3 (GPLv3)", "strong copyleft"),
        ("AGPL-3.0", "strong copyleft"),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", "weak copyleft"),
        ("GNU Lesser General Public License v3 (LGPLv3)", "weak copyleft"),
        ("Proprietary", "unknown"),
        ("BSD License AND Commercial", "unknown"),
    ],
)
def test_a_licence_is_as_strict_as_its_strictest_part(said: str, family: str) -> None:
    assert licences.family(said) == family


def test_the_notebooks_of_a_run_and_the_weekly_review() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02d}" for number in range(1, len(NOTEBOOKS) + 1)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_committed_clean_and_tells_a_story(path: Path) -> None:
    book = json.loads(path.read_text())
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert book["metadata"]["kernelspec"]["name"] == "python3"
    tagged = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    for cell in code:
        source = "".join(cell["source"])
        assert not re.search(r"^\s*(def|class|async def) ", source, re.M), source
        imports = all(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.parse(source).body)
        if cell not in tagged and not imports:
            assert len(source.splitlines()) <= 20, source
    assert "".join(book["cells"][0]["source"]).startswith("# ")
    assert "?" in "".join(book["cells"][0]["source"])
    assert "finish(" in "".join(code[-1]["source"]) or "finish(" in "".join(code[-2]["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_what_a_notebook_imports_is_there(path: Path) -> None:
    sources = ("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code")
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        for name in node.names if isinstance(node, ast.ImportFrom) else ():
            if not hasattr(importlib.import_module(str(node.module)), name.name):
                importlib.import_module(f"{node.module}.{name.name}")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_parameter_has_a_comment_and_a_plain_value(path: Path) -> None:
    book = json.loads(path.read_text())
    (cell,) = [c for c in book["cells"] if "parameters" in c["metadata"].get("tags", [])]
    for line in "".join(cell["source"]).splitlines():
        if line.strip() and not line.startswith("#"):
            name = re.match(r"(\w+)(: [\w\[\]]+)? = .+  # .+", line)
            assert name, line
            assert name[1] in papermill.inspect_notebook(str(path)), f"papermill cannot read: {line}"
