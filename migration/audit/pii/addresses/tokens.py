"""A text's words as addresses are made of them: numbers, names, streets' words, and where a sentence ends.

Out of scope: the words (`streets`), and what makes an address of them (`runs`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from migration.audit.pii.addresses.places import LETTERLESS
from migration.audit.pii.addresses.streets import BEFORE, BEHIND, BREAKS, REGIONS, SAYS_NUMBER, SHORT, SMALL, UNITS
from migration.audit.pii.words import UPPER

_TOKEN = re.compile(r"[^\s,;:!?()\"…|<>{}\[\]=،。，：；！？、#]+|#")
_SENTENCE = re.compile(r"[.;:!?()\"…|<>{}\[\]=。；！？]|\n[ \t]*\n")
_NUMBER = re.compile(
    r"(?:n[o°ºr.]{0,2})?\d{1,5}[a-zа-яα-ω]?(?:[/-][\da-zа-я]{1,5}){0,3}[ºª°]?(?:[a-z]{1,2})?|\d{1,2}\.?(?:og|em|patro)"
    r"|\d{1,3}(?:к|корп|с)\.?\d{1,2}|\d{1,4}(?:호|동|층|번지|号|號|室|楼|樓|階)\w{0,2}|[a-z]\d{1,3}[a-z]?(?:[/-]\d{1,4}[a-z]?){1,2}",
    re.I,
)
_POSTCODE = re.compile(
    r"(?:[a-z]{1,2}-)?\d{4,6}|\d{2}-\d{3}|\d{4}-\d{3}|\d{5}-\d{3,4}|[a-z]{1,2}\d[a-z\d]?|\d[a-z]{2}", re.I
)
_PHRASED = re.compile(
    r"\d{1,4}[a-z]?(?:[/-]\w{1,4}){0,2}|[a-zа-я]{1,2}-?\d{1,4}(?:[/-]\w{1,4})?|[a-zа-я]|[ivx]{1,4}", re.I
)
_CAPITAL = re.compile(rf"[{UPPER}{LETTERLESS}]")
_ORDINAL = re.compile(r"\d{1,5}(?:[-/]\d{1,4})?[a-z]?")
_ABBREVIATED = ("str", "depto", "просп", "urban", "bldg", "calz")
_WHOLE = frozenset(
    ["road", "lane", "hill", "view", "park", "gate", "walk", "way", "row", "yard", "rue", "via", "rise", "mews", "door"]
)
"""Words of an address behind whose point it goes on though they are long, and ends though they are short."""
GENERIC = BEFORE | BEHIND | UNITS
PARTS = GENERIC | SMALL | REGIONS
_NUMBERED = UNITS | SAYS_NUMBER


class Word(NamedTuple):
    """A word of a text: where it stands, in small letters without its last point, what parts it from the one before,
    whether it begins with a capital, and whether it ends with a point."""

    start: int
    end: int
    small: str
    gap: str
    capital: bool
    dotted: bool

    @property
    def apart(self) -> bool:
        """Whether a comma or a line's end stands before it."""
        return "," in self.gap or "\n" in self.gap or "،" in self.gap

    @property
    def near(self) -> bool:
        """Whether it goes on what stands before it."""
        return len(self.gap) < 6 and not _SENTENCE.search(self.gap)

    @property
    def number(self) -> bool:
        """Whether it may be a house's number."""
        return self.small[-1:] != "%" and _NUMBER.fullmatch(self.small) is not None

    @property
    def postcode(self) -> bool:
        """Whether it may be a postcode, or half of one."""
        return _POSTCODE.fullmatch(self.small) is not None

    @property
    def phrased(self) -> bool:
        """Whether it may stand behind what is in a house: `Apt 3c`, `blok D`, `stock II`."""
        return _PHRASED.fullmatch(self.small) is not None

    @property
    def breaks(self) -> bool:
        """Whether no address holds it."""
        small = self.small
        kept = small in SMALL or small in ("bis", "ter") or (small in UNITS and self.dotted)
        return small in BREAKS and not kept

    @property
    def ended(self) -> bool:
        """Whether a sentence ends behind it: with a point that shortens nothing."""
        short = self.small.replace(".", "").isalpha() and (len(self.small) < 5 or self.small.endswith(_ABBREVIATED))
        return self.dotted and not (short and self.small not in _WHOLE) and not _ORDINAL.fullmatch(self.small)

    @property
    def bare_end(self) -> int:
        """Where it ends, without the point of a sentence."""
        return self.end - (self.ended or (self.dotted and self.small[:1].isdigit()))

    @property
    def plain(self) -> bool:
        """Whether a street's word is none that says other things, or is written so that it does not."""
        return self.small not in SHORT or self.dotted or (self.capital and len(self.small) > 1)

    @property
    def named(self) -> bool:
        """Whether it may be part of a street's name, in capitals or not."""
        return self.small[:1].isalnum() and self.small not in BREAKS

    @property
    def name(self) -> bool:
        """Whether it is written as a name."""
        return self.capital and self.small not in BREAKS and self.small not in SMALL


def words_of(text: str, start: int = 0, end: int | None = None) -> list[Word]:
    """The words of `text` between `start` and `end`, in their order; a sentence's end is a gap of its own."""
    made: list[Word] = []
    last = start
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        said = match[0]
        small = said.lower().rstrip(".")
        gap, capital = text[last : match.start()], _CAPITAL.match(said) is not None
        if made and made[-1].ended:
            gap = f".{gap}"
        elif made and made[-1].small in _NUMBERED:
            gap = gap.replace(":", "", 1)
        made.append(Word(*match.span(), small or said, gap, capital, said[-1] == "."))
        last = match.end()
    return made
