"""Patterns of what Presidio does not know: identity numbers, dates of birth, cards that it takes for none.

What is a number anywhere counts behind a word that says what it is, in the languages of the countries that use it.
Every pattern is linear on any text, or is run on windows of bounded length (`finding`).
Out of scope: numbers with check digits (Presidio's recognisers), phones, names and addresses
(`phones`, `names`, `places`), keys and passwords (`secrets`).
"""

from __future__ import annotations

import re

from migration.audit.pii.words import by_first_letter

_SAYS_ID = (
    r"s\.?s\.?n|social security|social insurance|my social|\bs\.?i\.?n|\bi?tin|national insurance|\bnino|\bni (?:no"
    r"|number)"
    r"|tax (?:file|id|identification|payer)|\btfn|\bird|\bpps|(?:my|national|rsa|sa|personal) id|identity (?:number"
    r"|card|no)"
    r"|driv(?:er['’]?s?|ing) licen[cs]e|voter id|aadhaa?r|\bpan|permanent account|nhs|medicare|\bnric|(?-i:FIN)|\bhkid"
    r"|steuer-?(?:id|identifikationsnummer|nummer)|idnr|personalausweis\w*|(?:sozial|renten)versicherungs\w*"
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
    r"|\bинн\b|снилс|паспорт\w{0,2}|\bегн\b|рнокпп|\bіпн\b|\bідн\b|αμκα|αφμ|α\.φ\.μ\.|αδτ|ταυτότητ\w{1,2}|taftotita"
    r"|(?:tc )?kimlik\w*|ehliyet\w*|\bi\.?c\.?(?= (?:no|number|is|:|[A-Z\d]))|mykad|no\.? kp|\bktp|\bnik\b"
    r"|\bnpwp|(?-i:SSS)|philhealth"
    r"|pag-?ibig|\bumid|\bcccd|\bcmnd|căn cước|\bbvn|\bnin\b|kra pin|ghana card|huduma|emirates id|iqama|\bcnic"
    r"|\bnicop|(?-i:NID)"
    r"|citizen(?:ship)? (?:id|no|number|card)|state id|resident (?:id|card|permit)|residence permit|green card"
    r"|alien number"
    r"|medicaid|\bmbi\b|(?-i:EIN)|(?-i:SDL)|driv(?:er['’]?s?|ing) (?:permit|number)|\bdl (?:no|number|#)"
    r"|licen[cs]e (?:no|number) is"
    r"|personal (?:number|code|no)|id (?:card|number|no)(?= (?:is|:)|:)|my id(?= (?:is|no|number|card)|:)"
    r"|(?-i:EPIC)|ration card|\buan\b"
    r"|身份证\w{0,2}|身分證\w{0,2}|マイナンバー|주민등록번호|주민번호"
    r"|ת\.?ז\.?|תעודת זהות|رقم (?:الهوية|الجواز)|आधार\w*|เลขบัตรประชาชน"
)
_ID_VALUE = r"((?=(?:[A-Z]{0,6}[ ./-]?\d){6})[A-Z0-9](?:[ ./-]?[A-Z0-9]){5,19})\b"
NATIONAL_IDS = (
    re.compile(
        r"(?i:\b(?:passport|pasaporte|passeport|passaporto|passaporte|paspoort|reisepass|paszport"
        r"|pass nr)\w{0,6})\W{0,3}"
        r"(?:\w{1,8}\W{1,3}){0,3}((?=[A-Z]*\d)[A-Z0-9]{7,9})\b"
    ),
    re.compile(
        rf"(?i:\b{by_first_letter(_SAYS_ID)}(?:-?n(?:umm?er\w{{0,2}}|r"
        rf"|o))?(?!\w))\W{{0,4}}(?:\w{{1,10}}\W{{1,3}}){{0,4}}?{_ID_VALUE}"
    ),
    re.compile(r"(?i:\bPAN\b|permanent account)[^\w]{0,4}(?:\w{1,8}[^\w]{1,3}){0,4}([A-Z]{5}\d{4}[A-Z])\b"),
    re.compile(r"\b[12][ \t]?\d{2}[ \t]?(?:0[1-9]|1[0-2])[ \t]?\d[\dAB][ \t]?\d{3}[ \t]?\d{3}[ \t]?\d{2}\b"),
    re.compile(
        r"(?i:codice fiscale|\bC\.?F\.?)\W{0,4}(?:\w{1,3}\W{1,3}){0,2}([A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z])\b"
    ),
    re.compile(r"\b756\.\d{4}\.\d{4}\.\d{2}\b|\b\d{3}\.\d{3}\.\d{3}-\d{2}\b|\b[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d\b"),
)
"""The last line: AHV, CPF and CURP, which look like nothing else."""

_MONTH = r"(?:[^\W\d]{3,12}\.?|\d{1,2}月)"
_DATE = (
    r"(?:\d{1,4}[./ -] ?(?:\d{1,2}|[^\W\d]{3,9}\.?)[./ -] ?\d{2,4}"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th|er|ro|º|\.)?(?: (?:of|de|d['’]))? {_MONTH}(?: (?:of|de|del))?,? \d{{4}}"
    rf"|{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?,? \d{{2,4}}|\d{{8}}|{_MONTH} (?:de )?(?:19|20)\d{{2}}"
    r"|\d{4}\. ?(?:év )?[^\W\d]{3,12} \d{1,2}|\d{4}年\d{1,2}月\d{1,2}日|\d{4}년 ?\d{1,2}월 ?\d{1,2}일)"
)
_SAYS_BORN = (
    r"born|birth[ _-]?(?:day|date)|b['’]?day|bday|dates?[ _]of[ _]birth|d\.?[ _/]?o\.?[ _/]?b\.?|\bgeb\.?"
    r"|geb\.?[ -]?(?:datum|dat\.)"
    r"|geboren|geburts(?:tag|datum)\w{0,2}|geboortedatum|verjaardag|jarig|née?(?:\(e\))?|date de naissance"
    r"|naissance|ddn"
    r"|anniversaire|nac[ií](?:d[oa]|mos)?|naci[óo]|fecha (?:de )?(?:nac\.?|nacimiento)|f\. ?nac\.?"
    r"|f\.? de nac\.?|nacimiento"
    r"|cumpleaños|nat[oa]|data di nascita|nascita|compleanno|nascid[oa]|nasci|nasceu|data de nasc(?:imento|\.)"
    r"|dt\.? nasc\w*"
    r"|nascimento|anivers[áa]rio|naixement|född|född?elsedatum|f[öo]delsedag|födelsedatum|f[øo]dt|fødselsdato"
    r"|fødselsdag"
    r"|fæddur?|fædd|syntynyt|synnyin|syntymäaika\w*|syntymäpäivä\w*|urodz(?:on[ya]|iłem|iłam|eni[ae])"
    r"|data ur(?:odzenia|\.)"
    r"|ur\.|narozen[aáýí]?|narodil[ao]?|datum narození|dat\. nar\.|nar\.|narodeni(?:a|ny)|dátum narodenia"
    r"|rođen[ao]?|datum rođenja"
    r"|rojen[ao]?|datum rojstva|született(?:em)?|szül(?:etési|\.)(?: ?(?:dátum\w*|idő\w*|ideje))?"
    r"|n[ăa]scut[ăa]?|data na[sș]terii"
    r"|doğum(?: tarihim?| günüm)?|doğdum|doğumlu|dogum tarihim?|рожден\w{0,4}|родил(?:ся|ась)|роден[аи]?"
    r"|родився|народи\w{2,6}"
    r"|народження|рођен[а]?|γεννήθηκα|γέννησης?|γεννηθ\w{2,4}|gennithika|genniseos|gennisis|sündinud"
    r"|sünni\w{4,8}|dzimu?š?i?s?|gim\w{1,4}"
    r"|gimimo|lahir|tarikh lahir|tanggal lahir|tgl lahir|kaarawan|ipinanganak|sinh(?: ngày)?|ngày sinh"
    r"|nilizaliwa|tarehe ya kuzaliwa"
    r"|gebore|janam|जन्म\w*|জন্ম\w*|เกิด|生年月日|出生\w{0,2}|生日|誕生日|생년월일|생일|تاريخ الميلاد|תאריך לידה|נולד\w?"
)
_REVERSE = (
    r"geboren|born|született|syntynyt|doğumlu\w{0,3}|doğdum|(?:is|was|['’]s) (?:my|his|her|the) (?:birthday|dob"
    r"|date of birth|birth"
    r" date)|(?:ist|war) mein (?:geburtstag|geburtsdatum)|생|生まれ|出生"
)
BIRTHDATES = (
    re.compile(
        rf"(?i:(?<![^\W_]){by_first_letter(_SAYS_BORN)}(?!\w)|(?<!\w)b\.(?= \d))"
        rf"[^\w\n]{{0,6}}(?:(?!for\b|order|gift|ship|deliver|arriv|due\b|before\b"
        rf"|until\b)[^\W\d]{{1,9}}[^\w\n]{{1,3}}){{0,3}}?({_DATE})(?!\d)",
    ),
    re.compile(rf"(?<!\w)({_DATE})[ ,(-]{{0,3}}(?:{_REVERSE})", re.I),
)
EMAILS = (
    re.compile(
        r"\b[\w.+-]{1,64} ?[\[(](?:at|AT)[\])] ?[\w-]{1,64}(?: ?(?:[\[(](?:dot|DOT)[\])]|\.) ?[\w-]{1,24}){1,3}"
    ),
    re.compile(r"\b[\w.+-]{1,64} at [\w-]{1,64}(?: dot [\w-]{2,24}){1,3}\b"),
)

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
CARDS = (
    re.compile(
        rf"(?i:(?<![^\W_]){by_first_letter(_SAYS_CARD)})[^\d\n]{{0,24}}?(?<![\w-])"
        r"([2-6]\d{3}([ -]?)\d{4}\2\d{4}\2\d{4}(?:\2\d{1,3})?|3[47]\d{2}[ -]?\d{6}[ -]?\d{5})(?![\w-]|[.,]\d)"
    ),
)
"""Numbers that a word calls a card's, their check digit right or mistyped."""
