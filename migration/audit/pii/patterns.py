"""Dates of birth behind the words that announce them, and e-mail addresses written so that machines miss them.

Every pattern is linear on any text, or is run on windows of bounded length (`finding`).
Out of scope: numbers of people, cards and accounts (`identities`), phones, names and addresses (`phones`, `names`,
`places`), keys and passwords (`secrets`).
"""

from __future__ import annotations

import re

from migration.audit.pii.words import BEGINS, ENDS, by_first_letter

_MONTH = r"(?:[^\W\d]{3,12}\.?|\d{1,2}月)"
_DATE = (
    r"(?:\d{1,4}[./ -] ?(?:\d{1,2}|[^\W\d]{3,9}\.?)[./ -] ?\d{2,4}"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th|er|ro|º|\.)?(?: (?:of|de|d['’]))? {_MONTH}(?: (?:of|de|del))?,? \d{{4}}"
    rf"|{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?,? \d{{2,4}}|\d{{8}}|{_MONTH} (?:de )?(?:19|20)\d{{2}}"
    r"|\d{4}\. ?(?:év )?[^\W\d]{3,12} \d{1,2}|(?:\d{4}|(?:明治|大正|昭和|平成|令和|民國|民国)(?:\d{1,2}"
    r"|元))年\d{1,2}月\d{1,2}日|\d{4}년 ?\d{1,2}월 ?\d{1,2}일)"
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
    r"|gebore|janam|जन्म\w*|জন্ম\w*|เกิด|生年月日|出生\w{0,2}|生日|誕生日|생년월일|생일|تاريخ الميلاد"
    r"|תאריך לידה|נולד\w?"
)
_REVERSE = (
    r"geboren|born|született|syntynyt|doğumlu\w{0,3}|doğdum|(?:is|was|['’]s) (?:my|his|her|the) (?:birthday|dob"
    r"|date of birth|birth"
    r" date)|(?:ist|war) mein (?:geburtstag|geburtsdatum)|생|生まれ|出生"
)
BIRTHDATES = (
    re.compile(
        rf"(?i:{BEGINS}{by_first_letter(_SAYS_BORN)}{ENDS}|(?<!\w)b\.(?= \d))"
        rf"[はがのを은는이가是为為]?[^\w\n]{{0,6}}(?:(?!for\b|order|gift|ship|deliver|arriv|due\b|before\b"
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
