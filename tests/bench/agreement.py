"""How often does each scorer let a contradiction pass, and how often a true paraphrase?

    python tests/bench/agreement.py [--quick] [--half report|develop]

Pairs are made by rule: a reply and the same reply with one thing changed that a customer would mind (contradiction),
or with nothing changed but its wording (paraphrase). Replies: sentences and chats of the simulated shop, and where
../shared is there also public support replies and the running text of a support log. Half of the replies (by hash)
are for developing the rules, the other half is reported. That splits the texts, not the rules: one author wrote
these rules and the scorer's word lists, and most of the paraphrases are of kinds that the scorer knows (contractions,
courtesies, listed synonyms, order). So true_pass is an upper figure: freely written paraphrases pass far less often.
Last line: {"false_pass": share of contradictions that pass, "true_pass": share of paraphrases} of the scorer "text".
"""

import argparse
import ast
import gzip
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from migration.benchmark.scoring.scorers import SCORERS, choose
from migration.sample.simulate import simulate

SHARED = Path("../shared/data")
Rule = Callable[[str, random.Random], str]
Pair = tuple[str, str, str, str, str, bool]  # scorer, source, kind, output, reference, same

_SWAPS = {
    "outcome": "approved:declined accepted:rejected refunded:charged successful:unsuccessful confirmed:cancelled",
    "antonym": "before:after more:less first:last open:closed available:unavailable always:never free:paid easy:hard",
    "condition": "if:unless when:unless until:after with:without",
    "roles": "we:you our:your us:you me:you",
    "unit": "days:weeks hours:minutes day:month minutes:hours",
    "currency": "$:€ dollars:euros",
    "modal": "can:must will:may should:need",
    "entity": "order:invoice account:subscription refund:payment email:phone website:app address:number shop:bank",
}


def swapped(pairs: str) -> Rule:
    """A rule that replaces one word by the other word of its pair, either way."""
    table = dict(pair.split(":") for pair in pairs.split())
    table = {b: a for a, b in table.items()} | table

    def rule(text: str, rng: random.Random) -> str:
        found = [m for m in re.finditer(r"\w+|[$€]", text) if m[0].lower() in table]
        if not found:
            return text
        at = rng.choice(found)
        return text[: at.start()] + table[at[0].lower()] + text[at.end() :]

    return rule


def negated(text: str, rng: random.Random) -> str:
    found = list(re.finditer(r"\b(can|will|is|are|was|should|may|must|do|does|have|has)\b(?! not|n't)", text))
    at = rng.choice(found).end() if found else None
    return text if at is None else f"{text[:at]} not{text[at:]}"


def only(text: str, rng: random.Random) -> str:
    found = list(re.finditer(r"\b(can|will|is|are|for|to|from)\b", text))
    at = rng.choice(found).end() if found else None
    return text if at is None else f"{text[:at]} only{text[at:]}"


def excepted(text: str, rng: random.Random) -> str:
    return re.sub(r"([.!])(\s*)$", rf", except on {rng.choice(['weekends', 'holidays', 'Mondays'])}\1\2", text)


def digit(text: str, rng: random.Random) -> str:
    found = list(re.finditer(r"\d", text))
    at = rng.choice(found) if found else None
    return text if at is None else f"{text[: at.start()]}{(int(at[0]) + rng.randint(1, 9)) % 10}{text[at.end() :]}"


def crossed(text: str, rng: random.Random) -> str:
    """The words on both sides of a preposition swap places: who gets what from whom."""
    sides = r"\b([a-z]{3,}) (from|to|for|before|after|with) (?:the |your |our )?([a-z]{3,})"
    found = [m for m in re.finditer(sides, text) if m[1] != m[3]]
    if not found:
        return text
    m = rng.choice(found)
    return text[: m.start(1)] + m[3] + text[m.end(1) : m.start(3)] + m[1] + text[m.end(3) :]


def added(text: str, rng: random.Random) -> str:
    extras = ("There is a fee for this.", "This offer has expired.", "Your account was closed.", "Pay in advance.")
    return f"{text} {rng.choice(extras)}"


CONTRADICTIONS: dict[str, Rule] = {name: swapped(pairs) for name, pairs in _SWAPS.items()} | {
    "negated": negated,
    "only": only,
    "except": excepted,
    "digit": digit,
    "crossed": crossed,
    "added": added,
}


def contracted(text: str, rng: random.Random) -> str:
    for long, short in (("cannot", "can't"), ("will not", "won't"), ("do not", "don't"), ("is not", "isn't")):
        text = re.sub(rf"\b{long}\b", short, text)
    text = re.sub(r"\b([Ww]e|[Yy]ou|[Tt]hey) are\b", r"\1're", text)
    return re.sub(r"\b(I|[Ww]e|[Yy]ou|[Tt]hey|[Ii]t) will\b", r"\1'll", text)


def greeted(text: str, rng: random.Random) -> str:
    ends = ("Have a great day!", "Thank you for contacting us.", "Let me know if you have any other questions.")
    return f"{rng.choice(('Hello!', 'Hi there,', 'Dear customer,'))}\n{text}\n{rng.choice(ends)}"


def polite(text: str, rng: random.Random) -> str:
    return re.sub(r"\b([Yy]ou can|[Ww]e will) ", rf"\1 {rng.choice(('simply', 'certainly', 'gladly'))} ", text, count=1)


def synonym(text: str, rng: random.Random) -> str:
    table = {"help": "assist", "buy": "purchase", "problem": "issue", "select": "choose", "immediately": "right away",
             "assist": "help", "issue": "problem", "inquire": "ask", "purchase": "buy", "receive": "get",
             "modify": "change", "additional": "extra", "ensure": "make sure", "require": "need"}  # fmt: skip
    found = [m for m in re.finditer(r"\b[a-z]+\b", text) if m[0] in table]
    at = rng.choice(found) if found else None
    return text if at is None else text[: at.start()] + table[at[0]] + text[at.end() :]


def reordered(text: str, rng: random.Random) -> str:
    """Two neighbouring sentences that do not lean on each other (no pronoun, no step) swap places."""
    parts = re.split(r"(?<=[.!]) ", text)
    leans = re.compile(r"\b(it|this|that|these|they|then|first|next|finally|also|however|\d\.)\b", re.I)
    if "\n" in text or len(parts) < 2 or leans.search(text):
        return text
    return " ".join([parts[1], parts[0], *parts[2:]])


PARAPHRASES: dict[str, Rule] = {
    "contracted": contracted, "greeting or closing": greeted, "politeness": polite, "synonym": synonym,
    "sentences reordered": reordered,
}  # fmt: skip


def replies() -> Iterator[tuple[str, str]]:
    """(source, reply) of every source that is here."""
    for call in simulate(1_500, 11):
        choices = call["response"].get("choices") or [{}]
        said = (choices[0].get("message") or {}).get("content") or ""
        if choose(None, said) == "text":
            yield "simulated replies", said
        asked = call["request"].get("messages") or [{}]
        if len(str(asked[-1].get("content", "")).split()) > 8:
            yield "simulated customers", str(asked[-1]["content"])
    if not (SHARED / "bitext_responses.parquet").is_file():
        return
    for text in pd.read_parquet(SHARED / "bitext_responses.parquet")["response"]:
        yield "bitext replies", text
    with gzip.open(SHARED / "support_traffic.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            call = json.loads(line)
            said = ((call.get("response") or {}).get("choices") or [{}])[0].get("message", {}).get("content") or ""
            if len(said.split()) > 5 and choose(None, said) == "text":
                yield "support log", said


def in_half(text: str, half: str) -> bool:
    return (hashlib.sha256(text.encode()).digest()[0] % 2 == 0) == (half == "develop")


def text_pairs(half: str, each: int) -> list[Pair]:
    """At most `each` pairs of every source and rule, for "text" and for "summary"."""
    by_source: dict[str, list[str]] = {}
    for source, text in dict.fromkeys(replies()):
        if in_half(text, half):
            by_source.setdefault(source, []).append(text)
    pairs: list[Pair] = []
    for source, texts in by_source.items():
        for same, rules in ((False, CONTRADICTIONS), (True, PARAPHRASES)):
            for kind, rule in rules.items():
                rng = random.Random(f"{source} {kind}")
                made = ((rule(text, rng), text) for text in rng.sample(texts, min(len(texts), 40 * each)))
                changed = [(new, text) for new, text in made if new != text][:each]
                names = ("text", "summary") if not same or kind not in ("greeting or closing",) else ("text",)
                pairs += [(name, source, kind, new, text, same) for name in names for new, text in changed]
    return pairs


def formed_pairs(each: int) -> list[Pair]:
    """Pairs of the closed forms: objects made here from a seed, and the functions of this package."""
    rng, pairs = random.Random(5), []
    for _ in range(each):
        first, second = ({"sku": f"A{i}{rng.randint(1, 9)}", "n": i} for i in (1, 2))
        value = {"id": rng.randint(1, 999), "items": [first, second], "ok": True}
        changes = {
            "type": value | {"ok": "true"}, "number as text": value | {"id": str(value["id"])},
            "empty": value | {"items": []},
            "order": value | {"items": [second, first]}, "missing": {k: v for k, v in value.items() if k != "ok"},
            "members crossed": value | {"items": [first | {"n": 2}, second | {"n": 1}]},
        }  # fmt: skip
        for name in ("fields", "spans", "tool_call"):
            wrap = (lambda v: {"name": "book", "arguments": v}) if name == "tool_call" else (lambda v: v)
            text = json.dumps(wrap(value))
            pairs += [(name, "made here", kind, json.dumps(wrap(new)), text, False) for kind, new in changes.items()]
            pairs.append((name, "made here", "layout", json.dumps(wrap(value), indent=2, sort_keys=True), text, True))
        pairs += [("label", "made here", "other label", f"label {value['id'] + 1}", f"label {value['id']}", False)]
        pairs += [("label", "made here", "dress", f'"Label {value["id"]}".', f"label {value['id']}", True)]
    return pairs + list(code_pairs(each, rng))


def code_pairs(each: int, rng: random.Random) -> Iterator[Pair]:
    files = sorted(Path("migration").rglob("*.py"))
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    parts = [ast.unparse(node) for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    changes = {"operator": (" == ", " != "), "constant": (" 1", " 2"), "logic": (" and ", " or "), "text": ("'", "'x")}
    for text in rng.sample(parts, min(each, len(parts))):
        yield "code", "this package", "layout", f"```python\n# as asked\n{text}  # done\n```", text, True
        for kind, (old, new) in changes.items():
            if old in text:
                yield "code", "this package", kind, text.replace(old, new, 1), text, False


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer pairs of each kind")
    parser.add_argument("--half", choices=("report", "develop"), default="report")
    given = parser.parse_args()
    each = 6 if given.quick else 24
    print(f"../shared is {'used' if SHARED.is_dir() else 'absent: the simulated shop alone'}; half: {given.half}")
    pairs = text_pairs(given.half, each) + formed_pairs(each)
    frame = pd.DataFrame(pairs, columns=["scorer", "source", "kind", "output", "reference", "same"])
    for name, group in frame.groupby("scorer"):
        frame.loc[group.index, "passes"] = SCORERS[name](group["output"].tolist(), group["reference"].tolist())[1]
    frame["passes"] = frame["passes"].astype(bool)
    frame["pair"] = frame["same"].map({True: "paraphrase", False: "contradiction"})
    text = frame[frame["scorer"] == "text"]
    for title, rows, by in (
        ("Each scorer", frame, ["scorer", "pair"]),
        ("Running text by kind", text, ["pair", "kind"]),
        ("Running text by source", text, ["pair", "source"]),
    ):
        table = rows.groupby(by)["passes"].agg(pairs="size", passes="sum", share="mean")
        print(f"\n{title}\n{table.to_string(float_format='{:.3f}'.format)}")
    for row in text[text["passes"] & ~text["same"]].head(3 if given.half == "develop" else 0).itertuples():
        print(f"\npasses ({row.kind}):\n  {row.output!r}\n  {row.reference!r}")
    shares = text.groupby("same")["passes"].mean()
    print(json.dumps({"false_pass": round(float(shares[False]), 4), "true_pass": round(float(shares[True]), 4)}))


if __name__ == "__main__":
    main()
