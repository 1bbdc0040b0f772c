"""Call sites of made-up products, unlike each other, with the task type that each really has.

Each site is a function of a random generator that gives one call: messages, answer, tools. They differ in language,
in where the instruction stands, in what changes inside it (dates, names, versions, documents, examples).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from migration.schema import CALLS, split_of

Call = tuple[list[dict[str, str]], str, str | None]
Site = Callable[[Random], Call]

_WORDS = """
ba ko mi ra ten lu sor vi pa del gu hin or fe za lim no ska tur ve
Anna Bogdan Chiara Dimitri Elif Farid Grace Hiro Ines Jamal Kofi Lena Mateo Nadia Oskar Priya
lost found broke ordered returned opened liked hated painted moved checked repaired noticed wanted
blue old heavy small broken shiny cheap noisy soft wooden green late early strange
"""
_SYLLABLES, _NAMES, _VERBS, _ADJECTIVES = (line.split() for line in _WORDS.strip().splitlines())
_PHRASES = """
in the kitchen|at the office|near the station|on the balcony|during the trip|after the update|at night
Yesterday I|Last week we|My brother|I think we|Honestly I|The team|Our neighbour|For some reason I
"""
_PLACES, _OPENERS = (line.split("|") for line in _PHRASES.strip().splitlines())


def word(r: Random) -> str:
    return "".join(r.choice(_SYLLABLES) for _ in range(r.randint(2, 4)))


def sentence(r: Random) -> str:
    """A sentence as customers write them: common beginnings, words of their own."""
    end = r.choice([".", ".", "!", "?", ""])
    return f"{r.choice(_OPENERS)} {r.choice(_VERBS)} the {r.choice(_ADJECTIVES)} {word(r)} {r.choice(_PLACES)}{end}"


def text(r: Random, low: int, high: int) -> str:
    return " ".join(sentence(r) for _ in range(r.randint(low, high)))


def document(r: Random, sentences: int) -> str:
    return " ".join(f"The {word(r)} of {word(r)} {r.choice(_VERBS)} {word(r)} and {word(r)}." for _ in range(sentences))


def date(r: Random) -> str:
    return (datetime(2025, 1, 1) + timedelta(days=r.randrange(200))).strftime(r.choice(["%Y-%m-%d", "%d %B %Y"]))


def user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def system(content: str) -> dict[str, str]:
    return {"role": "system", "content": content}


def assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


def german_categories(r: Random) -> Call:
    """No system prompt; the text stands between two fixed parts."""
    labels = ["Rechnung", "Versand", "Technik", "Konto"]
    prompt = f"Ordne die folgende E-Mail genau einer Kategorie zu: {', '.join(labels)}.\n\nE-Mail:\n{text(r, 1, 4)}"
    return [user(prompt + "\n\nKategorie:")], r.choice(labels), None


def dated_sentiment(r: Random) -> Call:
    """A date, a name and a version in the system prompt."""
    who = f"You are {r.choice(_NAMES)}, review analyst (v{r.randint(1, 3)}.{r.randint(0, 9)}). Today is {date(r)}."
    rules = " Read the product review and say how the writer feels: positive, negative or neutral. One word."
    return [system(who + rules), user(text(r, 1, 3))], r.choice(["positive", "negative", "neutral"]), None


def japanese_extraction(r: Random) -> Call:
    name, place = word(r), word(r)
    prompt = "あなたは予約係です。お客様のメッセージから氏名と場所を抜き出し、JSONで答えてください。"
    answer = json.dumps({"氏名": name, "場所": place}, ensure_ascii=False)
    return (
        [system(prompt), user(f"{name}です。{place}で{r.choice(['夕食', '会議', '宿泊'])}を予約したいです。")],
        answer,
        None,
    )


def few_shot_grades(r: Random) -> Call:
    """No system prompt; two fixed examples as turns."""
    shots = [
        user("Grade the essay from 1 to 10.\n\nEssay: Cats are nice. The end."),
        assistant("3"),
        user(
            "Grade the essay from 1 to 10.\n\nEssay: A long and careful essay about rivers and the towns beside them."
        ),
        assistant("8"),
    ]
    return [*shots, user(f"Grade the essay from 1 to 10.\n\nEssay: {text(r, 3, 8)}")], str(r.randint(1, 10)), None


def summaries(r: Random) -> Call:
    body = document(r, r.randint(30, 60))
    kept = body.split(". ")
    prompt = f"Summarise the report below in two sentences for the board.\n\n<report>\n{body}\n</report>"
    return [user(prompt)], ". ".join(r.sample(kept, 2)) + ".", None


def code(r: Random) -> Call:
    ask = f"Write a function that {r.choice(_VERBS)} every {word(r)} of a list of {word(r)}."
    names = [word(r) for _ in range(4)]
    body = "\n".join(f"    {n} = {word(r)}({r.choice(names)})" for n in names)
    return (
        [
            system("You are an expert Python programmer. Reply with code only."),
            user(ask),
        ],
        f"```python\ndef {word(r)}({names[0]}):\n{body}\n    return {names[-1]}\n```",
        None,
    )


_FACTS = [
    "You can reset the password under Settings, then Security, then Reset; the link is valid for one day.",
    "Deliveries take two to four working days; you get a message when the parcel leaves our house.",
    "The warranty covers two years from the day of purchase; keep the receipt and send us a photo of the damage.",
    "You can cancel until the evening before; afterwards we charge half of the price.",
]


def documents_in_system(r: Random) -> Call:
    """Retrieved documents, another set each call, make up most of the system prompt."""
    docs = "\n".join(f"[{i}] {document(r, 4)}" for i in range(r.randint(2, 5)))
    prompt = (
        f"Answer the member's question from the articles below and from nothing else.\n\nArticles:\n{docs}\n\nBe brief."
    )
    ask = f"How do I {r.choice(['reset', 'cancel', 'change', 'get'])} my {r.choice(_ADJECTIVES)} {word(r)}?"
    return [system(prompt), user(ask)], f"{r.choice(_FACTS)} {r.choice(_FACTS)}", None


_TOOLS = json.dumps(
    [
        {"type": "function", "function": {"name": n, "description": "does it", "parameters": {}}}
        for n in ("find_room", "book_room")
    ]
)


def agent(r: Random) -> Call:
    turns: list[dict[str, str]] = []
    for _ in range(r.randint(1, 4)):
        turns += [user(sentence(r)), assistant(sentence(r))]
    call = {
        "content": None,
        "tool_calls": [{"function": {"name": "find_room", "arguments": json.dumps({"q": word(r)})}}],
    }
    prompt = "You run the meeting rooms of our building. Use the tools; ask before you book."
    answer = json.dumps(call) if r.random() < 0.6 else sentence(r)
    return [system(prompt), *turns, user(sentence(r))], answer, _TOOLS


_GENERIC = "You are a helpful assistant."


def generic_yes_no(r: Random) -> Call:
    """The same system prompt as two other sites."""
    prompt = f"Does the comment below break our house rules? Answer yes or no.\n\nComment: {text(r, 1, 3)}"
    return [system(_GENERIC), user(prompt)], r.choice(["yes", "no", "no"]), None


def generic_stories(r: Random) -> Call:
    prompt = f"Tell a bedtime story for a child of {r.randint(3, 9)} years. It should be about {word(r)} and {word(r)}."
    return [system(_GENERIC), user(prompt)], document(r, r.randint(14, 30)), None


def text_in_system(r: Random) -> Call:
    """The customer's text stands in the middle of the system prompt; the user message never changes."""
    said = text(r, 1, 4)
    prompt = (
        "Du hilfst dem Empfang eines Hotels. Ein Gast schreibt:\n---\n"
        + said
        + "\n---\nEntscheide, wohin die Nachricht "
        "gehört, und ob ein Mensch sofort übernehmen muss.\nAbteilung: <Küche|Zimmer|Kasse>\nEskalation: <ja|nein>"
    )
    answer = f"Abteilung: {r.choice(['Küche', 'Zimmer', 'Kasse'])}\nEskalation: {r.choice(['ja', 'nein', 'nein'])}"
    return [system(prompt), user("Bitte entscheide.")], answer, None


def versions(r: Random) -> Call:
    """Three wordings of one site, as it grew."""
    labels = ["bug report", "feature request", "question", "praise", "spam"]
    first = f"Label the GitHub issue with one of: {', '.join(labels)}."
    second = f"You label GitHub issues. Pick exactly one label out of: {', '.join(labels)}. No other text."
    third = second + " If several fit, take the first one in the list. Never explain yourself."
    return [system(r.choice([first, second, third])), user(f"{word(r)} {text(r, 1, 5)}")], r.choice(labels), None


def product_texts(r: Random) -> Call:
    """Slots inside the first sentence; answers from one mould."""
    thing, who = word(r), word(r)
    prompt = (
        f"Write a product text for {thing}, aimed at {who}, in our usual form. Name the price {r.randint(5, 90)} once."
    )
    answer = (
        f"Meet {thing}, made with care for {who}. It fits in any bag and lasts for years. Order {thing} today and save."
    )
    return [user(prompt)], answer, None


def spanish_tagged(r: Random) -> Call:
    tags = ["<etiqueta>queja</etiqueta>", "<etiqueta>consulta</etiqueta>", "<etiqueta>elogio</etiqueta>"]
    prompt = f"<mensaje>{text(r, 1, 3)}</mensaje>\nClasifica el mensaje anterior y devuelve solo una etiqueta."
    return [user(prompt)], r.choice(tags), None


_HOUSE = (
    "You work for Northwind Bank. Be polite, precise and brief. Never give financial advice. "
    "Never mention competitors. Protect the privacy of our customers at all times and follow the rules of the "
    "supervisory authority. If a request is abusive, end the conversation. Always answer in British English. "
)


def house_urgency(r: Random) -> Call:
    """A long preamble that three sites share word for word."""
    rule = 'Judge how urgent the complaint is. Reply as {"urgency": "low"} or medium or high.'
    return (
        [system(_HOUSE + rule), user(text(r, 1, 4))],
        json.dumps({"urgency": r.choice(["low", "medium", "high"])}),
        None,
    )


def house_amounts(r: Random) -> Call:
    amount, payee = f"{r.randint(2, 900)}.{r.randint(10, 99)}", word(r)
    rule = 'Find the amount and the payee in the transfer note. Reply as {"amount": ..., "payee": ...}.'
    note = f"{sentence(r)} Please send {amount} pounds to {payee}. {sentence(r)}"
    return [system(_HOUSE + rule), user(note)], json.dumps({"amount": amount, "payee": payee}), None


def house_letters(r: Random) -> Call:
    rule = "Write a letter to the customer about the matter that the clerk describes, in your own words, one page."
    return [system(_HOUSE + rule), user(text(r, 1, 2))], document(r, r.randint(15, 30)), None


_ARTICLES = [f"Article {n}: {document(Random(n), 6)}" for n in range(12)]


def knowledge_base(r: Random) -> Call:
    """The same few articles come back in call after call, in the middle of the system prompt."""
    found = "\n\n".join(r.sample(_ARTICLES, 3))
    prompt = (
        f"You help visitors of a museum. Use what is below, and say so if it is not enough.\n\n{found}\n\nReply kindly."
    )
    return (
        [system(prompt), user(f"Where can I {r.choice(['see', 'find', 'buy'])} the {word(r)}?")],
        r.choice(_FACTS),
        None,
    )


def json_payload(r: Random) -> Call:
    """No system prompt; the request is a JSON document, its answer a queue."""
    ticket = {"task": "assign_ticket", "ticket": {"id": r.randint(1, 9999), "body": text(r, 1, 3), "lang": "en"}}
    answer = {"queue": r.choice(["hardware", "software", "network"])}
    return [user(json.dumps(ticket))], json.dumps(answer), None


def chat_turns(r: Random) -> Call:
    """A conversation of some turns, then the label of all of it; the system prompt comes in French."""
    prompt = "Lis la conversation et donne son motif : panne, facture, résiliation ou autre. Un seul mot."
    turns = [turn(sentence(r)) for _ in range(r.randint(1, 3)) for turn in (user, assistant)]
    return [system(prompt), *turns, user(sentence(r))], r.choice(["panne", "facture", "résiliation", "autre"]), None


SITES: dict[Site, tuple[str, ...]] = {
    german_categories: ("classification",),
    dated_sentiment: ("sentiment",),
    japanese_extraction: ("extraction",),
    few_shot_grades: ("scoring",),
    summaries: ("summarization",),
    code: ("code",),
    documents_in_system: ("faq",),
    agent: ("reasoning",),
    generic_yes_no: ("classification", "routing"),
    generic_stories: ("creative",),
    text_in_system: ("routing",),
    versions: ("classification",),
    product_texts: ("templated_generation",),
    spanish_tagged: ("classification",),
    house_urgency: ("classification",),
    house_amounts: ("extraction",),
    house_letters: ("creative",),
    knowledge_base: ("faq", "templated_generation"),
    json_payload: ("routing",),
    chat_turns: ("classification",),
}
"""Site to the types that are right for it."""


def in_one_house(site: Site) -> Site:
    """The same site behind a system prompt that all share: its own stands in the user's message."""

    def housed(r: Random) -> Call:
        messages, answer, tools = site(r)
        own = [m["content"] for m in messages if m["role"] == "system"]
        first, *more = [m for m in messages if m["role"] != "system"]
        return [system(_HOUSE.strip()), user("\n\n".join([*own, first["content"]])), *more], answer, tools

    housed.__name__ = site.__name__
    return housed


def log(calls: int, seed: int = 0, sites: list[Site] | None = None, start: int = 0) -> list[dict[str, Any]]:
    """`calls` calls of the sites, in order of time; the site's name is in `channel`, which discovery does not read."""
    r, own = Random(seed), sites or list(SITES)
    rows = []
    for i in range(start, start + calls):
        site = own[r.randrange(len(own))]
        messages, answer, tools = site(r)
        tokens = sum(len(m["content"]) for m in messages) // 4
        rows.append(
            {
                "call_id": f"call-{seed}-{i:07d}",
                "conversation_id": f"talk-{seed}-{i // 3}",
                "created_at": datetime(2025, 3, 1, tzinfo=UTC) + timedelta(minutes=7 * i),
                "model": "gpt-4o",
                "kind": "chat",
                "messages": messages,
                "response": answer,
                "prompt_tokens": tokens,
                "completion_tokens": len(answer) // 4,
                "tokens_estimated": False,
                "latency_ms": 300.0 + r.random() * 900,
                "cost_usd": tokens * 2.5e-6,
                "split": split_of(f"talk-{seed}-{i // 3}"),
                "channel": site.__name__,
                "tools": tools,
            }
        )
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The calls as a parquet file of `schema.CALLS` and the columns channel and tools."""
    fields = [*CALLS, pa.field("channel", pa.string()), pa.field("tools", pa.string())]
    columns = {f.name: pa.array([row.get(f.name) for row in rows], f.type) for f in fields}
    pq.write_table(pa.table(columns), path)
    return path
