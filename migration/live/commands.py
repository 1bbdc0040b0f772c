"""The live commands of `migrate`: serve, policy list|check|activate|rollback|off|on, export-policy.

`register` adds them to the command line's app. Out of scope: what they do, which lies in the modules they call.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migration.errors import BadInput

if TYPE_CHECKING:
    from migration.live.policies import State

Find = Callable[[Path], Path]
"""The run folder that a person names. Raises BadInput where there is none."""
RUN = Annotated[Path, typer.Argument(help="The run folder, or its name under outputs/.")]
SHARE = Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Share of conversations that rungs may answer.")]
SHADOW = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help="Share of conversations whose calls are answered by the others too."),
]
UPSTREAM = Annotated[list[str] | None, typer.Option(help="CANDIDATE=http(s)://host/v1#model; repeatable.")]


def register(app: typer.Typer, find: Find, say: Callable[[str], object]) -> None:
    """Add the live commands to `app`."""
    app.command("serve")(_serve_command(find, say))
    app.add_typer(_policy_commands(find, say), name="policy")
    app.command("export-policy")(_export_command(find, say))


def _serve_command(find: Find, say: Callable[[str], object]) -> Callable[..., None]:
    def serve_command(
        run: RUN,
        host: Annotated[str, typer.Option(help="Address to listen on; others than loopback need MIGRATION_TOKENS.")] = (
            "127.0.0.1"
        ),
        port: Annotated[int, typer.Option(help="Port to listen on.")] = 8400,
        llm: Annotated[str, typer.Option(help="The LLM: http(s)://host/v1 or http(s)://host/v1#model.")] = "",
        upstream: UPSTREAM = None,
        key: Annotated[list[str] | None, typer.Option(help="CANDIDATE=VARIABLE or llm=VARIABLE; repeatable.")] = None,
        timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that a rung has for its answer.")] = 10.0,
        llm_timeout: Annotated[
            float, typer.Option(min=0.1, help="Seconds between two signs of life of the LLM.")
        ] = 600.0,
        workers: Annotated[
            int, typer.Option(min=1, help="Processes; any number may also stand behind a balancer.")
        ] = 1,
    ) -> None:
        """Serve the hybrid of a run: an OpenAI-compatible address that answers by its policy."""
        from migration.live.server.serve import Settings, serve

        pairs = _pairs(upstream, "--upstream"), _pairs(key, "--key")
        settings = Settings(str(find(run)), llm, *pairs, timeout, llm_timeout)
        serve(settings, host=host, port=port, workers=workers, say=say)

    return serve_command


def _pairs(words: list[str] | None, option: str) -> dict[str, str]:
    pairs = [word.partition("=")[::2] for word in words or []]
    if wrong := [name for name, value in pairs if not (name and value)]:
        raise BadInput(f"{option} takes CANDIDATE=VALUE, not {wrong[0]!r}")
    return dict(pairs)


def _policy_commands(find: Find, say: Callable[[str], object]) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="The policies of a run: which serves, how far, and back.")
    _add_looking(app, find, say)
    _add_switching(app, find, say)
    return app


def _add_looking(app: typer.Typer, find: Find, say: Callable[[str], object]) -> None:
    @app.command("list")
    def list_command(run: RUN) -> None:
        """Show the versions of a run and which one serves."""
        from migration.live import policies

        live = policies.folder_of(find(run))
        state = policies.load_state(live)
        for version in policies.versions(live):
            say(f"{'*' if version == state.active.version else ' '} {version}")
        say(told(state))

    @app.command("check")
    def check_command(
        run: RUN,
        calls: Annotated[int, typer.Option(min=1, help="Test calls of routed tasks, and of the others.")] = 200,
        upstream: UPSTREAM = None,
    ) -> None:
        """Ask test calls of step 04 again: as they were measured, and with the engine that serves."""
        from migration.live.server.check import checked

        for found in checked(find(run), _pairs(upstream, "--upstream"), calls):
            say(str(found))
            say(json.dumps(found.summary()))


def _add_switching(app: typer.Typer, find: Find, say: Callable[[str], object]) -> None:
    def switched(run: Path, change: Callable[[Path], object]) -> None:
        """Change the live folder of a run, and say what serves now."""
        from migration.live import policies

        change(live := policies.folder_of(find(run)))
        say(told(policies.load_state(live)))

    @app.command("activate")
    def activate_command(
        run: RUN,
        version: Annotated[str, typer.Argument(help="A version; step 04's policy where none is named.")] = "",
        share: SHARE = None,
        shadow_share: SHADOW = None,
    ) -> None:
        """Let a version serve, for a share of conversations. Running gateways follow at once."""
        from migration.live import policies

        def change(live: Path) -> None:
            named = version or policies.add(live, find(run) / "04_router_tuning" / "policy.json")
            policies.activate(live, named, **_given(share=share, shadow_share=shadow_share))

        switched(run, change)

    @app.command("rollback")
    def rollback_command(run: RUN) -> None:
        """Let the version that served before serve again."""
        from migration.live import policies

        switched(run, policies.rollback)

    @app.command("off")
    def off_command(run: RUN) -> None:
        """Send every call to the LLM, at once."""
        from migration.live import policies

        switched(run, lambda live: policies.update(live, off=True))

    @app.command("on")
    def on_command(run: RUN, share: SHARE = None, shadow_share: SHADOW = None) -> None:
        """Let the policy serve again, or for another share; nothing stays suspended."""
        from migration.live import policies

        changes = _given(share=share, shadow_share=shadow_share)
        switched(run, lambda live: policies.update(live, off=False, suspended=(), **changes))


def _given(**options: float | None) -> dict[str, float]:
    return {name: value for name, value in options.items() if value is not None}


def told(state: State) -> str:
    """What serves, in a line."""
    active = state.active
    if state.problem:
        return f"every call goes to the LLM: {state.problem}"
    if active.off:
        return f"{active.version} is switched off: every call goes to the LLM"
    suspended = f"; returned to the LLM: {', '.join(active.suspended)}" if active.suspended else ""
    return (
        f"{active.version} serves {active.share:.0%} of conversations, {active.shadow_share:.0%} of them in shadow"
        f"{suspended}"
    )


def _export_command(find: Find, say: Callable[[str], object]) -> Callable[..., None]:
    def export_command(
        run: RUN,
        to: Annotated[str, typer.Option(help="litellm or vllm-sr.")],
        upstream: UPSTREAM = None,
        llm: Annotated[
            str, typer.Option(help="The LLM: http(s)://host/v1#model.")
        ] = "https://api.openai.com/v1#gpt-4o",
        target: Annotated[Path | None, typer.Option("--out", help="Folder; <run>/live/export-<to> if none.")] = None,
    ) -> None:
        """Write the policy for an engine that a team already runs, and say what it cannot express there."""
        from migration.live.exports import export

        home = find(run)
        folder = target or home / "live" / f"export-{to}"
        made = export(home, to, folder, llm=llm, upstreams=_pairs(upstream, "--upstream"))
        for file in made.files:
            say(f"written: {file}")
        for line in made.lacking:
            say(f"not expressed there: {line}")

    return export_command
