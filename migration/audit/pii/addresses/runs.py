"""Addresses by the words they hold: a number beside a street's word, or several of what is in a house.

Words are looked at one by one, in capitals or not, so that an order or a mixture that nobody wrote a pattern for is
found, too. Out of scope: the words (`streets`), how far an address goes (`extents`), and what only an announcement
tells (`dwellings`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migration.audit.pii.addresses.extents import reach
from migration.audit.pii.addresses.streets import (
    BEFORE,
    BEHIND,
    BEHIND_SMALL,
    BRASILIA,
    BREAKS,
    GLUED,
    GLUED_WEAK,
    HOUSES,
    SAYS_NUMBER,
    SMALL,
    SURE,
    UNITS,
    WEAK_UNITS,
)
from migration.audit.pii.addresses.tokens import Word, words_of
from migration.audit.pii.words import table

_GLUED = re.compile(rf"[^\W\d_][\w.'’-]{{1,40}}(?:{'|'.join(sorted(GLUED))})(?:en|n)?", re.I)
_GLUED_WEAK = re.compile(rf"[^\W\d_][\w.'’-]{{2,40}}(?:{'|'.join(sorted(GLUED_WEAK))})(?:en|n)?", re.I)
_BEFORE_DIGIT = re.compile(r"(?<![^\W\d_])[^\W\d_]{5,40}+(?=[., \t]{1,2}(?:n\w{1,2}[.: ]{1,2})?\d)", re.I)
_ENDINGS = tuple(end + more for end in GLUED | GLUED_WEAK for more in ("", "en", "n"))
_ORDINAL = re.compile(r"\d{1,3}(?:st|nd|rd|th)")
LONGEST_NAME = 5
"""Words of a street's name before its number, the small ones left out."""
JOINS = table("de du des d la le les l a à aux au et en sur sous da do dos das della dei del delle y e")
"""Between two words of a street's name in small letters."""
BESIDES = table(
    "derriere derrière pres près devant face entre apres après cerca frente junto vicino dietro chez c'est cest"
)
"""Where a street's name in small letters ends."""
NUMBERLESS = ("s/n", "s/nº", "snc", "s.n.c", "b.b", "bb", "kbr")
"""Instead of a house's number."""
STREETS = ("str", "straße", "strasse", "utca", "sokak", "cad", "caddesi", "gatan")
"""Behind a name in small letters."""
INDOORS = ("building", "room", "floor", "level", "gate", "terminal")
"""Before a number that is no house's."""
HOMES = table("flat apt apartment plot h.no hno h/no hse villa blk")
"""Before a number and a comma, these alone tell."""


def may_be_run(text: str) -> bool:
    """Whether a street's word or two of a house's stand in `text`: a quick look."""
    said = {one.strip(".,:;()'\"!?#") for one in text.lower().split()}
    if not (BEHIND.isdisjoint(said) and BEFORE.isdisjoint(said) and UNITS.isdisjoint(said)):
        return True
    return any(one[0].lower().endswith(_ENDINGS) for one in _BEFORE_DIGIT.finditer(text))


def runs(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses stand in `text`: (start, end) of each, which may overlap."""
    words = words_of(text)
    place = 0
    while place < len(words):
        if (last := _anchored(words, place)) is None:
            place += 1
            continue
        last, first = reach(words, last), place
        behind = words[place].small in BEHIND
        while behind and first > 0 and first > place - 3 and _goes_before(words, first):
            first -= 1
        yield words[first].start, words[last].bare_end
        place = last + 1


def _anchored(words: Sequence[Word], at: int) -> int | None:
    """The last word of what begins at `at` and is an address by itself; null where nothing is."""
    for form in (_number_first, _street_first, _glued, _units, _house_named):
        if (last := form(words, at)) is not None:
            return last
    return None


def _number_first(words: Sequence[Word], at: int) -> int | None:
    """`12 Larkspur Ct`, `8 av. Jean Moulin`: a number, and a street's word among the next ones."""
    if not words[at].number or words[at].dotted or (at and words[at - 1].small in INDOORS):
        return None
    lead = at + 2 if at + 2 < len(words) and words[at + 1].small in ("el", "la", "di", "de", "da") else at + 1
    if lead + 1 < len(words) and words[lead].small in BEFORE and _follows(words, lead):
        first, name = words[lead], lead + 1
        counted = at > 0 and words[at - 1].small in SAYS_NUMBER
        while name < len(words) - 1 and words[name].small in SMALL and words[name + 1].near:
            name += 1
        if words[name].named and (first.small in SURE or (words[name].capital and (first.plain or counted))):
            return _small_name(words, name)
    if at + 1 == len(words) or not words[at + 1].near or words[at + 1].small in BREAKS:
        return None
    for place in range(at + 2, min(at + 6, len(words))):
        here = words[place]
        if not here.near or here.apart or here.breaks:
            return None
        if here.small in BEHIND:
            capital = here.capital and words[at + 1].capital and words[place - 1].capital
            small = (
                not here.capital and here.small in SURE and not any(one.small in SMALL for one in words[at + 1 : place])
            )
            told = at > 0 and words[at - 1].small in ("to", "at", "is", "from", "on", "its", "it's", "address")
            small = small or (told and len(here.small) > 4 and here.small in BEHIND and words[at + 1].small.isalpha())
            small = small or _ORDINAL.fullmatch(words[place - 1].small) is not None
            many = len(words[at].small) > 1 or here.small in SURE or (place + 1 < len(words) and words[place + 1].apart)
            if many and (capital or small):
                return place
    return None


def _small_name(words: Sequence[Word], name: int) -> int:
    """Where a street's name ends that goes on in small letters from its word `name`: `four à chaux`, `croix verte`."""
    if words[name].capital:
        return name
    while name + 2 < len(words) and words[name + 1].small in JOINS and _follows(words, name + 1):
        if not words[name + 2].named or words[name + 2].capital:
            return name
        name += 3 if words[name + 2].small in JOINS and name + 3 < len(words) and words[name + 3].named else 2
    more = words[name + 1] if name + 1 < len(words) else None
    if more and more.near and not more.apart and len(more.small) > 3 and more.small.isalpha() and more.named:
        ends = name + 2 == len(words) or words[name + 2].apart or words[name + 2].breaks or not words[name + 2].near
        ends = ends or words[name + 2].small in BESIDES
        return name + 1 if ends else name
    return name


def _street_first(words: Sequence[Word], at: int) -> int | None:
    """`via Garibaldi 33`, `Caferağa Mah. Moda Cad. No:115`: a street's word and a number behind it."""
    first = words[at]
    if first.small not in BEFORE and first.small not in BEHIND:
        return None
    named = at > 0 and len(first.small) > 1 and first.small in BEHIND and first.near and _may_name(words, at - 1)
    named = named and (first.capital or first.small in BEHIND_SMALL)
    named = named or (
        at > 0 and first.small in STREETS and first.near and words[at - 1].named and len(words[at - 1].small) > 3
    )
    if not named and first.small not in BEFORE:
        return None
    for place in range(at + 1, min(at + 11, len(words))):
        here = words[place]
        if not here.near or sum(one.small not in SMALL for one in words[at + 1 : place]) > LONGEST_NAME:
            return None
        if here.number or here.small in NUMBERLESS:
            if named and first.small not in BEHIND_SMALL and place == at + 1:
                return None
            if place == at + 1 and not (named or first.small in SURE):
                continue
            called = first.small == "via" and words[at + 1].small in ("dei", "degli", "delle", "della", "san", "santa")
            ok = called or first.small in SURE or named or any(one.capital for one in words[at + 1 : place])
            if here.small in NUMBERLESS and len(first.small) > 1:
                return place
            sure = named or first.plain or ((len(first.small) > 3 or first.small == "via") and _closes(words, place))
            return place if ok and sure else None
        says = here.small in SAYS_NUMBER or here.small in UNITS
        if (here.small in BREAKS and here.small not in SMALL and not says) or (named and not says):
            return None
        if here.apart and not (here.small in SAYS_NUMBER or here.small in UNITS):
            return None
    return None


def _glued(words: Sequence[Word], at: int) -> int | None:
    """`hufelandstr. 8`: a street's word glued to its name, and a number."""
    here, number = words[at], at + 1
    if number + 1 < len(words) and words[number].small in SAYS_NUMBER:
        number += 1
    if len(here.small) < 6 or number >= len(words) or not words[number].near or not words[number].number:
        return None
    if _GLUED.fullmatch(here.small):
        return number
    return number if here.capital and _closes(words, number) and _GLUED_WEAK.fullmatch(here.small) else None


def _closes(words: Sequence[Word], number: int) -> bool:
    """Whether an address may end with the word `number`, or go on with its flat or its postcode."""
    if number + 1 == len(words) or words[number].dotted:
        return True
    behind = words[number + 1]
    return behind.apart or not behind.near or behind.small in UNITS or behind.postcode


def _units(words: Sequence[Word], at: int) -> int | None:
    """`Blk 14 Lot 9`, `бл. 325, вх. 2`, `Gorriti 4832 piso 6`: two of what is in a house, or one behind a number."""
    last, sure, place, count = at, False, at, 0
    if words[at].capital and at + 2 < len(words) and words[at].named and words[at].small not in UNITS:
        number = next((n for n in (at + 1, at + 2) if n < len(words) and words[n].number), None)
        if number is None or not all(one.near and (one.named or one.number) for one in words[at + 1 : number + 1]):
            return None
        if number + 2 >= len(words) or words[number + 1].small not in UNITS:
            return None
        place, count = number + 1, 1
    elif words[at].small not in UNITS:
        return None
    while place + 1 < len(words) and words[place].small in UNITS and (place == at or words[place].near):
        value = place + 1
        if words[value].small in SAYS_NUMBER and value + 1 < len(words):
            value += 1
        if words[value].apart or not words[value].near or not words[value].phrased:
            break
        sure = sure or words[place].small not in WEAK_UNITS
        last, place, count = value, value + 1, count + 1
    behind = words[last + 1] if last + 1 < len(words) else None
    home = (
        words[at].small in HOMES
        and count == 1
        and behind is not None
        and behind.apart
        and behind.near
        and (behind.name or behind.number)
    )
    if words[at].small in BRASILIA and count >= 2 and sure:
        return _quarter(words, last)
    return last if (count >= 2 and sure) or home else None


def _quarter(words: Sequence[Word], last: int) -> int:
    """The last word of a quarter's name in small letters behind the word `last`: `taguatinga norte`, `guara 2`."""
    place = last + 1
    while place < min(len(words), last + 4) and words[place].near and not words[place].breaks:
        if words[place].small in SMALL:
            break
        place += 1
    return place - 1


def _house_named(words: Sequence[Word], at: int) -> int | None:
    """`Thornbury House, Church Lane`: a house with a name in a street without a number."""
    for place in range(at + 1, min(at + 4, len(words) - 2)):
        if not words[place].capital or not words[place - 1].capital or not words[place].near:
            return None
        if words[place].small in HOUSES and words[place + 1].apart:
            for last in (place + 2, place + 3):
                if last < len(words) and words[last].capital and words[last].small in BEHIND:
                    return last if all(one.capital and one.near for one in words[place + 1 : last]) else None
            return None
    return None


def _may_name(words: Sequence[Word], place: int) -> bool:
    """Whether a street's name may end at `place`: `Bahçelievler 7. Cadde` has a number with a point there."""
    here = words[place]
    return here.name or (here.number and here.dotted and place > 0 and words[place - 1].name)


def _goes_before(words: Sequence[Word], first: int) -> bool:
    """Whether the word before `first` is part of the same street's name."""
    here, before = words[first], words[first - 1]
    named = (
        before.name
        or (before.number and before.dotted)
        or (here.small in BEHIND and before.named and before.small.isalpha() and len(before.small) > 3)
    )
    return here.near and not here.apart and named


def _follows(words: Sequence[Word], place: int) -> bool:
    return words[place].near and words[place + 1].near and not words[place + 1].apart
