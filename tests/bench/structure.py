"""The shape of the package as a table: sizes, signatures, docstrings, unused exports, import times.

`--rev REV` measures a git revision beside the working tree. Out of scope: whether the code is right.
"""

import argparse
import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES, FILES, BODY, PARAMETERS = 300, 8, 40, 6
"""What asks for a second look: lines of a file, files of a folder, lines and parameters of a function."""
FRAME = re.compile(r"DataFrame|ndarray|ArrayLike|Series\b")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(root: Path) -> dict[str, ast.Module]:
    """The package's modules, parsed, by path below `migration/`."""
    package = root / "migration"
    return {p.relative_to(package).as_posix(): ast.parse(p.read_text()) for p in sorted(package.rglob("*.py"))}


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Every function of a module and its qualified name."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                yield f"{prefix}{child.name}", child
            if isinstance(child, Function | ast.ClassDef):
                yield from walk(child, f"{prefix}{child.name}.")

    return walk(tree, "")


def parameters(function: Function) -> list[ast.arg]:
    """Its parameters without self and cls."""
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [one for one in every if one.arg not in ("self", "cls")]


def long_files(root: Path) -> dict[str, int]:
    """Files over LINES lines."""
    counts = {p: len((root / "migration" / p).read_text().splitlines()) for p in modules(root)}
    return {p: n for p, n in counts.items() if n > LINES}


def full_folders(root: Path) -> dict[str, int]:
    """Folders that hold more than FILES modules."""
    folders = [p.parent for p in (root / "migration").rglob("*.py") if p.name != "__init__.py"]
    counts = {f.relative_to(root).as_posix(): folders.count(f) for f in set(folders)}
    return {f: n for f, n in counts.items() if n > FILES}


def long_functions(root: Path) -> dict[str, str]:
    """Functions over BODY lines or with more than PARAMETERS parameters, and by how much."""
    found = {}
    for path, tree in modules(root).items():
        for name, node in functions(tree):
            lines, given = (node.end_lineno or 0) - node.lineno + 1, len(parameters(node))
            if lines > BODY or given > PARAMETERS:
                found[f"{path}:{name}"] = f"{lines} lines, {given} parameters"
    return found


def public(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Public functions and classes, and public methods of public classes; properties and overloads too."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for child in node.body:
                    if isinstance(child, Function) and not child.name.startswith("_"):
                        yield f"{node.name}.{child.name}", child


def without_docstring(root: Path) -> list[str]:
    """Public names that say nothing of themselves."""
    return [
        f"{path}:{name}"
        for path, tree in modules(root).items()
        for name, node in public(tree)
        if not ast.get_docstring(node)  # type: ignore[arg-type]
    ]


def undocumented_frames(root: Path) -> list[str]:
    """Frame and array parameters of public functions that the docstring does not name."""
    found = []
    for path, tree in modules(root).items():
        for name, node in public(tree):
            if isinstance(node, Function):
                told = ast.get_docstring(node) or ""
                typed = [p for p in parameters(node) if p.annotation and FRAME.search(ast.unparse(p.annotation))]
                found += [f"{path}:{name}({p.arg})" for p in typed if not re.search(rf"\b{p.arg}\b", told)]
    return found


def exported(root: Path) -> tuple[int, list[str]]:
    """How many names the packages export (`__all__`, or loaded `later`), and which of them nothing but their package
    names: no module, notebook or page of the documentation."""
    folders = [root / folder for folder in ("migration", "notebooks", "docs")]
    texts = {
        p: p.read_text() for folder in folders for p in folder.rglob("*.*") if p.suffix in (".py", ".ipynb", ".md")
    }
    texts[root / "README.md"] = (root / "README.md").read_text()
    names = []
    for path, tree in modules(root).items():
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("__all__", "_LATER"):
                items = node.value.keys if isinstance(node.value, ast.Dict) else getattr(node.value, "elts", [])
                names += [(path, str(item.value)) for item in items if isinstance(item, ast.Constant)]
    unused = []
    for path, name in names:
        own = root / "migration" / path
        defined = re.compile(rf"(def|class) {name}\b|^{name}\b.*=", re.M)
        word = re.compile(rf"\b{name}\b")
        if not any(word.search(t) for p, t in texts.items() if p != own and not defined.search(t)):
            unused.append(f"{path}:{name}")
    return len(names), unused


def anys(root: Path) -> int:
    """`Any` in signatures: parameters and returns."""
    notes = [
        note
        for tree in modules(root).values()
        for _, node in functions(tree)
        for note in [*(p.annotation for p in parameters(node)), node.returns]
        if note is not None
    ]
    return sum(bool(re.search(r"\bAny\b", ast.unparse(note))) for note in notes)


def seconds(root: Path, *words: str, times: int) -> float:
    """Processor seconds of a fresh interpreter doing `words`, the least of `times`, less those of one doing nothing.

    Processor time, so that other work on the machine does not count.
    """

    def once(*command: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, *command], cwd=root, env=os.environ | {"PYTHONPATH": str(root)},
                       capture_output=True, check=False)  # fmt: skip
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    return min(once(*words) for _ in range(times)) - min(once("-c", "pass") for _ in range(times))


def measure(root: Path, *, times: int) -> dict[str, float]:
    """Every line of the table for the checkout at `root`."""
    trees = modules(root)
    names = [name for tree in trees.values() for name in public(tree)]
    count, unused = exported(root)
    policy = "migration.routing.policy" if (root / "migration/routing/policy").exists() else "migration.routing"
    return {
        "files": len(trees),
        "lines": sum(len((root / "migration" / p).read_text().splitlines()) for p in trees),
        f"files over {LINES} lines": len(long_files(root)),
        f"folders over {FILES} files": len(full_folders(root)),
        f"functions over {BODY} lines or {PARAMETERS} parameters": len(long_functions(root)),
        "names exported": count,
        "names exported and unused": len(unused),
        "Any in signatures": anys(root),
        "public docstrings, %": round(100 * (1 - len(without_docstring(root)) / max(len(names), 1)), 1),
        "undocumented frame parameters": len(undocumented_frames(root)),
        "import of the policy, ms of processor": round(1e3 * seconds(root, "-c", f"import {policy}", times=times)),
        "migrate --help, ms of processor": round(1e3 * seconds(root, "-m", "migration.cli", "--help", times=times)),
    }


def main() -> None:
    """Print the table; last line: one JSON object."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rev", help="a git revision to measure beside the working tree")
    ask.add_argument("--quick", action="store_true", help="each time measured once")
    given = ask.parse_args()
    times = 1 if given.quick else 5
    columns = {"now": measure(ROOT, times=times)}
    if given.rev:
        with tempfile.TemporaryDirectory() as folder:
            archive = subprocess.run(["git", "archive", given.rev], cwd=ROOT, capture_output=True, check=True).stdout
            subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
            columns = {given.rev: measure(Path(folder), times=times)} | columns
    print(f"{'':52}" + "".join(f"{name:>12}" for name in columns))
    for row in columns["now"]:
        print(f"{row:52}" + "".join(f"{values.get(row, float('nan')):>12,}" for values in columns.values()))
    print(json.dumps(columns))


if __name__ == "__main__":
    main()
