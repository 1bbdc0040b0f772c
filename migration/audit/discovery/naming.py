"""Short names for tasks: what the log itself calls them, else words of their own instructions.

A prompt's text and which of its words are fixed. What says how to work or to answer ("Think step by step.") names no
task; a sentence that gives a role ("You are ...") is passed over where another one says what to do. A language model
may be asked instead, where a team wants that.
Out of scope: what a task is; a name is for people, nothing depends on it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Any

from migration.endpoints import OPENAI, client, key_for, read_address
from migration.errors import BadInput
from migration.markup import cut
from migration.prompts.tokens import tokens_of

_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+|(?<=[。！？：])")
_TAG = re.compile(r"<[^<>|]{1,40}>")
_ROLE = re.compile(
    r"^\W*(you are|you're|you act|act as|your role|assume|du bist|sie sind|tu es|vous êtes|eres|usted es|sei |você é|"
    r"je bent|u bent|ты |вы |你是|您是|あなたは|당신은)",
    re.I,
)
_MANNERS = (
    r"(?:think|reason|work|go|proceed)\b.{0,30}\b(?:steps?|carefully|aloud|out loud|through)\b",
    r"step by step\b|take (?:a (?:deep )?breath|your time)|一步一步|请一步步|ステップ",
    r"(?:follow|obey|respect|adhere to|stick to)\b.{0,40}\b(?:instructions?|rules?|guidelines?|steps|format)\b"
    r"(?: (?:below|above|carefully))?",
    r"read\b.{0,30}\b(?:carefully|below|attentively)\b",
    r"be (?:\w+,? (?:and )?){0,3}(?:concise|brief|short|helpful|polite|precise|accurate|careful|friendly|honest)\b",
    r"(?:answer|respond|reply|output|return) (?:only|strictly|solely|briefly|concisely|in json|in english)\b",
    r"(?:denke?|überlege?|gehe?)\b.{0,20}\bschritt|(?:befolge?|beachte?|folge?)\b.{0,40}\b(?:anweisung|regel|vorgabe)",
    r"antworte (?:nur|ausschließlich|kurz)\b|(?:réponds|répondez) (?:uniquement|seulement)\b",
    r"(?:responde|responda|rispondi) (?:solo|sólo|apenas|soltanto)\b",
    r"(?:réfléchis|raisonne|piensa|pensa|ragiona)\b.{0,30}(?:étape|paso|passo)",
    r"(?:suis|suivez|sigue|siga|segui)\b.{0,40}(?:consigne|instruc|istruzioni|règles|reglas|regras)",
)
_MANNER = re.compile(rf"^\W*(?:(?:please|always|now|first|bitte|let's|let us)\s+)*(?:{'|'.join(_MANNERS)})", re.I)
"""How to work or to answer, whatever the task, at a sentence's beginning."""
_SMALL_WORDS = """
the a an and or of to in on for with by from at as is are be it its this that these those your you we our their his her
any all one each if then into than not no do does please following given below above based using use given so far
der die das und oder mit von zu im in den dem des ein eine einen für auf ist sind le la les de du et ou un une dans pour
sur est el los las y o en para por con es il lo gli e di che per da os um uma
"""
_SMALL = frozenset(_SMALL_WORDS.split())
_ARTICLE_WORDS = "the a an der die das ein eine einen dem den des la les le el los las un una une il lo o um uma"
_ARTICLES = frozenset(_ARTICLE_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+(?:['’_-][^\W\d_]+)*")
_NOT_OF_A_NAME = re.compile(r"[^\w' .,()/&+-]|_")
"""What a model's words may not bring into a sentence or a page: a prompt may have told it what to say."""
WORDS, LENGTH = 5, 52


def name_of(prompt: str, fixed: Set[str], common: Mapping[str, int] | None = None) -> str:
    """A name of up to five fixed words of `prompt`, from the first sentence that says what this task alone does.

    fixed: tokens that the template's prompts share. common: in how many tasks each token stands; without it the name
    depends on this prompt alone.
    """
    said = [_MANNER.sub("", sentence) for sentence in _SENTENCE.split(_TAG.sub(" ", prompt[:6000]))]
    sentences = [s for s in said if len(_words(s, fixed)) >= 2][:40]
    told = [s for s in sentences if not _is_list(s)] or sentences
    doing = [s for s in told if not _ROLE.match(s)] or told
    if not doing:
        return " ".join(_words(" ".join(said)[:300], fixed)[:WORDS]).capitalize() or "Unnamed"

    def says_something(sentence: str) -> bool:
        return any((common or {}).get(word.lower(), 1) <= 1 for word in _words(sentence, fixed))

    return _phrase(next(filter(says_something, doing), doing[0]), fixed)


def _phrase(sentence: str, fixed: Set[str]) -> str:
    """A sentence from its first content word to its fifth, without slots, articles and what does not fit."""
    content = set(_words(sentence, fixed))
    kept: list[str] = []
    for word in _WORD.findall(sentence):
        if word in content and word.lower() not in map(str.lower, kept):
            kept.append(word)
        elif kept and word.lower() in _SMALL - _ARTICLES and tokens_of(word)[0] in fixed:
            kept.append(word.lower())
        if sum(w in content for w in kept) == WORDS:
            break
    while kept and (kept[-1].lower() in _SMALL or len(" ".join(kept)) > LENGTH) and len(kept) > 1:
        kept.pop()
    name = " ".join(kept)[:LENGTH]
    return name[:1].upper() + name[1:]


def _is_list(sentence: str) -> bool:
    """Whether a sentence lists values rather than saying what to do."""
    return sentence.count(",") + sentence.count("|") + sentence.count("_") > len(sentence.split()) / 3


def _words(sentence: str, fixed: Set[str]) -> list[str]:
    """Content words of a sentence that its template always has, as written; whole runs where a script has no spaces."""
    kept = []
    for word in _WORD.findall(sentence):
        parts = tokens_of(word)
        if word.lower() not in _SMALL and (len(word) > 2 or not word.isascii()) and all(p in fixed for p in parts):
            kept.append(word)
    return kept


MOST = 0.8
"""Share of a task's calls that have one name in the log for it to be the task's."""


def own_names(logged: Sequence[Sequence[str | None]]) -> list[str | None]:
    """What the log itself calls each task: the name of at least MOST of its calls, unless another task's has it too.

    logged: of each task, the name that each of its calls has in the log (`calls.logged_name`). None for a task without
    such a name, or whose name holds personal data or nothing that may be shown.
    """
    most = [Counter(names).most_common(1) for names in logged]
    held = [
        top[0][0] if top and top[0][1] >= MOST * len(names) else None for top, names in zip(most, logged, strict=True)
    ]
    shown = {name: _shown(name) for name in set(filter(None, held))}
    names = [shown[name] if name else None for name in held]
    times = Counter(name.casefold() for name in names if name)
    return [name if name and times[name.casefold()] == 1 else None for name in names]


def _shown(name: str) -> str | None:
    """A name as it may stand in a sentence or a page; None where nothing is left, or it holds personal data."""
    from migration.audit.pii import mask  # a third of a second that only those pay whose log names its calls

    plain = " ".join(_NOT_OF_A_NAME.sub(" ", name).split()).strip(" .'")
    return cut(plain, LENGTH) if re.search(r"[^\W\d_]", plain) and list(mask([name])) == [name] else None


def slug(name: str) -> str:
    """`name` as an id: lower case, words joined by `-`; letters of any script stay."""
    text = unicodedata.normalize("NFKC", name).lower()
    return re.sub(r"[^\w]+", "-", text).strip("-_")[:48]


_ASK = (
    "Below is the beginning of a prompt that an application sends to a language model, and the kind of task it is. "
    "Name the task in two to five words, as a colleague would call it. Answer with the name alone."
)


def ask_names(prompts: Mapping[str, str], *, url: str, model: str) -> dict[str, str]:
    """Names from a language model behind an OpenAI-compatible endpoint: key to name, for each prompt in `prompts`.

    Personal data is masked before it is sent; the key comes from the environment (`endpoints`). Raises BadInput where
    the endpoint does not answer: go on without by leaving `naming_model` empty.
    """
    import openai  # half a second that only those who ask pay

    from migration.audit.pii import mask

    url = read_address(url or OPENAI).base  # masked whatever the address says
    asked = client(url, key=key_for(url), timeout=60)
    names = {}
    for key, prompt in zip(prompts, mask(prompts.values()), strict=True):
        messages: Any = [{"role": "system", "content": _ASK}, {"role": "user", "content": prompt}]
        try:
            reply = asked.chat.completions.create(model=model, messages=messages, max_tokens=24, temperature=0)
            said = str(reply.choices[0].message.content or "")
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            raise BadInput(f"naming tasks with {model} at {url} failed: {error}"[:300]) from error
        if name := " ".join(_NOT_OF_A_NAME.sub(" ", said).split()).strip(" .'"):
            names[key] = name[:60]
    return names
