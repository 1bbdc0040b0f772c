"""Whether two running texts say the same: a conservative check, word by word, in a normal form.

Contractions, listed synonyms, politeness, and the order of independent sentences are free. Any other word, number,
name, negation or condition that stands in one text alone, and any other order of words within a sentence (who does
what to whom), blocks agreement. So most free paraphrases do not pass: an answer that agrees is safe to move.
Out of scope: world knowledge; languages other than English get the same check without its synonyms.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

Sentence = tuple[str, ...]


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CONTRACTIONS = (
    (r"\bcannot\b", "can not"),
    (r"\bcan't\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"\bshan't\b", "shall not"),
    (r"n't\b", " not"),
    (r"'re\b", " are"),
    (r"'ll\b", " will"),
    (r"'ve\b", " have"),
    (r"\bi'm\b", "i am"),
    (r"\b(it|that|here|there|what|who|he|she|how|where)'s\b", r"\1 is"),
    (r"\blet's\b", "let us"),
)
_PHRASES = (
    (r"\bas soon as possible\b|\bright away\b|\bat once\b", "immediately"),
    (r"\bmake sure\b", "ensure"),
    (r"\blog(?:ging)? in(to)?\b", r"sign in\1"),
    (r"\bin order to\b", "to"),
    (r"\bget in touch with\b|\breach out to\b", "contact"),
    (r"\be-mail", "email"),
    (r"\bdue to\b|\bowing to\b", "because of"),
)
_VERBS = (
    "help assist aid",
    "refund reimburse",
    "ship dispatch",
    "need require",
    "select pick",
    "start begin commence",
    "ask inquire",
    "answer respond reply",
    "use utilize utilise",
    "modify change alter",
    "finish complete",
    "show display",
    "obtain acquire",
    "purchase buy",
    "decline reject",
)
_WORDS = (
    "help assistance",
    "problem issue",
    "problems issues",
    "phone telephone",
    "immediately promptly",
    "but however",
    "fast quickly",
    "large big",
    "sure certain",
    "maybe perhaps",
    "about approximately roughly around",
)
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_FREE = _listed(
    "a an the be is are am was were been being please kindly just simply really very also so well certainly of "
    "course absolutely indeed definitely and"
)
"""Words that say nothing by themselves; "no", "only", "if", "will", prepositions and pronouns are not among them."""
_COURTESY = _listed(
    "thank thanks contacting choosing writing waiting hello hi hey dear there good morning afternoon "
    "evening day nice great wonderful have regard best kind warm sincerely hope this that glad "
    "happy welcome feel free let us me know if you your any "
    "further other question concern help to for from with in contact reaching out our team we i here sorry "
    "apologize apology inconvenience understand appreciate patience more anything else at time at much customer "
    "valued support"
)
_OPENS = _listed(
    "thank thanks hello hi hey dear regard sincerely hope glad happy welcome feel free let sorry apologize "
    "apology inconvenience appreciate"
)
_TIED = _listed(
    "he she it they them his her their its this that these those then first second third next finally after "
    "before however but otherwise instead former latter such there here same afterwards"
)
"""A sentence with one of these leans on its neighbours: its place counts."""
_LEADS = _listed("if when once unless after before while because since although until")
_DECIDES = _listed(
    "not no never none nothing neither nor without unable only except unless if must will can may decline "
    "approve deny refund cancel accept fail"
)
_TOKEN = re.compile(
    r"\{\{.*?\}\}|<[A-Z_0-9]+>|\S*[@/]\S*\w|[-+]?\d+(?:[,.:-]\d+)*|'s\b|[^\W\d_]+(?:'[^\W\d_]+)?|\w+|[^\w\s.,;:!'\"()*_-]"
)
_ENDS = re.compile(r"(?<=[.!?])[\"')*]*\s+|\n+|;\s+")


def _inflected(verb: str) -> tuple[str, ...]:
    stem = verb.removesuffix("e")
    if verb.endswith("y"):
        return verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"
    return verb, verb + "s", stem + "ed", stem + "ing"


def _canon() -> dict[str, str]:
    table = {word: str(value) for value, word in enumerate(_NUMBERS)}
    for group in _VERBS:
        first, *rest = (_inflected(verb) for verb in group.split())
        table |= {form: to for other in rest for form, to in zip(other, first, strict=True)}
    table |= {"buys": "purchases", "buying": "purchasing", "bought": "purchased", "began": "started"}
    for group in _WORDS:
        first_word, *others = group.split()
        table |= dict.fromkeys(others, first_word)
    return table


_CANON = _canon()


def _word(token: str) -> str:
    if re.fullmatch(r"\d{1,3}(,\d{3})+", token):
        return token.replace(",", "")
    token = _CANON.get(token, token)
    plural = len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is", "'s"))
    return token[:-1] if plural and token.isalpha() else token


@lru_cache(maxsize=8192)
def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a text as words in normal form, without politeness; a question ends in "?"."""
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'").replace("\u2018", "'").casefold()
    for pattern, replacement in _CONTRACTIONS + _PHRASES:
        text = re.sub(pattern, replacement, text)
    text = re.sub(r"(?m)^\s*(\d+)[.)]\s+", r"\1 ", text)  # a list's number belongs to its sentence
    found = (_sentence(part) for part in _ENDS.split(text) if part.strip())
    return tuple(words for words in found if words and not _is_courtesy(words))


def _sentence(part: str) -> Sentence:
    lead, comma, rest = part.strip().partition(",")
    if comma and "," not in rest and lead.split()[:1] and lead.split()[0] in _LEADS:
        ends = "?" if rest.rstrip().endswith("?") else ""
        part = f"{rest.rstrip(' .!?')} {lead}{ends}"
    return tuple(word for token in _TOKEN.findall(part) if (word := _word(token)) not in _FREE)


def _is_courtesy(words: Sentence) -> bool:
    return set(words) <= _COURTESY and bool(set(words) & _OPENS)


def says_same(output: str, reference: str) -> bool:
    """Whether both texts hold the same sentences in normal form; their order is free where none leans on another."""
    said, wanted = sentences(output), sentences(reference)
    if not said or not wanted:
        return " ".join(output.casefold().split()) == " ".join(reference.casefold().split())
    if said == wanted:
        return True
    return Counter(said) == Counter(wanted) and not any(_leans(words) for words in said)


def _leans(words: Sentence) -> bool:
    return bool(_TIED & set(words)) or words[0].isdigit()


def says_part(output: str, reference: str) -> bool:
    """Whether a summary's sentences all stand in the reference's, and none is left out that decides or counts."""
    said, wanted = sentences(output), sentences(reference)
    if not said or not set(said) <= set(wanted):
        return says_same(output, reference)
    kept = [words for words in wanted if words in set(said)]
    in_order = list(dict.fromkeys(said)) == list(dict.fromkeys(kept)) or not any(_leans(w) for w in said)
    left_out = set(wanted) - set(said)
    weighty = any(_DECIDES & set(words) or any(c.isdigit() for c in "".join(words)) for words in left_out)
    return in_order and not weighty
