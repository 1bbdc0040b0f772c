"""Phone numbers by their structure, and digits that a word nearby calls a phone number.

A country's code, a trunk zero with groups or brackets speak for themselves; other digits count where the nearest word
before them, or the next one after them, speaks of phones and not of orders, products or sums.
Out of scope: numbers that Presidio's recogniser knows by their country (`finding`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration.audit.pii.words import NEAR, OTHERS

_SPACE = r"[ ().\-/–\u00a0\u202f]"
_LETTER = r"A-Za-zÀ-ɏͰ-ӿ_"  # letters of scripts that part words by spaces; others may touch a number
_CANDIDATE = re.compile(
    rf"(?<![{_LETTER}\d+#&?-])(?<!\d[.,])(?<!\d{{3}} )[(]?\d(?:{_SPACE}{{0,3}}\d){{5,13}}"
    rf"(?![{_LETTER}\d%]|[-.,:/]\d|[ ]?[€$£¥₹₽]|-\w| \d{{3}})"
)
_INTERNATIONAL = re.compile(
    rf"(?<![\w+])(?:[(]?[+＋][ ]?\d{{1,3}}[)]?|(?<!\d )00[1-9]\d{{0,2}}{_SPACE})(?:{_SPACE}{{0,2}}\d){{6,13}}(?!\d)"
)
_TRUNK = re.compile(
    r"[(]?0\d{1,4}[)]?[ \-/.–\u00a0\u202f]{1,3}\d{2,8}(?:[ \-.–\u00a0\u202f]\d{2,4}){0,4}"  # 0171 392 4411
    r"|0[1-9]\d{8,9}|[6-9]\d{4}[ -]\d{5}"  # 07733020274 written together, 78185 62277
    r"|[2-9]\d{2}([ .-])\d{3}\1\d{4}"  # 303 555 0112
    r"|[(]0?\d{1,4}[)][ -]?\d{3,5}(?:[ -]?\d{2,5}){0,2}"  # (303) 555-0112
)
_SPOKEN = re.compile(
    r"(?<![\d,] )(?<![\w,.-])(?:area code )?\d{3}, \d{3}[, -]{1,2}\d{4}(?![\w,]|[.-]\d)"
    r"|\barea code \d{3}[, ]{1,2}\d{3}[ -]\d{4}\b"
)
DIGIT_WORDS = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple|cero|uno|una|dos|tres|cuatro|cinco|seis|siete"
    "|ocho|nueve|zéro|un|deux|trois|quatre|cinq|sept|huit|neuf|null|eins|zwei|zwo|drei|vier|fünf|sechs|sieben|acht"
    "|neun|due|tre|quattro|cinque|sei|sette|otto|nove|um|dois|três|quatro|sete|oito|meia|nul|een|twee|drie|vijf|zes"
    "|zeven|negen"
)
_IN_WORDS = re.compile(
    rf"\b(?:(?:{DIGIT_WORDS})[ ,.-]{{1,3}}){{6,15}}(?:{DIGIT_WORDS})\b"
    rf"|\b(?:(?:{DIGIT_WORDS})[ ,.-]{{1,3}}){{3,6}}(?:\d{{2,4}}[ ,.-]{{1,3}}){{0,2}}\d{{3,4}}\b",
    re.I,
)
"""`five one two, four four seven, zero one nine three`"""
_WORDS, _PARTS = frozenset(DIGIT_WORDS.split("|")), str.maketrans(",.-", "   ")
_EXTENSION = re.compile(
    r"[ ,]{0,2}\(?(?:ext(?:ension|n|\.)?|x|poste|int(?:erno|\.)|durchwahl|dw\.?|ramal|anexo|toestel|tst\.?"
    r"|anknytning|доб\.?"
    r"|wew\.?|klapka|linka|dahili)[. :]{0,2}\d{1,5}\)?(?![\w-])",
    re.I,
)
_MINE = (
    r"(?:my|our|his|her|their|the|meine?|unsere|mijn|ons|mitt?|min|vårt|mon|notre|ma|meu|nosso|mi|mio|nostro|mój"
    r"|nasz|můj|môj"
    r"|moj|мо[йи]|наш|мій|benim|numărul|το|제|내|私の|我的)[ ]?(?:new |other|neue |nye |nya |nový )?"
)
_SAYS = re.compile(
    r"code to\b|(?:^|[\n|;•·]|, )[ \t]{0,4}[OTMPCFHWDotmpcfhwd][.:)|]{1,2}[ \t]{0,3}\Z"
    r"|\n[ \t]{0,4}[TMFPtmfp][ \t]{1,3}\Z|"
    r"phone(?!s\b)|dialer|do not call|ტელეფონ|მობილურ|ჩემი ნომერ|\btxt\b|\bmy line\b|\bmon num\b|richiam|telef"
    r"|t[ée]l[ée]ph|fono\b"
    r"|(?<!\w)fone|\bt[ée]l\b|\btlf|\btfno?\b|\btlm|telpon|tālr|mobil|m[óo]vil|mobiel|celul"
    r"|\bcel\b|\bcell\b|kom[óo]r|\bkom\b|handy|natel|\bgsm\b|\bcep\b|puh(?:elin|\b)|hand ?phone|\bhp\b|\bwa\b"
    r"|wh?ats? ?app|viber"
    r"|wasap|guasap|watsap|wsp|\bwpp|\bzap\b|\bcelu|\bnumret|telegram|\bsignal\b|landline|fastnet|festnetz"
    r"|call ?back|hotline|switchboard|\bfax|faks|\bsms\b|\btexto?\b"
    r"|msisdn|e\.?164|mpesa|\bcall(?!s\b)"
    r"|\bring\b|\bringa\b|\bdial|\breach\b|contact(?!s\b)|kontakt|contatt|\bbel\b|\bbellen|bereik|dzwo[nń]"
    r"|r[üu]ckruf|anruf"
    r"|ruf(?:en|t)?\b|erreich|appel|rappel|joindre|joign|chiam|ll[áa]m|m[áa]rca|\blig(?:ue|uem|ar|a)\b|escr[íi]b"
    r"|volejte|volajte"
    r"|zavol|nazov|pozov|zovite|sună|suna[țt]i|aray|\bara\b|hív|soit|tavoit|træffes|hringdu|\bsím|zvan|helist|skambin"
    r"|hubung|gọi|điện thoại|\bsđt\b|\bđt\b|nambari|\bsimu\b|тел|моб|звон|дзвон|обад|набер|τηλ|κινητ|καλ[έε]σ|טלפון"
    r"|נייד|פלאפון"
    r"|هاتف|جوال|موبايل|اتصل|تلفن|फ़?ोन|मोबाइल|ফোন|โทร|เบอร์|มือถือ|電話|携帯|連絡先|手机|手機|电话|致电|联系"
    r"|聯絡|전화|휴대|핸드폰|연락처"
    r"|\bbuzz\b|\bbell\b|\bshout\b|\bping me|hit me up|hmu\b|get (?:hold of|through to)|my digits|best number"
    r"|\btelp|kontak|oddzwo"
    r"|\b(?:work|home|house|office|desk|direct|evenings?|daytime|fixe|fijo|fixo|fisso|vast|zuhause|privat\w?"
    r"|dienstlich|büro|bureau"
    r"|domicile|casa|trabajo|trabalho|ufficio|kantoor|kontor|praca|práce|iş|ev|jobb?)\b[^\w\n]{0,3}(?:is|ist"
    r"|est|es|è|é|er|är|tel)?"
    r"[^\w\n]{0,3}\Z"
    rf"|\b{_MINE}(?:number|nummer|numer|n[úu]mero|num[ée]ro|num[ăa]r|номер|numara|broj|števil|szám|no\.?|nr\.?"
    rf"|번호|番号"
    rf"|号码)"
    r"|\bnumber['’]s|numeroni|telefonsz|numărul meu|αριθμός μου|রা? নম্বর|मेरा नंबर",
    re.I,
)
_SPOILS = re.compile(
    rf"{OTHERS}|account|kunden|konto|cuenta|conta\b|licen[cs]e|polic[ey]|member|\bvat\b|\biban|\bid\b|\bcode|\bkod"
    r"|[#$€£¥₹]\s?\Z",
    re.I,
)
_AFTER = re.compile(
    r"[\s,)\]:=–-]{0,3}(?:(?:is|was|as|it['’]?s|that['’]?s|this|ist|das|es|est|c['’]est|è|é|is|det|är|er|to|for"
    r"|по|the|on|on|my|our|mein"
    r"|mi|mon|mijn|meu|mio|mitt?|ang|yung)\b\W{0,2}){0,4}",
    re.I,
)
_ODD = re.compile(
    r"\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}(?!\d)|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d{2}|(?:19|20)\d{2} ?[-–/] ?(?:19"
    r"|20)\d{2}"
    r"|\d{1,3}(?:\.\d{1,3}){3}|\d{1,3}(?:\.\d{3})+|\d+\.\d+|\d{1,3}(?: \d{3}){0,3} 000"
    r"|[1-9]\d{3}[ -]\d{4}[ -]\d{4}(?:[ -]\d{4})?"
)
"""Dates, spans of years, addresses of the internet, sums, numbers with a point, and groups of four as on cards."""
_NUMBER = re.compile(
    r"(?<!\w)(?:number|nummer|num[ée]ro|n[úu]mero|numer|num[ăa]r|номер|numara|numarası|broj|číslo|szám|número"
    r"|nomor|no|nr|num)(?!\w)",
    re.I,
)
"""What may be a phone's where nothing else is spoken of."""
_REGIONS = ("US", "MX", "IN", "IT", "ES", "FR", "PL", "PT", "BR", "CO", "AR", "CL", "CN", "RU", "TR")
"""Countries of which numbers are written without a zero before them, too."""
AHEAD = 40
"""Characters after a number in which a word may say what it is."""


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Where phone numbers stand in `text`: (start, end) of each, with their extension."""
    for start, end in _numbers(text):
        more = _EXTENSION.match(text, end)
        yield start, more.end() if more else end


def may_be_spoken(text: str) -> bool:
    """Whether a text holds three different words for digits: a quick look."""
    return len(_WORDS.intersection(text.lower().translate(_PARTS).split())) >= 3


def spoken(text: str) -> Iterator[tuple[int, int]]:
    """Where numbers of seven digits and more stand in words: (start, end) of each."""
    if may_be_spoken(text):
        yield from (match.span() for match in _IN_WORDS.finditer(text))


def _numbers(text: str) -> Iterator[tuple[int, int]]:
    whole = [match.span() for match in _INTERNATIONAL.finditer(text) if _is_international(text, match)]
    yield from whole
    yield from (
        match.span() for match in _SPOKEN.finditer(text) if called_a_phone(text[: match.start()][-NEAR:]) is not False
    )
    for match in _CANDIDATE.finditer(text):
        number, (start, end) = match[0], match.span()
        digits = sum(letter.isdigit() for letter in number)
        if digits < 7 or _ODD.fullmatch(number) or any(a < end and start < b for a, b in whole):
            continue  # of seven digits and more anywhere
        near = text[max(0, start - NEAR) : start]
        called = called_a_phone(near)
        if called or (called is None and (_speaks_for_itself(number, digits, near) or _says_after(text, end, number))):
            yield start, end


def _speaks_for_itself(number: str, digits: int, near: str) -> bool:
    """Whether digits that nothing calls a phone are written as one, or are called a number and dialled somewhere."""
    if digits < 9 or digits > 13:
        return False
    return _TRUNK.fullmatch(number) is not None or (_NUMBER.search(near) is not None and _is_dialled_somewhere(number))


def _is_dialled_somewhere(number: str) -> bool:
    """Whether a country's plan has `number`, dialled from within it, or with its country's code before it."""
    import phonenumbers  # Presidio's: half a second to import

    digits = "".join(letter for letter in number if letter.isdigit())
    tried = [(digits, region) for region in _REGIONS] + [(f"+{digits}", None)]
    for said, region in tried:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(said, region)):
                return True
        except phonenumbers.NumberParseException:  # no number there: the next country is asked
            continue
    return False


def _is_international(text: str, match: re.Match[str]) -> bool:
    """Two zeros may begin a serial number; a plus does not."""
    near = text[max(0, match.start() - NEAR) : match.start()]
    return not match[0].startswith("00") or called_a_phone(near) is not False


_PHONE_SIGN = re.compile(
    r"(?i:(?<=call back )|(?<=callback )|(?<=phone )|(?<=cell )|(?<=mobile )|(?<=phone)|(?<=cell))#\s?\Z"
)
"""Of a phone's number, not an order's."""


def called_a_phone(near: str) -> bool | None:
    """Whether the last word in `near` that says what a number is speaks of phones; null where none does."""
    near = _PHONE_SIGN.sub("", near.rpartition("\n\n")[2])
    said, spoilt = _last(_SAYS, near), _last(_SPOILS, near)
    return said >= spoilt if max(said, spoilt) >= 0 else None


def _last(words: re.Pattern[str], near: str) -> int:
    """Where the last of `words` in `near` begins, -1 where there is none."""
    return max((match.start() for match in words.finditer(near)), default=-1)


def _says_after(text: str, end: int, number: str) -> bool:
    """Whether what follows a number calls it a phone: `... is my cell`, `... (mobile)`, `... from your dialer`."""
    passed = _AFTER.match(text, end)
    at = passed.end() if passed else end
    found = _SAYS.search(text, at, at + AHEAD)
    if found is None or "\n" in text[end : found.start()] or _SPOILS.search(text, end, found.start()):
        return False
    if text[found.end() : found.end() + 1] == "s" and found.start() < at + 4:  # `1234567 calls`
        return False
    return found.start() <= at + 8 or (len(number) > 8 and _is_dialled_somewhere(number))
