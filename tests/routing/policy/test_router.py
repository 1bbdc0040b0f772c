"""The router: the article's cases, the order of its decisions, and what it refuses."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from migration.errors import BadInput
from migration.routing import Candidate, Limits, Policy, Request, Router, Rung
from migration.routing.policy.score import WAVES, Curve, HashedScore, Linear
from migration.routing.policy.signals import Calibrator, SignalScore
from migration.routing.tuning.learning.features import BUCKETS, COUNTS
from migration.schema import CandidateKind, GroupTest, Guarantee

PHI = {"phi-3-mini": Candidate(CandidateKind.SLM, "phi-3-mini")}
UNCHECKED = (Rung("phi-3-mini", 0.0, checked=False),)
# The article's `route_request(task_type, complexity_score)`.
PYTHON = Policy(
    llm="gpt-4o",
    candidates=PHI,
    rungs={
        **dict.fromkeys(["classification", "extraction", "faq", "routing"], UNCHECKED),
        "*": (Rung("phi-3-mini", 0.0),),
    },
    score="complexity",
    score_limit=0.7,
)
# The article's `routeRequest(taskType, tokenCount, requiresReasoning)` and `generateWithFallback`.
SIMPLE = ["intent_classification", "entity_extraction", "faq_lookup", "sentiment_analysis", "routing_decision"]
TYPESCRIPT = Policy(
    llm="gpt-4o",
    candidates=PHI,
    rungs={**dict.fromkeys(SIMPLE, UNCHECKED), "*": (Rung("phi-3-mini", 0.85),)},
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
    assert decision.candidate == {"slm": "phi-3-mini", "llm": "gpt-4o"}[decision.model]


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
        PYTHON, rungs={"a": (Rung("phi-3-mini", 0.5),), "b": UNCHECKED}, pinned=("b",),
        limits=Limits(context_tokens=100, tools=("search",)),
    )  # fmt: skip
    router = Router(policy)
    assert router.route({"task": "b", "tokens": 101}).stage == "limit"
    assert router.route({"task": "b", "tools": ["search", "book"]}).reason.endswith("book")
    assert router.route({"task": "b", "tools": ["search"]}).stage == "pinned"
    assert router.route({"task": "new"}).stage == "default"
    assert router.route({"task": "a", "complexity": 0.8}).stage == "score"
    assert router.route({"task": "a", "complexity": 0.8}).model == "llm"
    first = router.route({"task": "a", "complexity": 0.1})
    assert first.needs_check
    assert router.accept(first, {"confidence": 0.4}).stage == "answer"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"mean_logprob": None},
        {"mean_logprob": float("nan")},
        {"confidence": float("nan")},
        {"confidence": float("inf")},
        {"confidence": "1"},
        {"mean_logprob": "0"},
    ],
)
def test_an_answer_that_tells_nothing_escalates(answer: dict) -> None:
    signals = SignalScore(("mean_logprob",), (0.0,), (1.0,), {"*": (9.0, 1.0)}, Calibrator("platt", (1.0, 0.0)))
    router = Router(replace(TYPESCRIPT, calibrators={"phi-3-mini": signals}))
    assert router.route({"task": "x", "tokens": 1}, answer).model == "llm"
    assert router.route({"task": "x", "tokens": 1}, {"mean_logprob": 0.0}).model == "slm"


def proved(*tasks: str) -> Guarantee:
    group = GroupTest("g", tasks, 500, 400, 0.5, 0.01, 0.04, 0.02, 0.08, True)
    return Guarantee(0.05, 0.10, 0.95, 500, 400, (group,))


def hashed_policy() -> Policy:
    rng = np.random.default_rng(0)
    gain, ease = (Linear(rng.normal(size=BUCKETS), np.zeros(WAVES), {"a": 0.25}, 0.1) for _ in range(2))
    score = HashedScore(np.ones(BUCKETS), np.zeros(len(COUNTS)), np.ones(len(COUNTS)), gain, ease,
                        Curve(1.5, 0.2, -2.0, 2.0, 0.03, -0.05, 0.05))  # fmt: skip
    signals = SignalScore(("mean_logprob",), (-0.5,), (0.25,), {"*": (0.5, 1.0), "a": (1.0, 2.0)},
                          Calibrator("isotonic", (-1.0, 0.0, 2.0), (0.1, 0.5, 0.9)))  # fmt: skip
    return Policy(llm="l", candidates={"s": Candidate(CandidateKind.SLM, "s")}, rungs={"a": (Rung("s", 0.6),)},
                  score=score, score_limit=0.5, calibrators={"s": signals}, guarantee=proved("a"))  # fmt: skip


def test_a_policy_survives_json(tmp_path) -> None:
    policy = hashed_policy()
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy.to_json(), allow_nan=False))
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
    "content", ["", "not json", "[]", '{"version": 2}', '{"version": 1}', '{"version": 2, "limits": 3}', "[" * 9999]
)
def test_a_broken_policy_file_is_refused_by_name(tmp_path, content: str) -> None:
    path = tmp_path / "policy.json"
    path.write_text(content)
    with pytest.raises(BadInput, match=r"policy\.json"):
        Policy.load(path)
    with pytest.raises(BadInput, match="does not exist"):
        Policy.load(tmp_path / "none.json")
    policy, problem = Policy.load_or_closed(path, llm="big")
    assert Router(policy).route({"task": "a"}).candidate == "big"
    assert problem


def test_a_flipped_bit_sends_everything_to_the_llm(tmp_path) -> None:
    path, rng = tmp_path / "policy.json", np.random.default_rng(0)
    text = json.dumps(hashed_policy().to_json()).encode()
    path.write_bytes(text)
    assert Policy.load_or_closed(path, llm="big")[1] is None
    for place in rng.integers(0, len(text) * 8, 200):
        flipped = bytearray(text)
        flipped[place // 8] ^= 1 << (place % 8)
        path.write_bytes(bytes(flipped))
        policy, problem = Policy.load_or_closed(path, llm="big")
        assert problem, place
        assert Router(policy).route({"task": "a", "messages": "hi"}).model == "llm"


@pytest.mark.parametrize("threshold", [None, float("nan"), -0.1, 1.1, "0.5", True])
def test_a_rung_without_a_sound_threshold_is_no_policy(threshold: object) -> None:
    data = hashed_policy().to_dict()
    data["rungs"]["a"][0]["threshold"] = threshold
    with pytest.raises(BadInput, match=r"threshold|finite"):
        Policy.from_dict(data)
    del data["rungs"]["a"][0]["threshold"]
    with pytest.raises(BadInput, match="threshold"):
        Policy.from_dict(data)


def test_what_routes_without_proof_is_not_served(tmp_path) -> None:
    path = tmp_path / "policy.json"
    for policy in (replace(hashed_policy(), guarantee=None), replace(hashed_policy(), guarantee=proved("other"))):
        path.write_text(json.dumps(policy.to_json()))
        served, problem = Policy.load_or_closed(path, llm="big")
        assert not served.routed_tasks
        assert problem


def test_rungs_are_asked_in_order_until_one_is_sure() -> None:
    ladder = {"quick": Candidate(CandidateKind.CLASSIFIER), "small": Candidate(CandidateKind.SLM)}
    policy = Policy(llm="big", candidates=ladder, rungs={"a": (Rung("quick", 0.9), Rung("small", 0.8))})
    router = Router(policy)
    first = router.route({"task": "a"})
    second = router.accept(first, {"confidence": 0.85})
    assert (first.candidate, second.candidate, second.rung, second.needs_check) == ("quick", "small", 1, True)
    assert router.accept(first, {"confidence": 0.9}).candidate == "quick"
    assert router.accept(second, {"confidence": 0.85}).candidate == "small"
    assert router.accept(second, {"confidence": 0.1}).candidate == "big"
    gated = Router(replace(policy, score="complexity", score_limit=0.5)).route({"task": "a", "complexity": 0.9})
    assert gated.candidate == "quick"  # the score before the call speaks of language models alone
    assert Router(policy).accept(gated, {"confidence": 0.1}).candidate == "big"


def test_unknown_words_are_refused() -> None:
    with pytest.raises(BadInput, match="maybe"):
        Policy(llm="l", rungs={"a": (Rung("maybe", 0.5),)})
    with pytest.raises(BadInput, match="taks"):
        Router(PYTHON).route({"taks": "a"})


def test_importing_the_router_loads_numpy_and_no_more() -> None:
    code = (
        "import sys, migration.routing as r; r.Router(r.Policy.all_llm('l')).route({'task': 'a'});"
        "print([m for m in ('scipy', 'pandas', 'sklearn', 'torch', 'pyarrow', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_answer_that_failed_goes_to_the_next_rung_whatever_the_thresholds():
    two = {name: Candidate(CandidateKind.SLM, name) for name in ("tiny", "small")}
    router = Router(replace(TYPESCRIPT, candidates=two, rungs={"*": (Rung("tiny", 0.0), Rung("small", 0.0))}))
    first = router.route({"task": "t"})
    second = router.escalate(first, "tiny failed")
    last = router.escalate(second, "small failed")
    assert [one.candidate for one in (first, second, last)] == ["tiny", "small", "gpt-4o"]
    assert (last.model, last.rung, last.reason) == ("llm", -1, "small failed")
    assert router.escalate(last, "again") == last
