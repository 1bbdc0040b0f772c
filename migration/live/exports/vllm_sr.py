"""The policy as a vLLM Semantic Router configuration (form v0.3, as vllm-sr 0.4.0 validates it): one cascade a task.

Its `confidence` algorithm is the same cascade with other numbers: a mean logprob l counts as (l + 3) / 3, cut to
[0, 1], against one threshold a decision. Our threshold is on calibrated confidence, so it is translated: the mean
logprob at which the calibrator, its other signals at their means, reaches the threshold; where the calibrator does not
read the mean logprob, or never reaches it, the task stays with the LLM. Out of scope: running it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from migration.endpoints import read_address
from migration.files import write_atomic
from migration.live.rungs.upstream import for_llm, upstream
from migration.schema import CandidateKind

if TYPE_CHECKING:
    from migration.live.exports import Export
    from migration.routing.policy import Policy, Rung

LACKING = (
    'recognition: a request names its task itself, as metadata {"task": ...}; without it the LLM answers',
    "calibrated confidence: thresholds are translated to the mean logprob alone, so the guarantee does not carry over: "
    "measure again there before relying on it",
    "the score before the call, the ramp by share, shadow calls, suspended tasks and hot switching",
)


def write(run: Path, policy: Policy, folder: Path, *, llm: str, upstreams: Mapping[str, str]) -> Export:
    """vllm-sr.yaml in `folder`."""
    from migration.live.exports import Export

    config, lacking = config_of(policy, llm=llm, upstreams=upstreams)
    file = write_atomic(folder / "vllm-sr.yaml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    return Export((file,), (*LACKING, *lacking))


def config_of(policy: Policy, *, llm: str, upstreams: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    """The configuration, and what of this policy it leaves out."""
    from migration.live.exports import address_of

    lacking, decisions, used = list[str](), list[dict[str, Any]](), dict[str, str]()
    for task, rungs in policy.rungs.items():
        chosen = [rung for rung in rungs if policy.candidates[rung.candidate].kind == CandidateKind.SLM]
        if len(chosen) < len(rungs):
            lacking.append(f"{task}: rungs that are no language model (classifier, cache) are left out")
        if not chosen or task in policy.pinned:
            continue
        thresholds = [_normalised(policy, rung, task) for rung in chosen]
        known = [threshold for threshold in thresholds if threshold is not None]
        if len(known) < len(thresholds):
            lacking.append(f"{task}: its confidence does not turn on the mean logprob, so it stays with the LLM")
            continue
        at = {rung.candidate: address_of(rung.candidate, policy, upstreams) for rung in chosen}
        if any(policy.candidates[name].masked or read_address(address).masked for name, address in at.items()):
            lacking.append(f"{task}: a rung that is sent no personal data would be sent it, so it stays with the LLM")
            continue
        used |= at
        decisions.append(_decision(len(decisions), task, [rung.candidate for rung in chosen], policy, max(known)))
    models = [_model(name, at) for name, at in used.items()] + [_model(policy.llm, llm)]
    return {
        "version": "v0.3",
        "listeners": [{"name": "http", "address": "127.0.0.1", "port": 8899, "timeout": "300s"}],
        "providers": {"defaults": {"model": policy.llm}, "models": models},
        "routing": {
            "strategy": "priority",
            "modelCards": [{"name": name, "modality": "ar"} for name in [*used, policy.llm]],
            "signals": {"metadata": [
                {"name": _signal(place), "description": f"calls of {item['description']}", "key": "task",
                 "predicate": {"equals": item["description"]}} for place, item in enumerate(decisions)
            ]},
            "decisions": decisions,
        },
    }, lacking  # fmt: skip


def _signal(place: int) -> str:
    return f"task_{place}"


def _decision(place: int, task: str, rungs: list[str], policy: Policy, threshold: float) -> dict[str, object]:
    return {
        "name": f"cascade_{place}",
        "description": task,
        "priority": 100,
        "rules": {"operator": "AND", "conditions": [{"type": "metadata", "name": _signal(place)}]},
        "modelRefs": [{"model": name, "use_reasoning": False} for name in [*rungs, policy.llm]],
        "algorithm": {
            "type": "confidence",
            "confidence": {"confidence_method": "avg_logprob", "threshold": threshold, "escalation_order": "declared",
                           "on_error": "skip"},
        },
    }  # fmt: skip


def _model(name: str, address: str) -> dict[str, object]:
    at = for_llm(upstream(address, environment={"OPENAI_API_KEY": "read by the router"}))
    backend: dict[str, Any] = {"name": "primary", "base_url": at.url, "provider": "openai", "weight": 100}
    if at.key:
        backend["api_key_env"] = "OPENAI_API_KEY"
    if urlsplit(at.url).scheme == "http":
        parts = urlsplit(at.url)
        backend = {"name": "primary", "endpoint": parts.netloc, "protocol": "http", "weight": 100}
    return {"name": name, "provider_model_id": at.model or name, "api_format": "openai", "backend_refs": [backend]}


def _normalised(policy: Policy, rung: Rung, task: str) -> float | None:
    """The threshold on their scale, (0, 1]; None where there is none."""
    score = policy.calibrators.get(rung.candidate)
    if score is None or "mean_logprob" not in score.names:
        return None
    low, high = -3.0, 0.0
    if score.confidence({"mean_logprob": high}, task) < rung.threshold:
        return None
    if score.confidence({"mean_logprob": low}, task) >= rung.threshold:
        return 0.001
    for _ in range(60):
        middle = (low + high) / 2
        kept = score.confidence({"mean_logprob": middle}, task) >= rung.threshold
        low, high = (low, middle) if kept else (middle, high)
    return math.ceil((high + 3.0) / 3.0 * 1e4) / 1e4
