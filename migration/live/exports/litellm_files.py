"""The policy for a LiteLLM proxy: a routing plugin for what is decided before the call, a handler for the cascade.

A LiteLLM plugin sees requests and not answers, so the half of the cascade that reads an answer's logprobs is a provider
of its own (`hybrid/...`). Both read the run's live folder: versions, ramp, switch and alarms work as in the gateway.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from migration.files import write_atomic
from migration.live.rungs.upstream import for_llm, upstream

if TYPE_CHECKING:
    from migration.live.exports import Export
    from migration.routing.policy import Policy

GROUP = "hybrid"
"""The model's name that callers ask for."""
LACKING = (
    "streams: LiteLLM's handlers give chunks of text, so a stream of the hybrid comes in one chunk at its end",
    "x_migration and the decision log where the plugin sends a call straight to the LLM: LiteLLM's own log has those",
    "the ramp is sticky by `user`, `metadata` or the conversation's beginning; headers do not reach a handler",
)


def write(run: Path, policy: Policy, folder: Path, *, llm: str, upstreams: Mapping[str, str]) -> Export:
    """config.yaml and migration_litellm.py; start with `litellm --config config.yaml` in their folder."""
    from migration.live.exports import Export, address_of

    asked = {rung.candidate for rungs in policy.rungs.values() for rung in rungs}
    slms = {name for name in asked if str(policy.candidates[name].kind) in ("slm", "api")}
    given = {name: address_of(name, policy, upstreams) for name in sorted(slms)}
    at = for_llm(upstream(llm, environment={"OPENAI_API_KEY": "read by LiteLLM"}))
    model = f"openai/{at.model or policy.llm}"
    config = {
        "model_list": [
            {"model_name": GROUP, "litellm_params": {"model": f"hybrid/{policy.version}"}},
            {"model_name": GROUP, "litellm_params": _llm(at.url, model)},
            {"model_name": "llm", "litellm_params": _llm(at.url, model)},
        ],
        "router_settings": {"plugins": ["migration_litellm.plugin"], "num_retries": 0},
        "litellm_settings": {
            "custom_provider_map": [{"provider": "hybrid", "custom_handler": "migration_litellm.handler"}]
        },
    }
    script = (
        '"""The policy of a run, for the LiteLLM proxy that config.yaml beside this file describes."""\n\n'
        "from migration.live.exports.litellm_runtime import connect\n\n"
        f"plugin, handler = connect(\n    run={str(run.resolve())!r},\n    upstreams={given!r},\n"
        f"    llm={_llm(at.url, model)!r},\n)\n"
    )
    files = (
        write_atomic(folder / "config.yaml", json.dumps(config, indent=2) + "\n"),  # JSON is YAML
        write_atomic(folder / "migration_litellm.py", script),
    )
    return Export(files, LACKING)


def _llm(url: str, model: str) -> dict[str, str]:
    return {"model": model, "api_base": url, "api_key": "os.environ/OPENAI_API_KEY"}
