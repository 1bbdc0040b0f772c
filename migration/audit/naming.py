"""Short names for tasks, in the words of their own instructions.

Knows: a prompt's text and which of its words are fixed. A sentence that gives a role ("You are ...") is passed over
where another one says what to do. Refuses to know: what a task is; a name is for people, nothing depends on it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Set

from migration.audit.templates import tokens_of

_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+|(?<=[。！？：])")
_TAG = re.compile(r"<[^<>|]{1,40}>")
_ROLE = re.compile(
    r"^\W*(you are|you're|you act|act as|your role|assume|du bist|sie sind|tu es|vous êtes|eres|usted es|sei |você é|"
    r"je bent|u bent|ты |вы |你是|您是|あなたは|당신은)",
    re.I,
)
_SMALL_WORDS = """
the a an and or of to in on for with by from at as is are be it its this that these those your you we our their his her
any all one each if then into than not no do does please following given below above based using use given so far
der die das und oder mit von zu im in den dem des ein eine einen für auf ist sind le la les de du et ou un une dans pour
sur est el los las y o en para por con es il lo gli e di che per da os um uma
"""
_SMALL = frozenset(_SMALL_WORDS.split())
WORDS = 5


def name_of(prompt: str, fixed: Set[str], common: Mapping[str, int] | None = None) -> str:
    """A name of up to five fixed words of `prompt`, from the first sentence that says what this task alone does.

    fixed: tokens that the template's prompts share. common: in how many tasks each token stands; without it the name
    depends on this prompt alone.
    """
    sentences = [s for s in _SENTENCE.split(_TAG.sub(" ", prompt[:6000])) if s and len(_words(s, fixed)) >= 2][:40]
    told = [s for s in sentences if not _is_list(s)] or sentences
    doing = [s for s in told if not _ROLE.match(s)] or told
    if not doing:
        return " ".join(_words(prompt[:300], fixed)[:WORDS]).capitalize() or "Unnamed"

    def says_something(sentence: str) -> bool:
        return any((common or {}).get(word.lower(), 1) <= 1 for word in _words(sentence, fixed))

    words = _words(next(filter(says_something, doing), doing[0]), fixed)
    name = " ".join(dict.fromkeys(words[: WORDS + 2]))
    name = " ".join(name.split()[:WORDS])
    return name[:1].upper() + name[1:60]


def _is_list(sentence: str) -> bool:
    """Whether a sentence lists values rather than saying what to do."""
    return sentence.count(",") + sentence.count("|") + sentence.count("_") > len(sentence.split()) / 3


def _words(sentence: str, fixed: Set[str]) -> list[str]:
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
