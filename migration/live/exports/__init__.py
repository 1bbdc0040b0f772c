"""The policy on engines that teams already run, and what each of them cannot express."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from migration.errors import BadInput
from migration.routing.policy import Policy


@dataclass(frozen=True)
class Export:
    """Files written, and what of the policy they do not hold, a sentence each."""

    files: tuple[Path, ...]
    lacking: tuple[str, ...]


def export(run: Path, to: str, folder: Path, *, llm: str, upstreams: Mapping[str, str]) -> Export:
    """Write the policy that serves for `to` (`litellm` or `vllm-sr`) into `folder`.

    llm: `http(s)://host/v1#model`. upstreams: candidate -> address, for those the policy names none for. Raises
    BadInput for an unknown engine, or where an address is missing.
    """
    from migration.live import policies
    from migration.live.exports import litellm_files, vllm_sr

    engines = {"litellm": litellm_files.write, "vllm-sr": vllm_sr.write}
    if to not in engines:
        raise BadInput(f"policies are exported to {' or '.join(engines)}, not {to!r}")
    live = policies.folder_of(run)
    if not (live / "active.json").exists():
        policies.activate(live, policies.add(live, run / "04_router_tuning" / "policy.json"))
    state = policies.load_state(live)
    if state.problem:
        raise BadInput(f"this policy is not exported: {state.problem}")
    folder.mkdir(parents=True, exist_ok=True)
    return engines[to](run, state.policy, folder, llm=llm, upstreams=upstreams)


def address_of(name: str, policy: Policy, upstreams: Mapping[str, str]) -> str:
    """Where a candidate is reached. Raises BadInput where nobody says."""
    at = upstreams.get(name) or policy.candidates[name].source
    if not at.startswith(("http://", "https://")):
        raise BadInput(f"{name} has no address: --upstream '{name}=http(s)://host/v1#model'")
    return at
