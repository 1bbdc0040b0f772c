"""Keys, tokens, passwords and codes: by the form that a vendor gives them, or behind a word that says what they are.

Words are looked for once, and what may follow one is tried where it ends. Every pattern is linear on any text, or is
run on windows of bounded length (`finding`).
Out of scope: the words (`passwords`), numbers of people and cards (`identities`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration.audit.pii.passwords import CODES, CODES_COME, SAYS_CODE, SAYS_KEY, SAYS_PASSWORD
from migration.audit.pii.words import BEGINS, ENDS, NEAR, by_first_letter, called_otherwise

PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s\\n:,.()-]{0,8000}?"
    r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
)
"""Longer than a window: looked for in whole texts."""
_VENDORS = (
    r"sk|pk|rk|ak|api|key|whsec|sess|npm|dckr_pat|shp(?:at|ss|ca|pa)|dop_v1|doo_v1|lin_(?:api|wh)|secret|ntn"
    r"|figd|figu"
    r"|sntrys|sntryu|pypi|dapi|gsk|xai|r8|nvapi|pplx|sbp|nfp|ph[cx]|glsa|glc|gl(?:pat|dt|rt|ft|cbt|agent)|hvs"
    r"|hvb|hvr|NRAK"
    r"|NRJS|PMAK|PMAT|GOCSPX|CFPAT|ATATT3\w{0,4}|ATCTT3\w{0,4}|ATBB|sq0(?:atp|csp|idp)|rzp|tskey|e2b|lsv2|rnd"
    r"|vercel|vc[apr]|fo1|fm[12]|dp\.(?:pt|st|ct)|dt0[a-z]\d{2}|pul|rubygems|xkeysib|xsmtpsib|akv|pscale|sgp|shippo"
    r"|LTAI|AGE-SECRET-KEY|gh[pousr]|github_pat|hf|tvly|apify_api|cal_live|mlsn|EZAK|EZTK|ddp|oat"
    r"|airtable|hapikey|ABSK"
)
"""What vendors begin their keys with; a run of twenty signs, a digit among them, must follow."""
_WHOSE = (
    r"(?:[ \t]+(?:for|to|on|of|from|für|zu|pour|de|del|della|da|do|van|voor|för|til|mea|moje|mój|saya|tôi|mou"
    r"|μου|(?:my|the|your"
    r"|our|his|her)[ \t]+\w{1,12}|meu|mi|my|account|admin|wifi|wi-fi|router|login|portal|app|root|user)){0,3}"
)
_IS = (
    r"(?:is|ist|lautet|es|est|è|é|was|will be|should be|är|er|jest|je|este|este:|yra|là|adalah|είναι|einai|это"
    r"|mitt er"
    r"|mit er|war|foi|set to|changed to|reset to|は|은|는|が|คือ|是|为|為|है|هي|הוא|היא|[—–]|says|said|reads"
    r"|shows|mám|mam|mam to|to jest|це|den|na|ko|zní|znie)"
)
_MAY_BE = r"(?:e|e['’]|['’]s|on|oli|to|ir|ay|ni|era|var|still|now|currently)"
"""Words that say `is` in one language and something else in another: a value with a digit must follow."""
_CHARS = r"[^\s\"'`,;<>{}]"
_END = r"(?=[\"'`,;<>{}\s]|[.!?)](?:\s|\Z)|\Z|&)"
_NO_VALUE = (
    r"(?!(?:required|reset|string|optional|null|none|true|false|invalid|expired|forgotten|incorrect"
    r"|wrong|missing|here|your|page|form|link|screen|error|reset\w*|recovery|field|manager|button|and|or|e-?mail"
    r"|the|please|change\w*|protected|not|and|number|text|type|failed|successful\w*|attempt\w*|issue\w*"
    r"|problem\w*)\b)"
)
_STRONG = rf"[\"'`«“]?((?={_CHARS}{{0,200}}[\dA-Z!$%&#@*+=/_-]){_CHARS}{{6,200}}?){_END}"
_ANY = rf"[\"'`«“]?({_NO_VALUE}{_CHARS}{{5,200}}?){_END}"
_MIXED = rf"[\"'`«“(]?((?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z\d]{{6,64}}){_END}"
_PLAIN = r"[^\s\"'`,;<>{}()]"
_NO_TANGLE = (
    r"(?!\d+(?:st|nd|rd|th|am|pm|hrs?|mins?|secs?|days?|weeks?|x|[kmg]b|kg|[cm]m)\b"
    r"|\S{1,64}@[\w-]{1,64}\.[a-z]{2}|\w{1,9}://|\d{1,4}[./-]\w{1,9}[./-]\d{1,4}\b|v\d|[\w-]{1,30}\.(?:com|org"
    r"|net|io)\b)"
)
_TANGLE = (
    rf"{_NO_TANGLE}((?={_PLAIN}{{0,200}}\d)(?={_PLAIN}{{0,200}}[^\W\d_A-ZÀ-ÞĀΑ-ΫА-Я])"
    rf"(?={_PLAIN}{{0,200}}[A-Z!$%&#@*+=~^]){_PLAIN}{{6,200}}?){_END}"
)
"""Six signs and more of which one is a digit, one a small letter, and one a capital or a sign."""
_WOVEN = rf"{_NO_TANGLE}((?={_PLAIN}{{0,200}}\d)(?={_PLAIN}{{0,200}}[^\W\d_A-ZÀ-ÞĀΑ-ΫА-Я]){_PLAIN}{{6,200}}?){_END}"
"""The same with a digit and a small letter alone."""
_OBJECT = (
    r"(?<!\bfor )(?<!\bto )(?<!\bon )(?<!\bin )(?<!\bat )(?<!\bof )(?<!\bwith )(?<!\bfür )(?<!\bauf )(?<!\bpour )"
    r"(?<!\bpara )(?<!\bper )(?<!\bvoor )(?<!\bdo )(?<!\bna )(?<!\bi )(?<!\bab )(?<!\bseit )(?<!\bsince )"
)
"""Not what a preposition leads to: a password `for iphone13`."""
_LONG = r"((?=[A-Za-z]{0,40}\d)(?=\d{0,40}[A-Za-z])[A-Za-z0-9]{12}[\w.+/=~-]{8,500})"
_UUID = r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_CODE = (
    r"\d{3,4}(?:[ -]?\d{2,4})?|\d{5,8}|(?=[A-Z]{0,7}\d)(?=\d{0,7}[A-Z])[A-Z\d]{5,10}|[A-Z]-\d{5,8}"
    r"|(?=[A-Za-z-]{0,20}\d)(?=[\d-]{0,20}[A-Za-z])[A-Za-z\d]{4,8}(?:-[A-Za-z\d]{4,8}){1,7}"
)
"""Digits, `G-123456`, or groups of letters and digits as of recovery codes."""
_FREE = (
    re.compile(r"\beyJ[\w-]{6,4000}\.[\w-]{6,4000}(?:\.[\w-]{0,4000})?"),
    re.compile(
        rf"(?<![\w/.-])(?:{_VENDORS})[-_.](?:[A-Za-z]{{2,8}}[-_.]?(?:\d{{1,2}}[-_])?){{0,3}}"
        r"(?=[A-Za-z]{0,60}\d)[A-Za-z0-9]{16}[A-Za-z0-9_+/=-]{0,300}"
    ),
    re.compile(r"\b(?:sk|pk|rk|api|key)[-_](?:[a-z]{2,8}[-_]){0,3}[A-Za-z0-9_-]{16,300}"),
    re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,64}|hf_[A-Za-z0-9]{20,64})"),
    re.compile(
        r"\b(?:AKIA|ASIA|AROA|LTAI)[A-Z0-9]{16}\b|\bAIza[\w-]{30,50}|\bxox[abeprs]-[\w-]{10,250}|\bxapp-[\w-]{20,200}"
        r"|\bSG\.[\w-]{16,64}\.[\w-]{16,64}|\bya29\.[\w-]{20,300}|\bEAA[A-Z][A-Za-z0-9]{20,300}|\bAPA91b[\w-]{20,200}"
        r"|\b(?:AC|SK)[0-9a-f]{32}\b|\b\d{8,10}:AA[\w-]{30,40}|\b[MN][A-Za-z\d]{23,27}\.[\w-]{6}\.[\w-]{27,40}"
        r"|\b[0-9a-f]{32}-us\d{1,2}\b|\bsecret_[A-Za-z0-9]{20,60}|\bT3BlbkFJ\w{10,60}"
    ),
    re.compile(
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/]{20,120})"
        r"|discord(?:app)?\.com/api/webhooks/([\w/-]{20,160})"
        r"|webhook\.office\.com/([\w@/-]{20,300})"
    ),
    re.compile(r"(?<![\w-])(?=[A-Z]{0,4}\d|[A-Z\d-]{6,20}\d)[A-Z\d]{5}(?:-[A-Z\d]{5}){4}(?![\w-])"),  # of a licence
    re.compile(r"(?i:\b(?:bearer|basic))[ \t]+([A-Za-z0-9._~+/=-]{16,4000})"),
    re.compile(r"://[^\s/:@\"'<>]{0,100}:([^\s/@\"'<>]{1,200})@"),
    re.compile(r"(?:\s-u|--user)[ =][\"']?[^\s:\"']{1,100}:([^\s\"']{1,200})"),
    re.compile(
        r"(?i:\b(?:mysql\w{0,6}|mariadb|sshpass|docker login|mongo\w{0,7}|psql|redis-cli|ldap\w{1,8}|zip|7z"
        r"|smbclient|curl|sqlcmd|osql|bcp))"
        r"[^\n|]{0,80}?\s(?:-p|-P|-a|-w|--?pass(?:word)?[ =])[ \t]?[\"']?([^\s\"']{4,200})"
    ),
    re.compile(r"\b\w{1,20}(?i:password|passwd|pwd|secret|token|key)[\"'*]{0,3}[ \t]*(?:[:=：]|=>)[ \t*]*" + _ANY),
    re.compile(
        r"(?i:\bcookies?: |\bset-cookie: |[\w-]{0,20}(?:session|sess|sid|jwt|auth"
        r"|csrf)[\w-]{0,12}=)[\w-]{0,20}=?([\w.%+/-]{16,4000})"
    ),
)
"""What needs no word beside it."""
_NAMED = re.compile(rf"(?i:{BEGINS}{by_first_letter(f'{SAYS_PASSWORD}|{SAYS_KEY}')}{ENDS})")
_LOOSELY = re.compile(r"(?i:\b(?:key|login|webhook|auth|authorization|signature|credential)(?!\w))")
_BEHIND = (  # what may follow a word for a password or a key
    re.compile(rf"(?i:{_WHOSE}[\"'*]{{0,3}}[ \t]*(?:[:=：]|=>)[ \t*]*){_ANY}"),
    re.compile(rf"(?i:{_WHOSE}[ \t]*(?:[:=]|{_IS})[ \t]*)[\"“«]([^\"\n”»]{{4,60}})[\"”»]"),
    re.compile(rf"(?i:{_WHOSE}[ \t]*{_IS}(?!\w)[ \t]*:?[ \t]*){_STRONG}"),
    re.compile(rf"(?i:{_WHOSE}[ \t]*{_MAY_BE}(?!\w)[ \t]*:?[ \t]*)(?=[\"'`«“]?{_CHARS}{{0,40}}\d){_STRONG}"),
    re.compile(rf"[ \t]+{_MIXED}"),
    re.compile(  # パスワードはAbcd-12です, รหัสผ่านคือ abcd12
        r"(?<=[^ -ɏ])[ ]?(?:[はがのを은는이가是为為:：]|คือ|[ ]"
        r"|です){0,3}[「\"']?((?=[!-~]{0,40}\d)[!-~]{5,64})"
    ),
    re.compile(r"[^\n.?!;]{0,40}?[\s:](\d{4}(?:[ -]\d{4}){2,5})(?![\w-])"),  # a router's key: 4315 6131 8977 7072 0007
    re.compile(rf"[^\n.:;,\"'(]{{0,40}}[,:(\"'][ \t]?[\"'(]?{_TANGLE}"),
    re.compile(  # the wifi password on its sticker is ab12cd34; heslo mám Abcd12ef
        rf"[^\n.?!;]{{0,48}}?[\s:=(\"'`«“](?<!\d ){_OBJECT}(?:{_TANGLE}|{_WOVEN})"
    ),
    re.compile(rf"[^\n]{{0,24}}?(?<![\w/.:@-]){_UUID}"),
    re.compile(rf"[^\n]{{0,40}}?(?<![\w/.:@-]){_LONG}"),
    re.compile(
        r"[^\n.?!;]{0,24}?[\s:](?=[^\n]{0,60}\d)((?:(?![a-z]+\b)[A-Za-z\d]{4,6}[ -]){2,8}[A-Za-z\d]{4,6})(?![\w-])"
    ),
)
_BEHIND_LOOSELY = (re.compile(rf"[^\n]{{0,40}}?(?<![\w/.:@-]){_LONG}"),)
_PHRASE_ENDS = r"but|and|when|which|that|so|for|on|in|it|is|not|your"
_OTHERWISE = (  # a word and its secret in another order, and secrets that are words
    re.compile(  # twelve words of a wallet and more
        r"(?i:\b(?:seed|mnemonic|(?:recovery|secret"
        r"|backup) phrase)\b[^\n:]{0,24}[: ][ \t]*)((?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})"
    ),
    re.compile(
        r"(?i:\b(?:pass[ -]?phrases?|memorable words?|secret words?|(?:security|secret) (?:question )?answers?"
        r"|answer to (?:my|the) security question"
        r"|mother['’]s maiden name)\b"
        rf"[^\n.?!;:]{{0,40}}?(?:\b(?:is|was|are)[ \t]|(?<=word )to[ \t]|(?<=answer )to[ \t]"
        rf"|[:=])[ \t]*[\"“']?)([^\W\d_][\w'-]{{2,30}}(?:[ ](?!{_PHRASE_ENDS})[^\W\d_]{{2,20}}){{0,5}})"
        rf"(?=[\"”']?(?:[,.;!?\n]|[ ](?:{_PHRASE_ENDS})\b|\Z))"
    ),
    re.compile(  # Abcd12ef is my password
        rf"(?<!\S)[\"'`«“(]?{_WOVEN}[\"'`»”)]{{0,2}}[ ,]{{0,2}}(?i:is|was|as|for|ist|als|est|es|è|é|=|\()[ \t]?"
        rf"(?i:(?:(?:my|the|our|mein|das|mon|le|mi|la|a|minha|mijn|het|mitt)[ \t])?(?:\w{{1,12}}[ \t])?"
        rf"(?:{SAYS_PASSWORD}|{SAYS_KEY}){ENDS})"
    ),
    re.compile(  # login: bob / Abcd12ef; user bob, pass Abcd12ef
        r"(?i:\b(?:log[ -]?in|sign[ -]?in|user(?:[ -]?name)?|credentials?|creds|zugang(?:sdaten)?"
        r"|benutzer\w{0,6}|identifiants?"
        r"|usuario|utente|gebruiker\w{0,5}|anv[äa]ndar\w{0,6}|usuário|u[žz]ivatel\w{0,5})"
        rf"(?: (?:details|data|info|is|are|ist|:))?[\s:=]{{1,3}})(?!(?i:id|name)\b)[^\s/|,;:]{{2,64}}[ \t]?[/"
        rf"|:,;][ \t]?(?:{_TANGLE}|{_WOVEN})"
    ),
)
_CODED = re.compile(rf"(?i:{BEGINS}{by_first_letter(SAYS_CODE)}{ENDS})")
_ANY_CODE = re.compile(rf"(?i:{by_first_letter(CODES)}{ENDS})")  # behind other words, too: tekstiviestikoodi
_COMES = re.compile(rf"(?i:{BEGINS}{by_first_letter(CODES_COME)}{ENDS})")
_NO_SECRET = re.compile(
    r"(?i:error|fehler|erreur|errore|erro\b|promo|discount|rabatt|voucher|coupon|postal|post|zip|area|country"
    r"|product|artikel|job|dress|source|qr|bar|status|swift"
    r"|sort|bank|branch|colou?r|vertical|tracking|booking|reference|referral|bledu|błędu|chyb\w|ошибк\w|hiba"
    r"|hata|virhe|fel)[ -]?\w{0,3}[ -]?\Z"
)
_BEHIND_CODES = (
    re.compile(
        r"(?i:(?: number)?(?:[ \t](?:on|from|for|para|für|pour|per|voor)(?:[ \t]\w{1,10}){1,3}?)?"
        rf"{_WHOSE}(?:[ \t]?(?:{_IS}|{_MAY_BE}){ENDS}|[:：=])?[ \t:\"'#(]{{0,3}})({_CODE})(?!-){ENDS}"
    ),
    re.compile(rf"[^\n.?!;#\d]{{0,32}}[\s:=\"'(](?<![#\d] )({_CODE})(?!-|[.,:/]\d){ENDS}"),
)
_BARE_CODES = (
    re.compile(  # the code 482913, where no other word says of what
        r"(?i:(?<!error )(?<!postal )(?<!post )(?<!zip )(?<!promo )(?<!discount )(?<!product"
        r" )(?<!bar)(?<!country )(?<!store )"
        r"(?<!area )(?<!job )\b(?:code|kode?|codice|c[óo]digo|код)[ \t]{1,2})(\d{6})(?![\w-]|[.,]\d)"
    ),
    re.compile(  # 482913 is the code that came
        rf"(?<![\w.,:#/-])(\d{{3}}[ -]?\d{{1,5}})[ \t](?i:is|was|as|ist|est|es|è|é|=)[ \t](?i:(?:my|the|our"
        rf"|mein|der|die|mon|le"
        rf"|mi|el|la|il|mijn|de|o|a|your)[ \t])?(?:\w{{1,12}}[ \t]){{0,2}}?(?i:{SAYS_CODE}|code"
        rf"|pass ?code){ENDS}"
    ),
)
_MAY_BE_FREE = re.compile(
    r"-----BEGIN|[A-Za-z0-9+/_-]{16}|://[^\s/]*@|webhook|\s-u |--user|\s-[paPw]|(?i:password|passwd|pwd|secret"
    r"|token|key)[\"'*]{0,3}[ \t]*[:=]"
)
_MAY_BE_ELSEWHERE = re.compile(
    r"(?i:phrase|memorable|secret|maiden|log|sign|user|cred|zugang|benutz|identif|utente|usu|gebruik|anv"
    r"|u[žz]iv|\d.*pass|\d.*pw)"
)


def may_hold_secrets(text: str) -> bool:
    """Whether a text may hold a secret at all: a quick look."""
    return bool(
        _NAMED.search(text)
        or _MAY_BE_FREE.search(text)
        or _CODED.search(text)
        or _ANY_CODE.search(text)
        or _LOOSELY.search(text)
    )


def secrets(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets stand in `text`: (start, end) of each, those first that count first."""
    if _MAY_BE_FREE.search(text):
        yield from _found(text, _FREE)
    digits = any(map(str.isdigit, text))
    named = False
    for label in _NAMED.finditer(text):
        named = True
        yield from _after(text, label, _BEHIND)
    if named or _MAY_BE_ELSEWHERE.search(text):
        yield from _found(text, _OTHERWISE)
    if digits:
        for label in _LOOSELY.finditer(text):
            yield from _after(text, label, _BEHIND_LOOSELY)
        coded = False
        for label in _CODED.finditer(text):
            coded = True
            yield from _after(text, label, _BEHIND_CODES)
        for label in _ANY_CODE.finditer(text):
            near = text[max(0, label.start() - NEAR) : label.end() + NEAR]
            if not _NO_SECRET.search(text, max(0, label.start() - 16), label.start()) and _COMES.search(near):
                coded = True
                yield from _after(text, label, _BEHIND_CODES)
        yield from _found(text, _BARE_CODES if coded else _BARE_CODES[:1])


def _found(text: str, forms: tuple[re.Pattern[str], ...]) -> Iterator[tuple[int, int]]:
    for form in forms:
        for found in form.finditer(text):
            yield found.span(found.lastindex or 0)


def _after(text: str, label: re.Match[str], forms: tuple[re.Pattern[str], ...]) -> Iterator[tuple[int, int]]:
    """What stands behind `label`, where no word between them makes it an order's or a product's."""
    for form in forms:
        found = form.match(text, label.end())
        if found and not called_otherwise(text, label.end(), found.start(found.lastindex or 0)):
            yield found.span(found.lastindex or 0)
