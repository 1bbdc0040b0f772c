"""Starting the gateway: what serves, where the models are, who may call; then uvicorn, with workers that share nothing.

Settings reach the workers in one environment variable, keys only by the names of the variables that hold them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from migration.endpoints import is_loopback
from migration.errors import BadInput
from migration.live import policies
from migration.live.hybrid import Hybrid
from migration.live.rungs.upstream import for_llm, upstream
from migration.live.server.embedded import Embedded
from migration.live.server.gateway import Bounds, Gateway
from migration.live.server.metrics import Metrics
from migration.live.server.tracing import observer, set_up
from migration.routing.policy import Policy
from migration.schema import CandidateKind

SETTINGS, TOKENS = "MIGRATION_SERVE", "MIGRATION_TOKENS"
OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Settings:
    """What a worker needs. llm: address, empty for a stand-in. upstreams: candidate -> address. keys: name of a
    candidate, or `llm`, -> environment variable."""

    run: str
    llm: str
    upstreams: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    timeout: float = 10.0
    llm_timeout: float = Bounds.llm_seconds
    body: int = Bounds.body
    calls: int = Bounds.calls


def worker() -> Callable[..., object]:
    """The ASGI application of one worker, from the environment (uvicorn's factory)."""
    settings = Settings(**json.loads(os.environ[SETTINGS]))
    set_up()
    metrics, trace = Metrics(), observer()

    def observe(record: dict[str, object]) -> None:
        metrics.observe(record)
        if trace:
            trace(record)

    upstreams = {name: upstream(at, settings.keys.get(name)) for name, at in settings.upstreams.items()}
    hybrid = Hybrid(settings.run, upstreams=upstreams, timeout=settings.timeout, observe=observe)
    hybrid.warm()
    llm = for_llm(upstream(settings.llm, settings.keys.get("llm")))
    bounds = Bounds(settings.body, settings.calls, settings.llm_timeout)
    return Gateway(hybrid, llm, metrics, tokens=tokens(), bounds=bounds).app()


def tokens() -> list[str]:
    """The callers' tokens, comma-separated in MIGRATION_TOKENS; none: no token is asked for."""
    return [token.strip() for token in os.environ.get(TOKENS, "").split(",") if token.strip()]


def prepare(run: Path) -> Policy:
    """The policy that serves; the first time it is step 04's. Raises BadInput where the run has none."""
    live = policies.folder_of(run)
    if not (live / "active.json").exists():
        policies.activate(live, policies.add(live, run / "04_router_tuning" / "policy.json"))
    state = policies.load_state(live)
    return state.policy


def serve(settings: Settings, *, host: str, port: int, workers: int, say: Callable[[str], object]) -> None:
    """Serve until stopped. Raises BadInput for what cannot be served, or must not be."""
    import uvicorn

    if not is_loopback(host) and not tokens():
        raise BadInput(f"{host} is open to others: set {TOKENS} to the callers' tokens, or serve on 127.0.0.1")
    if not is_loopback(host) and not (settings.llm or os.environ.get("OPENAI_API_KEY")):
        raise BadInput("no LLM is configured: name it with --llm https://host/v1; a stand-in answers on loopback alone")
    if settings.llm:
        for_llm(upstream(settings.llm, settings.keys.get("llm")))
    run = Path(settings.run)
    policy = prepare(run)
    own = Embedded(run)
    try:
        settings = with_models(settings, policy, own, say)
        os.environ[SETTINGS] = json.dumps(asdict(settings))
        state = policies.load_state(policies.folder_of(run))
        say(f"policy {state.active.version}: {state.problem or told(policy)}")
        say(f"serving http://{host}:{port}/v1 (chat completions, {workers} worker{'s' * (workers > 1)})")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again once all calls are answered
        uvicorn.run(
            f"{__name__}:worker", factory=True, host=host, port=port, workers=workers, log_level="warning",
            access_log=False, server_header=False, timeout_graceful_shutdown=30,
        )  # fmt: skip
    finally:
        own.stop()


def told(policy: Policy) -> str:
    """What a policy routes, in a sentence."""
    routed = policy.routed_tasks
    return f"{len(routed)} tasks have rungs below {policy.llm}" if routed else f"every call goes to {policy.llm}"


def with_models(settings: Settings, policy: Policy, own: Embedded, say: Callable[[str], object]) -> Settings:
    """`settings` with an address for every candidate that the policy asks, and for the LLM.

    Local small models are served by llama.cpp here. Without an LLM's address and without OPENAI_API_KEY the first of
    them stands in for the LLM, on loopback, and the start says so: a demonstration, not a service.
    """
    asked = {rung.candidate for rungs in policy.rungs.values() for rung in rungs}
    local = {
        name: candidate
        for name, candidate in policy.candidates.items()
        if name in asked and candidate.kind == CandidateKind.SLM and name not in settings.upstreams
        and not candidate.source.startswith(("http://", "https://"))
    }  # fmt: skip
    for name, candidate in local.items():
        try:
            own.start({name: candidate})
            say(f"{name} is served by llama.cpp here, at {own.addresses[name].partition('#')[0]}")
        except BadInput as problem:
            say(f"{name} is answered in the gateway's process, one call at a time: {problem}. Give its address: "
                f"--upstream '{name}=http(s)://host/v1#model'")  # fmt: skip
    llm = settings.llm or (OPENAI if os.environ.get("OPENAI_API_KEY") else "")
    if not llm:
        llm = next(iter(own.addresses.values()), "") or _stand_in(own, policy)
        say("NO LLM IS CONFIGURED: the small model stands in for it. Name one with --llm http(s)://host/v1")
    return Settings(**asdict(settings) | {"llm": llm, "upstreams": own.addresses | settings.upstreams})


def _stand_in(own: Embedded, policy: Policy) -> str:
    """A local model of the run where none is routed to: its own candidate, else SmolLM2."""
    slms = {name: one for name, one in policy.candidates.items() if one.kind == CandidateKind.SLM}
    from migration.routing.policy import Candidate

    name, candidate = next(iter(slms.items()), ("smollm2", Candidate(CandidateKind.SLM, "smollm2", "smollm2")))
    own.start({name: candidate})
    return own.addresses[name]
