"""How far an address goes on before and behind what was found of it.

Out of scope: what finds it (`runs`, `places`, `postal`, `dwellings`).
"""

from __future__ import annotations

from collections.abc import Sequence

from migration.audit.pii.addresses.streets import BEHIND, BREAKS, REGIONS, SAYS_NUMBER, SMALL, UNITS
from migration.audit.pii.addresses.tokens import GENERIC, PARTS, Word, words_of

LONGEST, REACH = 24, 160
"""Words of an address at most, and characters on either side of what was found of it."""


def reach(words: Sequence[Word], last: int) -> int:
    """How far an address goes on behind its word `last`: names, numbers and what is in a house, to its postcode."""
    end, place = last, last + 1
    while place < min(len(words), last + LONGEST):
        here = words[place]
        numbers = here.small in SAYS_NUMBER and place + 1 < len(words) and words[place + 1].number
        if here.small in ("in", "à") and place + 1 < len(words) and words[place + 1].postcode:
            place += 1
            continue
        numbers = numbers and not words[place + 1].small[:5].isdigit()
        speaker = here.apart and place + 1 < len(words) and words[place + 1].gap.startswith(":")
        if not here.near or speaker or (here.breaks and not numbers):
            break
        if _belongs(words, place):
            end = place
        elif here.small not in SMALL and here.small not in SAYS_NUMBER:
            break
        place += 1
    return end


def _begin(words: Sequence[Word], first: int) -> int:
    """Where an address begins whose word `first` stands behind a comma or on a line: with what stands before that."""
    begun, place = first, first
    while place > 0 and first - place < LONGEST and words[place].near:
        before = words[place - 1]
        if before.breaks or not (before.capital or before.number or before.small in PARTS or before.small.isdigit()):
            break
        place -= 1
        if before.small not in SMALL or (before.capital and before.small in ("the", "la", "el", "le", "les", "los")):
            begun = place
    return begun if words[first].apart or (words[first - 1].small == "the" and not words[first].number) else first


def widened(text: str, start: int, end: int) -> tuple[int, int]:
    """What was found of an address with what stands around it: parts before a comma, and all that goes on behind."""
    words = words_of(text, max(0, start - REACH), min(len(text), end + REACH))
    inside = [place for place, word in enumerate(words) if word.end > start and word.start < end]
    if not inside:
        return start, end
    first, last = _begin(words, inside[0]), reach(words, inside[-1])
    start = start if first == inside[0] else words[first].start
    if last == inside[-1]:
        return start, end
    return start, max(end, words[last].bare_end)


def _belongs(words: Sequence[Word], place: int) -> bool:
    """Whether the word at `place` is an address's by itself, by its neighbours or behind its postcode."""
    here, before = words[place], words[place - 1]
    if here.capital or here.number or here.postcode or here.small in GENERIC | REGIONS:
        return True
    if here.small in ("#", "bis", "ter") or (here.small == "x" and before.number):
        return True
    if before.small in UNITS and here.phrased:
        return True
    named = len(here.small) > 2 and here.small.isalpha() and here.small not in SMALL
    if before.postcode and len(before.small) > 3:  # its town, in small letters
        return named
    if named and place + 1 < len(words) and words[place + 1].postcode and words[place + 1].small[-4:].isdigit():
        return True
    ends = place + 1 == len(words) or words[place + 1].apart or words[place + 1].small in BREAKS
    street = before.small in BEHIND and not before.capital and not here.apart
    return named and (here.apart or street) and (ends)


def clause(text: str, at: int) -> tuple[int, int] | None:
    """What stands at `at`, behind words that announce an address, to the end of its clause; null where it is none."""
    words = words_of(text, at, at + 200)
    if not words or words[0].gap.strip():
        return None
    last = 0
    while last + 1 < len(words) and last < LONGEST and words[last + 1].near:
        if words[last + 1].breaks and not (words[last].number and words[last + 1].small in BEHIND):
            break
        last += 1
    return (words[0].start, words[last].end)
