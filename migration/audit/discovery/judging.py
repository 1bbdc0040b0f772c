"""Whether a task judges what a model or an agent said: recognised by its instructions and its answers together.

Grades are found in any form (`graded`), but a number or a verdict in words (`4`, `fail`, `B`) is a grade only where the
instructions ask to judge an answer: counts, amounts and ratings that a customer gives look the same. The words for that
are read in the larger languages; where they say nothing, a stated scale (`4/5`, `[[7]]`) speaks for a grade.
Out of scope: which task that is, and grades of whole JSON fields (`behaviour` reads these).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

_JUDGED = (
    r"answers?|responses?|repl(?:y|ies)|outputs?|completions?|summar(?:y|ies)|translations?|drafts?|essays?|"
    r"assistant|chatbot|bot|agent|candidates?|antwort(?:en)?|zusammenfassung|réponses?|respuestas?|risposta|risposte|"
    r"respostas?|antwoord(?:en)?"
)
_TALKS = r"transcripts?|conversations?|dialog(?:ue)?s?|chats?|gespräch(?:e|s)?|conversación|conversazione|conversa"
_POINTS = (
    r"(?:the|this|that|these|an?|each|every|two|both|our|its|their|your|der|die|das|den|des|dieser?|zwei|la|le|les|cette|el|"
    r"las|los|esta|il|gli|questa|a|as|esta|het|de|following|given|below|candidate|\w+['’]s?)"
)
_OBJECT = (
    rf"(?:{_POINTS}\s+(?:[\w'’-]+\s+){{0,3}}(?:{_JUDGED}|{_TALKS})|(?:\w+\s+)?(?:answers|responses|replies|outputs))\b"
)
_SAYS = (
    r"judg\w*|grad(?:e|es|ing)|mark(?:s|ing)?|rat(?:e|es|ing)|scor(?:e|es|ing)|evaluat\w*|assess\w*|critique\w*|bewert\w*|beurteil\w*|"
    r"benot\w*|évalu\w*|not(?:e|ez)|jug(?:e|ez)|evalú\w*|evalua\w*|calific\w*|puntú\w*|valut\w*|giudic\w*|avali\w*|beoordeel\w*"
)
_LOOKS = r"review\w*|check\w*|verif\w*|audit\w*|compar\w*|prüf\w*|vergleich\w*|vérifi\w*|revis\w*"
_ASKS = r"does|did|is|are|was|were|which|how"
_GAP = r"(?:[^\s.!?\n]+\s+){0,8}?"
_ROLE = (
    r"(?:judge|grader|evaluator|examiner|assessor|quality\s+(?:analyst|reviewer|assurance|auditor)|prüfer|gutachter)"
)
_STRONG = re.compile(
    rf"\b(?:{_SAYS})\s+{_GAP}{_OBJECT}|\b(?:are|as|bist|sind|es|êtes)\s+(?:an?\s+|ein\w*\s+)?(?:[\w-]+\s+){{0,4}}{_ROLE}\b|"
    r"\brubric\b|评价|评估|评分|打分|採点|評価して|평가",
    re.I,
)
_QUALITY = (
    r"quality|helpfulness|accuracy|correctness|faithfulness|relevance|fluency|completeness|coherence|clarity|groundedness|"
    r"politeness|tone"
)
_WEAK = re.compile(
    rf"(?:\b(?:{_LOOKS})|(?:\A|[.!?:\n])\s*(?:{_ASKS})|\bwhether|\b(?:how|wie)\s+\w+(?=\s+(?:ist\s+|war\s+)?{_POINTS})|\b(?:{_QUALITY})\s+of)\s+{_GAP}{_OBJECT}|"
    rf"\bwhich\s+(?:{_JUDGED})\b|\b(?:model|ai|llm)(?:['’]s)?\s+(?:{_JUDGED})\b",
    re.I,
)
_AMOUNT = re.compile(
    r"\bhow\s+(?:many|much|long|old|often)\b|\bcount\w*|\bnumber\s+of\b|\b(?:total|sum|amount|quantit\w+|price|cost)\b|"
    r"\b(?:extract|find|list|predict|estimate|calculate|compute|convert|classify|fill)\b|\bwie\s*viele?\b|\banzahl\b|"
    r"\bcombien\b|\bnombre\s+de\b|\bcu[aá]nt[oa]s?\b|\bquant[ieo]\b|\bhoeveel\b|多少|几个|いくつ|몇",
    re.I,
)
_SCALE = re.compile(r"\d\s*/\s*\d|\[\[\s*\d|\bout\s+of\s+\d|[★⭐]", re.I)
_VERDICT_WORDS = """
pass fail passed failed passes fails correct incorrect wrong right partial partially acceptable unacceptable
accept reject good bad excellent great fair average poor terrible perfect faithful unfaithful grounded
ungrounded hallucinated hallucination supported unsupported compliant uncompliant violation noncompliant
satisfactory unsatisfactory better worse same first second tie win lose both neither a b c d e f a+ a- b+ b- c+ c- safe
unsafe helpful unhelpful relevant irrelevant met unmet ok okay bestanden durchgefallen richtig falsch gut
schlecht mangelhaft ausreichend befriedigend réussi échoué bien mal bon mauvais insuffisant aprobado suspenso
correcto incorrecto bueno malo promosso bocciato corretto sbagliato buono aprovado reprovado yes no true false y
n ja nein oui non si sí não nao nee 合格 不合格 正确 错误
"""
VERDICTS = frozenset(_VERDICT_WORDS.split())
MOST = 7
"""Words that a verdict may be one of."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_STARS = re.compile(r"[★⭐]+[☆✩]*")
_EDGE = re.compile(r"[^\W\d_][\w+-]*|\d+")
_DENIED = re.compile(r"\b(?:not\s+|non-)(?=[^\W\d_])")
_SIGNS = {"👍": " good ", "👎": " bad ", "✅": " pass ", "✔": " pass ", "❌": " fail ", "✗": " fail "}
SHORT = 240


def strength(instructions: str) -> int:
    """How plainly a prompt asks to judge an answer: 2 rate, grade, judge; 1 check, compare, is it; 0 not at all."""
    text = instructions[:8_000]
    return 2 if _STRONG.search(text) else 1 if _WEAK.search(text) else 0


def asks_amount(instructions: str) -> bool:
    """Whether a prompt asks for what is counted, computed or found, which numbers answer as well."""
    return _AMOUNT.search(instructions[:8_000]) is not None


def on_scale(answers: Sequence[str]) -> float:
    """Share of answers with a number on a stated scale: `4/5`, `[[7]]`, `3 out of 10`, stars."""
    return sum(_SCALE.search(answer[:SHORT]) is not None for answer in answers) / max(1, len(answers))


def graded(answers: Sequence[str]) -> float:
    """Share of short answers that are one form filled with numbers of a small scale: `Tone: 4, facts: 5`, `4/5 3/5`.

    0 where the numbers hardly vary, or the words around them do. Grades in JSON are read by field, not here.
    """
    forms: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for answer in answers:
        text = _STARS.sub(lambda m: str(len(m[0].rstrip("☆✩"))), answer.strip().lower())
        numbers = tuple(_NUMBER.findall(text)) if len(text) <= SHORT and text[:1] != "{" else ()
        if numbers:
            forms[_NUMBER.sub("#", text)].append(numbers)
    usual = [rows for rows in forms.values() if len(rows) >= 0.1 * len(answers)]
    sizes = {float(n.replace(",", ".")) for rows in usual for row in rows for n in row}
    varied = len({row for rows in usual for row in rows})
    one_form = max(map(len, usual), default=0) >= 0.6 * len(answers)
    if not one_form or varied < 3 or max(sizes) > 100:
        return 0.0
    return sum(map(len, usual)) / len(answers)


def found_in_input(answers: Sequence[str], inputs: Sequence[str]) -> float:
    """Share of answers with numbers whose numbers all stand in their own input, less the share for another input."""
    own = other = total = 0
    for place, answer in enumerate(answers):
        if numbers := _NUMBER.findall(answer[:SHORT]):
            total += 1
            own += all(n in inputs[place] for n in numbers)
            other += all(n in inputs[(place + len(answers) // 2 + 1) % len(answers)] for n in numbers)
    return (own - other) / total if total else 0.0


def verdicts(answers: Sequence[str], fields: Sequence[dict[str, list[str]]]) -> tuple[float, float]:
    """(share of answers with a verdict at one place, share of these verdicts that are words for one).

    A place is the beginning or the end of an answer or of one of its fields, where one of 2 to MOST words stands.
    fields: of each answer, as `behaviour.fields_of` gives them.
    """
    places: dict[str, Counter[str]] = defaultdict(Counter)
    for answer, found in zip(answers, fields, strict=True):
        for path, values in {**found, "": [answer]}.items():
            for value in values:
                words = _words(value[:80]), _words(value[-80:])
                if words[0] and words[1]:
                    places[f"{path} first"][words[0][0]] += 1
                    places[f"{path} last"][words[1][-1]] += 1
    best = (0.0, 0.0)
    for counts in places.values():
        usual = [(word, n) for word, n in counts.most_common(MOST) if n >= 0.02 * len(fields)]
        share = sum(n for _, n in usual) / len(fields)
        if len(usual) >= 2 and share >= 0.8:
            best = max(best, (min(1.0, share), sum(n for w, n in usual if w in VERDICTS) / sum(n for _, n in usual)))
    return best


def _words(text: str) -> list[str]:
    """Words of an answer, lower case, with what is denied as one word (`not met`, `non-compliant`: `unmet`,
    `uncompliant`) and signs as the words that they stand for."""
    text = "".join(_SIGNS.get(sign, sign) for sign in text.lower())
    return _EDGE.findall(_DENIED.sub("un", text))
