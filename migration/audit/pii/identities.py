"""Numbers of people, cards and accounts: by their check digits, or behind a word that says what they are.

Check digits are `python-stdnum`'s, which knows those of some sixty countries. A form that is a country's own (brackets,
points, a date inside) counts anywhere where its check holds; other digits count behind the words of that country.
Out of scope: what Presidio's recognisers find besides (`finding`), phones (`phones`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from migration.audit.pii.words import BEGINS, CALLED_OTHERWISE, ENDS, NEAR, by_first_letter, called_otherwise

_SAYS_ID = (
    r"s\.?s\.?n|social security|social insurance|my social|\bs\.?i\.?n|\bi?tin|national insurance|\bnino|\bni (?:no"
    r"|number)"
    r"|tax (?:file|id|identification|payer)|\btfn|\bird|\bpps|\bpnr|(?:my|national|rsa|sa|personal) id"
    r"|identity (?:number"
    r"|card|no)"
    r"|driv(?:er['’]?s?|ing) licen[cs]e|voter id|a+dd?h+a+r|uidai|\bpan|permanent account|nhs|medicare|\bnric"
    r"|(?-i:FIN)|\bhkid"
    r"|steuer-?(?:id|identifikationsnummer|nummer)|idnr|personalausweis\w*|(?:sozial|renten|kranken)vers\w*"
    r"|\bsv-?n(?:umme)?r"
    r"|\bahv(?:-?nummer|-?nr)?|\bavs|num[ée]ro (?:national|de sécurité sociale|avs|fiscal)|\bniss|carte d['’]identité"
    r"|\bbsn|burgerservicenummer|sofi-?nummer|rijksregisternummer|\binsz|person-?nummer|samordningsnummer"
    r"|fødselsnummer\w*"
    r"|\bcpr(?:-?n(?:umme)?r)?|henkilötunnus|\bhetu|\bpesel|\bnip\b|dow[óo]d\w{0,5}|rodné číslo|\bcpf|\bcnpj|\brg\b"
    r"|\bnif|\bnie\b"
    r"|\bdni|\bcui[tl]|\bcurp|\brfc\b|\brut\b|(?-i:RUN)|c[ée]dula|contribuinte|número de (?:identidad|identificación"
    r"|la seguridad"
    r" social)|cartão de cidadão|codice fiscale|\bc\.?f\.|partita iva|t\.?c\.? kimlik\w*|\btckn|\bamka|\bafm\b"
    r"|\bcnp\b|\begn\b"
    r"|\bjmbg|\boib\b|\brrn\b|my number card"
    r"|n[°º]? ?(?:de )?s[ée]cu(?:rit[ée] sociale)?|\binsee\b|(?-i:NIR)|(?-i:NAS)|permis de conduire|(?-i:SPI)"
    r"|n[uú]m(?:ero)? fiscal"
    r"|führerschein\w*|ausweis\w*|versicherungsnummer|\bsvnr|steuernummer|rijbewijs\w*|identiteitskaart"
    r"|rijksregister\w*"
    r"|licen[cs]ia de conducir|carn[eé] de (?:conducir|identidad)|(?:mi|su|n[uú]mero de) (?:documento"
    r"|identificaci[oó]n)"
    r"|seguridad social|\bnuss\b|\bnss\b|clave (?:ine|de elector)|(?-i:INE)|\bruc\b|(?-i:NIT)|\bdpi\b|\bdui\b"
    r"|\bcnh\b|t[íi]tulo de eleitor"
    r"|carteira de (?:identidade|motorista)|\bpis(?:/pasep)?\b|\bniss\b|\bnus\b|\butente"
    r"|cart[aã]o de cidad[aã]o|\bbi\b(?= n)"
    r"|carta d['’]identità|tessera sanitaria|patente(?: di guida)?|p\.? ?iva|f[øo]dsels?-?(?:nr|nummer\w{0,2})"
    r"|personnr|d-nummer"
    r"|k[öo]rkort\w*|k[øo]rekort\w*|kennitala\w{0,2}|ajokort\w*|prawo jazdy|nr dowodu|regon|občansk\w+|op č"
    r"|rodn[ée] č(?:[íi]slo|\.)?"
    r"|řidičsk\w+|\bičo|\bdič|osobn[aáeiy] \w{3,9}|\bemšo|davčna(?: številka)?|osobna iskaznica|lična karta"
    r"|taj[- ]?szám\w*"
    r"|ad[óo]azonos[íi]t[óo]\w*|személyi\w*|buletin\w*|(?:nr\.? )?c\.?i\.? seria|isikukood\w*|personas kods"
    r"|asmens kod\w+"
    r"|\bинн\b|\bиин\b|снилс|паспорт\w{0,2}|\bегн\b|рнокпп|\bіпн\b|\bідн\b|αμκα|αφμ|α\.φ\.μ\.|αδτ"
    r"|ταυτότητ\w{1,2}|taftotita"
    r"|(?:tc )?kimlik\w*|ehliyet\w*|\bi\.?c\.?(?= (?:no|number|is|:|[A-Z\d]))|mykad|no\.? kp|\bktp|\bnik\b"
    r"|\bnpwp|(?-i:SSS)|philhealth"
    r"|pag-?ibig|\bumid|\bcccd|\bcmnd|căn cước|\bbvn|\bnin\b|kra pin|ghana card|huduma|emirates id|iqama|\bcnic"
    r"|\bnicop|(?-i:NID)"
    r"|passports?|pasaporte|passeport\w?|passaporto|passaporte|paspoort\w{0,6}|reisepass\w{0,7}|paszport\w{0,2}"
    r"|pass(?=[ -]?nr)"
    r"|pasaport\w{0,4}|pașaport\w{0,4}|pasas\b|putovnic\w|útlevél\w{0,6}|passi(?=n)|διαβατ[ηή]ρι\w{1,2}"
    r"|hộ chiếu|護照|护照|パスポート|旅券|여권"
    r"|(?:kranken)?versicherten\w*|krankenkassen\w*|krankenversich\w*|gesundheitskart\w*|egk\b|mutuelle"
    r"|assurance[- ]maladie|ramq|ohip"
    r"|health (?:card|insurance|number|id)|medical (?:card|number|record)|mrn\b|patient (?:id|no|number)|nhi\b"
    r"|chi number|hcn\b|carte vitale"
    r"|tarjeta sanitaria|cip\b|afiliaci[óo]n|seguro social|imss\b|issste|obra social|cart[aã]o (?:sus"
    r"|de sa[úu]de)|sns\b|zorgverzekering\w*"
    r"|zorgpas\w*|ubezpieczen\w*|zdravotn\w*|poist\w{3,8}|pojišt\w{3,8}|r\.? ?č\.?|biztosítási\w*|sigorta|sgk\b"
    r"|страхов\w*|полис\w*|омс\b"
    r"|(?<!\w)c\.?i\.?(?= (?:\d|n|es))|c\.? ?c\.?(?= \d)|(?<!\w)t\.?i\.?(?= \d)|cédula|documento|rg\b"
    r"|identificaci[óo]n|identificaç[ãa]o"
    r"|identificazione|identifikac\w*|identiteit\w*|ausländer\w*|aufenthalts\w*|titre de séjour|nie\b"
    r"|visa (?:no|number)|(?:i-?94|a)[ -]number"
    r"|utr\b|unique tax\w*|eori|self assessment|student (?:id|number)|matrikel\w*|personalnummer|employee (?:id"
    r"|number)|service number"
    r"|citizen(?:ship)? (?:id|no|number|card)|state id|resident (?:id|card|permit)|residence permit|green card"
    r"|alien number"
    r"|medicaid|\bmbi\b|(?-i:EIN)|(?-i:SDL)|driv(?:er['’]?s?|ing) (?:permit|number)|\bdl (?:no|number|#)"
    r"|licen[cs]e (?:no|number) is"
    r"|personal (?:number|code|no)|id (?:card|number|no)(?= (?:is|:)|:)|my id(?= (?:is|no|number|card)|:)"
    r"|(?-i:EPIC)|ration card|\buan\b"
    r"|身份证\w{0,2}|身分證\w{0,2}|マイナンバー|주민등록번호|주민번호|외국인등록번호|운전면허번호|여권번호"
    r"|ת\.?ז\.?|תעודת זהות|رقم (?:الهوية|الجواز)|आधार\w*|เลข(?:ที่)?(?:ประจำตัว|บัตร)(?:ประชาชน)?|บัตรประชาชน"
    r"|الرقم القومي|رقم الإقامة|مספר זהות|マイナ保険証|保険証番号|免許証番号"
)
_SUFFIX = r"(?:[ -]?(?:n(?:o|r|um\w{0,6}|[°º]|ro)?|id|code|kode|kod\w{0,2}|card|kort\w{0,2}|kaart|karte|č))?"
"""`number` behind the word, parted from it or not: PPSN, Ausweisnummer, AHV-Nr."""
_NO_DATE = (
    r"(?!\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d(?![\d./-])|(?:19|20)\d\d[./-]\d\d?[./-]\d\d?(?![\d-])"
    r"|\d{1,2}[.:]\d\d\b)"
)
_GAP = r"(?:[ ]?[-–][ ]?|[ ./])?"
_VALUES = (
    rf"(?=(?:[A-Z]{{0,6}}{_GAP}\d){{6}})[A-Z0-9](?:{_GAP}[A-Z0-9]){{5,19}}{ENDS}"
    rf"|(?=(?:[./-]?[A-Z]{{0,4}}[./-]?\d){{4}})[A-Z0-9](?:[./-]?[A-Z0-9]){{6,15}}{ENDS}"
    rf"|(?=(?:[a-z]{{0,4}}[./-]?\d){{5}})[a-z0-9](?:[./-]?[a-z0-9]){{6,17}}{ENDS}"
    rf"|(?=[A-Z]{{0,8}}\d[A-Z]{{0,8}}\d)[A-Z\d]{{8,12}}{ENDS}"
)
_PLATES = (
    r"(?:number |licen[cs]e |car |vehicle |guest )?plates?|(?:car |vehicle )?reg(?:istration|o)?|numberplate"
    r"|targa|placas?|patente|matr[íi]cula"
    r"|kenteken|nummerplaat|kennzeichen|autonummer|immatriculation|plaque(?: d['’]immatriculation)?|nr rej\w*"
    r"|rejestrac\w*|tablic\w{0,2}|spz|ečv"
    r"|(?:štátna |státní )?poznávac\w{1,3} značk\w|rendszám\w{0,4}|plaka\w{0,4}|reg(?:istrerings)?(?:nr|nummer)"
    r"|rekisterinumero|rekkari"
    r"|număr(?:ul)? de înmatriculare|înmatriculare|registarsk\w+|tablice|registrsk\w+|госномер\w{0,2}"
    r"|номер авто\w{0,6}|держномер|автомобил\w{1,3}"
    r"|πινακίδ\w{1,2}|αριθμός κυκλοφορίας|numéro de plaque|numero di targa|biển số|no\.? polisi|nopol"
    r"|plat nomor|plate no|車牌|车牌|車のナンバー|ナンバープレート"
    r"|차량번호|차 번호|ทะเบียน\w{0,4}|لوحة|מספר רכב"
)
_DRIVES = (
    r"parking|parked|car|cars|van|vehicle|fine|penalty|pcn|towed|clamped|toll|congestion|ulez|dart charge"
    r"|driv\w{1,3}|multa|ztl|sosta|auto|macchina"
    r"|coche|carro|voiture|péage|amende|stationnement|bußgeld|knöllchen|blitzer|samoch[óo]d\w{0,2}|mandat"
    r"|parkov\w{1,3}|estacionamento|estacionamiento"
)
_PLATE = (
    rf"(?=[A-Z\d -]{{0,9}}\d)(?=[\d -]{{0,6}}[A-Z])(?:[A-Z]{{1,3}}|\d{{1,4}})(?:[ -]?(?:[A-Z]{{1,3}}"
    rf"|\d{{1,5}})){{1,3}}{ENDS}"
)
_PLATE_FORM = (
    r"[A-Z]{2}\d{2}[ ]?[A-Z]{3}|[A-Z]{2}[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{4}|[A-Z]{2}[ -]?\d{3}[ -]?[A-Z]{2}"
    r"|[A-Z]{3}\d[A-Z]\d{2}|\d{2,3}-[A-Z]{1,2}-\d{1,6}"
    r"|\d-[A-Z]{3}-\d{3}"
    r"|[A-Z]{1,3}-[A-Z]{1,2}[ ]?\d{1,4}|\d{4}[ -]?[A-Z]{3}|\d[A-Z]{3}\d{3}"
)
"""Cars' numbers of Britain, Italy and France, Brazil, Ireland, Belgium, Germany, Spain, California."""
_NAMED = re.compile(rf"(?i:{BEGINS}{by_first_letter(_SAYS_ID)}{_SUFFIX}{ENDS})")
_BEHIND = re.compile(
    rf"(?:[はがのを은는이가是为為:： ]{{0,3}}|\W{{0,4}}(?:\w{{1,14}}\W{{1,4}}){{0,8}}?){_NO_DATE}({_VALUES})"
)
_AHEAD = re.compile(
    rf"(?<![\w.,#-]){_NO_DATE}({_VALUES})[ ,]{{0,2}}(?i:is|=|est|es|ist|é|è|to|är|er"
    rf"|\()[ ]?(?i:\w{{1,6}}[ ]){{0,2}}\Z"
)
_PLATED = re.compile(rf"(?i:{BEGINS}{by_first_letter(_PLATES)}{ENDS})\W{{0,4}}(?:\w{{1,8}}\W{{1,3}}){{0,3}}?({_PLATE})")
_DRIVEN = re.compile(rf"(?<![\w-])({_PLATE_FORM}){ENDS}")
_SAYS_DRIVEN = re.compile(rf"(?i:{BEGINS}{by_first_letter(_DRIVES)}{ENDS})")
_SPACED = re.compile(
    r"\b(?!000|666|9\d\d [0-6])\d{3}([ .])\d{2}\1\d{4}\b"  # 219 09 9999
    r"|\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b"  # AB 12 34 56 C
    r"|\b[12][ \t]?\d{2}[ \t]?(?:0[1-9]|1[0-2])[ \t]?\d[\dAB][ \t]?\d{3}[ \t]?\d{3}[ \t]?\d{2}\b"
)
"""Numbers in groups with spaces: American, British, French."""
_FORMS = {  # what a number looks like, digits as 0 and letters as A -> the checks of which one must hold
    "000000-0000": "se.personnummer dk.cpr is_.kennitala fi.hetu",
    "00000000-0000": "se.personnummer",
    "000000-000A": "fi.hetu",
    "000000A000A": "fi.hetu",
    "000000A0000": "fi.hetu",
    "000000/0000": "cz.rc",
    "000000/000": "cz.rc",
    "000000-00000": "lv.pvn",
    "000000-0000000": "kr.rrn",
    "000000-00-0000": "my.nric",
    "00.00.00-000.00": "be.nn",
    "000.0000.0000.00": "ch.ssn",
    "000.000.000-00": "",
    "0.000.000-0": "cl.rut",
    "00.000.000-0": "cl.rut",
    "0.000.000-A": "cl.rut",
    "00.000.000-A": "cl.rut",
    "00-00000000-0": "ar.cuit",
    "A0000000A": "es.nie",
    "A-0000000-A": "es.nie",
    "A-0000000A": "es.nie",
    "00000000A": "es.nif",
    "00000000-A": "es.nif",
    "000-00-0000": "us.ssn us.itin",
    "AA000000A": "",
    "0000000A": "ie.pps",
    "0000000AA": "ie.pps",
    "AAAAA0000A": "in_.pan",
    "AAAAAA00A00A000A": "it.codicefiscale",
    "AAAA000000AAAAAA00": "",
    "AAAA000000AAAAAAA0": "",
    "0-0000-00000-00-0": "th.pin",
    "00000-0000000-0": "pk.cnic",
    "0000000000000": "ro.cnp za.idnr si.emso",
    "000000000000000": "fr.nir",
    "000000000000000000": "cn.ric",
    "00000000000000000A": "cn.ric",
    "AAA-000000000-0": "",
    "000-0000-0000000-0": "",
    "000-000-000 00": "",
}
"""Forms that are a country's own, and digits whose check is hard to meet by chance."""
_PLAIN_FORMS = {
    "0000000000": "bg.egn se.personnummer",
    "00000000000": "pl.pesel no.fodselsnummer be.nn tr.tckimlik ee.ik lt.asmens gr.amka hr.oib br.cpf de.idnr",
    "000000000000": "in_.aadhaar",
}
"""Digits alone: their check must hold and something must call them a number."""
_TOKEN = re.compile(
    rf"{BEGINS}(?<![_.,+/#-])(?=[A-Za-z]{{0,6}}-?\d)[A-Za-z\d](?:[./-]?[A-Za-z\d]){{7,19}}{ENDS}(?![_/]|[.-]\w)"
)
_SHAPE = str.maketrans(dict.fromkeys("0123456789", "0") | {chr(c): "A" for c in (*range(65, 91), *range(97, 123))})
_CALLED = re.compile(r"(?:\b[A-Z]{2,6}|(?i:\b(?:no|nr|num\w{0,5}|n[°º]|id|kod|kód|code|#)))[ .:#]{1,3}\Z")


def national_ids(text: str) -> Iterator[tuple[int, int]]:
    """Where numbers of people stand in `text`: (start, end) of each."""
    for label in _NAMED.finditer(text):
        behind = _BEHIND.match(text, label.end())
        if behind and not called_otherwise(text, label.end(), behind.start(1)):
            yield behind.span(1)
        elif ahead := _AHEAD.search(text[: label.start()], max(0, label.start() - NEAR)):
            yield ahead.span(1)
    yield from (found.span(1) for found in _PLATED.finditer(text))
    for found in _DRIVEN.finditer(text):
        if _SAYS_DRIVEN.search(text, max(0, found.start() - NEAR), found.start()):
            yield found.span(1)
    yield from (found.span() for found in _SPACED.finditer(text))
    for found in _TOKEN.finditer(text):
        if _is_own_form(text, found):
            yield found.span()


def _is_own_form(text: str, found: re.Match[str]) -> bool:
    """Whether a number's form and check digits make it a person's."""
    shape = found[0].translate(_SHAPE)
    checks, near = _FORMS.get(shape), text[max(0, found.start() - NEAR) : found.start()]
    if checks is None:
        checks = _PLAIN_FORMS.get(shape)
        if checks is None or not _CALLED.search(near):
            return False
    if CALLED_OTHERWISE.search(near) or found[0].startswith(("201", "202")):  # a date and a serial number
        return False
    return not checks or any(_check(check).is_valid(found[0]) for check in checks.split())


@cache
def _check(name: str) -> Any:
    return import_module(f"stdnum.{name}")


_SAYS_CARD = (
    r"(?:(?:credit|debit|bank|atm|prepaid|payment|my|the|our|corporate|master|visa)[ -]?)card(?:s|['’]s)?"
    r"|\bcard(?= (?:no|number|num|nr|ending"
    r"|is|#|ko|:|\d))|card:|visa|mastercard|maestro|verve|amex|american express|rupay|discover|diners|unionpay"
    r"|jcb|mir\b|dankort"
    r"|girocard|(?:kredit|debit|giro|ec-?|bank)?[- ]?kart[eyęaiuoí]\w{0,3}|carte(?: bancaire| bleue"
    r"| de cr[ée]dit)?|\bcb\b|tarjeta"
    r"|cart(?:ão|ao)|carta(?: di credito)?|(?:bank)?pas(?:nummer)?|creditcard|kreditkort\w*|kortnummer"
    r"|\bkort\w{0,3}|kortti\w{0,4}|luottokort\w*"
    r"|bankkártya\w*|kártya\w{0,4}|cardul\w*|kart(?:ım|ımın)?|карт[аыуоі]\w{0,2}|κάρτα\w{0,2}|karta mou"
    r"|kartu(?: kredit)?|thẻ|kadi"
    r"|卡号|カード|카드|بطاقة|כרטיס|कार्ड"
)
_PAID = (
    r"(?:paid|pay|paying) (?:with|by|from|using)|charged (?:to|on)?|pagat[oa] con|pagu[ée] con|pagad[oa] con"
    r"|pagu?ei com|pay[ée]\w{0,2} avec"
    r"|(?:be)?zahlt? (?:mit|über)|betaald met|betald?\w{0,2} med|zapłac\w{2,4} (?:kartą)?|platil\w? \w{1,8}"
    r"|ödedim|оплат\w{1,4}"
)
_CARD_FORM = (
    r"[2-6]\d{3}([ .-]?)\d{4}\2\d{4}\2\d{4}(?:\2\d{1,3})?|3[47]\d{2}[ -]?\d{6}[ -]?\d{5}"
    r"|3[0689]\d{2}[ -]?\d{6}[ -]?\d{4}"
)
_CARD_NAMED = re.compile(
    rf"(?i:(?<![^\W_])(?:{by_first_letter(_SAYS_CARD)}"
    rf"|{_PAID}))[^\d\n]{{0,24}}?(?<!-){BEGINS}({_CARD_FORM})(?!-|[.,]\d){ENDS}"
)
_CARD = re.compile(rf"{BEGINS}(?<![.,+-])({_CARD_FORM})(?!-|[.,]\d){ENDS}")
_IBAN = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z\d]){11,30}(?![A-Za-z\d])")
_IBAN_NAMED = re.compile(
    r"(?i:\bIBAN\w{0,3}['’]?\w{0,3})\W{0,4}(?:\w{1,8}\W{1,3}){0,3}?([A-Z]{2}[ ]?\d{2}(?:[ -]?[A-Z\d]{1,4}){3,8})\b",
    re.I,
)


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand: behind a word, their check digit right or not, or digits whose check holds."""
    for found in _CARD_NAMED.finditer(text):
        if not called_otherwise(text, found.start(), found.start(1)):
            yield found.span(1)
    for found in _CARD.finditer(text):
        near = text[max(0, found.start() - NEAR) : found.start()]
        if _check("luhn").is_valid(re.sub(r"\D", "", found[1])) and not CALLED_OTHERWISE.search(near):
            yield found.span(1)


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Where account numbers with a country's code stand: their check holds, or a word calls them so."""
    for found in _IBAN.finditer(text):
        ends = [place for place in range(found.start() + 15, found.end() + 1) if text[place - 1].isalnum()]
        for end in reversed(ends):
            if not text[end : end + 1].isalnum() and _check("iban").is_valid(
                text[found.start() : end], check_country=False
            ):
                yield found.start(), end
                break
    yield from (found.span(1) for found in _IBAN_NAMED.finditer(text))
