"""Any page as PDF, printed by Chromium. Out of scope: how the page is made."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from migration.errors import BadInput

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browser() -> str | None:
    """The path of a Chromium on this machine, None without one."""
    return next((found for found in map(shutil.which, BROWSERS) if found), None)


def to_pdf(page: Path) -> Path:
    """Print an HTML page to PDF beside it with headless Chromium. Raises BadInput without one, or when it fails."""
    chromium = browser()
    if chromium is None:
        raise BadInput("a PDF needs Chromium: install it (`apt-get install chromium`) or print index.html yourself")
    target = page.with_suffix(".pdf")
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium, "--headless", "--disable-gpu", "--disable-background-networking"]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium has no sandbox for root
        command += [f"--user-data-dir={profile}", "--no-pdf-header-footer", f"--print-to-pdf={target.resolve()}"]
        try:
            subprocess.run([*command, page.resolve().as_uri()], check=True, capture_output=True, timeout=120)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise BadInput(f"{chromium} did not print {page}: print it yourself from a browser") from error
    return target
