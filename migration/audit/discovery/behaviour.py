"""What a task's answers look like, and the task type that follows from it.

Exchanges (what the user side said, what was answered). Types come from how answers behave: a closed set of
them, copied from the input, numbers, phrases said again and again, long and always new.
Out of scope: the words of the instructions, but for whether they ask to judge (`judging`); the only other words read
are the answers' polarity and the names of the answers' fields.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import orjson

from migration.audit.discovery.judging import asks_amount, found_in_input, graded, on_scale, strength, verdicts
from migration.audit.discovery.prompts import shingles
from migration.prompts.tokens import tokens_of

_POLARITY = """
positive negative neutral mixed pos neg very_positive very_negative happy unhappy positiv negativ gemischt positif
negatif négatif neutre mixte positivo negativo neutro misto mixto positief negatief neutraal pozitif pozitywny negatywny
neutralny позитивный негативный нейтральный положительный отрицательный 正面 负面 中性 中立 积极 消极 ポジティブ
ネガティブ ニュートラル 긍정 부정 중립 إيجابي سلبي محايد
"""
_YES_NO = "yes no true false y n ja nein oui non si sí sì sim não nao はい いいえ 是 否 да нет evet hayır tak nie"
POLARITY, YES_NO = frozenset(_POLARITY.split()), frozenset(_YES_NO.split())
HANDOVER = re.compile(r"queue|team|rout|escalat|depart|assign|transfer|handoff|handover|human", re.I)
"""Names of answer fields that hand a conversation on."""
_PAIR = re.compile(r"^\s*[-*]?\s*\**([^\W\d][\w /-]{0,30}?)\**\s*[:：=]\s*\**(.*?)\**\s*$")
_TAGGED = re.compile(r"<([A-Za-z][\w-]{0,30})>\s*([^<>]*?)\s*</\1>")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
SIZES = 10
"""Different shares from which on a number is one of the model's own, not one of a few steps."""
_FENCE = re.compile(r"^\s*```\w*\s*\n(.*?)\n?\s*```\s*$", re.S)
_NUMBER = re.compile(r"^[^\w-]{0,2}-?\d+(?:[.,]\d+)?\s*(?:%|/\s*\d+|out of \d+|points?|stars?|★)?\.?$", re.I)
_GRADE_FIRST = re.compile(r"^\W*((?:[^\W\d]+\W+){0,3})\[*(\d{1,3}(?:[.,]\d)?)\b")
_GRADE_LAST = re.compile(r"(\b[^\W\d]+)\W{1,5}(\d{1,3}(?:[.,]\d)?)\]*(?:\s*(?:/|out of|von|sur|de)\s*\d+)?\W*$", re.I)
_CODE = re.compile(
    r"^\s*(?:def |class |import |from \w+ import|function |const |let |var |public |private |#include|SELECT\b|"
    r"INSERT\b|CREATE\b|return\b|if\s*\(|for\s*\(|while\s*\(|\}|\{|<\w+[^>]*>|</\w+>|@\w+|#!/)|[;{}]\s*$|=>|\)\s*:\s*$",
    re.M,
)
_SQL = re.compile(
    r"\A\s*(?:SELECT\b.+?\bFROM\b|INSERT\s+INTO\b|UPDATE\b.+?\bSET\b|DELETE\s+FROM\b|WITH\b.+?\bAS\s*\(|"
    r"CREATE\s+(?:\w+\s+){0,3}?(?:TABLE|VIEW|INDEX|FUNCTION)\b|ALTER\s+TABLE\b)",
    re.S,
)
"""A statement, which is code however short: in capitals, since prose may begin with "select", or with its semicolon."""


@dataclass(frozen=True)
class Exchange:
    """One call as behaviour sees it: `user` is everything the user side said, `answer` the response."""

    user: str
    answer: str | None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    turns: int = 1
    tools: bool = False


@dataclass(frozen=True)
class Evidence:
    """Why a task got its type. Shares are fractions of the answers looked at (n); tokens are medians."""

    n: int
    distinct_answers: float
    repeated_answers: float
    closed_fields: float
    copied: float
    numeric: float
    polarity: float
    yes_no: float
    handover: float
    json: float
    code: float
    tool_use: float
    shared_phrases: float
    from_input: float
    worked_out: float
    user_tokens: float
    answer_tokens: float
    turns: float
    asks_judgement: int = 0
    asks_amount: bool = False
    on_scale: float = 0.0
    verdict: float = 0.0
    verdict_words: float = 0.0


def fields_of(answer: str) -> dict[str, list[str]]:
    """An answer's fields: leaves of JSON by their path, `KEY: value` lines by key, text in tags by tag, else the whole
    as field `""`."""
    text = answer.strip()
    if fence := _FENCE.match(text):
        text = fence[1].strip()
    if text[:1] in ("{", "["):
        try:
            found: dict[str, list[str]] = defaultdict(list)
            for path, value in _leaves(orjson.loads(text), ""):
                found[path].append(value)
            return dict(found)
        except orjson.JSONDecodeError:
            pass  # it only begins like JSON: read as lines or as a whole
    pairs = [_PAIR.match(line) for line in text.splitlines() if line.strip()]
    if pairs and len(pairs) <= 12 and all(pairs) and (len(pairs) > 1 or len(text) < 60):
        return {p[1].strip().lower(): [p[2].strip()] for p in pairs if p}
    tagged = _TAGGED.findall(text)
    if tagged and not _TAGGED.sub("", text).strip():
        return {name.lower(): [value] for name, value in tagged}
    return {"": [text]}


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, path or "[]")
    elif value is not None and value != "":
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


def shape_of(answer: str) -> str:
    """The form of an answer: `json`, `list`, `pairs`, `tool`, `label` (a few words) or `text`."""
    text = answer.strip()
    if '"tool_calls"' in text[:400]:
        return "tool"
    fields = fields_of(text)
    if text[:1] == "[" and "" not in fields:
        return "list"
    if text.lstrip("`json \n")[:1] == "{" and "" not in fields:
        return "json"
    return "pairs" if "" not in fields else "label" if len(text) <= 60 else "text"


def labels_of(answers: Sequence[str]) -> frozenset[str]:
    """The closed set of values that answers are made of, lower case; empty where answers are open.

    Numbers, yes and no are left out: unlike tasks have them in common.
    """
    values: dict[str, Counter[str]] = defaultdict(Counter)
    for answer in answers:
        for path, found in fields_of(answer).items():
            values[path].update(v.lower() for v in found if len(v) <= 60)
    closed = [count for count in values.values() if _is_closed(count)]
    labels = {value for count in closed for value in count if count[value] > 1 or count.total() < 30}
    return frozenset(v for v in labels if v not in YES_NO and not _NUMBER.match(v))


def _is_closed(values: Counter[str]) -> bool:
    total = sum(values.values())
    repeated = sum(n for n in values.values() if n > 1)
    short = sum(n for value, n in values.items() if len(value) <= 60)
    few = len(values) <= max(3, 0.3 * total) and repeated >= 0.85 * total
    small = total < 30 and len(values) <= 0.6 * total and repeated >= 0.6 * total
    return total >= 5 and short >= 0.9 * total and (few or small)


def evidence(exchanges: Sequence[Exchange], instructions: str = "") -> Evidence:
    """Evidence of one task from a sample of its exchanges (those without an answer count for tools and turns only).

    instructions: the task's prompt, read for one thing alone: whether it asks to judge an answer.
    """
    answered = [e for e in exchanges if e.answer and e.answer.strip()]
    plain = [e for e in answered if shape_of(e.answer or "") != "tool"]
    texts = [" ".join((e.answer or "").lower().split()) for e in plain]
    counts = Counter(texts)
    n = max(1, len(texts))
    fields = [fields_of(e.answer or "") for e in plain]
    flat: dict[str, Counter[str]] = defaultdict(Counter)
    for found in fields:
        for path, values in found.items():
            flat[path].update(v.lower() for v in values)
    weight = sum(c.total() for c in flat.values()) or 1
    closed = sum(c.total() for c in flat.values() if _is_closed(c))
    ends = [values for path, values in flat.items() if HANDOVER.search(path)]
    polar = max((_share(c, POLARITY) for c in flat.values() if _is_closed(c)), default=0.0)
    binary = max((_share(c, YES_NO) for c in flat.values() if _is_closed(c) and c.total() >= 0.5 * n), default=0.0)
    said = [e.answer or "" for e in plain]
    verdict, verdict_words = verdicts(said, fields) if fields else (0.0, 0.0)
    given = found_in_input(said, [e.user for e in plain]) <= 0.5
    return Evidence(
        n=len(answered),
        distinct_answers=len(counts) / n,
        repeated_answers=sum(k for k in counts.values() if k > 1) / n,
        closed_fields=closed / weight,
        copied=_copied([e.user for e in plain], fields),
        numeric=max(_numeric(flat, n), _grade_beside(Counter(said)) / n, graded(said)) if given else 0.0,
        polarity=polar,
        yes_no=binary,
        handover=min(1.0, sum(c.total() for c in ends) / n),
        json=sum(shape_of(t) in ("json", "list") for t in texts) / n,
        code=sum(_is_code(e.answer or "") for e in plain) / n,
        tool_use=sum(e.tools for e in exchanges) / max(1, len(exchanges)),
        shared_phrases=_shared_phrases(texts),
        from_input=_from_input(plain),
        worked_out=sum(_is_worked_out(e) for e in plain) / n,
        user_tokens=median([len(tokens_of(e.user, 2000)) for e in exchanges] or [0]),
        answer_tokens=median([len(tokens_of(t, 2000)) for t in texts] or [0]),
        turns=sum(e.turns for e in exchanges) / max(1, len(exchanges)),
        asks_judgement=strength(instructions),
        asks_amount=asks_amount(instructions),
        on_scale=on_scale(said),
        verdict=verdict,
        verdict_words=verdict_words,
    )


def _share(values: Counter[str], words: frozenset[str]) -> float:
    return sum(n for value, n in values.items() if value.strip(".!") in words) / max(1, values.total())


def copied_share(inputs: Sequence[str], answers: Sequence[str]) -> float:
    """Share of the values of answers (n,) that stand in their own input (n,), less the share for another input."""
    return _copied(inputs, [fields_of(answer) for answer in answers])


def _copied(inputs: Sequence[str], fields: Sequence[dict[str, list[str]]]) -> float:
    """As `copied_share`, of answers' fields.

    The second share is what labels listed in a prompt would give: they stand in every input.
    """
    own = other = total = 0
    for i, found in enumerate(fields):
        here = inputs[i].lower()
        there = inputs[(i + len(inputs) // 2 + 1) % len(inputs)].lower()
        for values in found.values():
            for value in values:
                total += 1
                own += value.lower() in here
                other += value.lower() in there
    return max(0.0, (own - other) / total) if total else 0.0


def _numeric(flat: dict[str, Counter[str]], n: int) -> float:
    """Share of answers with a field of numbers on one small scale.

    A share between 0 and 1 beside a label is how sure a classifier is, not a grade.
    """
    labels = any(_is_closed(c) and not any(map(_NUMBER.match, c)) for c in flat.values())
    best = 0.0
    for values in flat.values():
        numbers = {v: k for v, k in values.items() if _NUMBER.match(v)}
        if sum(numbers.values()) >= 0.8 * values.total():
            sizes = [float(found[0].replace(",", ".")) for v in numbers if (found := _FIGURE.findall(v))]
            sure = labels and sizes and max(sizes) <= 1 and any(size % 1 for size in sizes)
            if sizes and max(sizes) <= 100 and len(numbers) <= 101 and not sure:
                best = max(best, sum(numbers.values()) / n)
    return min(1.0, best)


def free_shares(exchanges: Sequence[Exchange]) -> tuple[str, ...]:
    """Fields of JSON answers that say how sure the model is, in numbers of its own: shares between 0 and 1, of many
    sizes, beside a label, that do not stand in what was asked. Nothing else would say the same number again."""
    said = [(e.user, parsed) for e in exchanges if isinstance(parsed := _object(e.answer), dict)]
    if len(said) < max(20, 0.9 * len(exchanges)):
        return ()
    values = {key: [(asked, one[key]) for asked, one in said if key in one] for key in said[0][1]}
    labels = [key for key, own in values.items() if _is_closed(Counter(v for _, v in own if isinstance(v, str)))]
    return tuple(sorted(key for key, own in values.items() if labels and _is_free(own, len(said))))


def _object(answer: str | None) -> object:
    try:
        return orjson.loads(answer or "")
    except orjson.JSONDecodeError:  # text, which has no fields
        return None


def _is_free(values: Sequence[tuple[str, object]], n: int) -> bool:
    numbers = [(asked, v) for asked, v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    shares = [(asked, v) for asked, v in numbers if 0 <= v <= 1]
    parts = [(asked, v) for asked, v in shares if isinstance(v, float) and v % 1]
    copied = sum(str(v) in asked for asked, v in parts)
    return len(shares) >= 0.9 * n and len({v for _, v in parts}) >= SIZES and copied <= 0.2 * len(parts)


def _grade_beside(answers: Counter[str]) -> int:
    """Answers of free text with a grade before or after its reasons."""
    return max(_graded(answers, edge) for edge in (_GRADE_FIRST, _GRADE_LAST))


def _graded(values: Counter[str], edge: re.Pattern[str]) -> int:
    """Answers of free text with a number at one edge, if the same words lead to it and it has a few sizes."""
    found = [(m[1].strip(), m[2], k) for v, k in values.items() if (m := edge.search(v))]
    words, sizes = Counter(word for word, _size, _k in found), {size for _word, size, _k in found}
    usual = {word for word, k in words.items() if k >= 0.1 * len(found)}
    if not 3 <= len(sizes) <= 21 or any(float(size.replace(",", ".")) > 100 for size in sizes):
        return 0
    return sum(k for word, _size, k in found if word in usual)


def _is_code(answer: str) -> bool:
    if _SQL.match(answer) or (answer.rstrip().endswith(";") and _SQL.match(answer.upper())):
        return True
    lines = [line for line in answer.splitlines() if line.strip()]
    coded = len(lines) > 2 and sum(bool(_CODE.search(line)) for line in lines) > 0.4 * len(lines)
    return ("```" in answer or coded) and shape_of(answer) in ("text", "label")


def _shared_phrases(texts: Sequence[str]) -> float:
    """Median share of an answer's runs of three words that others (1 in 300, at least one) use as well."""
    grams = [shingles(tokens_of(text, 400)) for text in texts]
    seen = Counter(g for found in grams for g in found)
    need = max(2, len(grams) // 300)
    return median([sum(seen[g] >= need for g in found) / len(found) for found in grams if found] or [0.0])


def _from_input(plain: Sequence[Exchange]) -> float:
    """Median share of an answer's longer words that its own input has, less the share that another input has."""
    words = [{t for t in tokens_of(e.user, 3000) if len(t) > 3} for e in plain]
    gains = []
    for i, e in enumerate(plain):
        said = {t for t in tokens_of(e.answer or "", 1000) if len(t) > 3}
        if said:
            other = words[(i + len(plain) // 2 + 1) % len(plain)]
            gains.append((len(said & words[i]) - len(said & other)) / len(said))
    return max(0.0, median(gains or [0.0]))


def _is_worked_out(e: Exchange) -> bool:
    """Whether an answer goes step by step to a result: several lines or sentences, numbers that the input lacks."""
    answer = re.sub(r"(?m)^\s*(?:\w+\s+)?\d+[.):]\s", " ", e.answer or "")  # not the steps' own numbers
    steps = len([part for part in re.split(r"\n+|(?<=[.!?;])\s+", answer) if len(part) > 8])
    new = set(_FIGURE.findall(answer)) - set(_FIGURE.findall(e.user))
    return steps >= 3 and len(new) >= 2


def type_of(e: Evidence) -> str:
    """The task type that the evidence speaks for; the first rule that holds."""
    repeated = e.repeated_answers >= 0.85 and e.distinct_answers <= 0.3 and e.answer_tokens < 15
    closed = e.closed_fields >= 0.7 or repeated
    if e.tool_use >= 0.3:
        return "reasoning"
    if e.n < 5:
        return "other"
    if e.code >= 0.5:
        return "code"
    if _judges(e):
        return "scoring"
    if e.copied >= 0.8 or (e.copied >= 0.45 and not closed and (e.json >= 0.5 or e.answer_tokens < 30)):
        return "extraction"
    if closed and e.answer_tokens < 60:
        hands_on = e.handover >= 0.5 or (e.yes_no >= 0.9 and e.distinct_answers * e.n > 2.5)
        return "sentiment" if e.polarity >= 0.7 else "routing" if hands_on else "classification"
    if e.json >= 0.5 and e.copied >= 0.3:
        return "extraction"
    return _type_of_prose(e) if e.json < 0.5 and e.closed_fields < 0.5 else "other"


def _judges(e: Evidence) -> bool:
    """Whether the instructions ask to judge an answer, and what comes back is a grade or a verdict."""
    if e.copied >= 0.5 or e.polarity >= 0.7 or e.handover >= 0.5:
        return False
    if e.asks_judgement == 2 and e.numeric >= 0.5:
        return True
    if e.numeric >= 0.8 and not e.asks_amount and (e.asks_judgement == 1 or e.on_scale >= 0.8):
        return True
    return e.asks_judgement > 0 and e.verdict >= 0.8 and e.verdict_words >= (0.5 if e.asks_judgement == 2 else 0.9)


def _type_of_prose(e: Evidence) -> str:
    """The type of a task that is answered in free text."""
    short_question = e.user_tokens <= 60 and e.turns < 1.5
    if e.user_tokens >= 120 and e.answer_tokens <= 0.5 * e.user_tokens and e.from_input >= 0.2:
        return "summarization"
    if e.worked_out >= 0.6 and e.from_input >= 0.1:
        return "reasoning"
    if e.shared_phrases >= 0.3:
        one_mould = e.shared_phrases >= 0.9 and e.repeated_answers <= 0.2
        asked = short_question and e.answer_tokens >= 20 and e.from_input < 0.15
        return "faq" if asked and not one_mould else "templated_generation"
    if e.answer_tokens >= 80:
        return "creative"
    return "faq" if short_question and e.answer_tokens >= 8 else "other"
