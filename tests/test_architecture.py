"""Imports point one way, and what runs in production stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "migration"
FLOORS = [
    {"errors"},
    {"schema"},
    {"artifacts", "endpoints", "markup", "prompts", "stats"},
    {"models"},
    {"sample"},
    {"audit"},
    {"benchmark"},
    {"finetune"},
    {"routing"},
    {"costs"},
    {"live"},
    {"review"},
    {"figures"},
    {"pages"},
    {"report"},
    {"runner"},
    {"cli"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}


def rooms_imported(path: Path) -> set[str]:
    """The rooms of `migration` that a file imports, at the top or inside a function."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "migration":
            rooms |= {alias.name for alias in node.names if alias.name in FLOOR}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("migration."):
            rooms.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            rooms |= {a.name.split(".")[1] for a in node.names if a.name.startswith("migration.")}
    return rooms


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_floor_or_below(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    assert room in FLOOR, f"{room} has no place in the order of imports"
    above = {other for other in rooms_imported(path) if FLOOR.get(other, 99) > FLOOR[room]}
    assert not above, f"{path.name} imports from above: {above}"


@pytest.mark.parametrize("production", ["migration.routing", "migration.live.client", "migration.live.server.serve"])
def test_what_runs_in_production_is_light_to_import(production: str) -> None:
    heavy = ["torch", "pandas", "pyarrow", "sklearn", "scipy", "matplotlib", "transformers", "nbconvert", "spacy"]
    code = f"import sys, {production}; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_no_module_grows_past_what_one_idea_needs() -> None:
    long = {
        str(p.relative_to(PACKAGE)): n for p in PACKAGE.rglob("*.py") if (n := len(p.read_text().splitlines())) > 400
    }
    assert not long
