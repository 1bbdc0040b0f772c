"""Long tables of words as one pattern that is fast, and what numbers are called that are nobody's.

Out of scope: the words for what is personal (`names`, `addresses`, `numbers`, `credentials`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cache, lru_cache

OTHERS = (
    # orders, baskets, invoices, payments
    r"order|invoice|purchase|bestel|bestill|beställ|ordre|orden\b|auftrag|commande|pedido|compra|ordine|encomenda"
    r"|zakup|wp[łl]at|zam[óo]wieni|objedn|narudž|naruč|naročil"
    r"|comand|rendel|sipariş|siparis|pesanan|đơn hàng|заказ|замов"
    r"|поръчк|наруџб"
    r"|παραγγελ|parag+eli|הזמנה|طلب|ऑर्डर|คำสั่งซื้อ|注文|订单|訂單|주문|oda\b|rechnung|factu|fatura|fattur"
    r"|faktur|számla"
    r"|invoic|receipt|quittung|\btxn|transact|transak|transa[cç]|utr\b|\brrn\b|payment (?:id|ref)|amount|price"
    r"|total|balance"
    r"|\bcost|(?<!re)charge|voucher|coupon|gutschein|refund id"
    # parcels and who carries them
    r"|tracking|track\b|parcel|packa?ge|shipment|waybill|awb|consignment|sendung|paket|pak[ek]|colis|suivi"
    r"|envío|guía|guia\b"
    r"|rastre|seguimiento|spedizion|przesyłk|paczk|zásilk|colet|kargo|\bresi\b|delivery (?:no|num|ref)|docket"
    r"|\bdhl|\bups\b|\busps|fedex|\bgls\b|\bdpd|\bhermes|inpost|colissimo|royal mail|canada post|\bbrt\b"
    # what is sold, and what it says on it
    r"|item|product|produkt|producto|prodotto|produit|artikel|artículo|article|articolo|artigo|\bsku|isbn"
    r"|\bean\b|\bupc\b|gtin"
    r"|barcode|imei|serial|serien|seri[ea]|s/n|model|modèle|modelo|modell|build|version|firmware|batch|\blot\b"
    r"|\bpart\b"
    r"|chassis|\bvin\b|catalog|vare|varenr|warranty"
    # cases, bookings, references
    r"|ticket|\bcase\b|booking|reserv|\bref\b|r[eé]f[eé]ren|flight|flug|vuelo|\bvol\b|voo\b|train|\bpnr status"
    r"|queue|incident"
    r"|vorgang|aktenzeichen|dossier|reklamation|claim|confirmation n|protocol|chamado|\bjob\b|quote\b|angebot"
    r"|meter|zähler"
)
"""What numbers and codes are called that are no person's, in many languages: orders, parcels, products, cases."""
SPACED = r"A-Za-zÀ-ɏͰ-ԯ\d"
"""Letters of scripts that part words by spaces, and digits: in others a word may touch what is beside it."""
NEAR = 48
"""Characters around a number or a code in which a word may say what it is."""
BEGINS = ENDS = rf"(?<![{SPACED}](?=[{SPACED}]))"
"""Where a word begins and ends."""
CALLED_OTHERWISE = re.compile(OTHERS, re.I)
_PURPOSE = re.compile(
    r"\b(?:for|on|of|in|with|para|pour|für|per|voor|do|na|till|til|to|från|aus|del?|della"
    r"|da)\W{1,2}(?:\w{1,4}\W{1,2})?\Z",
    re.I,
)


def called_otherwise(text: str, start: int, end: int, but: str = "?") -> bool:
    """Whether a word between the two places makes what follows an order's or a product's, not what it is for.

    but: what may begin such a word and tell nothing here: a passport has a `seria`, too.
    """
    return any(
        not _PURPOSE.search(text, start, found.start())
        for found in CALLED_OTHERWISE.finditer(text, start, end)
        if not found[0].lower().startswith(but)
    )


@cache
def _plain_letters() -> dict[int, int | str]:
    """Letters of the Latin, Greek and Cyrillic scripts -> the small ones without their marks."""
    plain: dict[int, int | str] = dict(zip(range(65, 91), range(97, 123), strict=True))
    for code in (*range(0xC0, 0x530), *range(0x1E00, 0x2000)):
        letter = unicodedata.normalize("NFD", chr(code).lower())[:1]
        plain[code] = _NO_MARK.get(letter, letter)
    return plain | {0x130: "i", 0x2019: "'"}


_NO_MARK = dict(zip("ıłøđðßæœþς", "iloddsaotσ", strict=True))


@lru_cache(maxsize=8)
def folded(text: str) -> str:
    """`text` in small letters without accents, letter for letter: a word is found however it was typed."""
    return text.lower() if text.isascii() else text.translate(_plain_letters())


def any_of(*tables: dict[str, str]) -> re.Pattern[str]:
    """What finds each of the words of `tables` (language -> words parted by commas) in a folded text.

    In a word, `*` is what a longer word has there, a point may be left out (`s.s.n`), and a space is a sign or
    two, or nothing: `tax id` finds "tax-id" and "taxid".
    """
    words = {word.strip() for table in tables for said in table.values() for word in said.split(",")} - {""}
    whole = [_form(word) for word in sorted(words, key=len, reverse=True) if not word.startswith("*")]
    inside = [_form(word) for word in sorted(words, key=len, reverse=True) if word.startswith("*")]
    forms = [f"{BEGINS}{by_first_letter('|'.join(whole))}"] + ([by_first_letter("|".join(inside))] if inside else [])
    return re.compile(f"(?:{'|'.join(forms)}){ENDS}")


def _form(word: str) -> str:
    if word[-2:] > "\u0530":  # where no space parts words, or ends are no matter
        word = word.rstrip("*")
    form = re.escape(folded(word.removeprefix("*"))).replace(r"\ ", r"[ _./-]{0,2}").replace(r"\.", r"\.?")
    return form.replace(r"\*", r"[^\W\d_]{0,14}(?:'[^\W\d_]{1,4})?")


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


def table(*words: str) -> frozenset[str]:
    """The words of `words`, which spaces part."""
    return frozenset(" ".join(words).split())


UPPER = "".join(chr(c) for c in (*range(0x41, 0x530), *range(0x1E00, 0x1F00)) if chr(c).isupper())
STOP = (
    r"(?!(?:I|Care|Desk|Group|Online|Express|Direct|Solutions|Limited|Hub|Cent(?:er|re)|Let|Very|So|Not|Also|Just|Still|Now|The|This|That|My|Your|Our|It|Is|And|But|For|From|With|At|In|On|Of|To"
    r"|Please|Sorry|Happy|Sure|Unhappy|Looking|Trying|Writing|Having|Really|Always|Never|Ridiculous|American|British"
    r"|German|French|Spanish|Italian|Indian|Australian|Amazon|Google|Customer|Team|Support|Monday|Tuesday|Wednesday"
    r"|Thursday|Friday|Saturday|Sunday|How|What|When|Where|Why|Who|Can|Could|Would|Do|Does|Hello|Hi|Hey|Thanks|Thank"
    r"|Order|Sent|Best|Kind|Re|Subject|Dear|Service|Account|Manager|Department|Sales|Billing|Premium|Free|New|Windows"
    r"|Microsoft|Apple|Sir|Madam|Operations|Head|Director|Vice|President|Chief|Senior|Product|Business|Factura"
    r"|Producto|There|All|Everyone|Everybody|Folks|Guys|Friends?|Valued|Sirs?|Ma['’]?am|Madame|Monsieur"
    r"|Messieurs|Damen|Herren|Zusammen|Kund\w*"
    r"|Klant\w*|Client\w*|Señor(?:es|as)|Signori|Senhor(?:es|as)|Equip\w*|Soporte|Suporte|Servi\w*|Kundeserv\w*"
    r"|Kundtj\w*|Gr[uü](?:ß|ss)e?n?|Hilsen"
    r"|Groet\w*|Hälsning\w*|Reader|Member|User|Admin|Agent|Guest|Colleagues?|Committee|Hiring|Ltd|Inc|LLC|GmbH"
    r"|AG|BV|Corp|Company|Bank|Store|Shop"
    r"|Good|Great|Yes|No|Ok|Okay|Any|Some|We|You|They|He|She|As|If|After|Before|Since|Here|Country|City|World"
    r"|Tag|Morgen|Abend|Day|Morning|Evening"
    r"|Afternoon|Pozdrawiam|Państwo|Panie|Pane|Vážen\w*)\b)"
)
"""No name begins with these, though they may be written large."""
