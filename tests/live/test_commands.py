"""`migrate policy` and `migrate serve` as a person types them."""

import pytest
import typer
from live_runs import policy, put
from typer.testing import CliRunner

from migration.errors import BadInput
from migration.live import commands, policies


@pytest.fixture
def typed(run):
    """Runs a command on the run. Returns what it said."""
    app, said = typer.Typer(), []
    commands.register(app, lambda _: run, said.append)

    def call(*words: str) -> str:
        said.clear()
        done = CliRunner().invoke(app, list(words), catch_exceptions=False, standalone_mode=False)
        assert done.exit_code == 0
        return "\n".join(said)

    return call


def test_from_one_percent_to_all_and_back(run, typed):
    first = policies.read_active(run / "live").version
    second = put(run, policy(0.9))
    assert f"* {second}" in typed("policy", "list", "mine")
    assert "1% of conversations" in typed("policy", "activate", "mine", first, "--share", "0.01")
    assert "100% of conversations, 10% of them in shadow" in typed(
        "policy", "on", "mine", "--share", "1", "--shadow-share", "0.1"
    )
    assert "switched off" in typed("policy", "off", "mine")
    assert f"{first} serves" in typed("policy", "on", "mine")
    assert f"{second} serves" in typed("policy", "rollback", "mine")


def test_serve_refuses_what_is_open_to_others_or_leaks(typed, monkeypatch):
    monkeypatch.delenv("MIGRATION_TOKENS", raising=False)
    with pytest.raises(BadInput, match="MIGRATION_TOKENS"):
        typed("serve", "mine", "--host", "0.0.0.0")
    with pytest.raises(BadInput, match="takes CANDIDATE=VALUE"):
        typed("serve", "mine", "--upstream", "small")
