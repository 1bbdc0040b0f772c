"""Files: paths as people give them, whole or not at all on disk, JSON, YAML and parquet, and checksums.

Out of scope: which files a run holds (`artifacts`)."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migration.errors import BadInput

if TYPE_CHECKING:  # loaded where a table is read or written: the command line and production do without
    import pandas as pd
    import pyarrow as pa

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: notebooks, data/ and outputs/ lie beside the package."""


def resolve(path: str | Path) -> Path:
    """`path`, with a relative one read from the project when Jupyter started in its notebooks/ folder."""
    path = Path(path).expanduser()
    in_notebooks = Path.cwd() == PROJECT / "notebooks"
    return path if path.is_absolute() or not in_notebooks else PROJECT / path


def shipped(path: str | Path) -> Path:
    """`path`, with a relative one that the project ships (`data/rubric.yaml`) read from there wherever one stands."""
    return PROJECT / path if (PROJECT / path).exists() else resolve(path)


def file_hash(path: Path) -> str:
    """sha256 of a file's bytes (read once while the file stays as it is)."""
    facts = path.stat()
    return _file_hash(str(path.resolve()), facts.st_size, facts.st_mtime_ns, facts.st_ino)


@functools.lru_cache(maxsize=4096)
def _file_hash(path: str, size: int, changed: int, inode: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes_of(folder: Path, pattern: str = "*") -> dict[str, str]:
    """sha256 of every file below `folder` whose name fits, by its path relative to it."""
    files = sorted(path for path in folder.rglob(pattern) if path.is_file())
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in files}


def literal(path: str | Path) -> str:
    """`path` as an engine that reads globs must be given it to mean this one file, whatever its name holds."""
    return re.sub(r"[*?\[]", lambda sign: f"[{sign[0]}]", str(path))


def write_atomic(path: Path, content: str | bytes) -> Path:
    """Write a file whole or not at all: to a neighbour first, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return path


def write_json(path: Path, value: object) -> Path:
    """Write strict JSON (NaN and infinity become null), atomically."""
    return write_atomic(path, json.dumps(_plain(value), indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The JSON in `path`. Raises BadInput naming the file when it is absent or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{path} does not exist") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not readable JSON: {error}") from error


def read_yaml(path: Path, what: str) -> Any:
    """The plain YAML (no aliases, no tags of a language) in `path`. Raises BadInput naming `what` it is to be."""
    try:
        return parsed_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{what} {path} does not exist") from error
    except OSError as error:
        raise BadInput(f"{what} {path} cannot be read: {error.strerror}") from error
    except (ValueError, BadInput) as error:
        raise BadInput(f"{what} {path} is not readable YAML: {error}") from error


def parsed_yaml(text: str) -> Any:
    """The value of a YAML text. Raises BadInput: also for impossible dates, endless nesting, and aliases, with which a
    few lines may stand for gigabytes."""
    import yaml

    class Plain(yaml.SafeLoader):
        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("aliases (*name) are not taken: write the value again")
            return super().compose_node(parent, index)

    try:
        return yaml.load(text, Loader=Plain)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError) as error:
        raise BadInput(str(error) or type(error).__name__) from error


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return _plain(value.item())
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path | datetime) else value


def write_table(path: Path, table: pd.DataFrame | pa.Table, contract: str | None = None) -> Path:
    """Write parquet atomically, cast to `contract` where one is named. Raises ContractError, writing nothing.

    table: the columns of `contract`, and more where one likes; any columns without a contract.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from migration.schema import conform

    if not isinstance(table, pa.Table):
        table = pa.Table.from_pandas(table, preserve_index=False)
    if contract:
        table = conform(table, contract)
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(), sink, compression="zstd")
    return write_atomic(path, sink.getvalue().to_pybytes())
