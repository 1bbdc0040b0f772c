"""What several tests of the audit need: a Spark session."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A local Spark session; the test is skipped where pyspark or Java is absent."""
    pytest.importorskip("pyspark", reason="needs pyspark: pip install 'migration[spark]'")
    if not shutil.which("java") or subprocess.run(["java", "-version"], check=False, capture_output=True).returncode:
        pytest.skip("needs Java 17 for Spark")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("audit")
    settings = {"spark.sql.session.timeZone": "UTC", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4"}
    settings |= {"spark.driver.memory": "2g"}
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # of the executors
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
