"""Where personal data stands in a text: Presidio's recognisers and their checksums, and patterns of our own.

A weak pattern (nine digits may be anything) counts only beside a word that says what it is; order numbers,
placeholders such as `{{Order Number}}`, amounts and dates stay. People's names are found only where they are introduced
or sign, or where a spaCy model with names is installed: say so wherever a masked text is shown.
Long texts are looked at in windows, so that time grows with length alone, whatever a text is made of.
Out of scope: where a text came from or goes, and masks (`masking`).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, NamedTuple

from migration.audit.pii.addresses.dwellings import addresses
from migration.audit.pii.addresses.places import LETTERLESS, NAMES_OF_STREETS
from migration.audit.pii.addresses.postal import MAY_BE_POSTAL
from migration.audit.pii.credentials.secret_forms import PRIVATE_KEY
from migration.audit.pii.credentials.secrets import may_hold_secrets, secrets
from migration.audit.pii.emails import EMAILS
from migration.audit.pii.names.people import may_name, names
from migration.audit.pii.numbers.births import births
from migration.audit.pii.numbers.identities import cards, ibans, national_ids
from migration.audit.pii.numbers.phones import called_a_phone, may_be_spoken, phones, spoken
from migration.audit.pii.words import NEAR, OTHERS


class Find(NamedTuple):
    """A piece of personal data in a text: where it is and what it is."""

    start: int
    end: int
    kind: str


KINDS = {
    "EmailRecognizer": "EMAIL",
    "CreditCardRecognizer": "CARD",
    "IpRecognizer": "IP",
    "PhoneRecognizer": "PHONE",
}
"""In this order: of finds that overlap, the earlier kind counts."""

_LOCAL_PHONE = re.compile(r"(?<![\w-])\d{3}[-. ]\d{4}(?![\w-])")
_CARD_WORDS = re.compile(r"card|visa|master|amex|credit|debit", re.I)
_SPOILS = re.compile(
    rf"(?:{OTHERS}|account|bill|reservation|\bid\b)\w*\W{{0,3}}(?:(?:no|num|number|id|code|nr)\b\W{{0,4}})?"
    r"(?:(?:is|was)\W{1,3})?[#:\s\"']*\Z|[#\w]\Z",
    re.I,
)
_VERSION = re.compile(
    r"(?:versi\w{1,4}|firmware|build|release|update|upgrade|driver|treiber|\bv|\bfw|software|chrome|firefox"
    r"|browser|\bapp|\bios|android)"
    r"[^\w\n]{0,3}(?:\w{2,4} )?\Z",
    re.I,
)
_PLAIN: dict[int, int | str] = {
    c: unicodedata.decimal(chr(c)) + 48
    for c in range(128, sys.maxunicode)
    if unicodedata.decimal(chr(c), None) is not None
}
_PLAIN |= dict.fromkeys((0xA0, 0x2007, 0x202F, 0x3000), " ") | {0xFF0B: "+", 0xFF0D: "-", 0x2010: "-", 0x2011: "-"}
"""Digits of all scripts, spaces that do not break and full-width signs, as ASCII has them: letter for letter."""
_MAY_LIVE = re.compile(
    rf"\b\d{{1,5}}[A-Za-z]?,?\s+\w|[^\W\d_][.,:]?\s\d|[#{LETTERLESS}]\d|:\d|[A-Z]-\d"
    rf"|[A-Z]\w+ (?:{NAMES_OF_STREETS})\b|\bs/n|\b[Uu]rb\. "
)
_MAY_HOLD = re.compile(
    rf"@|[\[(]at[\])]| at [\w-]{{1,64}} dot |\d.{{0,3}}\d.{{0,3}}\d|::|\b[A-Z]{{2}}\d\d ?[A-Z]{{3}}\b"
    rf"|{_MAY_LIVE.pattern}",
    re.I,
)
_MANY_DIGITS = re.compile(r"(?:\d[\s().,+/-]{0,3}){7,}")
_MAY_BE_IP = re.compile(r"\d\.\d{1,3}\.\d|[\dA-Fa-f:]:[\dA-Fa-f]{0,4}:")
_MASK = r"<[A-Z_]+_\d+>"
_KEPT = re.compile(
    rf"\{{\{{[^{{}}\n]{{0,120}}\}}\}}|{_MASK}"
    rf"|\b[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}\b|"
    r"https?://[^\s\"'<>]+"
)
_IN_LINKS = ("SECRET", "EMAIL")
"""Kinds that are looked for inside links and ids of machines as well; the rest of these stays."""
_NAMED_IN_LINKS = ("NATIONAL_ID", "BIRTHDATE", "IBAN", "CARD")
"""The same where a link says what its value is: `?ssn=...`."""
_IN_ADDRESSES = ("PHONE", "NATIONAL_ID")
"""Kinds that an address's own numbers may look like."""
WINDOW, OVERLAP = 2_048, 512
LONGEST_KEPT = 4_096
"""Characters of a text whose finds are remembered."""


@contextmanager
def _without_torch() -> Iterator[None]:
    """Presidio and spaCy import torch where it is installed, for engines that nobody uses here: 3 s and 300 MiB."""
    kept_out = [name for name in ("torch", "transformers") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(kept_out))  # type: ignore[arg-type]  # None: not to be had
    try:
        yield
    finally:
        for name in kept_out:
            if sys.modules.get(name, name) is None:
                del sys.modules[name]


@cache
def _recogniser(name: str) -> Any:
    """One of Presidio's recognisers, without its engine: patterns and checksums need no language model."""
    with _without_torch():
        from presidio_analyzer import predefined_recognizers

    made = getattr(predefined_recognizers, name)
    if name == "EmailRecognizer":  # its check of the domain asks the network for a list; its pattern is enough here
        made = type("OfflineEmailRecognizer", (made,), {"validate_result": lambda self, text: True})
    if name == "PhoneRecognizer":
        return made(supported_regions=("US", "ES", "IT", "IN"), leniency=1)  # without a trunk zero: `phones`
    return made()


@cache
def names_model() -> Any:
    """An installed spaCy model that finds names, else null."""
    with _without_torch():
        import spacy

    installed = [name for name in ("en_core_web_lg", "en_core_web_md", "en_core_web_sm") if spacy.util.is_package(name)]
    return spacy.load(installed[0], disable=["parser", "lemmatizer", "tagger"]) if installed else None


def may_hold(text: str) -> bool:
    """Whether a text may hold personal data at all: a quick look."""
    return bool(_MAY_HOLD.search(text) or may_name(text) or may_hold_secrets(text) or may_be_spoken(text))


def find(text: str, before: str = "") -> list[Find]:
    """Personal data in `text`, in its order, without overlaps. `before` is what stood before it (a JSON key)."""
    return list(_remembered(text, before) if len(text) <= LONGEST_KEPT else _find(text, before))


def _find(text: str, before: str) -> tuple[Find, ...]:
    if not text.isascii():
        text, before = text.translate(_PLAIN), before.translate(_PLAIN)
    free, links = bytearray(len(text)), bytearray(len(text))  # 1 where something stands already
    for match in _KEPT.finditer(text):
        place = free if match[0][0] in "{<" else links
        place[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    taken: list[Find] = []
    for found in _everywhere(text, before):
        span = slice(found.start, found.end)
        if found.kind == "ADDRESS":  # a postcode may look like a phone number, a house's like an id
            inside = [
                one for one in taken if one.kind in _IN_ADDRESSES and found.start <= one.start and one.end <= found.end
            ]
            for one in inside:
                free[one.start : one.end] = bytes(one.end - one.start)
                taken.remove(one)
        in_link = found.kind in _IN_LINKS or (found.kind in _NAMED_IN_LINKS and text[found.start - 1] == "=")
        if 1 in free[span] or (1 in links[span] and not in_link):
            continue
        free[span] = b"\1" * (found.end - found.start)
        taken.append(found)
    return tuple(sorted(taken))


_remembered = lru_cache(maxsize=1 << 14)(_find)


def _everywhere(text: str, before: str) -> Iterator[Find]:
    """Candidates in the order in which they count: secrets of the whole text first, then window by window."""
    for match in PRIVATE_KEY.finditer(text) if "-----BEGIN" in text else ():
        yield Find(*match.span(), "SECRET")
    start = 0
    while start < len(text):
        end = start + WINDOW
        window = text[start : end + OVERLAP]
        for found in _candidates(window, before):
            if found.start < WINDOW:
                yield Find(start + found.start, start + found.end, found.kind)
        gap = text.rfind(" ", start + WINDOW - OVERLAP, end)
        start = end if gap < 0 or end >= len(text) else gap + 1


def _candidates(text: str, before: str) -> Iterator[Find]:
    """What any recogniser or pattern takes for personal data in one window, in the order in which they count."""
    said = f"- {before}: {text}" if before else text
    yield from _shifted("SECRET", secrets(said), text, said)
    if digits := any(map(str.isdigit, text)):
        yield from _shifted("IBAN", ibans(said), text, said)
        yield from _shifted("NATIONAL_ID", national_ids(said), text, said)
    many = digits and _MANY_DIGITS.search(text) is not None
    yield from _recognised(text, before, many=many)
    if many:
        yield from _shifted("CARD", cards(said), text, said)
        yield from _shifted("PHONE", phones(said), text, said)
    if digits:
        yield from _shifted("BIRTHDATE", births(said), text, said)
    if _MAY_LIVE.search(text) or MAY_BE_POSTAL.search(text):
        yield from _shifted("ADDRESS", addresses(said), text, said)
    yield from _shifted("PHONE", spoken(said), text, said)
    yield from _matches("EMAIL", EMAILS, text)
    yield from _shifted("NAME", names(said), text, said)
    if model := names_model():
        yield from (Find(e.start_char, e.end_char, "NAME") for e in model(text).ents if e.label_ == "PERSON")


def _recognised(text: str, before: str, *, many: bool) -> Iterator[Find]:
    """What Presidio's recognisers find and what stands around it confirms. many: whether `text` holds many digits."""
    worth = {"EMAIL": "@" in text, "IP": _MAY_BE_IP.search(text) is not None, "PHONE": many, "CARD": many}
    for name, kind in KINDS.items():
        if not worth[kind]:
            continue
        for result in _recogniser(name).analyze(text, _recogniser(name).supported_entities, None) or ():
            found = Find(result.start, result.end, kind)
            if _believed(text, before, found, result.score):
                yield found
    for match in _LOCAL_PHONE.finditer(text):
        if _believed(text, before, found := Find(*match.span(), "PHONE"), 0.5):
            yield found


def _matches(kind: str, patterns: Iterable[re.Pattern[str]], text: str) -> Iterator[Find]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            yield Find(*match.span(match.lastindex or 0), kind)


def _within(kind: str, patterns: Iterable[re.Pattern[str]], text: str, said: str) -> Iterator[Find]:
    """Matches in `said`, which is `text` behind the JSON key that it stands under: a key may vouch for its value."""
    return _shifted(kind, (found[:2] for found in _matches(kind, patterns, said)), text, said)


def _shifted(kind: str, spans: Iterable[tuple[int, int]], text: str, said: str) -> Iterator[Find]:
    """Finds in `text` of the (start, end) `spans` in `said`, leaving out those of the key."""
    shift = len(said) - len(text)
    yield from (Find(start - shift, end - shift, kind) for start, end in spans if start >= shift)


def _believed(text: str, before: str, found: Find, score: float) -> bool:
    """Whether a pattern's find is what it looks like, by its score and by what stands around it."""
    near = (before + ": " + text[: found.start])[-NEAR:]
    if found.kind == "PHONE":
        said = text[found.start : found.end]
        if sum(letter.isdigit() for letter in said) < 7:
            return False
        if said.startswith("+"):
            return True
        if near[-4:-1].isdigit():  # the rest of a longer number
            return False
        if (called := called_a_phone(near)) is not None:
            return called
        if re.search(r"[^\W\d_]-$", near) and re.match(r"(?:19|20)\d\d-", said):  # a document's: NV-2018-961429
            return False
        if _LOCAL_PHONE.fullmatch(said):  # a line by itself, as in a signature
            return near.endswith("\n") and text[found.end : found.end + 1] in ("", "\n")
        return bool(re.search(r"\d[\s().-]+\d", said)) and not _is_date_or_sum(said)
    if found.kind == "IP":
        said = text[found.start : found.end]
        if "." in said:
            return not _VERSION.search(near)
        return said.count(":") > 2 and any(map(str.isdigit, said))  # `::a` may be anything
    if found.kind == "CARD":
        return score >= 1.0 and (bool(_CARD_WORDS.search(near)) or not _SPOILS.search(near))
    return score >= 0.5


def _is_date_or_sum(said: str) -> bool:
    return bool(re.search(r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}|^\d+(?:\.\d+)?$|\d{4}\s?-\s?\d{4}$", said))
