"""Patterns of what Presidio does not know: introduced names, streets of eight countries, keys and passwords.

Every pattern is linear on any text, or is run on windows of bounded length (`finding`).
Out of scope: numbers with check digits (Presidio's recognisers).
"""

from __future__ import annotations

import re

_CAP = r"[A-ZÀ-ÖØ-ÞŁŚŽČ][\w'’-]{1,30}"
_STOP = (
    r"(?!(?:I|Very|So|Not|Also|Just|Still|Now|The|This|That|My|Your|Our|It|Is|And|But|For|From|With|At"
    r"|In|On|Of|To|Please|"
    r"Sorry|Happy|Sure|Unhappy|Looking|Trying|Writing|Having|American|British|German|French|Spanish|Italian|Indian|"
    r"Australian|Amazon|Google|Customer|Team|Support|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|How|What|"
    r"When|Where|Why|Who|Can|Could|Would|Do|Does|Hello|Hi|Hey|Thanks|Thank|Order|Sent|Best|Kind|Re|Subject|Dear)\b)"
)
_PERSON = rf"{_STOP}{_CAP}(?:[ \t]+(?:(?:de|del|della|di|da|van|von|der|den|la|le|bin|al)[ \t]+)?{_STOP}{_CAP}){{0,3}}"
_FULL = rf"{_STOP}{_CAP}(?:[ \t]+(?:(?:de|del|della|di|da|van|von|der|den|la|le|bin|al)[ \t]+)?{_STOP}{_CAP}){{1,3}}"
_INTRODUCES = (
    r"(?:my|full|first|last|middle|given|family|her|his|their|customer|client|account holder|user"
    r"|passenger|guest|patient|"
    r"contact|cardholder|recipient)(?:'s)? name(?:'s| is| was|:)|in the name of|call me|i(?:['’]m| am) called|"
    r"mein(?: voller)? name ist|ich hei(?:ß|ss)e|name lautet|je m['’]appelle|mon nom est|me llamo|mi nombre es|"
    r"mi chiamo|il mio nome è|meu nome é|chamo-me|mijn naam is|ik heet"
)
_TITLES = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Monsieur|Madame|Mme|Mlle|Señor|Señora|Sr|Sra|Signor|Signora|Sig)"
_HERE = (
    r"i['’]?m|i am|this is|hier ist|hier spricht|ich bin|c['’]est|ici|je suis|soy|habla|sono|qui è|parla|speaking with|"
    r"account holder|(?:customer|client|passenger|guest|patient|recipient|signed)[:,]|(?:my|his"
    r"|her) (?:wife|husband|partner|"
    r"son|daughter|mother|father|brother|sister|boss|colleague|friend)"
)
_CLOSES = (
    r"(?:kind |best |warm )?regards|best wishes|best|many thanks|thanks|thank you|cheers|sincerely|"
    r"yours(?: truly| sincerely)?|(?:mit )?(?:freundlichen|besten|lieben|vielen) gr(?:ü|ue)(?:ß|ss)en?|"
    r"viele gr(?:ü|ue)(?:ß|ss)e|gru(?:ß|ss)|cordialement|bien à vous|merci|(?:un )?(?:cordial )?saludo|saludos|"
    r"atentamente|gracias|(?:cordiali|distinti) saluti|saluti|grazie"
)
_SMALL = (
    r"(?!(?:not|wrong|spell\w*|misspell\w*|missing|on|in|also|still|the|a|and|but|it|is|i|my|for|from|with|no|never)\b)"
    r"[a-zà-ÿ][\w'’-]{1,30}"
)
_AFTER = r"(?=,| and | y | und | et |\s*[.!]?\s*\Z)"
NAMES = (
    re.compile(rf"(?im:\b(?:{_INTRODUCES})|^[ \t]*(?:name|nom|nombre|nome) ?:)[ \t]*({_PERSON})"),
    re.compile(rf"(?i:\bmy name(?:'s| is)[ \t]+)({_SMALL}(?: {_SMALL}){{0,2}})(?=[,.!\n]| and i\b|\s*\Z)"),
    re.compile(rf"\b{_TITLES}\.?[ \t]+({_PERSON})"),
    re.compile(rf"(?i:\b(?:{_HERE}))[ \t]+({_FULL})"),
    re.compile(rf"(?i:\b(?:i['’]?m|i am|soy|ich bin|je suis))[ \t]+({_STOP}{_CAP}){_AFTER}"),
    re.compile(rf"(?im:^[ \t]*(?:{_CLOSES}))[ \t]*[,.!]?[ \t]*\n+[ \t]*({_PERSON})[ \t]*$", re.M),
    re.compile(rf"({_FULL})(?= (?:here\b|speaking\b|calling\b))"),
    re.compile(rf"\b(?i:(?:it|this)(?:['’]s| is))[ \t]+({_STOP}{_CAP})(?= (?:here|from|calling|speaking)\b)"),
)
NAME_CUES = re.compile(
    rf"(?im:\b(?:{_INTRODUCES})|^[ \t]*(?:name|nom|nombre|nome) ?:)|(?i:\b(?:{_HERE})\s)|\b{_TITLES}\.?\s+[A-ZÀ-Þ]|"
    rf"(?im:^[ \t]*(?:{_CLOSES})\W)|\b(?:here|speaking|calling)\b"
)

_STREETS = (
    r"street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|terrace|square|sq|highway|hwy|"
    r"parkway|pkwy|close|crescent|cres|row|hill|mews|gardens|grove|walk|gate|quay|green|trail|circle"
    r"|loop|parade|esplanade|"
    r"cross|marg|nagar|apartments|towers"
)
_WORD = r"[A-Z0-9][\w'’-]{0,30}"
_CITY = r"(?:,?[ \t]+[A-Z][\w'’.-]*(?:[ \t][A-Z][\w'’.-]*)?,?[ \t]+[A-Z]{2,3}[ \t]+\d{4,5}(?:-\d{4})?)?"
_PLACE = r"(?:,?[ \t]+\d{4,6}[ \t]+[A-ZÀ-Þ][\w'’-]{1,30})?"
_NUMBER = r"\d{1,4}(?:[ \t]?[a-zA-Z]\b)?"
ADDRESSES = (
    re.compile(rf"\b(?i:flat|unit|apt|apartment|house no\.?|plot)[ \t]+\w{{1,5}},[ \t]+{_WORD}[ \t]+(?:{_WORD}\b)"),
    re.compile(
        rf"(?:\b(?i:flat|unit|apt|apartment|house no\.?|plot|no\.)"
        rf"[ \t]+\w{{1,5}},?[ \t]+)?\b\d{{1,5}}(?:/\d{{1,4}})?[A-Za-z]?,?[ \t]+"
        rf"(?:(?:[NSEW]\.?|North|South|East|West)[ \t]+)?(?:{_WORD}[ \t]+){{1,3}}(?i:{_STREETS})\b\.?"
        rf"(?:,?[ \t]*(?:(?i:apt|apartment|suite|ste|unit|flat)\.?|#)[ \t]*\w{{1,5}})?{_CITY}"
    ),
    re.compile(
        rf"\b[A-ZÄÖÜ][\wäöüß-]{{1,30}}(?:straße|strasse|str\.|weg|gasse|allee|platz|ring|damm|ufer"
        rf"|straat|gracht|laan|plein)[ \t]+{_NUMBER}{_PLACE}"
    ),
    re.compile(
        rf"\b(?:[Aa]m|An der|Auf der|In der|Im|Zum|Zur|Unter den)[ \t]+[A-ZÄÖÜ][\wäöüß-]{{2,30}}[ \t]+{_NUMBER}{_PLACE}"
    ),
    re.compile(
        r"\b\d{1,4}(?:[ \t]?(?:bis|ter))?,?[ \t]+(?:rue|avenue|boulevard|impasse|chemin|place|allée"
        r"|quai|cours|route)[ \t]+"
        rf"(?:(?:de|du|des|la|le|les|l['’]|d['’])"
        rf"[ \t]*){{0,2}}[\wÀ-ÿ'’-]{{2,30}}(?:[ \t]+[A-ZÀ-Þ][\w'’-]{{1,30}}){{0,2}}{_PLACE}",
        re.I,
    ),
    re.compile(
        r"\b(?:[Cc]alle|C/|[Aa]venida|Avda\.?|[Pp]laza|[Pp]aseo|[Cc]amino|[Rr]onda|[Vv]ia|[Vv]iale"
        r"|[Cc]orso|[Pp]iazza|[Vv]icolo|"
        rf"[Ll]argo|[Rr]ua|Gran|Rambla)"
        rf"[ \t]+(?:[\wÀ-ÿ'’-]{{1,30}}[ \t]+){{0,3}}[\wÀ-ÿ'’-]{{2,30}},?[ \t]+{_NUMBER}"
        rf"(?:,[ \t]*\d{{1,2}}[ºª°][ \t]?\w?)?{_PLACE}"
    ),
    re.compile(r"\bP\.?[ \t]?O\.?[ \t]?Box[ \t]+\d+\b", re.I),
    re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?[ \t]\d[ABD-HJLNP-UW-Z]{2}\b"),
    re.compile(r"\b(?i:sector|block|phase)[ \t]+\d{1,3}\b"),
)
NATIONAL_IDS = (
    re.compile(
        r"(?i:\b(?:passport|pasaporte|passeport|passaporto|reisepass)\w{0,6})\W{0,3}(?:\w{1,8}\W{1,3}){0,3}"
        r"((?=[A-Z]*\d)[A-Z0-9]{7,9})\b"
    ),
    re.compile(r"(?i:ssn|social security)\D{0,20}(\d{3}-?\d{2}-?\d{4})\b"),
    re.compile(r"\b[12][ \t]?\d{2}[ \t]?(?:0[1-9]|1[0-2])[ \t]?\d[\dAB][ \t]?\d{3}[ \t]?\d{3}[ \t]?\d{2}\b"),
    re.compile(r"(?i:\bPAN\b|permanent account)[^\w]{0,4}(?:\w{1,8}[^\w]{1,3}){0,4}([A-Z]{5}\d{4}[A-Z])\b"),
    re.compile(r"(?i:\btax file number\b|\bTFN\b)\D{0,20}(\d{3}[ \t]?\d{3}[ \t]?\d{2,3})\b"),
    re.compile(
        r"(?i:steuer-?(?:id|identifikationsnummer|nummer)|\bIdNr)\D{0,20}(\d{2}[ \t]?\d{3}[ \t]?\d{3}[ \t]?\d{3})\b"
    ),
    re.compile(
        r"(?i:national insurance|\bNINO\b"
        r"|\bNI\b)\W{0,4}(?:\w{1,8}\W{1,3}){0,3}([A-Z]{2}[ \t]?\d{2}[ \t]?\d{2}[ \t]?\d{2}[ \t]?[A-D])\b"
    ),
    re.compile(
        r"(?i:codice fiscale|\bC\.?F\.?)\W{0,4}(?:\w{1,3}\W{1,3}){0,2}([A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z])\b"
    ),
    re.compile(r"(?i:aadhaar|aadhar)\D{0,20}(\d{4}[ \t-]?\d{4}[ \t-]?\d{4})\b"),
)

PHONES = (
    re.compile(r"(?<![\w+])\+\d{1,3}(?:[ ().-]{0,2}\d){7,13}(?!\d)"),
    re.compile(r"(?<![\w/])0\d{2,4}[ ]?/[ ]?\d{5,8}(?![\w/])"),
)
"""Numbers with a country's code, and the German way of writing an area's."""

_DATE = r"\d{1,4}[./ -](?:\d{1,2}|[^\W\d]{3,9}\.?)[./ -]\d{2,4}"
BIRTHDATES = (
    re.compile(
        r"(?i:\b(?:born(?: on)?|birth(?:day|date)|date of birth|d\.?o\.?b\.?|geboren(?: am)?"
        r"|geburts(?:tag|datum)|née? le|"
        r"date de naissance|nacid[oa] el|fecha de nacimiento|nat[oa] il|data di nascita)\b)"
        r"[^\w\n]{0,4}(?:\w{2,4} ){0,2}"
        rf"({_DATE})\b"
    ),
)
EMAILS = (
    re.compile(
        r"\b[\w.+-]{1,64} ?[\[(](?:at|AT)[\])] ?[\w-]{1,64}(?: ?(?:[\[(](?:dot|DOT)[\])]|\.) ?[\w-]{1,24}){1,3}"
    ),
)
_SAYS_SECRET = (
    r"pass(?:word|code|phrase|wort)?|pwd?|kennwort|mot de passe|contraseña|clave secreta|senha|wachtwoord|"
    r"(?:client|app|shared|account)?[_ -]?secret(?:[_ -]?(?:key|access[_ -]?key))?|(?:api|access|auth"
    r"|private|secret)[_ -]?key|"
    r"(?:access|auth|refresh|bearer|session|api|bot)?[_ -]?token|aws_secret_access_key|credential"
)
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
SECRETS = (
    re.compile(
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s\\n:,-]{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----"
    ),
    re.compile(r"\beyJ[\w-]{6,4000}\.[\w-]{6,4000}(?:\.[\w-]{0,4000})?"),
    re.compile(r"\b(?:sk|pk|rk|api|key)[-_](?:[a-z]{2,8}[-_]){0,3}[A-Za-z0-9_-]{16,300}"),
    re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,64}|hf_[A-Za-z0-9]{20,64})"),
    re.compile(
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,50}|\bxox[abprse]-[\w-]{10,250}|\bSG\.[\w-]{16,64}\.[\w-]{16,64}"
    ),
    re.compile(r"(?i:\b(?:bearer|basic))[ \t]+([A-Za-z0-9._~+/=-]{16,4000})"),
    re.compile(r"://[^\s/:@\"'<>]{1,100}:([^\s/@\"'<>]{1,200})@"),
    re.compile(rf"(?i:\b\w{{0,20}}(?:{_SAYS_SECRET})\b[\"']?[ \t]*[:=][ \t]*){_ANY}"),
    re.compile(rf"(?i:\b(?:{_SAYS_SECRET})\b[ \t]+(?:is|ist|lautet|es|est|è|é|was)\b[ \t]*:?[ \t]*){_STRONG}"),
    re.compile(rf"(?i:\b(?:{_SAYS_SECRET})[ \t]+){_MIXED}"),
    re.compile(r"(?i:\b(?:pin|pin code|cvv|cvc|security code)\b(?: number)?(?: is|:)?[ \t]{0,3})(\d{3,6})\b"),
)
SECRET_CUES = re.compile(
    rf"(?i:{_SAYS_SECRET}|bearer|basic |\b(?:pin|cvv|cvc)\b|security code)|-----BEGIN|\beyJ"
    rf"|[-_][A-Za-z0-9]{{16}}|AKIA|ASIA|"
    r"AIza|xox|SG\.|://[^\s/]+@"
)
