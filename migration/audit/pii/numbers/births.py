"""Dates of birth: a date beside a word that says whose birth it was.

The words are looked for first, so that a text without one costs a glance; a date of a delivery or an order is left.
Out of scope: ages, and dates that nothing calls a birthday.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from migration.audit.pii.words import any_of, called_otherwise, folded

BORN = {
    "English": (
        "born, birth day*, birthday*, birth date*, birthdate*, date* of birth, d.o.b, dob*, b day, bday*, birth, "
        "born on, birthdt"
    ),
    "German": (
        "geb, geb.datum, geb dat, geboren*, *geburtsdatum*, geburtsdat, *geburtsdat*, geb am, gebore, "
        "geburtsjahr, jahrgang, *geburtstag"
    ),
    "Dutch and Afrikaans": (
        "*geboortedatum*, geb datum, geb.dat, verjaardag*, jarig, geboortedag, gebore, geboortedat, geboren op"
    ),
    "French": (
        "ne le, nee le, ne(e) le, nes le, ne en, nee en, ne au, nee au, date de naissance*, date naissance, "
        "naissance*, ddn, d.d.n, anniversaire*, date nais, dnaiss"
    ),
    "Spanish": (
        "naci, nacido*, nacida*, nacio, nacimos, fecha de nac*, fecha nac*, f.nac*, fec nac*, fec.nac*, fecnac*, "
        "f de nac*, fdn, nacimiento*, cumpleanos, nac, cumplo anos, data de naixement, naixement, jaio*, "
        "jaiotze*, data de nacemento"
    ),
    "Portuguese": (
        "nasci, nascido*, nascida*, nasceu, data de nasc*, data nasc*, dt nasc*, dtnasc*, d.nasc*, "
        "data do nasc*, nascimento*, aniversario*, nasc, dn, niver"
    ),
    "Italian": ("nato*, nata*, nati, data di nascita, data nascita, d.nascita, nascita*, compleanno*, data di nasc*"),
    "Nordic": (
        "fodd, fodd den, fodelsedatum*, fodelsedag*, fodelsear, foddes, fodt*, fodselsdato*, fodselsdag*, "
        "fodseldato*, f.dato, faeddur, faeddist, faedd*, faedingardag*, faddur, fadd, fadist, fadingardag*, "
        "fadingardagur, syntynyt, synnyin, syntymaaik*, syntymapaiv*, syntyi, s.aika, synt"
    ),
    "Polish": ("urodzon*, urodzi*, urodzil*, data ur*, data urodz*, ur, ur.dn, dat.ur, dnia urodzenia, d.ur, rocznik"),
    "Czech and Slovak": (
        "narozen*, narodil*, datum narozen*, datum nar*, dat nar, dat.nar, nar, naroden*, datum narodenia"
    ),
    "Hungarian": "szuletesi*, szulet*, szul, szul.ido*, szul ideje, szul dat*, szulinap*, szuletesnap*",
    "Romanian": "nascut*, data nasterii, data de nastere, data nast*, ziua de nastere, n.la",
    "Southern Slavic": (
        "rođen*, roden*, datum roden*, datum rojstva, rojen*, rojstn*, dat.rod*, d.rod, роден*, рожден*, рођен*, "
        "датум рођења, дата на раждане, рождена дата, датум на раѓање, роден на, роденден*"
    ),
    "Albanian and Baltic": (
        "datelindj*, lindur, i lindur, e lindur, kam lindur, sundinud, sunniaeg*, sunnikuupaev*, sundisin, "
        "dzimis*, dzimusi, dzim.dat*, dzimsanas*, dz.dat*, dz.d, gimes*, gimusi, gimimo*, gimiau, gim.data*, "
        "gim"
    ),
    "Greek": (
        "γεννηθηκ*, γεννησ*, γεννηθ*, ημερομηνια γεννησης, ημ γεννησης, ημ.γεννησης, ημ γεν*, γενεθλι*, "
        "γεννημεν*, gennithika, genniseos, gennisis, gennisi, genethlia, im gennisis"
    ),
    "Turkish and Azeri": (
        "dogum*, dogum tarih*, dogum gun*, dogdum, dogumlu*, d.tarih*, dogdu, dogulmus*, dogum tarixi*, "
        "anadan olmus*, təvəllüd*, dogulub"
    ),
    "Russian and Ukrainian": (
        "рожден*, родил*, родилс*, родилась, рожд, д.р, дата рожд*, др, г.р, год рожд*, родивс*, народи*, "
        "народжен*, дата народж*, д.н, народивс*, туған*, день рождения, tugilgan*, таваллуд"
    ),
    "Asia in Latin letters": (
        "lahir*, tarikh lahir*, tanggal lahir*, tgl lahir*, tgl.lahir*, ttl, kelahiran*, kaarawan*, "
        "ipinanganak*, kapanganakan*, birthday ko, sinh ngay, ngay sinh*, sinh nam, sinh ngay*, nam sinh, "
        "ngay thang nam sinh, sn, janam*, janm*, paidaish*, janma*, sinh"
    ),
    "Africa": (
        "nilizaliwa, amezaliwa, tarehe ya kuzaliwa, kuzaliwa, ojo ibi, aka bi mi, ranar haihuwa, "
        "usuku lokuzalwa, wazalwa"
    ),
    "India": ("जन्म*, जन्मतिथि*, जन्मदिन*, জন্ম*, জন্মতারিখ*, பிறந்த*, పుట్టిన*, જન્મ*, ਜਨਮ*, پیدائش*, تاریخ پیدائش*"),
    "Near East": (
        "تاريخ الميلاد*, الميلاد, تاريخ ميلاد*, ميلادي, ميلادى, مواليد*, ولدت*, مولود*, المولود*, תאריך לידה*, "
        "תאריך הלידה*, נולד*, ילידת, יליד, יום הולדת*, تاریخ تولد*, متولد*, تولد*, დაბადებ*, დავიბადე*, "
        "ծննդյան*, ծնվ*"
    ),
    "East Asia": (
        "生年月日*, 出生日期*, 出生年月*, 出生于, 出生於, 出生, 生日*, 誕生日*, 生まれ*, 생년월일*, 생일*, "
        "출생*, 태어난*, 태어났*"
    ),
    "Thai": "เกิด*, วันเกิด*, วันเดือนปีเกิด*, เกิดวันที่, ว/ด/ป เกิด",
}
_NO_MONTH = r"(?!(?i:over|and|und|or|to|from|the|hours?|minutes?|days?|weeks?|years?)\b)"
_MONTH = rf"(?:{_NO_MONTH}[^\W\d][^\s\d.,/():;\"=-]{{2,13}}\.?|\d{{1,2}}月)"
_YEAR = r"['’]?\d{2,4}(?![\d.,]\d)"
_DATE = re.compile(
    r"(?<![\d.,/-])(?:"
    r"(?:\d{4}|(?:明治|大正|昭和|平成|令和|民國|民国|[MTSHR])(?:\d{1,2}|元))[年.]\d{1,2}[月.]\d{1,2}日?"
    r"|\d{4}년 ?\d{1,2}월 ?\d{1,2}일|\d{2,4}[./-]\d{1,2}[./-]\d{2,4}"
    rf"|\d{{1,4}}[./ -] ?(?:\d{{1,2}}|{_MONTH})[./ ,-] ?['’]?\d{{2,4}}"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th|er|ro|º|ª|:e|\.)?[ -]?(?:(?:of|de|d['’]|of the|ng)[ ]?)?{_MONTH}"
    rf"[ -]?(?:(?:of|de|del|do|year|в|року|году)[ ])?,? ?{_YEAR}"
    rf"|{_MONTH} ?(?:the )?\d{{1,2}}(?:st|nd|rd|th)?,? {_YEAR}|{_MONTH} (?:de )?(?:19|20)\d{{2}}(?![./-]\d)"
    r"|\d{4}\.? ?(?:év )?[^\W\d]{3,12} \d{1,2}(?:-?[áaéeijn]{1,3})?"
    r"|(?:19|20)\d{6}|[0-3]\d[01]\d(?:19|20)\d\d|\d{2}[01]\d[0-3]\d|[0-3]\d[01]\d\d{2}"
    r")(?!\d)"
)
"""Days, months (in words or not) and years in any order, of the Japanese and the Buddhist calendar too."""
_BETWEEN = re.compile(r"(?:[^\s\d]{0,16}\s{1,2}){0,5}[^\s\d]{0,12}")
_ANOTHER = re.compile(
    r"\b(?:order|gift|ship|deliver|arriv|due|before|until|cake|party|present|gave|got|sale|promo|offer|discount|event|digital|archiv|release)",
    re.I,
)
_REACH = 56
_JOINS = re.compile(r"[\s,;()–-]{0,3}(?:(?:[^\W\d]{1,4}|birth)[\s.]{1,2}){0,3}")


_LETTER = re.compile(r"(?<!\w)b\.(?= \d)|(?<![\w*])\*(?=\d{1,2}\.\d{1,2}\.\d)|(?<=[日일])\s?[生생]")


@cache
def _says_born() -> re.Pattern[str]:
    return any_of(BORN)


def births(text: str) -> Iterator[tuple[int, int]]:
    """Where dates of birth stand in `text`: (start, end) of each."""
    for label in (*_says_born().finditer(folded(text)), *_LETTER.finditer(text)):
        found = _DATE.search(text, label.end(), label.end() + _REACH)
        if found and _leads_to(text, label.end(), found.start()):
            yield found.span()
            continue
        near = max(0, label.start() - _REACH)
        for ahead in _DATE.finditer(text, near, label.start()):
            if _JOINS.fullmatch(text, ahead.end(), label.start()):
                yield ahead.span()


def _leads_to(text: str, start: int, end: int) -> bool:
    return (
        _BETWEEN.fullmatch(text, start, end) is not None
        and not _ANOTHER.search(text, start, end)
        and not called_otherwise(text, start, end)
    )
