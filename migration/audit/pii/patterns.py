"""Patterns of what Presidio does not know: identity numbers, dates of birth, keys and passwords.

What is a number anywhere counts behind a word that says what it is, in the languages of the countries that use it.
Every pattern is linear on any text, or is run on windows of bounded length (`finding`).
Out of scope: numbers with check digits (Presidio's recognisers), phones, names and addresses
(`phones`, `names`, `places`).
"""

from __future__ import annotations

import re

_SAYS_ID = (
    r"s\.?s\.?n|social security|social insurance|my social|\bs\.?i\.?n|\bi?tin|national insurance|\bnino|\bni (?:no"
    r"|number)"
    r"|tax (?:file|id|identification|payer)|\btfn|\bird|\bpps|(?:my|national|rsa|sa|personal) id|identity (?:number"
    r"|card|no)"
    r"|driv(?:er['’]?s?|ing) licen[cs]e|voter id|aadhaa?r|\bpan|permanent account|nhs|medicare|\bnric|\bfin\b|\bhkid"
    r"|steuer-?(?:id|identifikationsnummer|nummer)|idnr|personalausweis\w*|(?:sozial|renten)versicherungs\w*"
    r"|\bsv-?n(?:umme)?r"
    r"|\bahv(?:-?nummer|-?nr)?|\bavs|num[ée]ro (?:national|de sécurité sociale|avs|fiscal)|\bniss|carte d['’]identité"
    r"|\bbsn|burgerservicenummer|sofi-?nummer|rijksregisternummer|\binsz|person-?nummer|samordningsnummer"
    r"|fødselsnummer\w*"
    r"|\bcpr(?:-?n(?:umme)?r)?|henkilötunnus|\bhetu|\bpesel|\bnip\b|dow[óo]d\w{0,5}|rodné číslo|\bcpf|\bcnpj|\brg\b"
    r"|\bnif|\bnie\b"
    r"|\bdni|\bcui[tl]|\bcurp|\brfc\b|\brut\b|\brun\b|c[ée]dula|contribuinte|número de (?:identidad|identificación"
    r"|la seguridad"
    r" social)|cartão de cidadão|codice fiscale|\bc\.?f\.|partita iva|t\.?c\.? kimlik\w*|\btckn|\bamka|\bafm\b"
    r"|\bcnp\b|\begn\b"
    r"|\bjmbg|\boib\b|\brrn\b|my number card"
)
_ID_VALUE = r"((?=(?:[A-Z]{0,6}[ ./-]?\d){6})[A-Z0-9](?:[ ./-]?[A-Z0-9]){5,19})\b"
NATIONAL_IDS = (
    re.compile(
        r"(?i:\b(?:passport|pasaporte|passeport|passaporto|passaporte|paspoort|reisepass|paszport"
        r"|pass nr)\w{0,6})\W{0,3}"
        r"(?:\w{1,8}\W{1,3}){0,3}((?=[A-Z]*\d)[A-Z0-9]{7,9})\b"
    ),
    re.compile(
        rf"(?i:\b(?:{_SAYS_ID})(?:-?n(?:umm?er\w{{0,2}}|r"
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

_MONTH = r"(?:[^\W\d]{3,10}\.?)"
_DATE = (
    r"(?:\d{1,4}[./ -](?:\d{1,2}|[^\W\d]{3,9}\.?)[./ -]\d{2,4}"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th|er|\.)?(?: (?:of|de))? {_MONTH}(?: (?:of|de))?,? \d{{4}}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{8}}|{_MONTH} (?:19|20)\d{{2}})"
)
BIRTHDATES = (
    re.compile(
        r"(?i:\b(?:born(?: on| in)?|birth[ _-]?(?:day|date)|geb\.|syntymäaika\w*|datum narození|fecha de nac\."
        r"|date[ _]of[ _]birth|d\.?o\.?b\.?|geboren(?: am| op)?"
        r"|geboortedatum"
        r"|geburts(?:tag|datum)|née? le|date de naissance|nac[ií](?:d[oa])?(?: el)?|fecha de nacimiento|nat[oa] il"
        r"|data di nascita|nascid[oa](?: em)?|nasci em|data de nascimento|född|födelsedatum|født|fødselsdato|fødselsdag"
        r"|urodzon[ya]|data urodzenia|syntynyt|narozen[aá]?|doğum tarihi(?:m)?)(?!\w)|\bb\.(?= \d))"
        rf"[^\w\n]{{0,6}}(?:\w{{2,4}} ){{0,2}}?({_DATE})(?!\d)"
    ),
    re.compile(rf"\b({_DATE}) (?:geboren|born|született)\b"),
)
EMAILS = (
    re.compile(
        r"\b[\w.+-]{1,64} ?[\[(](?:at|AT)[\])] ?[\w-]{1,64}(?: ?(?:[\[(](?:dot|DOT)[\])]|\.) ?[\w-]{1,24}){1,3}"
    ),
    re.compile(r"\b[\w.+-]{1,64} at [\w-]{1,64}(?: dot [\w-]{2,24}){1,3}\b"),
)
_SAYS_SECRET = (
    r"pass(?:word|code|phrase|wort|ord(?:et)?)?|pwd?|pw|kennwort|mot de passe|contraseña|clave secreta|senha"
    r"|palavra-passe"
    r"|wachtwoord(?:en)?|lösenord(?:et)?|adgangskode[n]?|kodeord(?:et)?|salasana|hasło|heslo|jelszó|parol[aă]"
    r"|şifre(?:m)?"
    r"|(?:client|app|shared|account)?[_ -]?secret(?:[_ -]?(?:key|access[_ -]?key))?|(?:api|access|auth"
    r"|private|secret|account)[_ -]?key|sessionid|session[_ -]?id"
    r"|(?:access|auth|refresh|bearer|session|api|bot)?[_ -]?token|aws_secret_access_key|credential"
)
_IS = r"(?:is|ist|lautet|es|est|è|é|was|['’]s|will be|är|er|on|to|mitt er|mit er)"
_CHARS = r"[^\s\"'`,;<>{}]"
_END = r"(?=[\"'`,;<>{}\s]|[.!?](?:\s|\Z)|\Z|&)"
_NO_VALUE = (
    r"(?!(?:required|reset|string|optional|null|none|true|false|invalid|expired|forgotten|incorrect"
    r"|wrong|missing|here|your|"
    r"the|please|change\w*|protected|not|and|number|text|type)\b)"
)
_STRONG = rf"[\"'`]?((?={_CHARS}*[\dA-Z!$%&#@*+=/_-]){_CHARS}{{6,200}}?){_END}"
_ANY = rf"[\"'`]?({_NO_VALUE}{_CHARS}{{5,200}}?){_END}"
_MIXED = rf"((?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z\d]{{6,64}}){_END}"
_SAYS_CODE = (
    r"pin(?:[ -]?(?:code|kode|number))?|cvv2?|cvc|otp|pass ?code|(?:security|verification|one[- ]time|login|door"
    r"|gate|alarm"
    r"|access|unlock|entry|lock|confirmation) code|2fa code|tan|geheimzahl"
)
SECRETS = (
    re.compile(
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s\\n:,-]{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----"
    ),
    re.compile(r"\beyJ[\w-]{6,4000}\.[\w-]{6,4000}(?:\.[\w-]{0,4000})?"),
    re.compile(r"\b(?:sk|pk|rk|api|key)[-_](?:[a-z]{2,8}[-_]){0,3}[A-Za-z0-9_-]{16,300}"),
    re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,64}|hf_[A-Za-z0-9]{20,64})"),
    re.compile(
        r"\b(?:npm|dckr_pat|shpat|shpss|dop_v1|lin_api|secret|ntn|figd|sntrys|pypi|dapi)[_-][A-Za-z0-9_-]{24,300}"
    ),
    re.compile(
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,50}|\bxox[abprse]-[\w-]{10,250}|\bSG\.[\w-]{16,64}\.[\w-]{16,64}"
        r"|\bya29\.[\w-]{20,300}"
    ),
    re.compile(r"hooks\.slack\.com/services/([\w/]{20,120})|discord(?:app)?\.com/api/webhooks/([\w/-]{20,160})"),
    re.compile(r"(?i:\b(?:bearer|basic))[ \t]+([A-Za-z0-9._~+/=-]{16,4000})"),
    re.compile(r"://[^\s/:@\"'<>]{0,100}:([^\s/@\"'<>]{1,200})@"),
    re.compile(r"(?:\s-u|--user)[ =][\"']?[^\s:\"']{1,100}:([^\s\"']{1,200})"),
    re.compile(rf"(?i:\b\w{{0,20}}(?:{_SAYS_SECRET})(?!\w)[\"']?[ \t]*[:=][ \t]*){_ANY}"),
    re.compile(rf"(?i:\b(?:{_SAYS_SECRET})(?!\w)[ \t]*{_IS}(?!\w)[ \t]*:?[ \t]*){_STRONG}"),
    re.compile(rf"(?i:\b(?:{_SAYS_SECRET})[ \t]+){_MIXED}"),
    re.compile(
        rf"(?i:\b(?:{_SAYS_CODE})\b(?: number)?(?:[ \t](?:on|from|for)(?:[ \t]\w{{1,10}}){{1,3}}?)?"
        r"(?:[ \t](?:is|was|ist|es|est)\b|:)?[ \t]{0,3})(\d{3,8})\b"
    ),
)
SECRET_CUES = re.compile(
    rf"(?i:{_SAYS_SECRET}|bearer|basic |\b(?:{_SAYS_CODE})\b)|-----BEGIN|\beyJ"
    rf"|[-_][A-Za-z0-9]{{16}}|AKIA|ASIA|"
    r"AIza|xox|SG\.|ya29|://[^\s/]*@|webhooks|hooks\.slack|\s-u |--user"
)
