"""Addresses that are found by what stands before them: `I live at`, `my address is`, `deliver to` in many languages.

Out of scope: what is an address wherever it stands (`places`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from migration.audit.pii.addresses.extents import clause, widened
from migration.audit.pii.addresses.places import (
    ADDRESSES,
    BUILDING,
    LETTERLESS,
    NAMED,
    NAMES_OF_STREETS,
    NUMBER,
    PLACE,
    STREETS,
    WHICH,
)
from migration.audit.pii.addresses.postal import ANCHORS, BEFORE, MAY_BE_POSTAL, POSTAL, QUARTER, TAIL
from migration.audit.pii.addresses.runs import may_be_run, runs
from migration.audit.pii.addresses.streets import BEFORE as LEADS
from migration.audit.pii.addresses.streets import HOUSES, REGIONS
from migration.audit.pii.addresses.tokens import words_of
from migration.audit.pii.words import UPPER, by_first_letter

_NOUNS = (
    r"address(?:[ _]?(?:line)?[ _]?\d)?|line ?1|street|addr|adress?[aei]?|adresse[nr]?|adresim|adresim?iz|adresom"
    r"|adresei|adres[ue]m?|adressen"
    r"|adresas|aadress|dirección|direccion|endereço|morada|indirizzo|domicilio|anschrift|osoit\w{1,8}"
    r"|lakc[íi]m\w{0,3}|c[íi]mem?"
    r"|bydlišt[ěe]|naslov|адрес\w{0,2}|διεύθυνση(?: μου)?|alamat|heimilisfang|địa chỉ|anwani|zustellung"
    r"|lieferadresse|domicile"
    r"|διεύθυνσ[ήη]\w? μου|διευθυνση(?: μου)?|dieythynsi(?: mou)?|seoladh|cyfeiriad|direcci[óo]|helbidea"
    r"|indirizzo|endereco"
    r"|住所|地址|주소|ที่อยู่|عنوان\w?|العنوان|כתובת\w?|पता|house number|(?:our|my) (?:house|home|flat|new place)"
    r"|(?:bezorg|levering|woon)adres"
)
_GOES_TO = (
    r"(?:deliver|ship|send|mail|post)(?:y|ping|ed)?(?: it)? to|consegna|spedizione|entrega|env[ií]o|livraison"
    r"|exp[ée]dition|lieferung|versand"
    r"|lieferort|levering|bezorging|leverans|dostawa|doručení|dodání|dostava|livrare|kiszállítás|teslimat"
    r"|gönderim|доставка"
    r"|αποστολή|παράδοση|apostoli|paradosi|διεύθυνσ[ήη]\w?|dieythynsi|dieuthinsi|toimitus|lokalizacja|wohnsitz"
    r"|wohnort|residenza|residencia"
    r"|residência|résidence|home|domicil\w{0,3}|domicili[ou]"
    r"|stra(?:ß|ss)e|(?<!\w)(?:calle|rue|voie|via|rua|vej)|logradouro|ulica|ulice|utca|katuosoite|gateadresse|gatuadress|straat"
    r"|улица|вулиця|οδός|cadde|sokak|strada|jalan"
)
"""Fields of forms; without a colon they may be anything."""
_IS = (
    r"[ \t]*(?:[:：=]|-[ \t])[ \t]*|[ \t]+(?:mea |meu |moja |nova |saya |tôi |új |nueva |[a-z]{1,5} )?(?:is|was"
    r"|will be|est|ist|lautet"
    r"|es|sono|is nu|är|er|on|je|jest|to|este|é|è|é na|adalah|là|yra|ir|ni|са?|це|είναι|הוא|હે)[ \t]+(?:now |at |in "
    r"|na |the )?"
    r"|は|是|는|은[ \t]?|[ \t]+(?=[\d{0}])"
)
_LIVES = (
    r"esto[uy] e[nm]|niko|queda en|fica n[ao]|befindet sich (?:in|an)|steht in|staat op|ligger (?:på|i)"
    r"|se trouve (?:au|à)|si trova in|znajduje się przy"
    r"|(?:live|lives|living|stay|staying|reside|residing|based|located) (?:at|on|in)|(?:i am|i['’]m|we are|we['’]re"
    r"|it['’]s) (?:at|on|in)"
    r"|(?:ship|send|deliver|mail|post|courier|return|forward|bring|drop)\w{0,4}(?: (?:it|them|this|that|everything"
    r"|my \w{3,9}|the \w{3,9}))?(?: off)? (?:to|at)|leave it at|now at|(?:should|must|has to|needs to|to) go to"
    r"|it to|ship[_ ]?to:?|moved (?:to|from|into)|goes to|over at"
    r"|we just bought|pick(?:ed)? (?:it |them )?up (?:at|from)"
    r"|soll an|wohnen?|wohnhaft|umgezogen|bitte|(?:liefer|schick|send|zustell)\w{0,4}(?: \w{2,5}){0,3} (?:an|nach|in)"
    r"|habit(?:e|ons)|réside|demeurant|(?:livrez|livrer|livré|expédi\w{1,3}|envoy\w{1,3}|emménagé"
    r"|déménagé)(?: \w{2,5})? ?(?:au|à|dans|chez)?"
    r"|viv(?:o|imos)|resid[eo]|(?:env[ií]\w{1,5}|mand\w{1,5}|entreg\w{1,4}|mudado)(?: \w{2,5})?|mor[oa](?:mos)?"
    r"|vivemos"
    r"|abit(?:o|iamo)|risied\w{1,2}|(?:spedi\w{1,4}|consegn\w{1,4}|trasferit\w)|woon(?:t)?|wonen|(?:lever|bezorg"
    r"|stuur)\w{0,4}(?: \w{2,6})?"
    r"|\bbor|\bbo[rs]?att|(?:send|lever|skick)\w{0,2}(?: \w{2,4})?|asun|asumme|toimit\w{1,5}|mieszka\w{1,3}"
    r"|zamieszkał\w|(?:wysł|wyśl|dostarcz|dostaw)\w{0,4}"
    r"|bydlí\w{1,2}|bývam\w{0,2}|(?:doruč|pošl|zašl)\w{1,4}|živi\w{1,3}|stanuj\w{1,3}|(?:dostav|pošalj"
    r"|isporuč)\w{1,5}|locui\w{1,3}|(?:livra|trimite)\w{0,3}"
    r"|lak(?:om|unk)|él(?:ek|ünk)|(?:szállíts|küldj)\w{1,4}|oturuyor\w{1,3}|ikamet|(?:gönder|teslim)\w{0,6}"
    r"|прожива\w{1,3}|жив[уіёе]\w{0,3}|мешкаю"
    r"|(?:достав|отправ|надіш|пришл)\w{1,6}|живея|μένω|κατοικώ|(?:στείλ|παραδ)\w{1,6}|dzīvoju|gyvenu|elan|tinggal"
    r"|kirim(?:kan)?|hantar"
    r"|sống|ở|住在|住んで|naishi|أسكن|(?:גר|גרה)|my mother at"
)
_SOFT = (
    r"(?:(?:a|at|in|an|am|au|à|al|la|el|los|las|na|no|de|der|dem|den|die|das|het|op|aan|via|l['’]|on|to|(?-i:the)|u"
    r"|v|ve|pe|di|ke|på|til|till"
    r"|i|ul\.|στ\w{1,3}|по|на|у|в|adrese|adresi|naar|do|pod|w|ad)[ \t]+){0,3}"
)
_CUE = re.compile(
    rf"(?:(?<![^\W_])(?P<noun>(?:\w{{0,14}}[ _-]?)?(?:{_NOUNS}))(?:{_IS.replace('{0}', UPPER)})"
    rf"|(?<!\w){by_first_letter(_LIVES)}[ \t]+){_SOFT}",
    re.I,
)
_NOTE = r"(?:[ \t]?(?:[/&+,]|und|et|y|e)[ \t]?(?:[^\W\d_]{1,16}|[nN]°)\.?)?(?:[ \t]?\([^()\n:]{1,30}\))?"
"""What a form says of a field behind its name: `Straße/Hausnr.`"""
_FIELD = re.compile(
    rf"(?<![^\W_])(?:\w{{0,14}}[ _-]?)?(?:{_NOUNS}|(?P<goes>{_GOES_TO}))(?:[ \t]\w{{1,12}}){{0,3}}?{_NOTE}[ \t]*\Z",
    re.I,
)
_VALUE = re.compile(
    r"[:：=][ \t]*(?:(?P<line>[^\s?!;:{}\"'<][^\n?!;:{}\"'<@]{5,120}?)"
    r"(?=[.!]?[ \t]*(?:\n|\Z)|[.!?][ \t]|[;\"'<{}]|,? (?:and|thanks|please)\b"
    r"|,[ ](?-i:[^\W\d_A-Z]{3,30})(?!\.?[ \t]+\d))"
    r"|\n(?P<lines>[^\n?!;:@]{3,60}(?:\n(?!(?:many |best |kind )?(?:thanks|regards)|mit "
    r"|cordial)[^\n?!;:@]{3,60}){0,5}))",
    re.I,
)
_DIGIT, _LETTERS, _CAPITAL = re.compile(r"\d"), re.compile(r"[^\W\d_]{3}"), re.compile(rf"[{UPPER}{LETTERLESS}]\w")
_TOKEN = (
    rf"(?:[{UPPER}\d#(№{LETTERLESS}][\w'’/#°º.-]{{0,30}}:?|[a-zà-žа-яα-ω]{{1,4}}\.|(?:no:?|nr:?|no\.|nr\.|n°|č\.|d\."
    rf"|kv\.|д\.|кв\.|буд\.|ет\.|вх\.|корп\.|et\.|bl\.|ap\.|sc\.|imm\."
    rf"|bus|bte|apt\.?|flat|piso|depto|edif\.|bât\.|esq\.?|de|del|la|las|los|el|y|e|do|da|dos|das|di|van|von|der|den"
    rf"|of|d['’]\w+|le|les|du|des)(?!\w))"
)
_PHRASE = re.compile(rf"(?:{_TOKEN}|(?i:{BUILDING})[ \t]{WHICH})(?:,?[ \t]+{_TOKEN}|,[ \t]*{_TOKEN}){{0,9}}")
_BEHIND = (
    re.compile(r"\d{1,5}[A-Za-z]?(?:[/-]\d{1,4})?,?(?:[ \t]+[A-Z0-9][\w'’-]{0,30}){1,5}"),
    re.compile(rf"{NAMED}(?:[ \t]+{_TOKEN}){{0,4}}?,?[ \t]+{NUMBER}{PLACE}"),
    re.compile(rf"(?:[A-Z][\w'’-]{{1,20}},?[ \t]+){{1,5}}(?:{NAMES_OF_STREETS})\b"),
    re.compile(rf"(?i:{BUILDING})[ \t]{WHICH},?(?:[ \t]+[A-Z0-9][\w'’-]{{0,30}}){{1,5}}"),
)
_LOWER = re.compile(rf"\d{{1,5}}[A-Za-z]?[ \t]+(?:[a-z]{{2,20}}[ \t]){{1,3}}(?:{STREETS})\b", re.I)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_NO_PLACE = re.compile(
    rf"(?:(?:{_MONTHS})[a-z]{{0,6}}|order|ticket|account|invoice|item|case|booking|version|step|page|error|route"
    r"|platform|store)\b"
    r"|\d{1,3}(?:\.\d{1,3}){3}|\S{0,64}@|https?:",
    re.I,
)
_INSIDE = re.compile(r"(?:room|table|gate|level|floor|\d (?-i:[A-Z])\w+(?![ \t]+(?-i:[A-Z0-9])))\b", re.I)
"""Where somebody is in a building, and `3 Customers`: no address, unless an address was announced."""
_WHEN = re.compile(
    rf"(?:{_MONTHS})[a-z]{{0,6}}\.?,?[ \t]\d|"
    r"\b(?:since|by|before|after|until|till|for|within|from|in|on|at|seit|bis|ab|um|depuis|avant|après|en|desde"
    r"|hasta|dal|entro"
    r"|sinds|voor|sedan|siden|od|do|с|до|от|из|at|around|about)[ \t]+(?:\w{1,9}[ \t]+)?\d|\d[ \t]?(?:am|pm|uhr|h\d\d"
    r"|%)|\d:\d\d",
    re.I,
)
_SAID = re.compile(r"[:：=]|\b(?:is|was|ist|lautet|est|es|è|é|är|er|on|je|jest|to|este|adalah|là)\b|[はが는은]", re.I)
_REFERS = re.compile(r"(?:number|ref|nr|code|id|no)\W{1,3}\d{4,}|(?<!\d)\d{6,}", re.I)
_MARKS = LEADS | HOUSES
_HOUSE_NUMBER = re.compile(r"(?<![\w.])\d{1,6}[A-Za-z]?(?:[/-]\w{1,4})?(?![\w%])")
_HOUSE_ALONE = re.compile(r"\d{1,4}[A-Za-z]?,")
_STREET_BEFORE = re.compile(
    rf"(?<![\w'’.-])[{UPPER}][\w'’.-]{{2,30}}(?:[ \t][{UPPER}][\w'’.-]{{1,30}}){{0,2}}["
    rf" \t]\Z"
)
"""A number and a comma: the street's name stands before it."""
REACH = 120
"""Characters before what was found of an address in which it may begin."""
_OTHER = re.compile(r"(?:e-?mail|mail|mac|ip|web|wallet|wrong|url|memory|bitcoin)[ _-]?\w{0,5}\Z", re.I)


def addresses(text: str) -> list[tuple[int, int]]:
    """Where addresses stand in `text`: (start, end) of each, what touches or overlaps taken together."""
    postal = MAY_BE_POSTAL.search(text) is not None
    spans = [match.span() for form in (*ADDRESSES, *(POSTAL if postal else ())) for match in form.finditer(text)]
    spans += [*_announced(text), *_in_forms(text), *(runs(text) if may_be_run(text) else ())]
    whole = _joined((_widened(text, *span) for span in spans), text)
    codes = (match.span() for anchor in ANCHORS for match in anchor.finditer(text)) if postal else ()
    for start, end in codes:
        wide = _widened(text, start, end)
        if wide[0] < start and not any(a <= start < b for a, b in whole):
            whole.append(wide)
    return _joined(whole, text)


def _joined(spans: Iterable[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """`spans` in their order, what touches or overlaps taken together."""
    whole: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if whole and start <= whole[-1][1] + 2 and not text[whole[-1][1] : start].strip(" ,"):
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole


def _widened(text: str, start: int, end: int) -> tuple[int, int]:
    """An address with what belongs to it before and behind what was found."""
    behind = QUARTER.match(text, end)
    end = behind.end() if behind else end
    tail = TAIL.match(text, end)
    before = BEFORE.search(text, max(0, start - REACH), start)
    start = before.start() if before else start
    street = _STREET_BEFORE.search(text, max(0, start - REACH), start) if _HOUSE_ALONE.match(text, start) else None
    return widened(text, street.start() if street else start, tail.end() if tail else end)


def _announced(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses stand behind words that say so."""
    for cue in _CUE.finditer(text):
        at = cue.end()
        if _NO_PLACE.match(text, at):
            continue
        if cue["noun"] and not _OTHER.search(text, max(0, cue.start() - 8), cue.end("noun")):
            phrase = _LOWER.match(text, at) or _PHRASE.match(text, at)
            if phrase and len(phrase[0]) > 3 and _is_place(phrase[0]):
                yield at, phrase.end()
                continue
        for form in () if _INSIDE.match(text, at) else _BEHIND:
            found = form.match(text, at)
            if found and not _WHEN.search(text, at, found.end() + 4):
                yield found.span()
                break
        else:
            said = clause(text, at)
            if (
                said
                and not _WHEN.search(text, at, said[1] + 4)
                and _tells(text[slice(*said)], named=bool(cue["noun"] and _SAID.search(cue[0])))
            ):
                yield said


def _tells(said: str, *, named: bool) -> bool:
    """Whether a clause behind an announcement is an address: with a number and a name; named: "address" was said."""
    if _INSIDE.match(said) or len(said) < 8:
        return False
    numbered, capital = _HOUSE_NUMBER.search(said) is not None, _CAPITAL.search(said) is not None
    marks = sum(word.small in _MARKS and word.capital for word in words_of(said))
    regions = any(word.small in REGIONS and word.capital for word in words_of(said)) and said.count(",") > 1
    if (marks > 1 or regions) and capital and "," in said:
        return True
    return numbered and capital if named else numbered and capital and "," in said and not _REFERS.search(said)


def _in_forms(text: str) -> Iterator[tuple[int, int]]:
    """Where a form's field says that it holds an address: the rest of its line, or the lines below."""
    for value in _VALUE.finditer(text):
        said = value["line"] or value["lines"]
        if not _DIGIT.search(said) or not _LETTERS.search(said) or _NO_PLACE.match(said) or _WHEN.search(said):
            continue
        noun = _FIELD.search(text, max(0, value.start() - 40), value.start())
        if noun and noun["goes"] and not _CAPITAL.search(said):
            continue
        if noun and "@" not in said and not _OTHER.search(text, max(0, noun.start() - 8), noun.end()):
            yield value.span("line" if value["line"] else "lines")


def _is_place(phrase: str) -> bool:
    """Whether what an address is said to be can be one: a number or a street's word in it, and no time."""
    if _WHEN.search(phrase):
        return False
    return (
        any(map(str.isdigit, phrase)) or bool(re.search(rf"[ ,](?:{STREETS})\b", phrase, re.I)) or phrase.count(",") > 0
    )
