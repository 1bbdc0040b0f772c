"""Personal data out: e-mail, phone, card, IBAN, national ids, IP and postal addresses become `<EMAIL_1>` and the like.

Presidio's pattern recognisers and their checksums, what stands around a number, JSON inside texts.
Out of scope: where a text came from or goes. People's names are found only where they introduce themselves
(`my name is ...`) or where a spaCy model with names is installed: say so wherever a masked text is shown.

A weak pattern (nine digits may be anything) counts only beside a word that says what it is; order numbers,
placeholders such as `{{Order Number}}`, amounts and dates stay. Masks are numbered within a conversation, the same
value getting the same mask there, so that a masked text can still be learned from.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, NamedTuple

import orjson

NEAR = 48
"""Characters before a find in which a word may say what it is."""


class Find(NamedTuple):
    """A piece of personal data in a text: where it is and what it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Kind:
    """A kind of personal data: the recognisers that find it and whether a word nearby must vouch for it."""

    name: str
    recognisers: tuple[str, ...]
    vouched: bool = False


KINDS = (
    Kind("EMAIL", ("EmailRecognizer",)),
    Kind("IBAN", ("IbanRecognizer",)),
    Kind("CARD", ("CreditCardRecognizer",)),
    Kind("IP", ("IpRecognizer",)),
    Kind("NATIONAL_ID", ("UsSsnRecognizer", "UsItinRecognizer", "UkNinoRecognizer")),
    Kind("NATIONAL_ID", ("EsNieRecognizer", "EsNifRecognizer", "ItFiscalCodeRecognizer")),
    Kind("NATIONAL_ID", ("FiPersonalIdentityCodeRecognizer", "KrRrnRecognizer")),
    Kind(
        "NATIONAL_ID", ("NhsRecognizer", "PlPeselRecognizer", "DeTaxIdRecognizer", "DeSocialSecurityRecognizer"), True
    ),
    Kind(
        "NATIONAL_ID", ("SePersonnummerRecognizer", "InAadhaarRecognizer", "InPanRecognizer", "AuTfnRecognizer"), True
    ),
    Kind("NATIONAL_ID", ("CaSinRecognizer", "SgFinRecognizer", "UsPassportRecognizer", "UsSsnRecognizer"), True),
    Kind("PHONE", ("PhoneRecognizer",)),
)
"""In this order: of finds that overlap, the earlier kind counts."""

_STREETS = (
    r"street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|terrace|square|sq|highway|hwy|"
    r"parkway|pkwy|close|crescent"
)
_PATTERNS = (
    (
        "ADDRESS",
        re.compile(
            rf"\b\d{{1,5}}[A-Za-z]?\s+(?:(?:[NSEW]\.?|North|South|East|West)\s+)?(?:[A-Z0-9][\w'’-]*\s+){{1,3}}"
            rf"(?i:{_STREETS})\b\.?(?:,?\s*(?:(?i:apt|apartment|suite|ste|unit|flat)\.?|#)\s*\w+)?"
            r"(?:,?\s+[A-Z][\w'’.-]*(?:\s[A-Z][\w'’.-]*)?,?\s+[A-Z]{2}\s+\d{5}(?:-\d{4})?)?"
        ),
    ),
    (
        "ADDRESS",
        re.compile(r"\b[A-ZÄÖÜ][\wäöüß-]+(?:straße|strasse|str\.|weg|gasse|allee|platz)\s+\d{1,4}(?:\s?[a-z])?\b"),
    ),
    (
        "ADDRESS",
        re.compile(
            r"\b\d{1,4}(?:\s?(?:bis|ter))?,?\s+(?:rue|avenue|boulevard|impasse|chemin)\s+[^\d\n,.;]{3,40}\b", re.I
        ),
    ),
    ("NATIONAL_ID", re.compile(r"(?i:ssn|social security)\D{0,20}(\d{3}-?\d{2}-?\d{4})\b")),
    ("ADDRESS", re.compile(r"\bP\.?\s?O\.?\s?Box\s+\d+\b", re.I)),
    ("ADDRESS", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{2}\b")),
    (
        "NAME",
        re.compile(
            r"(?i:\b(?:my|full|her|his|customer|account holder)(?:'s)? name(?: is|:)\s+)"
            r"([A-Z][\w'’-]+(?:\s[A-Z][\w'’-]+){0,3})"
        ),
    ),
)
_LOCAL_PHONE = re.compile(r"(?<![\w-])\d{3}[-. ]\d{4}(?![\w-])")
_VOUCHES = {
    "PHONE": re.compile(
        r"phone|tel\b|mobile|\bcell|whats ?app|\bcall\b|\btext\b|\bcode to\b|reach|contact|\bdial|\bfax|\bsms",
        re.I,
    ),
    "CARD": re.compile(r"card|visa|master|amex|credit|debit", re.I),
}
_SPOILS = re.compile(
    r"(?:order|invoice|account|ref(?:erence)?|reservation|booking|ticket|tracking|purchase|bill|case|product|item|flight)\w*"
    r"\W{0,3}(?:(?:no|num|number|id|code|nr)\b\W{0,4})?(?:(?:is|was)\W{1,3})?[#:\s\"']*\Z|[#\w]\Z",
    re.I,
)
_MAY_HOLD = re.compile(r"@|\d.{0,3}\d.{0,3}\d|::|\bname(?: is|:)|\b\d{1,5}[A-Za-z]?,?\s+\w|[a-zß.]\s\d", re.I)
_MANY_DIGITS = re.compile(r"(?:\d[\s().+/-]{0,3}){7,}")
_KEPT = re.compile(
    r"\{\{.*?\}\}|<[A-Z_]+_\d+>|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|https?://[^\s\"'<>]+"
)


@cache
def _recogniser(name: str) -> Any:
    """One of Presidio's recognisers, without its engine: patterns and checksums need no language model."""
    from presidio_analyzer import predefined_recognizers  # seconds to import

    made = getattr(predefined_recognizers, name)
    if name == "EmailRecognizer":  # its check of the domain asks the network for a list; its pattern is enough here
        made = type("OfflineEmailRecognizer", (made,), {"validate_result": lambda self, text: True})
    if name == "PhoneRecognizer":
        return made(supported_regions=("US", "GB", "DE", "FR", "ES", "IT", "IN", "AU", "CA"), leniency=1)
    return made()


@cache
def names_model() -> Any:
    """An installed spaCy model that finds names, else null."""
    import spacy

    installed = [name for name in ("en_core_web_lg", "en_core_web_md", "en_core_web_sm") if spacy.util.is_package(name)]
    return spacy.load(installed[0], disable=["parser", "lemmatizer", "tagger"]) if installed else None


def find(text: str, before: str = "") -> list[Find]:
    """Personal data in `text`, in its order, without overlaps. `before` is what stood before it (a JSON key)."""
    if not text or not _MAY_HOLD.search(text):
        return []
    return list(_find(text, before))


@lru_cache(maxsize=1 << 14)
def _find(text: str, before: str) -> tuple[Find, ...]:
    kept = [match.span() for match in _KEPT.finditer(text)]
    taken: list[Find] = []
    for found in _candidates(text, before):
        clash = any(found.start < end and start < found.end for start, end in kept + [(t.start, t.end) for t in taken])
        if not clash:
            taken.append(found)
    return tuple(sorted(taken))


def _candidates(text: str, before: str) -> Iterable[Find]:
    digits = any(letter.isdigit() for letter in text)
    for kind in KINDS:
        if "@" not in text if kind.name == "EMAIL" else kind.name != "IP" and not digits:
            continue
        if kind.name in ("PHONE", "CARD") and not _MANY_DIGITS.search(text):
            continue
        for name in kind.recognisers:
            recogniser = _recogniser(name)
            if kind.vouched and not _words(name).search(before + " " + text):
                continue
            for result in recogniser.analyze(text, recogniser.supported_entities, None) or ():
                found = Find(result.start, result.end, kind.name)
                if _believed(text, before, found, result.score, _words(name) if kind.vouched else None):
                    yield found
    for match in _LOCAL_PHONE.finditer(text):
        if _believed(text, before, found := Find(*match.span(), "PHONE"), 0.5, None):
            yield found
    for name, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield Find(*match.span(match.lastindex or 0), name)
    if model := names_model():
        yield from (Find(e.start_char, e.end_char, "NAME") for e in model(text).ents if e.label_ == "PERSON")


@cache
def _words(name: str) -> re.Pattern[str]:
    """The words that vouch for what a recogniser finds."""
    words = [word for word in _recogniser(name).context or [] if word.lower() not in _COMMON]
    return re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words) or r"(?!)", re.I)


_COMMON = {"us", "united", "states", "travel", "fin", "pan", "sin", "number", "id", "canada", "nas", "tax", "payer"}


def _believed(text: str, before: str, found: Find, score: float, vouch: re.Pattern[str] | None) -> bool:
    """Whether a pattern's find is what it looks like, by its score and by what stands around it."""
    near = (before + ": " + text[: found.start])[-NEAR:]
    if vouch is not None:
        return bool(vouch.search(near) or vouch.search(text[found.end : found.end + 16]))
    if found.kind == "PHONE":
        said = text[found.start : found.end]
        if sum(letter.isdigit() for letter in said) < 7:
            return False
        if said.startswith("+"):
            return True
        if _SPOILS.search(near):
            return False
        if _VOUCHES["PHONE"].search(near):
            return True
        if _LOCAL_PHONE.fullmatch(said):  # a line by itself, as in a signature
            return near.endswith("\n") and text[found.end : found.end + 1] in ("", "\n")
        return bool(re.search(r"\d[\s().-]+\d", said)) and not _is_date_or_sum(said)
    if found.kind == "IP":
        said = text[found.start : found.end]
        return "." in said or said.count(":") > 2  # `::a` may be anything
    if found.kind == "CARD":
        return score >= 1.0 and not _SPOILS.search(near.rstrip() if _VOUCHES["CARD"].search(near) is None else "")
    return score >= 0.5


def _is_date_or_sum(said: str) -> bool:
    return bool(re.search(r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}|^\d+(?:\.\d+)?$|\d{4}\s?-\s?\d{4}$", said))


@dataclass
class Masker:
    """Masks texts, remembering for each conversation which value has which mask."""

    counts: Counter[str] = field(default_factory=Counter)
    """How many pieces of each kind were masked, the same value counted each time."""
    _known: dict[Hashable, dict[tuple[str, str], str]] = field(default_factory=dict)

    def text(self, text: str, conversation: Hashable) -> str:
        """`text` with personal data masked; JSON stays JSON."""
        return self._masked(text, conversation, "")

    def _masked(self, text: str, conversation: Hashable, before: str) -> str:
        if not text or not _MAY_HOLD.search(text):
            return text
        if text[0] in "{[" and (again := self._json(text, conversation)) is not None:
            return again
        parts, last = [], 0
        for start, end, kind in find(text, before):
            parts += [text[last:start], self._mask(kind, text[start:end], conversation)]
            last = end
        return "".join(parts) + text[last:] if parts else text

    def _mask(self, kind: str, value: str, conversation: Hashable) -> str:
        same = re.sub(r"\W", "", value).casefold() if kind not in ("EMAIL", "IP") else value.casefold()
        self.counts[kind] += 1
        known = self._known.setdefault(conversation, {})
        if (kind, same) not in known:
            known[kind, same] = f"<{kind}_{1 + sum(one == kind for one, _ in known)}>"
        return known[kind, same]

    def _json(self, text: str, conversation: Hashable) -> str | None:
        """JSON with its strings and numbers masked, written as it was; null where it is none, or of a style unknown."""
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        write = next((style for style in _STYLES if style(value) == text), None)
        return write(self._walk(value, conversation, "")) if write else None

    def _walk(self, value: Any, conversation: Hashable, key: str) -> Any:
        if isinstance(value, dict):
            return {name: self._walk(item, conversation, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._walk(item, conversation, key) for item in value]
        if isinstance(value, str):
            return self._masked(value, conversation, key.replace("_", " "))
        if isinstance(value, int) and not isinstance(value, bool) and value > 999_999:
            masked = self._masked(str(value), conversation, key.replace("_", " "))
            return value if masked == str(value) else masked
        return value


_STYLES = (
    lambda value: orjson.dumps(value).decode(),
    lambda value: json.dumps(value, ensure_ascii=False),
    json.dumps,
    lambda value: json.dumps(value, ensure_ascii=False, indent=2),
    lambda value: json.dumps(value, ensure_ascii=False, indent=4),
)


def mask(texts: Iterable[str | None], conversation_ids: Sequence[Hashable] | None = None) -> list[Any]:
    """`texts` with personal data masked; null stays null.

    Texts of one conversation share their numbering; without `conversation_ids` (or where one is null) each text has
    its own.
    """
    masker, masked = Masker(), []
    for place, text in enumerate(texts):
        named = conversation_ids[place] if conversation_ids is not None else None
        masked.append(masker.text(text, ("text", place) if named is None else named) if isinstance(text, str) else None)
    return masked


def mask_messages(
    messages: Iterable[dict[str, str]], conversation_id: Hashable = "", masker: Masker | None = None
) -> list[dict[str, str]]:
    """Chat messages {role, content} with personal data masked; one `masker` over several calls keeps masks alike."""
    masker = masker or Masker()
    return [one | {"content": masker.text(one["content"], conversation_id)} for one in messages]


def count_by_kind(texts: Iterable[str | None]) -> dict[str, int]:
    """How many pieces of personal data of each kind the texts hold, the same value counted each time."""
    masker = Masker()
    for text in texts:
        masker.text(text or "", "")
    return dict(masker.counts.most_common())
