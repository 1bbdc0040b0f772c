"""Names behind words that announce them, typed with accents or without, and in scripts without capitals.

Out of scope: the words (`announced_words`), introductions with forms of their own (`introduced`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from migration.audit.pii.names.announced_words import (
    ASKED,
    CLOSINGS,
    FETCHES,
    I_AM,
    LETTERLESS,
    MY_NAME,
    NO_NAMES,
    OFFICES,
)
from migration.audit.pii.names.given import GIVEN
from migration.audit.pii.names.introduced import ANY_WORDS, ENDS, FULL, PERSON, TITLED
from migration.audit.pii.names.introductions import CLOSES
from migration.audit.pii.words import any_of, by_first_letter, folded

_WORD = rf"(?!(?:{NO_NAMES})(?!\S))" r"[^\s\d,.:;!?،؛؟।()\[\]\"'<>/|]{2,24}"
_LETTERLESS_SIGN = re.compile("[\u0530-\u10ff\u1200-\u137f\u1780-\u17ff\u4fc2\u6211\u7cfb\u654f\uc800]")
_MAY_HEAD = re.compile(r"[^\W\d][\"'”]?[ \t]*<[^<>\s]{0,64}>")
_CLOSES = by_first_letter(CLOSES)
_HEADERS = (
    r"from|to|cc|bcc|reply-to|sender|von|an|kopie|de|para|à|pour|da|per|van|aan|fra|til|från|till|lähettäjä|od|do|komu"
    r"|pro|wysłano|feladó|címzett|kimden|kime|от|кому|від|од|από|προς|发件人|收件人|抄送|寄件者|差出人|宛先"
    r"|보낸사람|받는사람|보낸 사람|받는 사람"
)
_CLOSING_MARK = re.compile(rf"[,:!.–—-][ \t]*\n?[ \t]*({TITLED}{FULL})[ \t.]*\Z")
_SPEAKS = re.compile(
    r",? (?:here\b|vagyok\b|po ito\b|dey write\b|speaking\b|calling\b|writing\b|on the line|à l['’]appareil"
    r"|am (?:apparat|telefon)|al telefono|al habla|hier\b)"
)
"""Behind the name of who speaks."""
REACH = 90
"""Characters before such words in which a name may stand."""
SIGNED = 100
"""Characters at a text's end in which a closing and a name may stand."""


@lru_cache(maxsize=8)
def tokens(text: str) -> frozenset[str]:
    """The words of `text` without the signs around them."""
    return frozenset(one.strip(".,:;!?()'\"-–~") for one in text.split())


@cache
def _telling() -> frozenset[str]:
    """The longest word of each announcement: none of them in a text, no announcement."""
    said = (words for told in (MY_NAME, I_AM, ASKED, FETCHES) for words in told.values())
    return frozenset(
        max(folded(one.strip()).split(), key=len) for words in said for one in words.split(",") if one.strip()
    )


@cache
def _cues() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """What announces a name in a folded text, and what the name behind it looks like in the text."""
    gap = r"[ \t]*[:,]?[ \t]*"
    mine = re.compile(rf"{gap}(?:({TITLED}{PERSON})|({ANY_WORDS}(?:[ \t]{ANY_WORDS}){{0,3}}?){ENDS})")
    full = re.compile(rf"{gap}(?:(?:el|la|o|a|den|der|die|hr|il|n[ao]|г-н|г-жа|господина?|ο|η)[ \t]+)?({TITLED}{FULL})")
    return (any_of(MY_NAME), mine), (any_of(I_AM, ASKED), full)


@cache
def _closings() -> re.Pattern[str]:
    return re.compile(rf"(?:{any_of(CLOSINGS).pattern}(?:[ \t]\w{{1,10}}){{0,2}}|(?<!\w){_CLOSES})[ \t]*\Z")


@cache
def _fetches() -> re.Pattern[str]:
    return any_of(FETCHES)


@cache
def _ended() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'’-])({FULL})[ \t]*\Z")


@cache
def _letterless() -> re.Pattern[str]:
    return re.compile(LETTERLESS.replace("{W}", _WORD))


@cache
def _headers() -> tuple[re.Pattern[str], ...]:
    sign = "[\u3040-\u9fff가-힣]"
    listed = rf"({TITLED}{FULL}|\w[\w'’-]{{1,30}}, \w[\w'’-]{{1,30}}|{sign}{{1,5}}[ 　]?{sign}{{1,5}})"
    return (
        re.compile(rf"(?im:^[ \t>*]*(?:{_HEADERS})\*?[ \t]?[:：])[ \t*]*[\"'“]?{listed}[\"'”]?[ \t]*<[^<>\sA-Z]*>"),
        re.compile(rf"({FULL})[\"'”]?[ \t]*<[^<>\s@]{{1,64}}@[^<>\s]{{1,64}}>"),
    )


@cache
def _offices() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(OFFICES)})")


def may_be_announced(text: str) -> bool:
    """Whether any announcement of a name may stand in `text`: a quick look."""
    if not _telling().isdisjoint(tokens(folded(text))) or ("<" in text and _MAY_HEAD.search(text)):
        return True
    if not text.isascii() and _LETTERLESS_SIGN.search(text):
        return True
    return _signature(text) is not None


def announced(text: str) -> Iterator[tuple[int, int]]:
    """Where names stand in `text` that words announce: (start, end) of each, which may overlap."""
    for told in _SPEAKS.finditer(text):
        if found := _name_before(text, told.start()):
            yield found.span(1)
    if not _telling().isdisjoint(tokens(folded(text))):
        yield from _told(text)
    if not text.isascii() and _LETTERLESS_SIGN.search(text):
        for match in _letterless().finditer(text):
            yield match.span(match.lastindex or 0)
    if "<" in text and _MAY_HEAD.search(text):
        yield from (match.span(1) for header in _headers() for match in header.finditer(text))
    end = _signature(text)
    if end and any(
        _closings().search(said, max(0, end.start() - SIGNED), end.start()) for said in (folded(text), text.lower())
    ):
        yield end.span(1)


def _told(text: str) -> Iterator[tuple[int, int]]:
    """Names behind an introduction or a question for somebody, and before what somebody comes for."""
    said = folded(text)
    for cue, name in _cues():
        for told in cue.finditer(said):
            if found := name.match(text, told.end()):
                yield found.span(found.lastindex or 0)
    for told in _fetches().finditer(said):
        found = _name_before(text, told.start())
        if found and folded(found[1]).split()[0] in GIVEN:
            yield found.span(1)


def _name_before(text: str, end: int) -> re.Match[str] | None:
    return _ended().search(text, max(0, end - REACH), end)


def _signature(text: str) -> re.Match[str] | None:
    """What looks like a name behind a sign at a text's end."""
    last = text[-40:].split()[-1:]
    return _CLOSING_MARK.search(text, max(0, len(text) - SIGNED)) if last and last[0][0].isupper() else None


def greets_an_office(said: str) -> bool:
    """Whether what a greeting or a title is followed by is an office: `Tisztelt Ügyfélszolgálat`."""
    return _offices().search(folded(said)) is not None
