"""Long tables of words as one pattern that is fast: grouped by first letter, so that most are never tried.

Out of scope: the words (`introductions`, `secrets`, `patterns`, `dwellings`).
"""

from __future__ import annotations

from collections import defaultdict


def by_first_letter(words: str) -> str:
    r"""The alternatives `words` (a|b(?:c|d)|...) as a group that finds the same, for patterns that ignore case.

    What begins with no plain letter comes last; a leading `\b` is dropped, as each table stands at a word's beginning.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for word in _alternatives(words):
        plain = word.removeprefix(r"\b")
        letter = plain[:1].lower()
        optional = plain[1:2] in ("?", "*", "{", "+")
        groups[letter if letter.isalpha() and not optional else ""].append(plain)
    last = groups.pop("", [])
    grouped = [f"{letter}(?:{'|'.join(word[1:] for word in group)})" for letter, group in groups.items()]
    return f"(?:{'|'.join(grouped + last)})"


def _alternatives(words: str) -> list[str]:
    """`words` parted at the bars that stand in no bracket."""
    parts, depth, begun, place = [], 0, 0, 0
    while place < len(words):
        sign = words[place]
        depth += (sign in "([") - (sign in ")]")
        if sign == "\\":
            place += 1
        elif sign == "|" and depth == 0:
            parts.append(words[begun:place])
            begun = place + 1
        place += 1
    return [part for part in (*parts, words[begun:]) if part]
