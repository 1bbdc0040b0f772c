"""People's names where they are introduced, where they sign, or behind a title.

Out of scope: names that nothing announces (a spaCy model finds those, where one is installed); the words of each
language that announce them (`introductions`).
"""

from __future__ import annotations

import re

from migration.audit.pii.introductions import CLOSES, FIELDS, GREETS, HERE, OWN, ROLES, SELF, TITLES, WHOSE
from migration.audit.pii.words import by_first_letter

UPPER = "".join(chr(c) for c in (*range(0x41, 0x530), *range(0x1E00, 0x1F00)) if chr(c).isupper())
CAP = rf"[{UPPER}][\w'’-]{{1,30}}"
_PARTICLE = (
    r"de|del|della|di|da|dos|das|do|du|van|von|vom|der|den|ter?|ten|tot|la|le|les|los|las|bin|binti|bint|ibn|al|el|af"
    r"|av|zu|zum|zur|y|e|i|ap|ab|mac|ní|nic|uí|ua|'t|['’]t|op|in['’]t|Del|De|La|Van|Von|O|Ó|Ní|Mc|Mac|[A-Z]\."
)
STOP = (
    r"(?!(?:I|Very|So|Not|Also|Just|Still|Now|The|This|That|My|Your|Our|It|Is|And|But|For|From|With|At|In|On|Of|To"
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
_JOIN = rf"[ \t]+(?:(?:{_PARTICLE})[ \t]+){{0,2}}(?:al-|el-|d['’]|O['’])?"
_INITIALS = rf"(?<!\w)(?:[{UPPER}]\.[ -]?){{1,3}}"
_ONE = rf"(?:{STOP}{CAP}|{_INITIALS}[ \t]?{STOP}{CAP})"
_PERSON = rf"{_ONE}(?:{_JOIN}{STOP}{CAP}){{0,3}}"
_FULL = rf"(?:{_ONE}(?:{_JOIN}{STOP}{CAP}){{1,3}}|{_INITIALS}[ \t]?{STOP}{CAP})"
_LISTED = rf"{STOP}{CAP}(?:{_JOIN}{CAP})?,[ \t]{STOP}{CAP}(?:[ \t]{CAP})?"
"""As in lists: last name, first name."""
_ARTICLE = r"(?:d['’]|(?:de[rn]?|die|el|la|en|na|o|a)[ \t]+)?"
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
_CJK = "々\u3400-\u9fff"
_OWN, _SELF, _HERE, _CLOSES = (by_first_letter(words) for words in (OWN, SELF, HERE, CLOSES))
_ANYBODY, _FIELDS, _ROLES = (by_first_letter(words) for words in (f"{OWN}|{WHOSE}", FIELDS, ROLES))
_LABELS = by_first_letter(f"{FIELDS}|{ROLES}")
_GREETS = by_first_letter(GREETS)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦方白邹孟熊秦邱江"
    "張劉陳楊黃趙吳馬鄭謝許韓馮鄧蕭葉蘇魏呂盧鍾譚陸賈鄒龔"
)
NAMES = (
    re.compile(rf"(?i:(?<!\w){_ANYBODY})[ \t]*[:,]?[ \t]*({_TITLED}{_PERSON})"),
    re.compile(
        rf"(?im:(?:^|[,;|{{(][ \t]?)[ \t>*]{{0,4}}{_FIELDS}[ \t]?[:：=][ \t*]{{0,3}})({_LISTED}|{_TITLED}{_PERSON})",
        re.M,
    ),
    re.compile(
        rf"(?im:(?:^|[,;"
        rf"|{{(][ \t]?)[ \t>*]{{0,4}}{_ROLES}(?:[/*:(]-?in\)?)?[ \t]?[:：=][ \t*]{{0,3}})(?:({_LISTED})"
        rf"|({_TITLED}{_FULL}){_AFTER})",
        re.M,
    ),
    re.compile(rf"(?i:(?<!\w){_OWN}[ \t]*:?[ \t]+)({_SMALL}(?:[ \t]{_SMALL}){{0,3}}?){_ENDS}"),
    re.compile(rf"(?<!\w)({TITLES}\.?[ \t]+{_PERSON})"),
    re.compile(rf"(?im:^[ \t>\"']{{0,4}}{_GREETS})[ \t]+({_TITLED}{_FULL})", re.M),
    re.compile(rf"(?im:^[ \t>\"']{{0,4}}{_GREETS})[ \t]+({_TITLED}{_ONE})(?=[ \t]*(?:[,!:\n]|\Z))", re.M),
    re.compile(  # any closing: a short line with a comma and a name below it, or a name below an empty line
        rf"(?m:^[ \t]*[{UPPER}][\w'’&]{{0,20}}(?:[ \t][\w'’&]{{1,14}}){{0,4}},[ \t]*\n+["
        rf" \t]*)({_TITLED}{_FULL})[ \t.]*(?:\n|\Z)"
        rf"|\n[ \t]*\n[ \t]*({_TITLED}{_FULL})[ \t.]*\Z"
    ),
    re.compile(
        r"(?i:\b(?:titular|holder|inhaber\w{0,3}|intestatari[oa]|titulaire|customer|patient"
        r"|klant)[^\n(]{0,20}\()([^\W\d_]{2,20}(?:[ ][^\W\d_]{2,20}){1,3})\)"
    ),
    re.compile(rf"(?i:(?<!\w){_HERE})[ \t]+{_ARTICLE}({_TITLED}{_FULL})"),
    re.compile(rf"(?i:\b(?:aqui|daqui|aquí)(?: é| fala| quem fala é)? [oa]) ({STOP}{CAP})"),
    re.compile(rf"(?i:(?<!\w){_SELF})[ \t]+({STOP}{CAP}){_AFTER}"),
    re.compile(
        rf"(?im:^[ \t]*{_CLOSES}(?:[ \t]+[\w'’-]{{1,14}}){{0,5}})[ \t]*[,.!;:-]*[ \t]*\n+[ \t]*[-–—~]?"
        rf"[ \t]*({_TITLED}{_PERSON}){_ROLE}",
        re.M,
    ),
    re.compile(rf"(?im:(?:^|[.!?][ \t]+){_CLOSES})[ \t]+({_TITLED}{_FULL})[ \t.]*$", re.M),  # Mvh Birthe Damsgaard
    re.compile(rf"\bI, ({_TITLED}{_FULL}),"),
    re.compile(
        rf"(?i:\b(?:tenant|resident|patient|customer|client|claimant|caller|member|subscriber|employee|guest"
        rf"|passenger))"
        rf" ({_TITLED}{_FULL})(?= (?:reports?|says|said|states?|called|calls|wants|requests?|asks|asked"
        rf"|confirms?|needs|complains)\b)"
    ),
    re.compile(rf"(?i:(?<!\w){_CLOSES})[ \t]*[,!.–—-][ \t]*({_TITLED}{_FULL})[ \t.]*\Z"),
    re.compile(rf"[.!?][ \t]*(?:\n*[ \t]*[–—~][ \t]*|\n+[ \t]*--?[ \t]*)({_TITLED}{_PERSON})[ \t.]*\Z"),
    re.compile(
        rf"({_FULL})(?=,? (?:here\b|vagyok\b|po ito\b|dey write\b|speaking\b|calling\b|writing\b|on the line"
        rf"|à l['’]appareil|am (?:apparat"
        rf"|telefon)"
        r"|al telefono|al habla|hier\b))"
    ),
    re.compile(rf"(?i:\b(?:it|this|its)(?:['’]?s| is)?)[ \t]+({_PERSON})(?= (?:here|from|calling|speaking|again)\b)"),
    re.compile(
        rf"(?:我叫|我姓|我的名字是|姓名[:：是]?|名字[:：是])[ ]?([{_CJK}]{{2,4}}?)(?=[，。,.！!\s]|\Z|，)"
        rf"|(?:お名前|氏名|名前|私)[はが:：]?[ ]?([{_CJK}ぁ-んァ-ヶー]{{2,12}}?)(?=です|と申|といい|といます)"
    ),
    re.compile(r"([々\u3400-\u9fffァ-ヶー]{2,10}[ 　]?[々\u3400-\u9fffァ-ヶー]{0,6})(?=と申します|といいます)"),
    re.compile(
        r"(?:제 이름은|이름은|이름[:：]|성함은?[:：]?|저는|예금주[:：]?)[ ]?"
        r"([가-힣]{2,4}?)(?=입니다|이에요|예요|이고|라고|[,.\s]|\Z)"
    ),
    re.compile(r"(?:^|안녕하세요[.,!]?[ ]?|[.\n][ ]?)([가-힣]{2,4})(?=입니다|이에요|라고 합니다|이라고 합니다)"),
    re.compile(rf"我是([{_SURNAMES}][{_CJK}]{{1,2}})(?=[，。,.！!\s]|\Z)"),
    re.compile(r"(?:นางสาว|นาย|นาง|คุณ)[ ]?([\u0e00-\u0e7f]{2,20}[ ][\u0e00-\u0e7f]{2,20})"),
    re.compile(
        r"(?:اسمي|انا اسمي|الاسم ?:|שמי|קוראים לי|שם ?:|मेरा नाम|नाम ?:|আমার নাম|என் பெயர்|ฉันชื่อ|ผมชื่อ"
        r"|ดิฉันชื่อ|ชื่อ ?:)[ ]?"
        r"([^\W\d_][^\s\d,.:;!?]{1,20}(?: [^\W\d_][^\s\d,.:;!?]{1,20})?)"
    ),
)
NAME_CUES = re.compile(
    rf"(?im:(?<!\w){_ANYBODY}|(?:^|[,;|{{(][ \t]?)[ \t>*]{{0,4}}{_LABELS}(?:[/*:(]-?in\)?)?[ \t]?[:：=])"
    rf"|(?i:(?<!\w){_HERE}\s)|(?<!\w){TITLES}\.?\s+[{UPPER}]|"
    rf"(?im:^[ \t]*{_CLOSES}\W)|\b(?:here|speaking|calling|writing|again|hier|vagyok|ito|dey|tenant|resident"
    rf"|claimant|caller|reports?|states)\b|\bI, [A-Z]|[.!?]\s*[-–—~]"
    rf"|(?im:^[ \t>\"']{{0,4}}{_GREETS}[ \t])|,[ \t]*\n|\n[ \t]*\n|\n[ \t]*--|\([^\W\d_]{{2,20}} [^\W\d_]{{2,20}}"
    r"|と申|입니다|我是|นาย|นาง|คุณ|といい|我叫|我姓|名|이름|성함|저는|اسم|שמ|שם|नाम|নাম|பெயர்|ชื่อ"
)
