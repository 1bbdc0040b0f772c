"""Imports point one way, and what runs in production stays light."""

import ast
import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import structure

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "migration"
FLOORS = [
    {"errors"},
    {"schema"},
    {"files"},
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
    {"doctor"},
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


def test_production_code_is_light_to_import() -> None:
    heavy = ["torch", "pandas", "pyarrow", "matplotlib", "sklearn", "scipy", "transformers", "nbconvert"]
    code = f"import sys, migration.routing.policy, migration.live; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def accepted() -> dict[str, dict[str, str]]:
    """What asks for a second look and had it, by check, and why it stands; the lists may only shrink."""
    return json.loads((Path(__file__).parent / "accepted_structure.json").read_text())


CHECKS = {
    "long files": structure.long_files,
    "full folders": structure.full_folders,
    "long functions": structure.long_functions,
    "no docstring": structure.without_docstring,
    "unnamed frames": structure.undocumented_frames,
}


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_too_large_or_says_nothing_of_itself_is_warned_of(check: str) -> None:
    """A new name is a warning, since size alone is no fault; the script `tests/bench/structure.py` prints the table."""
    new = sorted(set(CHECKS[check](ROOT)) - set(accepted()[check]))
    if new:
        warnings.warn(f"{check}: {', '.join(new)}", stacklevel=1)


def test_what_is_accepted_still_exists_and_no_file_is_twice_too_long() -> None:
    gone = {check: sorted(set(accepted()[check]) - set(found(ROOT))) for check, found in CHECKS.items()}
    stale = {check: names for check, names in gone.items() if names}
    if stale:
        warnings.warn(f"better than accepted: take out of accepted_structure.json {stale}", stacklevel=1)
    assert not {path: n for path, n in structure.long_files(ROOT).items() if n > 400}
