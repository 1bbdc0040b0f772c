"""Where the browser tests find node, Chromium and their two packages (`make browser`), and how a script is called."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from migration.pages import browser

HERE = Path(__file__).parent


def needed() -> None:
    """Skip the test, with what to install, where something that it drives is absent."""
    if shutil.which("node") is None:
        pytest.skip("needs node: apt-get install nodejs npm")
    if browser() is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    if not (HERE / "node_modules" / "playwright-core").is_dir():
        pytest.skip("needs playwright-core and axe-core: make browser")


def call(script: str, timeout: float = 300, **given: Any) -> Any:
    """What `script` printed as its last line, as JSON."""
    command = ["node", str(HERE / script), json.dumps({"chromium": browser(), **given})]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, cwd=HERE)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])
