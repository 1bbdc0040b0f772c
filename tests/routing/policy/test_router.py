"""The router: the article's cases, the order of its decisions, and what it refuses."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from migration.errors import BadInput
from migration.routing import Limits, Policy, Request, Router
from migration.routing.policy.score import WAVES, Curve, HashedScore, Linear
from migration.routing.policy.signals import Calibrator, SignalScore
from migration.routing.tuning.features import BUCKETS, COUNTS

# The article's `route_request(task_type, complexity_score)`.
PYTHON = Policy(
    slm="phi-3-mini",
    llm="gpt-4o",
    rules={**dict.fromkeys(["classification", "extraction", "faq", "routing"], "slm"), "*": "cascade"},
    score="complexity",
    score_limit=0.7,
)
# The article's `routeRequest(taskType, tokenCount, requiresReasoning)` and `generateWithFallback`.
SIMPLE = ["intent_classification", "entity_extraction", "faq_lookup", "sentiment_analysis", "routing_decision"]
TYPESCRIPT = Policy(
    slm="phi-3-mini",
    llm="gpt-4o",
    rules={**dict.fromkeys(SIMPLE, "slm"), "*": "cascade"},
    thresholds={"*": 0.85},
    expected={**dict.fromkeys(SIMPLE, 0.95), "*": 0.70},
    limits=Limits(context_tokens=8000, reasoning=False),
    llm_confidence=0.90,
)


def article_python(task_type: str, complexity: float) -> str:
    if task_type in ["classification", "extraction", "faq", "routing"]:
        return "slm"
    return "llm" if complexity > 0.7 else "slm"


def article_typescript(task: str, tokens: int, reasoning: bool) -> tuple[str, float]:
    if task in SIMPLE:
        return "slm", 0.95
    if tokens > 8000 or reasoning:
        return "llm", 0.90
    return "slm", 0.70


@pytest.mark.parametrize("task_type", ["classification", "extraction", "faq", "routing", "reasoning", "creative"])
@pytest.mark.parametrize("complexity", [0.0, 0.7, 0.700001, 1.0])
def test_the_articles_python_router_is_a_policy(task_type: str, complexity: float) -> None:
    decision = Router(PYTHON).route({"task_type": task_type, "complexity": complexity})
    assert decision.model == article_python(task_type, complexity)
    assert not decision.needs_check


@pytest.mark.parametrize("task", [*SIMPLE, "summarise_contract"])
@pytest.mark.parametrize("tokens", [10, 8000])
def test_the_articles_typescript_router_is_a_policy(task: str, tokens: int) -> None:
    decision = Router(TYPESCRIPT).route({"task": task, "tokens": tokens})
    assert (decision.model, decision.confidence) == article_typescript(task, tokens, False)


@pytest.mark.parametrize(("tokens", "reasoning"), [(8001, False), (10, True), (20_000, True)])
def test_limits_come_first_where_the_article_checks_the_task_first(tokens: int, reasoning: bool) -> None:
    request = {"task": "intent_classification", "tokens": tokens, "reasoning": reasoning}
    assert article_typescript("intent_classification", tokens, reasoning)[0] == "slm"  # the article's slip
    decision = Router(TYPESCRIPT).route(request)
    assert (decision.model, decision.stage, decision.confidence) == ("llm", "limit", 0.90)
    other = Router(TYPESCRIPT).route(request | {"task": "summarise_contract"})
    assert (other.model, other.confidence) == article_typescript("summarise_contract", tokens, reasoning)


@pytest.mark.parametrize(("confidence", "model"), [(0.84, "llm"), (0.85, "slm"), (0.99, "slm")])
def test_the_articles_fallback_is_a_cascade(confidence: float, model: str) -> None:
    router = Router(TYPESCRIPT)
    first = router.route({"task": "anything", "tokens": 10})
    assert first.needs_check
    assert router.accept(first, {"confidence": confidence}).model == model
    assert router.route({"task": "anything", "tokens": 10}, {"confidence": confidence}).model == model


def test_simple_tasks_are_not_checked_again() -> None:
    decision = Router(TYPESCRIPT).route({"task": "faq_lookup", "tokens": 10}, {"confidence": 0.1})
    assert decision.model == "slm"


def test_the_order_is_limit_then_pin_then_rule_then_score_then_answer() -> None:
    policy = replace(
        PYTHON, rules={"a": "cascade", "b": "slm", "*": "llm"}, pinned=("b",), thresholds={"a": 0.5},
        limits=Limits(context_tokens=100, tools=("search",), modalities=("text",)),
    )  # fmt: skip
    router = Router(policy)
    assert router.route({"task": "b", "tokens": 101}).stage == "limit"
    assert router.route({"task": "b", "tools": ["search", "book"]}).reason.endswith("book")
    assert router.route({"task": "b", "tools": ["search"]}).stage == "pinned"
    assert router.route({"task": "b", "modality": "image"}).stage == "limit"
    assert router.route({"task": "new"}).stage == "default"
    assert router.route({"task": "a", "complexity": 0.8}).stage == "score"
    assert router.route({"task": "a", "complexity": 0.8}).model == "llm"
    first = router.route({"task": "a", "complexity": 0.1})
    assert first.needs_check
    assert router.accept(first, {"confidence": 0.4}).stage == "answer"


@pytest.mark.parametrize(
    "answer", [{}, {"mean_logprob": None}, {"mean_logprob": float("nan")}, {"confidence": float("nan")}]
)
def test_an_answer_that_tells_nothing_escalates(answer: dict) -> None:
    signals = SignalScore(("mean_logprob",), (0.0,), (1.0,), {"*": (9.0, 1.0)}, Calibrator("platt", (1.0, 0.0)))
    router = Router(replace(TYPESCRIPT, calibrator=signals))
    assert router.route({"task": "x", "tokens": 1}, answer).model == "llm"
    assert router.route({"task": "x", "tokens": 1}, {"mean_logprob": 0.0}).model == "slm"


def hashed_policy() -> Policy:
    rng = np.random.default_rng(0)
    gain, ease = (Linear(rng.normal(size=BUCKETS), np.zeros(WAVES), {"a": 0.25}, 0.1) for _ in range(2))
    score = HashedScore(np.ones(BUCKETS), np.zeros(len(COUNTS)), np.ones(len(COUNTS)), gain, ease,
                        Curve(1.5, 0.2, -2.0, 2.0, 0.03, -0.05, 0.05))  # fmt: skip
    signals = SignalScore(("mean_logprob",), (-0.5,), (0.25,), {"*": (0.5, 1.0), "a": (1.0, 2.0)},
                          Calibrator("isotonic", (-1.0, 0.0, 2.0), (0.1, 0.5, 0.9)))  # fmt: skip
    return Policy(slm="s", llm="l", rules={"a": "cascade", "*": "llm"}, thresholds={"a": 0.6}, score=score,
                  score_limit=0.5, calibrator=signals, guarantee={"max_loss": 0.05})  # fmt: skip


def test_a_policy_survives_json(tmp_path) -> None:
    policy = hashed_policy()
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy.to_dict(), allow_nan=False))
    again = Policy.load(path)
    assert again.to_dict() == policy.to_dict()
    requests = [{"task": "a", "messages": f"where is my order {i}, please?"} for i in range(50)]
    assert Router(again).route_many(requests) == [Router(again).route(request) for request in requests]
    for request in requests:
        first = Router(policy).route(request, {"mean_logprob": -0.3})
        second = Router(again).route(request, {"mean_logprob": -0.3})
        assert (first.model, first.stage) == (second.model, second.stage)


def test_routing_is_pure() -> None:
    router, request = Router(hashed_policy()), {"task": "a", "messages": [{"role": "user", "content": "hello"}]}
    before = json.dumps(request)
    assert len({router.route(request) for _ in range(5)}) == 1
    assert json.dumps(request) == before


def test_the_score_reads_the_last_user_message() -> None:
    messages = [{"role": "user", "content": "first"}, {"role": "assistant", "content": "x"},
                {"role": "user", "content": "second"}, {"role": "assistant", "content": "y"}]  # fmt: skip
    assert Request(messages).text == "second"
    assert Request([{"role": "system", "content": "only"}]).text == "only"
    assert Request([]).text == ""
    assert Request([{"role": "user", "content": [{"type": "text", "text": "part"}]}]).text.startswith("[")


@pytest.mark.parametrize(
    "content", ["", "not json", "[]", '{"version": 2}', '{"version": 1}', '{"version": 1, "limits": 3}']
)
def test_a_broken_policy_file_is_refused_by_name(tmp_path, content: str) -> None:
    path = tmp_path / "policy.json"
    path.write_text(content)
    with pytest.raises(BadInput):
        Policy.load(path)
    with pytest.raises(BadInput, match="does not exist"):
        Policy.load(tmp_path / "none.json")


def test_unknown_words_are_refused() -> None:
    with pytest.raises(BadInput, match="maybe"):
        Policy(slm="s", llm="l", rules={"a": "maybe"})
    with pytest.raises(BadInput, match="taks"):
        Router(PYTHON).route({"taks": "a"})


def test_importing_the_router_loads_numpy_and_no_more() -> None:
    code = (
        "import sys, migration.routing as r; r.Router(r.Policy.all_llm('s', 'l')).route({'task': 'a'});"
        "print([m for m in ('scipy', 'pandas', 'sklearn', 'torch', 'pyarrow', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
