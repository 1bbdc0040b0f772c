"""How likely a small model is to fail a call, before anything was measured; and what the article says of its task.

A documented heuristic from what the log shows, the article's use-case table and its rule of thumb.
Out of scope: any model's answer. Step 04 replaces the heuristic by what it learned from real answers.

Each of six things may make a small model fail on its own, so complexity = 1 - product of (1 - weight x amount):

    weight  amount, 0..1
    0.60    answers: how new the task's answers are (not repeated, not copied, no shared phrases), times their length;
            for a closed set of answers the size of the set instead (200 or more is 0.4)
    0.60    tools: the request offers tools, or the conversation used them
    0.30    novelty: the share of the user's words that the task's other calls never use
    0.40    length: prompt tokens on a log scale, 200 is 0, 8,000 (the article's limit for an SLM) is 1
    0.30    turns: user turns, 1 is 0, 8 or more is 1
    0.20    questions: asked at once, 1 is 0, 4 or more is 1

The weights are a judgement, not a fit: read the order of the tasks, not the second digit.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from migration.audit.discovery.behaviour import Evidence
from migration.prompts.tokens import tokens_of

WEIGHTS = {"answers": 0.6, "tools": 0.6, "novelty": 0.3, "length": 0.4, "turns": 0.3, "questions": 0.2}
EXAMPLES, PROMPT_TOKENS, HARD = 200, 4_000, 0.7
"""The article's rule of thumb (examples, prompt tokens) and its complexity above which the LLM answers."""
USER_TOKENS = 300

USE_CASES = (
    ("Intent classification", "classification", "slm", "Narrow, well-defined, high volume"),
    ("Entity extraction", "extraction", "slm", "Structured output, bounded domain"),
    ("FAQ / knowledge lookup", "faq", "slm", "Retrieval handles knowledge, SLM handles generation"),
    ("Sentiment analysis", "sentiment", "slm", "Binary/ternary classification, simple"),
    ("Templated generation", "templated_generation", "slm", "Named in the article's 82% that moved"),
    ("Complex reasoning", "reasoning", "llm", "Multi-step logic, broad knowledge"),
    ("Creative writing", "creative", "llm", "Diverse training patterns"),
    ("Document summarization (long)", "summarization", "llm", "100K+ context windows"),
    ("Code generation (complex)", "code", "llm", "Broad language/framework knowledge"),
    ("Escalation routing", "routing", "slm", "High-speed binary decision"),
    ("Conversation scoring", "scoring", "unclear", "SLM for simple rubrics, LLM for nuanced evaluation"),
)
"""The article's use-case table: use case, task type here, where it should go, why."""


@dataclass(frozen=True)
class Profile:
    """What a task's calls have in common, for the complexity of one of them."""

    openness: float
    known: frozenset[str]

    @classmethod
    def of(cls, evidence: Evidence, users: Sequence[str]) -> Profile:
        """From the task's evidence and a sample of its user texts."""
        seen = Counter(t for text in users for t in set(tokens_of(text, USER_TOKENS)))
        new = evidence.distinct_answers * (1 - evidence.copied) * (1 - 0.5 * evidence.shared_phrases)
        long = min(1.0, math.log1p(evidence.answer_tokens) / math.log1p(400))
        choice = 0.4 * _between(math.log(max(1.0, evidence.distinct_answers * evidence.n)), 0, math.log(200))
        return cls(
            min(1.0, max(new * long, choice * (1 - evidence.copied))), frozenset(t for t, n in seen.items() if n > 1)
        )


def complexity(user: str, *, prompt_tokens: float, turns: int, tools: bool, profile: Profile) -> float:
    """Complexity of one call, 0..1. `user` is its last user message; lengths are in tokens."""
    words = [t for t in tokens_of(user, USER_TOKENS) if t[0].isalnum()]
    asked = sum(user.count(mark) for mark in "?？؟;") + user.count("\n- ")
    parts = {
        "answers": profile.openness,
        "tools": float(tools),
        "novelty": (len(words) - sum(map(profile.known.__contains__, words))) / len(words) if words else 0.0,
        "length": _between(math.log(max(prompt_tokens, 1)), math.log(200), math.log(8_000)),
        "turns": _between(turns, 1, 8),
        "questions": _between(asked, 1, 4),
    }
    return 1 - math.prod(1 - WEIGHTS[name] * value for name, value in parts.items())


def _between(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def route_hint(
    task_type: str, *, calls: int, p50_prompt: float, p95_prompt: float, complexity: float
) -> tuple[str, str]:
    """Where the article would send a task (`slm`, `llm`, `unclear`), and the reason in a few words.

    Its use-case table speaks first, then its rule of thumb: 200 examples, prompts within 4K tokens.
    """
    use_case = next((row for row in USE_CASES if row[1] == task_type), None)
    if use_case is None:
        return "unclear", "no use case of the article fits"
    name, _, home, _ = use_case
    if home == "llm" and not (task_type == "summarization" and p95_prompt <= PROMPT_TOKENS):
        return "llm", f"{name.lower()}: the article keeps it on the LLM"
    if p50_prompt > PROMPT_TOKENS:
        return "llm", f"half of its prompts exceed {PROMPT_TOKENS:,} tokens"
    if complexity > HARD:
        return "llm", f"mean complexity {complexity:.2f} is above {HARD}"
    if home == "unclear":
        return "unclear", f"{name.lower()}: the article says hybrid"
    if home == "llm":
        return "unclear", "summarization, but of prompts within 4,000 tokens"
    if calls < EXAMPLES:
        return "unclear", f"{calls} calls are fewer than {EXAMPLES} examples"
    if p95_prompt > PROMPT_TOKENS:
        return "unclear", f"5% of its prompts exceed {PROMPT_TOKENS:,} tokens"
    return "slm", f"{name.lower()}, {EXAMPLES}+ examples, prompts within {PROMPT_TOKENS:,} tokens"


def use_cases(tasks: pd.DataFrame) -> pd.DataFrame:
    """The article's use-case table with this log's calls and cost behind each row.

    tasks: columns task_type, calls, cost_usd. Returns use case, article, why, tasks, calls, cost_usd.
    """
    rows = []
    for use_case, task_type, home, why in USE_CASES:
        own = tasks[tasks.task_type == task_type]
        rows.append((use_case, home, why, len(own), int(own.calls.sum()), float(own.cost_usd.sum())))
    return pd.DataFrame(rows, columns=["use case", "article", "why", "tasks", "calls", "cost_usd"])
