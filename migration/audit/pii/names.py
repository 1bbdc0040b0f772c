"""People's names where they are introduced, where they sign, or behind a title.

Out of scope: names that nothing announces (a spaCy model finds those, where one is installed); the words of each
language that announce them (`introductions`).
"""

from __future__ import annotations

import re

from migration.audit.pii.introductions import CLOSES, FIELDS, HERE, OWN, ROLES, SELF, TITLES, WHOSE
from migration.audit.pii.words import by_first_letter

UPPER = "".join(chr(c) for c in (*range(0x41, 0x530), *range(0x1E00, 0x1F00)) if chr(c).isupper())
CAP = rf"[{UPPER}][\w'’-]{{1,30}}"
_PARTICLE = (
    r"de|del|della|di|da|dos|das|do|du|van|von|vom|der|den|ter?|ten|tot|la|le|les|los|las|bin|binti|bint|ibn|al|el|af"
    r"|av|zu|zum|zur|y|e|i|ap|ab|mac|ní|nic|uí|ua|'t|['’]t|op|in['’]t|Del|De|La|Van|Von|O|Ó|Ní|Mc|Mac|[A-Z]\."
)
_STOP = (
    r"(?!(?:I|Very|So|Not|Also|Just|Still|Now|The|This|That|My|Your|Our|It|Is|And|But|For|From|With|At|In|On|Of|To"
    r"|Please|Sorry|Happy|Sure|Unhappy|Looking|Trying|Writing|Having|Really|Always|Never|Ridiculous|American|British"
    r"|German|French|Spanish|Italian|Indian|Australian|Amazon|Google|Customer|Team|Support|Monday|Tuesday|Wednesday"
    r"|Thursday|Friday|Saturday|Sunday|How|What|When|Where|Why|Who|Can|Could|Would|Do|Does|Hello|Hi|Hey|Thanks|Thank"
    r"|Order|Sent|Best|Kind|Re|Subject|Dear|Service|Account|Manager|Department|Sales|Billing|Premium|Free|New|Windows"
    r"|Microsoft|Apple|Sir|Madam|Operations|Head|Director|Vice|President|Chief|Senior|Product|Business|Factura"
    r"|Producto)\b)"
)
_JOIN = rf"[ \t]+(?:(?:{_PARTICLE})[ \t]+){{0,2}}(?:al-|el-|d['’]|O['’])?"
_PERSON = rf"{_STOP}{CAP}(?:{_JOIN}{_STOP}{CAP}){{0,3}}"
_FULL = rf"{_STOP}{CAP}(?:{_JOIN}{_STOP}{CAP}){{1,3}}"
_SMALL = (
    r"(?!(?:not|wrong|spell\w*|misspell\w*|missing|on|in|also|still|the|a|and|but|it|is|i|my|for|from|with|no"
    r"|never|an"
    r"|und|ich|hab|et|y|e|en|ik|og|och|jeg|jag|yo|eu|io|nicht|falsch|niet|no|non|não|nie|fel|incorrect\w*|ist"
    r"|es|est)\b)"
    r"[^\W\d_][\w'’-]{1,30}"
)
_AFTER = (
    r"(?=[,;(]| and | an | y | und | et | en | och | og | e | i | a | ve | from | aus | de | from | with "
    r"|\s*[.!]?\s*(?:\n|\Z))"
)
_ENDS = r"(?=[ \t]*(?:[,.;!?)\n]|\Z)|[ \t]+(?:and|und|et|y|e|en|och|og|i|a|ve|și|és|και|ke|и|та)\b)"
_ROLE = r"[ \t]*(?:[,|/–-][^\n]{0,60})?$"
_TITLED = rf"(?:{TITLES}\.?[ \t]+){{0,2}}"
_CJK = "\u3400-\u9fff"
_OWN, _SELF, _HERE, _CLOSES = (by_first_letter(words) for words in (OWN, SELF, HERE, CLOSES))
_ANYBODY, _FIELDS, _ROLES = (by_first_letter(words) for words in (f"{OWN}|{WHOSE}", FIELDS, ROLES))
_LABELS = by_first_letter(f"{FIELDS}|{ROLES}")
NAMES = (
    re.compile(rf"(?i:(?<!\w){_ANYBODY})[ \t]*[:,]?[ \t]*{_TITLED}({_PERSON})"),
    re.compile(
        rf"(?im:(?:^|[,;|{{(][ \t]?)[ \t>*]{{0,4}}{_FIELDS}[ \t]?[:：=][ \t*]{{0,3}}){_TITLED}({_PERSON})", re.M
    ),
    re.compile(
        rf"(?im:(?:^|[,;|{{(][ \t]?)[ \t>*]{{0,4}}{_ROLES}[ \t]?[:：=][ \t*]{{0,3}}){_TITLED}({_FULL}){_AFTER}",
        re.M,
    ),
    re.compile(rf"(?i:(?<!\w){_OWN}[ \t]*:?[ \t]+)({_SMALL}(?:[ \t]{_SMALL}){{0,3}}?){_ENDS}"),
    re.compile(rf"(?<!\w){TITLES}\.?[ \t]+({_PERSON})"),
    re.compile(rf"(?i:(?<!\w){_HERE})[ \t]+{_TITLED}({_FULL})"),
    re.compile(rf"(?i:(?<!\w){_SELF})[ \t]+({_STOP}{CAP}){_AFTER}"),
    re.compile(
        rf"(?im:^[ \t]*{_CLOSES}(?:[ \t]+[\w'’-]{{1,14}}){{0,5}})[ \t]*[,.!;:-]*[ \t]*\n+[ \t]*[-–—~]?"
        rf"[ \t]*{_TITLED}({_PERSON}){_ROLE}",
        re.M,
    ),
    re.compile(rf"(?i:(?<!\w){_CLOSES})[ \t]*[,!.–—-][ \t]*{_TITLED}({_FULL})[ \t.]*\Z"),
    re.compile(rf"[.!?][ \t]*(?:\n*[ \t]*[–—~][ \t]*|\n+[ \t]*--?){_TITLED}({_PERSON})[ \t.]*\Z"),
    re.compile(
        rf"({_FULL})(?=,? (?:here\b|speaking\b|calling\b|writing\b|on the line|à l['’]appareil|am (?:apparat"
        rf"|telefon)"
        r"|al telefono|al habla|hier\b))"
    ),
    re.compile(rf"(?i:\b(?:it|this|its)(?:['’]?s| is)?)[ \t]+({_PERSON})(?= (?:here|from|calling|speaking|again)\b)"),
    re.compile(
        rf"(?:我叫|我姓|我的名字是|姓名[:：是]?|名字[:：是])[ ]?([{_CJK}]{{2,4}}?)(?=[，。,.！!\s]|\Z|，)"
        rf"|(?:お名前|氏名|名前|私)[はが:：]?[ ]?([{_CJK}ぁ-んァ-ヶー]{{2,12}}?)(?=です|と申|といい|といます)"
    ),
    re.compile(r"([\u3400-\u9fffァ-ヶー]{2,10}[ 　]?[\u3400-\u9fffァ-ヶー]{0,6})(?=と申します|といいます)"),
    re.compile(
        r"(?:제 이름은|이름은|이름[:：]|성함은?[:：]?|저는|예금주[:：]?)[ ]?"
        r"([가-힣]{2,4}?)(?=입니다|이에요|예요|이고|라고|[,.\s]|\Z)"
    ),
    re.compile(
        r"(?:اسمي|انا اسمي|الاسم ?:|שמי|קוראים לי|שם ?:|मेरा नाम|नाम ?:|আমার নাম|என் பெயர்|ฉันชื่อ|ผมชื่อ"
        r"|ดิฉันชื่อ|ชื่อ ?:)[ ]?"
        r"([^\W\d_][^\s\d,.:;!?]{1,20}(?: [^\W\d_][^\s\d,.:;!?]{1,20})?)"
    ),
)
NAME_CUES = re.compile(
    rf"(?im:(?<!\w){_ANYBODY}|(?:^|[,;|{{(][ \t]?)[ \t>*]{{0,4}}{_LABELS}[ \t]?[:：=])"
    rf"|(?i:(?<!\w){_HERE}\s)|(?<!\w){TITLES}\.?\s+[{UPPER}]|"
    rf"(?im:^[ \t]*{_CLOSES}\W)|\b(?:here|speaking|calling|writing|again|hier)\b|[.!?]\s*[-–—~]"
    r"|と申|といい|我叫|我姓|名|이름|성함|저는|اسم|שמ|שם|नाम|নাম|பெயர்|ชื่อ"
)
