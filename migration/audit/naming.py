"""Short names for tasks, in the words of their own instructions.

Knows: a prompt's text and which of its words are fixed. A sentence that gives a role ("You are ...") is passed over
where another one says what to do. Refuses to know: what a task is; a name is for people, nothing depends on it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping

from migration.audit.templates import tokens_of

_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+|(?<=[。！？：])")
_ROLE = re.compile(
    r"^\W*(you are|you're|you act|act as|your role|assume|du bist|sie sind|tu es|vous êtes|eres|usted es|sei |você é|"
    r"je bent|u bent|ты |вы |你是|您是|あなたは|당신은)",
    re.I,
)
_SMALL_WORDS = """
the a an and or of to in on for with by from at as is are be it its this that these those your you we our their his her
any all one each if then into than not no do does please following given below above based using use
der die das und oder mit von zu im in den dem des ein eine einen für auf ist sind le la les de du et ou un une dans pour
sur est el los las y o en para por con es il lo gli e di che per da os um uma
"""
_SMALL = frozenset(_SMALL_WORDS.split())
WORDS = 5


def name_of(prompt: str, fixed: set[str], common: Mapping[str, int], tasks: int) -> str:
    """A name of up to five fixed words of `prompt`, from the sentence that says most about this task alone.

    fixed: tokens that the template's prompts share. common: in how many of `tasks` tasks each token stands.
    """
    sentences = [s for s in _SENTENCE.split(prompt[:3000]) if s and len(_words(s, fixed)) >= 2][:8]
    doing = [s for s in sentences if not _ROLE.match(s)] or sentences
    if not doing:
        return " ".join(_words(prompt[:300], fixed)[:WORDS]).capitalize() or "Unnamed"

    def weight(item: tuple[int, str]) -> float:
        words = _words(item[1], fixed)[:WORDS]
        rare = sum(math.log((1 + tasks) / common.get(w.lower(), 1)) for w in words) / WORDS
        return rare / (1 + 0.5 * item[0])

    best = max(enumerate(doing), key=weight)[1]
    words = _words(best, fixed)
    name = " ".join(words[:WORDS]) if len(words) > 1 else best
    return name[:1].upper() + name[1:60]


def _words(sentence: str, fixed: set[str]) -> list[str]:
    """Content words of a sentence that its template always has, as written; whole runs where a script has no spaces."""
    found = re.findall(r"[^\W\d_]+(?:[-_][^\W\d_]+)*", sentence)
    kept = []
    for word in found:
        parts = tokens_of(word)
        if word.lower() not in _SMALL and (len(word) > 2 or not word.isascii()) and all(p in fixed for p in parts):
            kept.append(word[:24])
    return kept


def slug(name: str) -> str:
    """`name` as an id: lower case, words joined by `-`; letters of any script stay."""
    text = unicodedata.normalize("NFKC", name).lower()
    return re.sub(r"[^\w]+", "-", text).strip("-_")[:48]
