"""What passwords, keys and codes look like beside the word that names them: behind it, before it, around it.

Every pattern is linear on any text, or is run on windows of bounded length (`finding`).
Out of scope: the words (`passwords`, `codes`), what needs none (`secret_forms`), what is tried where (`secrets`).
"""

from __future__ import annotations

import re

from migration.audit.pii.credentials.secret_forms import ANY, CHARS, END, NO_VALUE
from migration.audit.pii.numbers.phones import DIGIT_WORDS
from migration.audit.pii.words import ENDS

_WHOSE = (
    r"(?:[ \t]+(?:for|to|on|of|from|für|zu|pour|de|del|della|da|do|van|voor|för|til|mea|moje|mój|saya|tôi|mou"
    r"|μου|(?:my|the|your"
    r"|our|his|her)[ \t]+\w{1,12}|meu|mi|my|account|admin|wifi|wi-fi|router|login|portal|app|root|user)){0,3}"
)
_IS = (
    r"(?:is|ist|isch|lautet|lautete|es|est|è|é|was|will be|should be|är|er|jest|je|este|este:|yra|là|adalah|είναι|einai"
    r"|это|mitt er|mit er|war|waren|foi|fue|era|set to|changed to|reset to|は|은|는|が|คือ|是|为|為|है|هي|הוא|היא|[—–]"
    r"|says|said|reads|shows|mám|mam|mam to|jest to|to jest|це|den|na|ko|zní|znie|c['’]est|ay)"
)
_MAY_BE = r"(?:e|e['’]|['’]s|c|on|oli|to|ir|ni|var|still|now|currently|ki)"
"""Words that say `is` in one language and something else in another: a value with a digit must follow."""
_STRONG = rf"[\"'`«“]?((?={CHARS}{{0,200}}[\dA-Z!$%&#@*+=/_-]){CHARS}{{6,200}}?){END}"
_MIXED = rf"[\"'`«“(]?((?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z\d]{{6,64}}){END}"
_PLAIN = r"[^\s\"'`,;<>{}()]"
_NO_TANGLE = (
    r"(?!(?i:\d+(?:\.\d+)?(?:st|nd|rd|th|am|pm|hrs?|mins?|secs?|days?|weeks?|x|[kmgt]b(?:ps|it/s)?|[kmg]hz|kg|[cmk]m|kwh?|mah))\b"
    r"|(?i:i?phone|ipad|galaxy|pixel|windows|win|office|outlook|word|excel|android|ios|mac\w{0,5}|chrome|firefox|safari|xbox"
    r"|python|java|node|php|mysql|ubuntu|debian|sha|base|utf|ipv|wifi|usb|hdmi|cat|firmware|version|kb|rtx|gtx)-?\d"
    r"|\S{1,64}@[\w-]{1,64}\.[a-z]{2}|\w{1,9}://|\d{1,4}[./-]\w{1,9}[./-]\d{1,4}\b|v\d|[\w-]{1,30}\.(?:com|org"
    r"|net|io)\b)"
)
"""Measures, products, addresses, dates, versions."""
_SMALL = r"[^\W\d_A-ZÀ-ÞĀΑ-ΫА-Я]"
_TANGLE = (
    rf"{_NO_TANGLE}((?={_PLAIN}{{0,200}}\d)(?={_PLAIN}{{0,200}}{_SMALL})"
    rf"(?={_PLAIN}{{0,200}}[A-Z!$%&#@*+=~^]){_PLAIN}{{6,200}}?){END}"
)
"""Six signs and more of which one is a digit, one a small letter, and one a capital or a sign."""
_WOVEN = rf"{_NO_TANGLE}((?={_PLAIN}{{0,200}}\d)(?={_PLAIN}{{0,200}}{_SMALL}){_PLAIN}{{6,200}}?){END}"
"""The same with a digit and a small letter alone."""
_SIGNED = (
    rf"{_NO_TANGLE}((?={_PLAIN}{{0,64}}[^\W\d_])(?={_PLAIN}{{0,64}}[!$%&#@*+=~^_?.-]{_PLAIN}?)(?={_PLAIN}{{0,64}}\d)"
    rf"{_PLAIN}{{6,64}}?){END}"
)
"""Letters, digits and a sign."""
_CAPITALS = rf"((?=[A-Z]{{0,12}}\d)(?=\d{{0,12}}[A-Z])[A-Z\d]{{6,16}}){END}"
_OBJECT = (
    r"(?<!\bfor )(?<!\bto )(?<!\bon )(?<!\bin )(?<!\bat )(?<!\bof )(?<!\bwith )(?<!\bfür )(?<!\bauf )(?<!\bpour )"
    r"(?<!\bpara )(?<!\bper )(?<!\bvoor )(?<!\bdo )(?<!\bna )(?<!\bi )(?<!\bab )(?<!\bseit )(?<!\bsince )"
)
"""Not what a preposition leads to: a password `for iphone13`."""
_LONG = r"((?=[A-Za-z]{0,40}\d)(?=\d{0,40}[A-Za-z])[A-Za-z0-9]{12}[\w.+/=~-]{8,500})"
_UUID = r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_CODE = (
    r"\d{3,4}(?:[ -]?\d{2,4})?|\d{5,8}|(?=[A-Z]{0,7}\d)(?=\d{0,7}[A-Z])[A-Z\d]{4,10}|[A-Z]-\d{5,8}"
    r"|\d(?:[ .-]\d){3,7}|\d{1,2}(?:-\d{1,2}){2,3}|\d{2}(?: \d{2}){2,3}|(?=[А-Я]{0,4}\d)(?=\d{0,7}[А-Я])[А-Я\d]{5,10}"
    r"|(?=[A-Z-]{0,8}\d)(?=[\d-]{0,8}[A-Z])[A-Z\d]{3,8}(?:-[A-Z\d]{3,8}){1,7}"
    r"|(?=[A-Za-z-]{0,20}\d)(?=[\d-]{0,20}[A-Za-z])[A-Za-z\d]{4,8}(?:-[A-Za-z\d]{4,8}){1,7}"
)
"""Digits, `G-123456`, digits apart, a lock's `18-42-07`, or groups of letters and digits as of recovery codes."""
_WORDY = (
    r"(?:reset|polic|requir|rule|error|fehler|hint|problem|issue|fail|link|manager|field|protect|expir|status|state|strength|type|length|mode|method|option|note|help|date|subject|forg"
    r"|vergess|oubli|olvid)"
)
"""What a line speaks of instead of a password's value."""
_ENDS = rf"(?![ ]?(?i:sec|min|hour|day|char|digit|credit|time|user|eur|usd|rpm|[ck]?m\b|kg|v\b|%|€|\$)){ENDS}"
"""No measure follows."""
BEHIND = (  # what may follow a word for a password or a key
    re.compile(rf"(?i:{_WHOSE}[\"'*]{{0,3}}[ \t]*(?:[:=：]|=>)[ \t*]*){ANY}"),
    re.compile(rf"(?i:{_WHOSE}[ \t]*(?:[:=]|{_IS})[ \t]*)[\"“«]([^\"\n”»]{{4,60}})[\"”»]"),
    re.compile(rf"(?i:{_WHOSE}[ \t]*{_IS}(?!\w)[ \t]*:?[ \t]*){_STRONG}"),
    re.compile(rf"(?i:{_WHOSE}[ \t]*{_MAY_BE}(?!\w)[ \t]*:?[ \t]*)(?=[\"'`«“]?{CHARS}{{0,40}}\d){_STRONG}"),
    re.compile(rf"[ \t]+{_MIXED}"),
    re.compile(rf"[ \t]+[\"“«„]({NO_VALUE}[^\s\"”»“]{{5,64}})[\"”»“]"),
    re.compile(  # パスワードはAbcd-12です, รหัสผ่านคือ abcd12
        r"(?<=[^ -ɏ])[^\x00-\u024F]{0,10}[ :：「『\"']{0,3}"
        r"((?=[!-~]{0,40}[\d!#$%&*@_-])(?=[!-~]{0,40}[A-Za-z\d])[!-~]{5,64})"
    ),
    re.compile(r"[^\n.?!;]{0,40}?[\s:](\d{4}(?:[ -]\d{4}){2,5})(?![\w-])"),  # a router's key: 4315 6131 8977 7072 0007
    re.compile(rf"[^\n.:;,\"'(]{{0,40}}[,:(\"'][ \t]?[\"'(]?{_TANGLE}"),
    re.compile(  # the wifi password on its sticker is ab12cd34; heslo mám Abcd12ef
        rf"[^\n.?!;]{{0,48}}?[\s:=(\"'`«“](?<!\d ){_OBJECT}(?:{_TANGLE}|{_WOVEN})"
    ),
    re.compile(rf"(?i:[^\n.?!;:]{{0,48}}?(?:[\s]{_IS}|=)[ \t]*:?[ \t]*)[\"'`«“]?(?:{_CAPITALS}|{_SIGNED})"),
    re.compile(rf"(?i:{_WHOSE}[ \t]*(?:[:=]|{_IS})[ \t]*)[\"'`«“]?(\d{{4,12}})(?![\w-]|[.,]\d){_ENDS}"),
    re.compile(  # the temporary password you sent: MhhzrIRoig
        rf"(?i:(?![^\n:]{{0,40}}{_WORDY})[^\n.?!;:=\d]{{1,40}}?[:：][ \t]*)[\"'`«“]?(?!\w{{1,9}}://){NO_VALUE}"
        rf"((?:(?={CHARS}{{0,40}}[A-ZÀ-Þ\d!$%&#@*+=_-]){CHARS}{{5,64}}?"
        rf"|[a-z]{{6,24}}(?=[ ]?(?:\n|\Z))))(?=[\"'`»”]?(?:[,;)\n]|\.(?:\s|\Z)|\s[–—(-]|\s*\Z))"
    ),
    re.compile(rf"[^\n.?!;:\d]{{0,40}}[\s:](\d{{8,20}})(?![\w-]|[.,]\d){_ENDS}"),
    re.compile(rf"[ \t]*\n[ \t]*[\"'`«“]?{_TANGLE}"),
    re.compile(rf"[\"']?,?\s{{1,20}}[\"']?(?i:value|wert|valeur|valor)[\"']?[ \t]{{0,3}}[:=][ \t]{{0,3}}{ANY}"),
    re.compile(  # the password to Semmel_44: a sign makes it none of the words that a preposition leads to
        rf"[^\n.?!;]{{0,48}}?[\s:=(\"'`«“]{_NO_TANGLE}((?={_PLAIN}{{0,64}}[^\W\d_])"
        rf"(?={_PLAIN}{{0,64}}[!$%&#*+=~^_]{_PLAIN})(?={_PLAIN}{{0,64}}\d){_PLAIN}{{6,64}}?){END}"
    ),
    re.compile(rf"[^\n]{{0,24}}?(?<![\w/.:@-]){_UUID}"),
    re.compile(rf"[^\n]{{0,40}}?(?<![\w/.:@-]){_LONG}"),
    re.compile(
        r"[^\n.?!;]{0,24}?[\s:](?=[^\n]{0,60}\d)((?:(?![a-z]+\b)[A-Za-z\d]{4,6}[ -]){2,8}[A-Za-z\d]{4,6})(?![\w-])"
    ),
)
AHEAD = re.compile(  # Abcd12ef is my password; j'ai mis Abcd12ef comme mot de passe
    rf"(?<!\S)[\"'`«“(]?(?:{_WOVEN}|{_CAPITALS}|{_SIGNED})[\"'`»”)]{{0,2}}[ ,]{{0,2}}"
    r"(?i:is|was|as|for|ist|als|war|est|es|como|como a|come|com|comme|è|é|er|är|jako|to|это|как|on|=|\()[ \t]?"
    r"(?i:(?:my|the|our|mein\w{0,2}|das|mon|le|mi|la|a|minha|mijn|het|mitt?|moje|mój|мой)[ \t])?(?:\w{1,12}[ \t])?\Z"
)
AROUND = re.compile(  # wrong password?? Jayhawks#1 is what I wrote down
    rf"(?<![^\s\"'`«“(:=]){_NO_TANGLE}((?={_PLAIN}{{0,64}}[A-Za-z])(?={_PLAIN}{{0,64}}\d)"
    rf"(?={_PLAIN}{{0,64}}[^\W_][!$%#*+=~^@]{{1,4}}[^\W_])[^\s\"'`,;<>{{}}()/]{{6,64}}?){END}"
)
BEHIND_LOOSELY = (re.compile(rf"[^\n]{{0,40}}?(?<![\w/.:@-]){_LONG}"),)
TYPED_VALUE = re.compile(rf"[\s:\"'«“]{{1,3}}(?:{_TANGLE}|{_WOVEN}|{_SIGNED})")
TYPED_SIGNS = re.compile(  # I typed Blue$ky2024: needs no other word
    rf"[\s:\"'«“]{{1,3}}{_NO_TANGLE}((?=[^\s]{{0,64}}[A-Za-z])(?=[^\s]{{0,64}}\d)"
    rf"(?=[^\s]{{0,64}}[^\W_][!$%#*+=~^@]{{1,4}}[^\W_]){_PLAIN}{{6,64}}?){END}"
)
TRIED_VALUE = re.compile(
    rf"(?i:[^\n.?!;:]{{0,40}}\b(?:with|met|mit|con|com|avec|med|s|z|с|using|as)[ \t])"
    rf"[\"'`«“]?(?:{_SIGNED}|{_NO_TANGLE}([A-Z][a-zà-ÿ]{{3,20}}\d{{1,5}}){END})"
)
WIFI_VALUE = re.compile(rf"[^\n.?!;:=]{{0,30}}[:=：][ \t]*[\"'`«“]?(?:{_WOVEN}|{_SIGNED})")
NETWORK_VALUE = re.compile(
    r"[^\n.?!;]{0,40}?(?:[:=]|[\s:=(\"'])[\"'`«“]?((?=[^\W\d_]{0,30}\d)(?=\d{0,30}[^\W\d_])[\w!$%&#@*+=~^-]{8,64}"
    r"|(?=[a-z]{0,30}[A-Z])(?=[A-Z]{0,30}[a-z])(?=\w{0,30}[a-z][A-Z]\w{0,30}[a-z])\w{8,64}|[A-Z]{8,16}|\d{8,20})(?![\w-])"
)
WORDS = re.compile(  # twelve words of a wallet and more
    r"[^\n]{0,48}?[\s\"':](?:\d{1,2}[.)] ?)?"
    r"((?:(?!(?:the|and|for|was|are|with|your|not|but)\b)[a-z]{3,8}(?:[ ,]{1,2}|\n)){11,23}[a-z]{3,8})(?!\w)",
    re.I,
)
_PHRASE_ENDS = r"but|and|when|which|that|so|for|on|in|it|is|not|your"
PHRASES = re.compile(  # secrets that are words
    r"(?i:\b(?:pass[ -]?phrases?|memorable words?|secret words?|(?:security|secret) (?:question )?answers?"
    r"|answer to (?:my|the) security question|mother['’]s maiden name)\b"
    rf"[^\n.?!;:]{{0,40}}?(?:\b(?:is|was|are)[ \t]|(?<=word )to[ \t]|(?<=answer )to[ \t]"
    rf"|[:=])[ \t]*[\"“']?)([^\W\d_][\w'-]{{2,30}}(?:[ ](?!{_PHRASE_ENDS})[^\W\d_]{{2,20}}){{0,5}})"
    rf"(?=[\"”']?(?:[,.;!?\n]|[ ](?:{_PHRASE_ENDS})\b|\Z))"
)
ANSWERS = re.compile(  # security question: first pet? Answer: Waffles
    r"(?i:(?:question|frage|pregunta|domanda|pergunta|vraag|pytani|ot[áa]zk|вопрос)[^\n]{0,60}\n?[^\n]{0,20}?\b"
    r"(?:answer|antwort|r[ée]ponse|respuesta|risposta|resposta|antwoord|odpowied[źz]|odpov[ěe][ďd]|ответ)"
    r"(?:[ ]?(?:[:=-]|is|ist|est|es|è|é|to|jest))[ \"'“]{1,2})([^\W\d_][\w'’ -]{1,40}?)(?=[\"”']?(?:[,.;!?\n]|\Z))"
)
USER_VALUE = re.compile(  # login: bob / Abcd12ef; user bob, pass Abcd12ef
    r"(?i:(?: (?:details|data|info|is|are|ist|:))?[\s:=]{1,3})(?!(?i:id|name)\b)[^\s/|,;:]{2,64}[ \t]?[/|:,;][ \t]?"
    rf"(?:{_TANGLE}|{_WOVEN}|{_SIGNED})"
)
_NO_PHONE = r"(?!(?<=\bto )\d{3}[ .-]?\d{4}|(?<=\ban )\d{7}|(?<=\bnumber )\d{3}[ .-]?\d{4})"
"""Not the phone that a code went to."""
BEHIND_CODES = (
    re.compile(
        r"(?i:(?: number)?(?:[ \t](?:on|from|for|para|für|pour|per|voor)(?:[ \t]\w{1,10}){1,3}?)?"
        rf"{_WHOSE}(?:[ \t]?(?:{_IS}|{_MAY_BE}){ENDS}|[:：=])?[ \t:\"'#(]{{0,3}}){_NO_PHONE}({_CODE})(?!-){_ENDS}"
    ),
    re.compile(rf"[^\n.?!;#\d]{{0,40}}[\s:=\"'(*](?<![#\d] )[#*]?{_NO_PHONE}({_CODE})(?!-|[.,:/]\d){_ENDS}"),
    re.compile(  # my passcode? uh 739201; backup codes 1. 8472 9163
        r"[\w ]{0,24}(?:[?:][ ]?(?:[^\W\d]{1,6}[ ,.]{1,3}){0,3}|[ :\n]{1,2}\d{1,2}[.)][ ])"
        rf"{_NO_PHONE}({_CODE})(?![-:/]|[.,]\d){_ENDS}"
    ),
    re.compile(
        rf"[^\x00-\u024F]{{0,12}}[:：「『\"' ]{{0,3}}{_NO_PHONE}({_CODE})(?!-){_ENDS}"
    ),  # where no space parts words
)
BARE_CODES = (re.compile(rf"[ \t]{{1,2}}(\d{{6}}|\d{{3}}[ -]\d{{3}})(?![\w-]|[.,]\d){_ENDS}"),)
"""The code 482913, where no other word says of what."""
TEXTED = re.compile(  # by sms: 350 918
    rf"(?i:\b(?:sms\w{{0,3}}|otp))\b[^\n.?!;\d]{{0,14}}{_NO_PHONE}(?<![\d+-])"
    rf"(\d{{6}}|\d{{3}}[ -]\d{{3}})(?![\w-]|[.,]\d|[ ]\d){_ENDS}"
)
SPELT = re.compile(rf"[^\n.?!;\d]{{0,32}}?\b((?:(?:{DIGIT_WORDS})[ ,.-]{{1,3}}){{3,11}}(?:{DIGIT_WORDS}))\b", re.I)
"""My pin is four, seven, one, nine."""
CODE_BEFORE = re.compile(r"(?<![\w.,:#/-])(\d{6}|\d{3}[ -]\d{3})(?![\w.:/-])[^\n.?!;\d]{1,40}\Z")
"""It came as 902114 and the code is refused."""
CODE_AHEAD = re.compile(  # 482913 is the code that came
    r"(?<![\w.,:#/-])(\d{3}[ -]?\d{1,5})[ \t](?i:is|was|as|ist|est|es|è|é|=)[ \t](?i:(?:my|the|our"
    r"|mein|der|die|mon|le|mi|el|la|il|mijn|de|o|a|your)[ \t])?(?:\w{1,12}[ \t]){0,2}?\Z"
)
