"""The gateway decides on a run's test calls as step 04 did: always with the same engine, nearly so with another."""

import json
import os

import pytest
import tuned_run
from typer.testing import CliRunner

from migration import cli
from migration.errors import BadInput
from migration.live.server.check import check

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    pytest.importorskip("xllamacpp", reason="needs llama.cpp's server (pip install -e '.[test]')")
    return tuned_run.make(tmp_path_factory.mktemp("tuned"))


def test_decisions_are_those_of_step_04(run):
    said = CliRunner().invoke(cli.app, ["policy", "check", str(run), "--calls", "20"], catch_exceptions=False)
    assert said.exit_code == 0, said.output
    measured, served = [json.loads(line) for line in said.output.splitlines() if line.startswith("{")]
    assert (measured["calls"], measured["same_decisions"], measured["changed"]) == (20, 1.0, 0.0)
    assert "guarantee carries over" in said.output
    assert served["same_decisions"] >= 0.8, "half precision: a near-tie may fall otherwise"
    print(said.output, os.linesep)


def test_an_engine_that_answers_otherwise_is_told(run, small_url):
    found = check(run, {tuned_run.TUNED: small_url}, "another model", calls=10)
    assert found.changed.value > 0.5
    assert found.carried > found.max_loss
    assert "tune with this engine" in str(found)


def test_a_run_without_decisions_says_which_step_is_missing(run, tmp_path):
    (tmp_path / "04_router_tuning").mkdir()
    (tmp_path / "04_router_tuning" / "policy.json").write_text((run / "04_router_tuning" / "policy.json").read_text())
    with pytest.raises(BadInput, match="steps 02 to 04"):
        check(tmp_path, {}, "any", calls=1)
