"""Numbers of people, cards and accounts: by their check digits, or behind a word that says what they are.

Check digits are `python-stdnum`'s, which knows those of some sixty countries. A form that is a country's own (brackets,
points, a date inside) counts anywhere where its check holds; other digits count behind the words of that country.
Out of scope: what Presidio's recognisers find besides (`finding`), phones (`phones`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from migration.audit.pii.numbers.identity_words import CARD, CASED, CLOSE, IDENTITY, NAMED_ID, PLATES
from migration.audit.pii.words import (
    BEGINS,
    CALLED_OTHERWISE,
    ENDS,
    NEAR,
    any_of,
    by_first_letter,
    called_otherwise,
    folded,
)

_NO_DATE = (
    r"(?!\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d(?![\d./-])|(?:19|20)\d\d[./-]\d\d?[./-]\d\d?(?![\d-])"
    r"|\d{1,2}[.:]\d\d\b(?![.-]\d))"
)
_GAP = r"(?:[ ]?[-–][ ]?|[ ./・])?"
_VALUES = (
    rf"(?=(?:[A-Z]{{0,6}}{_GAP}\d){{6}})[A-Z0-9](?:{_GAP}[A-Z0-9]){{5,19}}{ENDS}"
    rf"|(?=(?:[./-]?[A-Z]{{0,4}}[./-]?\d){{4}})[A-Z0-9](?:[./-]?[A-Z0-9]){{6,15}}{ENDS}"
    rf"|(?=(?:[a-z]{{0,4}}[./-]?\d){{5}})[a-z0-9](?:[./-]?[a-z0-9]){{6,17}}{ENDS}"
    rf"|(?=[A-Z]{{0,8}}\d[A-Z]{{0,8}}\d)[A-Z\d]{{8,12}}{ENDS}"
)
_DRIVES = (
    r"parking|parked|car|cars|van|vehicle|fine|penalty|pcn|towed|clamped|toll|congestion|ulez|dart charge"
    r"|driv\w{1,3}|multa|ztl|sosta|auto|macchina"
    r"|coche|carro|voiture|péage|amende|stationnement|bußgeld|knöllchen|blitzer|samoch[óo]d\w{0,2}|mandat"
    r"|parkov\w{1,3}|estacionamento|estacionamiento"
)
_PLATE = (
    rf"(?=[A-Z\d -]{{0,9}}\d)(?=[\d -]{{0,6}}[A-Z])(?:[A-Z]{{1,3}}|\d{{1,4}})(?:[ -]?(?:[A-Z]{{1,3}}"
    rf"|\d{{1,5}})){{1,3}}{ENDS}"
)
_PLATE_FORM = (
    r"[A-Z]{2}\d{2}[ ]?[A-Z]{3}|[A-Z]{2}[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{4}|[A-Z]{2}[ -]?\d{3}[ -]?[A-Z]{2}"
    r"|[A-Z]{3}\d[A-Z]\d{2}|\d{2,3}-[A-Z]{1,2}-\d{1,6}"
    r"|\d-[A-Z]{3}-\d{3}"
    r"|[A-Z]{1,3}-[A-Z]{1,2}[ ]?\d{1,4}|\d{4}[ -]?[A-Z]{3}|\d[A-Z]{3}\d{3}"
)
"""Cars' numbers of Britain, Italy and France, Brazil, Ireland, Belgium, Germany, Spain, California."""
_BEHIND = re.compile(
    rf"(?:[^\x00-\u024f]{{0,8}}[ :：]{{0,3}}|\W{{0,5}}(?:\w{{1,16}}\W{{1,4}}){{0,8}}?)(?<!\d[./-]){_NO_DATE}({_VALUES})"
)
_AHEAD = re.compile(
    rf"(?<![\w.,#-]){_NO_DATE}({_VALUES})[ ,]{{0,2}}(?:<?[–—(-]{{1,2}}[ ]?|(?i:is|are|as|de|del|di|du|da|=|est|es|ist|é"
    rf"|è|to|är|er|это|jest|je|ni|on|that['’]s)[ ])(?i:\w{{1,6}}[ ]){{0,2}}\Z"
)
_PLATED = re.compile(rf"(?!\W{{1,2}}(?i:base|madre|solar|of)\b)\W{{0,4}}(?:\w{{1,8}}\W{{1,3}}){{0,3}}?({_PLATE})")
_DRIVEN = re.compile(rf"(?<![\w-])({_PLATE_FORM}){ENDS}")
_SAYS_DRIVEN = re.compile(rf"(?i:{BEGINS}{by_first_letter(_DRIVES)}{ENDS})")
_SPACED = re.compile(
    r"\b(?!000|666|9\d\d [0-6])\d{3}([ .])\d{2}\1\d{4}\b"  # 219 09 9999
    r"|\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b"  # AB 12 34 56 C
    r"|\b[12][ \t]?\d{2}[ \t]?(?:0[1-9]|1[0-2])[ \t]?\d[\dAB][ \t]?\d{3}[ \t]?\d{3}[ \t]?\d{2}\b"
)
"""Numbers in groups with spaces: American, British, French."""
_FORMS = {  # what a number looks like, digits as 0 and letters as A -> the checks of which one must hold
    "000000-0000": "se.personnummer dk.cpr is_.kennitala fi.hetu",
    "00000000-0000": "se.personnummer",
    "000000-000A": "fi.hetu",
    "000000A000A": "fi.hetu",
    "000000A0000": "fi.hetu",
    "000000/0000": "cz.rc",
    "000000/000": "cz.rc",
    "000000-00000": "lv.pvn",
    "000000-0000000": "kr.rrn",
    "000000-00-0000": "my.nric",
    "00.00.00-000.00": "be.nn",
    "000.0000.0000.00": "ch.ssn",
    "000.000.000-00": "",
    "0.000.000-0": "cl.rut",
    "00.000.000-0": "cl.rut",
    "0.000.000-A": "cl.rut",
    "00.000.000-A": "cl.rut",
    "00-00000000-0": "ar.cuit",
    "A0000000A": "es.nie",
    "A-0000000-A": "es.nie",
    "A-0000000A": "es.nie",
    "00000000A": "es.nif",
    "00000000-A": "es.nif",
    "000-00-0000": "us.ssn us.itin",
    "AA000000A": "",
    "0000000A": "ie.pps",
    "0000000AA": "ie.pps",
    "AAAAA0000A": "in_.pan",
    "AAAAAA00A00A000A": "it.codicefiscale",
    "AAAA000000AAAAAA00": "",
    "AAAA000000AAAAAAA0": "",
    "0-0000-00000-00-0": "th.pin",
    "00000-0000000-0": "pk.cnic",
    "0000000000000": "ro.cnp za.idnr si.emso",
    "000000000000000": "fr.nir",
    "000000000000000000": "cn.ric",
    "00000000000000000A": "cn.ric",
    "AAA-000000000-0": "",
    "000-0000-0000000-0": "",
    "000-000-000 00": "",
}
"""Forms that are a country's own, and digits whose check is hard to meet by chance."""
_PLAIN_FORMS = {
    "0000000000": "bg.egn se.personnummer",
    "00000000000": "pl.pesel no.fodselsnummer be.nn tr.tckimlik ee.ik lt.asmens gr.amka hr.oib br.cpf de.idnr",
    "000000000000": "in_.aadhaar",
}
"""Digits alone: their check must hold and something must call them a number."""
_TOKEN = re.compile(
    rf"{BEGINS}(?<![_.,+/#-])(?=[A-Za-z]{{0,6}}-?\d)[A-Za-z\d](?:[./-]?[A-Za-z\d]){{7,19}}{ENDS}(?![_/]|[.-]\w)"
)
_SHAPE = str.maketrans(dict.fromkeys("0123456789", "0") | {chr(c): "A" for c in (*range(65, 91), *range(97, 123))})
_CALLED = re.compile(r"(?:\b[A-Z]{2,6}|(?i:\b(?:no|nr|num\w{0,5}|n[°º]|id|kod|kód|code|#)))[ .:#]{1,3}\Z")


@cache
def _says(what: str) -> re.Pattern[str]:
    return any_of({"person": IDENTITY, "plate": PLATES, "card": CARD}[what])


def _dotted(words: str) -> str:
    """`words` parted by spaces as alternatives, a point behind each letter or not."""
    return "|".join(r"\.?".join(word) + r"\.?" if len(word) < 4 else word for word in words.split())


_CASED = re.compile(rf"{BEGINS}(?:{_dotted(CASED)}){ENDS}")
_CLOSE = re.compile(
    rf"(?i:{BEGINS}(?:{_dotted(CLOSE)}){ENDS})"
    rf"(?=[ :.#=]{{1,3}}(?:(?i:is|no|nr|č|num|number|är|er|on|to|es|é|è|je|mitt|saya|n[°º])[ .:#]{{1,2}}){{0,2}}"
    rf"[A-Z]{{0,4}}[ -]?\d)"
)
_NOT_WHOSE = re.compile(
    r"(?:^|[^\w\s]|[^\w\s]\s|\n|\b(?:and|with|is|the|national|a|of|by|on|here's|und|e|y|con|com|my) )\Z"
)


@cache
def _says_id() -> re.Pattern[str]:
    return any_of({"": NAMED_ID})


def _labels(text: str, plain: str) -> Iterator[re.Match[str]]:
    """Words that say of a number that it is a person's. plain: `text` folded."""
    yield from _says("person").finditer(plain)
    yield from _CASED.finditer(text)
    yield from _CLOSE.finditer(text)
    yield from (one for one in _says_id().finditer(plain) if _NOT_WHOSE.search(plain[: one.start()]))


def national_ids(text: str) -> Iterator[tuple[int, int]]:
    """Where numbers of people stand in `text`: (start, end) of each."""
    plain = folded(text)
    for label in _labels(text, plain):
        behind = _BEHIND.match(text, label.end())
        if behind and not called_otherwise(text, label.end(), behind.start(1), but="seri"):
            yield behind.span(1)
        elif ahead := _AHEAD.search(text[: label.start()], max(0, label.start() - NEAR)):
            yield ahead.span(1)
    for label in _says("plate").finditer(plain):
        if found := _PLATED.match(text, label.end()):
            yield found.span(1)
    for found in _DRIVEN.finditer(text):
        if _SAYS_DRIVEN.search(text, max(0, found.start() - NEAR), found.start()):
            yield found.span(1)
    yield from (found.span() for found in _SPACED.finditer(text))
    for found in _TOKEN.finditer(text):
        if _is_own_form(text, found):
            yield found.span()


def _is_own_form(text: str, found: re.Match[str]) -> bool:
    """Whether a number's form and check digits make it a person's."""
    shape = found[0].translate(_SHAPE)
    checks, near = _FORMS.get(shape), text[max(0, found.start() - NEAR) : found.start()]
    if checks is None:
        checks = _PLAIN_FORMS.get(shape)
        if checks is None or not _CALLED.search(near):
            return False
    if CALLED_OTHERWISE.search(near) or found[0].startswith(("201", "202")):  # a date and a serial number
        return False
    return not checks or any(_check(check).is_valid(found[0]) for check in checks.split())


@cache
def _check(name: str) -> Any:
    return import_module(f"stdnum.{name}")


_APART = r"(?:[ ]?[-–./_][ ]?|[ ]{1,2})?"
_CARD_FORM = (
    rf"(?:[2-6]\d{{3}}|9792)({_APART})\d{{4}}\2\d{{4}}\2\d{{4}}(?:\2\d{{1,3}})?"
    rf"|3[47]\d{{2}}{_APART}\d{{6}}{_APART}\d{{5}}|3[0689]\d{{2}}{_APART}\d{{6}}{_APART}\d{{4}}"
)
_CARD_HIDDEN = r"\d{4}[ -]?\d{2}[\dXx*•]{2}[ -]?[Xx*•]{4}[ -]?\d{4}"
_CARD_NAMED = re.compile(rf"[^\d\n]{{0,24}}?(?<!-){BEGINS}({_CARD_FORM}|{_CARD_HIDDEN})(?!-|[.,]\d){ENDS}")
_CARD_LOOSE = re.compile(r"[^\d\n]{0,40}\n?[^\d\n]{0,24}?(?<![\w-])(\d(?:[ .–/_-]{0,3}\d){12,18})(?![\w-]|[.,]\d)")
_CARD = re.compile(rf"{BEGINS}(?<![.,+-])({_CARD_FORM})(?!-|[.,]\d){ENDS}")
_IBAN = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z\d]){11,30}(?![A-Za-z\d])")
_IBAN_NAMED = re.compile(
    r"(?i:\bIBAN\w{0,3}['’]?\w{0,3})\W{0,4}(?:\w{1,8}\W{1,3}){0,3}?([A-Z]{2}[ ]?\d{2}(?:[ -]?[A-Z\d]{1,4}){3,8})\b",
    re.I,
)


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand: behind a word, their check digit right or not, or digits whose check holds."""
    for label in _says("card").finditer(folded(text)):
        named, loose = (form.match(text, label.end()) for form in (_CARD_NAMED, _CARD_LOOSE))
        if named and not called_otherwise(text, label.start(), named.start(1)):
            yield named.span(1)
        if loose and _check("luhn").is_valid(re.sub(r"\D", "", loose[1])):
            yield loose.span(1)
    for found in _CARD.finditer(text):
        near = text[max(0, found.start() - NEAR) : found.start()]
        if _check("luhn").is_valid(re.sub(r"\D", "", found[1])) and not CALLED_OTHERWISE.search(near):
            yield found.span(1)


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Where account numbers with a country's code stand: their check holds, or a word calls them so."""
    for found in _IBAN.finditer(text):
        ends = [place for place in range(found.start() + 15, found.end() + 1) if text[place - 1].isalnum()]
        for end in reversed(ends):
            if not text[end : end + 1].isalnum() and _check("iban").is_valid(
                text[found.start() : end], check_country=False
            ):
                yield found.start(), end
                break
    yield from (found.span(1) for found in _IBAN_NAMED.finditer(text))
