"""Where people's names stand in a text: by what announces them, and first names by what stands beside them.

A first name counts in small letters, too (`im tasha`, `soy marta`), yet never alone: a greeting, an introduction, a
closing or a line's end stands beside it. Out of scope: patterns of introductions (`introduced`), names (`given`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration.audit.pii.addresses.places import LETTERLESS
from migration.audit.pii.addresses.streets import BREAKS, SMALL
from migration.audit.pii.names.announced import announced, greets_an_office, may_be_announced, tokens
from migration.audit.pii.names.given import GIVEN
from migration.audit.pii.names.introduced import NAME_CUES, PARTICLE, introduced
from migration.audit.pii.words import STOP, UPPER, by_first_letter, table

_SAYS = by_first_letter(
    # who speaks
    r"i['’]?m|i am|iam|my names?|this is|this|it['’]?s|it is|me|hey its|here is|i go by|call me|myself|am"
    r"|ich bin['’]?s?|bin|hier ist|hier is|hier|da is|heiße|heisse|je suis|j['’]suis|chui|c['’]est|c|ici|moi"
    r"|yo soy|soy|habla|(?:te|le|les|os) escribe|aquí|acá|llamo|sono|io sono|qui|chiamo|sou|sou eu|aqui|aqui é"
    r"|fala|ik ben|ben|met|heet|jag är|det är|heter|jeg er|det er|hedder|olen|täällä|jestem|tu|tutaj|tady|jsem|som"
    r"|ja sam|ovdje|sunt|aici|én|vagyok|burası|είμαι|eimai|я|это|це|то|тук|аз съм|ja|зовут|звати|звуть"
    r"|أنا|انا|معك|معاك|معكم|اسمي|אני|מדברת?|כאן|קוראים לי|मैं|main|mai|saya|aku|ini|dengan|ako si|si|mimi ni|ni mimi"
    r"|tôi là|mình là|em là"
    # whom they met or speak for
    r"|spoke (?:to|with)|spoken (?:to|with)|talked (?:to|with)|speak (?:to|with)|chatted with|chat with|dealt with"
    r"|helped by|served by|name of|named|called|asked for|attn|cc|agent|rep|atendió|atendeu|agente|told|asked"
    r"|messaged|emailed|falo com o|falo com|falar com"
    r"|(?:wife|husband|partner|son|daughter|mother|father|mum|mom|dad|brother|sister|friend|roommate|flatmate"
    r"|colleague|boss|neighbou?r|aunt|uncle|cousin|grand(?:ma|pa|mother|father)|niece|nephew|girlfriend|boyfriend)"
    r"|(?:frau|mann|sohn|tochter|mutter|vater|bruder|schwester|kollegin|kollege|femme|mari|fils|fille|mère|père|esposa"
    r"|esposo|marido|hija|hijo|madre|padre|hermana|hermano|moglie|marito|figlia|figlio|filha|filho|mãe|pai|vrouw|zoon"
    r"|dochter|moeder|vader|żona|mąż|syn|córka)"
)
_CLOSES = by_first_letter(
    r"regards|thanks|thank you|thx|cheers|best|love|xoxo|xx?|ta|yours|sincerely|rgds|mvg|mvh|lg|vg|mfg|gr(?:ü"
    r"|ue)(?:ß|ss)e"
    r"|gru(?:ß|ss)|danke|saludos?|abrazo|gracias|atte|grazie|saluti|ciao|merci|cordialement|bises|bisous|abs|abraços?"
    r"|obrigad[oa]|att|pozdrawiam|pozdrav|kiitos|terveisin|t|groetjes|groeten|groet|hilsen|hälsningar|tack|tak|takk"
    r"|dankie|спасибо|дякую|уважением|ευχαριστώ|teşekkürler|شكرا|תודה|धन्यवाद"
    r"|hi|hello|hey|hiya|hola|hallo|salut|bonjour|oi|olá|hej|hei|cześć|ahoj|привет|dear|liebe[r]?|querid[oa]"
    r"|car[oa]|beste"
    r"|kære|kära|lieve|chère?"
    r"|geachte|merhaba"
)
_BESIDE = re.compile(
    rf"(?<![\w'’-])(?:(?P<says>{_SAYS})(?:[ \t]+(?:is|the|der|die|el|la|o|a|l['’]|late|older|é"
    rf"|er))?[ \t]?[,:]?[ \t]{{1,3}}"
    rf"|(?P<closes>{_CLOSES})[ \t]?[,.:!–-]{{0,3}}\s{{1,4}}[-–~]?[ \t]?)(?=(?P<first>[^\W\d_][\w'’-]+))",
    re.I,
)
_HERE = re.compile(
    r"(?:^|[,.!?]\s{0,3}|\n\s{0,3})(?P<first>[^\W\d_][\w'’-]+)(?:[ \t][^\W\d_][\w'’-]+)?[ \t](?:here|hier|her|här"
    r"|aquí|aqui|acá|ici"
    r"|speaking|calling|writing|again|qui|tady|tu|täällä|itt|burada|bol rah[ai]|heter ja?e?g|heiße ich"
    r"|mi chiamo|me llamo)"
    r"(?=[ \t]*(?:[,.!?;:–-]|\n|\Z)|[ \t](?:from|again|about|de|aus|from|with)\b)",
    re.I,
)
_SIGNED = re.compile(
    rf"(?:\n|(?<=\w{{3}})[.!?][ \t]+)[-–—~* \t]{{0,4}}(?P<first>[^\W\d_][\w'’-]+)(?:[ \t](?:[{UPPER}]\.?"
    rf"|[^\W\d_][\w'’-]+)){{0,2}}[ \t.!]*\Z"
)
_LAST = re.compile(rf"(?:[ \t]+(?:(?:{PARTICLE})[ \t]+){{0,2}}[{UPPER}][\w'’-]*\.?(?![\w@])){{1,3}}")
_LETTERLESS_LAST = re.compile(
    r"[ ](?!(?:من|في|على|عن|مع|عندي|جدا|و\w+|ب\w+|של|עם|אני|יש|על|लेकिन|को|से|का|की|के)(?!\w))"
    rf"(?:عبد[ ]|بن[ ])?(?=[{LETTERLESS}])\w{{2,20}}(?:[ ]ال\w{{2,20}})?"
)
_NO_LAST = (
    BREAKS | SMALL | table("her här hier aquí aqui acá ici qui tady tu täällä itt burada nochmal wieder weer igen")
)
"""Small words behind a first name that are no last name."""
_SMALL_LAST = re.compile(
    r"[ \t]+(?P<last>[^\W\d_][\w'’-]{2,20})(?=[ \t]*(?:[,.;!?\n]|\Z)|[ \t](?:and|from|here|again|und|aus|y|de|et|e|en"
    r"|i|n|è|es|ist|is)\b)"
)


_CLOSED = re.compile(
    r"(?:^|[.!?\n][ \t]?)(?:[\w'’]{1,14}[ \t]){0,2}(?:regards|thanks|thank you|thx|cheers|best|sincerely"
    r"|yours|danke|gr(?:ü|ue)(?:ß|ss)e"
    r"|gru(?:ß|ss)|mfg|lg|vg|mvh|mvg|saludos|gracias|saluti|grazie|merci|cordialement|abraços?|obrigad[oa]|pozdrawiam|hilsen"
    r"|hälsningar|terveisin|kiitos)[ \t]?[,.!–-]{0,3}[ \t]?\n{1,3}[ \t]?"
    r"(?P<name>[^\W\d_][\w.'’-]{0,20}(?:[ \t][^\W\d_][\w.'’-]{0,20}){0,2})[ \t.!]{0,3}\Z"
    r"|(?:^|[.!?\n][ \t]?)(?:gr(?:ü|ue)(?:ß|ss)e|gru(?:ß|ss)|lg|vg|mvh|mvg|saludos|pozdrawiam|hilsen"
    r"|hälsningar|terveisin|groetjes"
    r"|groeten)[ \t,]{1,2}(?P<alone>[^\W\d_][\w'’-]{2,20})[ \t.!]{0,3}\Z",
    re.I,
)


def may_name(text: str) -> bool:
    """Whether a name may stand in `text`: a quick look."""
    return _holds_first(text) or may_be_announced(text) or NAME_CUES.search(text) is not None


def names(text: str) -> Iterator[tuple[int, int]]:
    """Where people's names stand in `text`: (start, end) of each, which may overlap."""
    cued = NAME_CUES.search(text) is not None
    if cued:
        for pattern in introduced():
            for match in pattern.finditer(text):
                start, end = match.span(match.lastindex or 0)
                if not greets_an_office(text[start:end]):
                    yield start, end
        yield from _closed(text)
    if cued or may_be_announced(text):
        yield from (span for span in announced(text) if not greets_an_office(text[slice(*span)]))
    if _holds_first(text):
        yield from _first_names(text)


def _closed(text: str) -> Iterator[tuple[int, int]]:
    """What stands alone below a closing, in small letters, too."""
    for match in _CLOSED.finditer(text):
        said = match["name"] or match["alone"]
        if _NO_LAST.isdisjoint(re.findall(r"[^\W_]+", said.lower())) and not re.match(
            STOP.replace("(?!", "(?:", 1), said
        ):
            yield match.span("name" if match["name"] else "alone")


def _holds_first(text: str) -> bool:
    return not GIVEN.isdisjoint(tokens(text.lower()))


def _first_names(text: str) -> Iterator[tuple[int, int]]:
    for form in (_BESIDE, _HERE, _SIGNED):
        for match in form.finditer(text):
            start, end = match.span("first")
            if match["first"].lower().removesuffix("'s").removesuffix("’s") not in GIVEN:
                continue
            yield start, _end_of_name(text, end)


def _end_of_name(text: str, end: int) -> int:
    """Where a name ends whose first name ends at `end`."""
    if last := _LAST.match(text, end) or _LETTERLESS_LAST.match(text, end):
        return last.end()
    small = _SMALL_LAST.match(text, end)
    return small.end() if small and small["last"].lower() not in _NO_LAST else end
