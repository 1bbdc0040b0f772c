"""Phone numbers by their structure, and digits that a word nearby calls a phone number.

A country's code, a trunk zero with groups or brackets speak for themselves; other digits count where the nearest word
before them, or the next one after them, speaks of phones and not of orders, products or sums.
Out of scope: numbers that Presidio's recogniser knows by their country (`finding`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SPACE = r"[ ().\-/–\u00a0\u202f]"
_LETTER = r"A-Za-zÀ-ɏͰ-ӿ_"  # letters of scripts that part words by spaces; others may touch a number
_CANDIDATE = re.compile(
    rf"(?<![{_LETTER}\d+#.,=&?-])(?<!\d{{3}} )[(]?\d(?:{_SPACE}{{0,3}}\d){{5,13}}"
    rf"(?![{_LETTER}\d%]|[-.,:/]\d|[ ]?[€$£¥₹₽]|-\w| \d{{3}})"
)
_INTERNATIONAL = re.compile(
    rf"(?<![\w+])(?:[(]?[+＋][ ]?\d{{1,3}}[)]?|(?<!\d )00[1-9]\d{{0,2}}{_SPACE})(?:{_SPACE}{{0,2}}\d){{6,13}}(?!\d)"
)
_TRUNK = re.compile(
    r"[(]?0\d{1,4}[)]?[ \-/.–\u00a0\u202f]{1,3}\d{2,8}(?:[ \-.–\u00a0\u202f]\d{2,4}){0,4}"  # 0171 392 4411
    r"|0[67]\d{8,9}|[6-9]\d{4}[ -]\d{5}"  # mobiles: 07733 020274 written together, 78185 62277
    r"|[2-9]\d{2}([ .-])\d{3}\1\d{4}"  # 303 555 0112
    r"|[(]0?\d{1,4}[)][ -]?\d{3,5}(?:[ -]?\d{2,5}){0,2}"  # (303) 555-0112
)
_SPOKEN = re.compile(r"(?<![\d,] )(?<![\w,.-])\d{3}, \d{3}, \d{4}(?![\w,]|[.-]\d)")
_MINE = (
    r"(?:my|our|his|her|their|the|meine?|unsere|mijn|ons|mitt?|min|vårt|mon|notre|ma|meu|nosso|mi|mio|nostro|mój"
    r"|nasz|můj|môj"
    r"|moj|мо[йи]|наш|мій|benim|numărul|το|제|내|私の|我的)[ ]?(?:new |other|neue |nye |nya |nový )?"
)
_SAYS = re.compile(
    r"code to\b|"
    r"phone(?!s\b)|ტელეფონ|მობილურ|ჩემი ნომერ|\btxt\b|\bmy line\b|\bmon num\b|richiam|telef|t[ée]l[ée]ph|fono\b"
    r"|(?<!\w)fone|\bt[ée]l\b|\btlf|\btfno?\b|\btlm|telpon|tālr|mobil|m[óo]vil|mobiel|celul"
    r"|\bcel\b|\bcell\b|kom[óo]r|\bkom\b|handy|natel|\bgsm\b|\bcep\b|puh(?:elin|\b)|hand ?phone|\bhp\b|\bwa\b"
    r"|wh?ats? ?app|viber"
    r"|wasap|guasap|watsap|wsp|\bwpp|\bzap\b|\bcelu|\bnumret|telegram|\bsignal\b|landline|fastnet|festnetz"
    r"|call ?back|hotline|switchboard|\bfax|faks|\bsms\b|\btexto?\b"
    r"|mpesa|\bcall(?!s\b)"
    r"|\bring\b|\bringa\b|\bdial|\breach\b|contact(?!s\b)|kontakt|contatt|\bbel\b|\bbellen|bereik|dzwo[nń]"
    r"|r[üu]ckruf|anruf"
    r"|ruf(?:en|t)?\b|erreich|appel|rappel|joindre|joign|chiam|ll[áa]m|m[áa]rca|\blig(?:ue|uem|ar|a)\b|escr[íi]b"
    r"|volejte|volajte"
    r"|zavol|nazov|pozov|zovite|sună|suna[țt]i|aray|\bara\b|hív|soit|tavoit|træffes|hringdu|\bsím|zvan|helist|skambin"
    r"|hubung|gọi|điện thoại|\bsđt\b|\bđt\b|nambari|\bsimu\b|тел|моб|звон|дзвон|обад|набер|τηλ|κινητ|καλ[έε]σ|טלפון"
    r"|נייד|פלאפון"
    r"|هاتف|جوال|موبايل|اتصل|تلفن|फ़?ोन|मोबाइल|ফোন|โทร|เบอร์|มือถือ|電話|携帯|連絡先|手机|手機|电话|致电|联系|聯絡|전화|휴대|핸드폰|연락처"
    rf"|\b{_MINE}(?:number|nummer|numer|n[úu]mero|num[ée]ro|num[ăa]r|номер|numara|broj|števil|szám|no\.?|nr\.?|번호|番号"
    rf"|号码)"
    r"|\bnumber['’]s|numeroni|telefonsz|numărul meu|αριθμός μου|রা? নম্বর|मेरा नंबर",
    re.I,
)
_SPOILS = re.compile(
    r"order|invoice|account|\bref\b|referen|reserv|booking|ticket|tracking|purchase|\bbill|\bcase\b|product|item"
    r"|flight|\bsku"
    r"|isbn|\bean\b|imei|serial|s/n|model|build|version|queue|voucher|coupon|barcode|batch|(?<!re)charge|amount"
    r"|price|total"
    r"|balance"
    r"|\bcost|bestel|rechnung|artikel|auftrag|kunden|konto|commande|facture|suivi|colis|pedido|factura"
    r"|encomenda|fatura"
    r"|ordine|fattura|zam[óo]wieni|przesyłk|faktur|beställ|ordre|vare|paket|pak[ek]|objedn|zásilk|narudž|naročil"
    r"|comand|colet"
    r"|rendel|számla|sipariş|kargo|pesanan|\bresi\b|đơn hàng|заказ|замов|поръчк|наруџб|παραγγελ|הזמנה|طلب|ऑर्डर"
    r"|คำสั่งซื้อ|注文"
    r"|订单|訂單|주문|\blot\b|\bpart\b|\bupc\b|gtin|chassis|licen[cs]e|policy|member|claim|meter|\bvat\b|\biban|\bid\b"
    r"|\bcode|\bkod|[#$€£¥₹]\s?\Z",
    re.I,
)
_AFTER = re.compile(
    r"[\s,)\]:=–-]{0,3}(?:(?:is|was|as|it['’]s|that['’]s|ist|es|est|è|to|for|по|the|on)\b\W{0,2}){0,3}", re.I
)
_ODD = re.compile(
    r"\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}(?!\d)|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d{2}|(?:19|20)\d{2} ?[-–/] ?(?:19"
    r"|20)\d{2}"
    r"|\d{1,3}(?:\.\d{1,3}){3}|\d{1,3}(?:\.\d{3})+|\d+\.\d+|\d{1,3}(?: \d{3}){0,3} 000"
    r"|[1-9]\d{3}[ -]\d{4}[ -]\d{4}(?:[ -]\d{4})?"
)
"""Dates, spans of years, addresses of the internet, sums, numbers with a point, and groups of four as on cards."""
NEAR, AHEAD = 48, 24
"""Characters before and after a number in which a word may say what it is."""


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Where phone numbers stand in `text`: (start, end) of each."""
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
        called = called_a_phone(text[max(0, start - NEAR) : start])
        trunk = digits >= 9 and _TRUNK.fullmatch(number) is not None
        if called or (called is None and (trunk or _says_after(text, end))):
            yield start, end


def _is_international(text: str, match: re.Match[str]) -> bool:
    """Two zeros may begin a serial number; a plus does not."""
    near = text[max(0, match.start() - NEAR) : match.start()]
    return not match[0].startswith("00") or called_a_phone(near) is not False


def called_a_phone(near: str) -> bool | None:
    """Whether the last word in `near` that says what a number is speaks of phones; null where none does."""
    near = near.rpartition("\n\n")[2]
    said, spoilt = _last(_SAYS, near), _last(_SPOILS, near)
    return said >= spoilt if max(said, spoilt) >= 0 else None


def _last(words: re.Pattern[str], near: str) -> int:
    """Where the last of `words` in `near` begins, -1 where there is none."""
    return max((match.start() for match in words.finditer(near)), default=-1)


def _says_after(text: str, end: int) -> bool:
    """Whether what follows a number calls it a phone: `... is my cell`, `... (mobile)`."""
    passed = _AFTER.match(text, end)
    at = passed.end() if passed else end
    found = _SAYS.search(text, at, at + AHEAD)
    if found is None or found.start() > at + 8 or text[found.end() : found.end() + 1] == "s":  # `1234567 calls`
        return False
    return "\n" not in text[end : found.start()]
