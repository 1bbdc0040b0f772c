"""People's names where they are introduced, where they sign, or behind a title.

Out of scope: names that nothing announces (a spaCy model finds those, where one is installed); the words of each
language that announce them (`introductions`).
"""

from __future__ import annotations

import re
from functools import cache

from migration.audit.pii.names.introductions import (
    CLOSES,
    COURTESIES,
    FIELDS,
    GREETS,
    HERE,
    OWN,
    PEOPLE,
    ROLES,
    SELF,
    TITLES,
    WHOSE,
)
from migration.audit.pii.words import STOP, UPPER, by_first_letter

CAP = rf"[{UPPER}][\w'’-]{{1,30}}"
PARTICLE = (
    r"de|del|della|di|da|dos|das|do|du|van|von|vom|der|den|ter?|ten|tot|la|le|les|los|las|bin|binti|bint|ibn|al|el|af"
    r"|av|zu|zum|zur|y|e|i|ap|ab|mac|ní|nic|uí|ua|'t|['’]t|op|in['’]t|Del|De|La|Van|Von|O|Ó|Ní|Mc|Mac|[A-Z]\."
)
JOIN = rf"[ \t]+(?:(?:{PARTICLE})[ \t]+){{0,2}}(?:al-|el-|d['’]|O['’])?"
_INITIALS = rf"(?<!\w)(?:[{UPPER}]\.[ -]?){{1,3}}"
ONE = rf"(?:{STOP}{CAP}|{_INITIALS}[ \t]?{STOP}{CAP})"
PERSON = rf"{ONE}(?:{JOIN}{STOP}{CAP}){{0,3}}(?:[ \t][{UPPER}]\.?(?!\w))?"
FULL = rf"(?:{ONE}(?:{JOIN}{STOP}{CAP}){{1,3}}(?:[ \t][{UPPER}]\.?(?!\w))?|{_INITIALS}[ \t]?{STOP}{CAP})"
_LISTED = rf"{STOP}{CAP}(?:{JOIN}{CAP})?,[ \t]{STOP}{CAP}(?:[ \t]{CAP})?"
"""As in lists: last name, first name."""
_ARTICLE = r"(?:d['’]|(?:de[rn]?|die|el|la|en|na|o|a)[ \t]+)?"
ANY_WORDS = (
    r"(?!(?:not|wrong|spell\w*|misspell\w*|missing|on|in|also|still|the|a|and|but|it|is|i|my|for|from|with|no"
    r"|never|an"
    r"|und|ich|hab|et|y|e|en|ik|og|och|jeg|jag|yo|eu|io|nicht|falsch|niet|no|non|não|nie|fel|incorrect\w*|ist"
    r"|es|est)\b)"
    r"[^\W\d_][\w'’-]{1,30}"
)
_AFTER = (
    r"(?=[,;(]| and | an | y | und | et | en | och | og | e | i | a | ve | from | aus | de | van | with "
    r"|\s*[.!]?\s*(?:\n|\Z))"
)
ENDS = r"(?=[ \t]*(?:[,.;!?)\n]|\Z)|[ \t]+(?:and|n|und|et|y|e|en|och|og|i|a|ve|și|és|και|ke|и|та)\b)"
_ROLE = r"[ \t]*(?:[,|/–-][^\n]{0,60})?$"
DEGREES = (
    r"(?:drs|ir|med|dent|vet|phil|jur|iur|rer|nat|pol|oec|ing|theol|habil|h\.?c|univ|ssa|MUDr|MVDr|JUDr|PhDr|RNDr|Mgr|Bc|Mag"
    r"|Dipl|Doc|Doz|Ir|Hj|H|Arch|Rag|Eng|Pr|Prof\.?ssa|Prof\.?ª|Dr\.?ª|Doctor(?:a)?|Docteure?|Maître|mgr|inż|dr|prof|hab|lek"
    r"|akad|проф|доц|д-р|инж)"
)
"""Between a title and a name, and before one: `Frau Prof. Dr. med. Anna Kern`."""
TITLED = rf"(?:(?:{TITLES}\.?|[{UPPER}]\w{{1,4}}\.|(?i:{COURTESIES})\.?)[ \t]+){{0,2}}"
CJK = "々\u3400-\u9fff"
_OWN, _SELF, _HERE, _CLOSES = (by_first_letter(words) for words in (OWN, SELF, HERE, CLOSES))
_ANYBODY, _FIELDS, _ROLES = (by_first_letter(words) for words in (f"{OWN}|{WHOSE}", FIELDS, ROLES))
_LABELS = by_first_letter(f"{FIELDS}|{ROLES}")
_GREETS = by_first_letter(GREETS)
_OF = r"(?:[ ](?:da|do|de|del|della|du|des|of|der|van|the|la)){1,2}[ ]\w{2,15}"
"""Whose a form's field is: `titular da conta`."""
_THINGS = (
    r"(?!(?:produ|colo|item|file|event|compan|firma|datei|arti|model|size|pet|type|team|school|brand|mar[kcq]|farb"
    r"|coul))"
)
"""What has a name and is nobody, behind a field's name."""
_NOTE = rf"(?:[ \t]?\({_THINGS}[^()\n:]{{1,40}}\)|[ ]?[/&][ ]?{_THINGS}[^\W\d_]{{2,14}}\.?)?"
"""What a form says of a field behind its name: `Name (as on the card)`, `Nom/Prénom`."""
_APPOSED = (
    r"(?:agent|rep|representative|driver|technician|engineer|manager|colleague|supervisor|assistant|nurse|doctor"
    r"|courier|advisor|adviser|operator)"
)
"""Who has a name between commas behind it."""
_SIGNS = (
    r"(?:hälsning(?:ar)?|hilsen|terveisin|pozdrawiam|saludos|saluti|groet\w{0,4}|gr(?:ü|ue)(?:ß|ss)e?n?|gru(?:ß|ss)"
    r"|cumprimentos|cordialement|regards|mvh|mvg|lg|vg|slds|sds|bjs|atte|abrazo|abraços?|pozdrav|bises)"
)
"""Closings behind which one name on the same line is enough."""
_SURNAMES_JP = (
    "佐々木|佐藤|鈴木|高橋|田中|伊藤|渡辺|山本|中村|小林|加藤|吉田|山田|山口|松本|井上|木村|斎藤|清水|山崎|池田|橋本|阿部|石川"
    "|山下|中島|石井|小川|前田|岡田|長谷川|藤田|後藤|近藤|村上|遠藤|青木|坂本|斉藤|福田|太田|西村|藤井|藤原|岡本|三浦|金子|中野"
    "|中川|原田|松田|竹内|小野|田村|中山|和田|石田|森田|上田|内田|柴田|酒井|宮崎|横山|高木|安藤|宮本|大野|小島|谷口|今井|工藤"
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦方白邹孟熊秦邱江"
    "張劉陳楊黃趙吳馬鄭謝許韓馮鄧蕭葉蘇魏呂盧鍾譚陸賈鄒龔"
)
NAMES = (
    (rf"(?i:(?<!\w){_ANYBODY})[ \t]*[:,]?[ \t]*({TITLED}{PERSON})"),
    (
        "(?m)"
        rf"(?im:(?:^|[,;|{{(][ \t]?)[ \t>*]{{0,4}}{_FIELDS}{_NOTE}[ \t]?[:：=][ \t*]{{0,3}})"
        rf"({_LISTED}|{TITLED}{PERSON})"
    ),
    (
        "(?m)"
        rf"(?im:(?:^|[,;"
        rf"|{{(][ \t]?)[ \t>*]{{0,4}}{_ROLES}(?:[/*:(]-?in\)?|{_OF})?[ \t]?[:：=][ \t*]{{0,3}})(?:({_LISTED})"
        rf"|({TITLED}{FULL}){_AFTER})"
    ),
    (rf"(?i:^- {PEOPLE}): ({TITLED}{FULL})[ \t.]*\Z"),
    (rf"(?i:(?<!\w){_OWN}[ \t]*:?[ \t]+)({ANY_WORDS}(?:[ \t]{ANY_WORDS}){{0,3}}?){ENDS}"),
    (
        rf"(?<!\w)((?:{TITLES}|(?i:{COURTESIES}))\.?[ \t]+(?:l[ea][ \t]+(?=Dr|Prof|Doct))?"
        rf"(?:(?:{TITLES}|(?i:{COURTESIES})|{DEGREES})\.?[ \t]+){{0,4}}{PERSON})"
    ),
    (rf"(?:^|\n)[ \t]*[-–—_]{{2,}}[ \t]*\n[ \t]*({TITLED}{FULL})[ \t]*(?:\n|\Z)"),
    (rf"(?i:\b{_APPOSED}), ({ONE}(?:[ \t]{STOP}{CAP})?),(?![ \t][{UPPER}])"),
    ("(?m)" rf"(?im:^[ \t>\"']{{0,4}}{_GREETS})[ \t]+({TITLED}{FULL})"),
    ("(?m)" rf"(?im:^[ \t>\"']{{0,4}}{_GREETS})[ \t]+({TITLED}{ONE})(?=[ \t]*(?:[,!:\n]|\Z))"),
    (  # any closing: a short line with a comma and a name below it, or a name below an empty line
        rf"(?m:^[ \t]*[{UPPER}][\w'’&]{{0,20}}(?:[ \t][\w'’&]{{1,14}}){{0,4}},[ \t]*\n+["
        rf" \t]*)({TITLED}{FULL})[ \t.]*(?:\n|\Z)"
        rf"|\n[ \t]*\n[ \t]*({TITLED}{FULL})[ \t.]*\Z"
    ),
    (
        r"(?i:\b(?:titular|holder|inhaber\w{0,3}|intestatari[oa]|titulaire|customer|patient"
        r"|klant)[^\n(]{0,20}\()([^\W\d_]{2,20}(?:[ ][^\W\d_]{2,20}){1,3})\)"
    ),
    (rf"(?i:(?<!\w){_HERE}),?[ \t]+{_ARTICLE}({TITLED}{FULL})"),
    (rf"(?i:\b(?:aqui|daqui|aquí)(?: é| fala| quem fala é)? [oa]) ({STOP}{CAP})"),
    (rf"(?i:(?<!\w){_SELF})[ \t]+({STOP}{CAP}){_AFTER}"),
    (
        "(?m)"
        rf"(?im:^[ \t]*{_CLOSES}(?:[ \t]+[\w'’-]{{1,14}}){{0,5}})[ \t]*[,.!;:-]*[ \t]*\n+[ \t]*[-–—~]?"
        rf"[ \t]*({TITLED}{PERSON}){_ROLE}"
    ),
    (  # Mvh Birthe Damsgaard
        "(?m)"
        rf"(?im:(?:^|[.!?][ \t]+){_CLOSES})[ \t]+(?:(?:fra|from|från|von|de|da|van|od|от)[ \t]+)?({TITLED}{FULL})"
        rf"[ \t.]*(?:,[^\n,]{{0,40}})?$"
    ),
    (  # Grüße, Resi; Fdo.: Íñigo Zubizarreta
        "(?m)"
        rf"(?im:(?:^|[.!?\n][ \t]*)(?:[\w'’]{{1,14}}[ \t]){{0,2}}{_SIGNS})[ \t]*[,!]?[ \t]+({TITLED}{ONE})[ \t.]*\Z"
        rf"|(?im:^[ \t]*(?:fdo|firmado|firma|signed|gez|podpis|unterschrift|signature|assinado|get|sign)"
        rf"(?:[ \t](?:by|von|por|par|da))?\.?[ \t]*:?)[ \t]+({TITLED}{FULL})"
    ),
    (rf"\bI, ({TITLED}{FULL}),"),
    (
        rf"(?i:\b(?:tenant|resident|patient|customer|client|claimant|caller|member|subscriber|employee|guest"
        rf"|passenger))"
        rf" ({TITLED}{FULL})(?= (?:reports?|says|said|states?|called|calls|wants|requests?|asks|asked"
        rf"|confirms?|needs|complains)\b)"
    ),
    (rf"[.!?][ \t]*(?:\n*[ \t]*[–—~][ \t]*|\n+[ \t]*--?[ \t]*)({TITLED}{PERSON})[ \t.]*\Z"),
    (rf"(?i:\b(?:it|this|its)(?:['’]?s| is)?)[ \t]+({PERSON})(?= (?:here|from|calling|speaking|again)\b)"),
    (
        rf"(?:我叫|我姓|我的名字是|姓名[:：是]?|名字[:：是]|(?:收件人|寄件人|联系人|聯絡人|申请人|持卡人|乘客"
        rf"|患者|户名)[:：是])[ ]?([{CJK}]{{2,4}}?)(?=[，。,.！!\s]|\Z|，)"
        rf"|(?:お名前|氏名|名前|宛名|受取人|担当|契約者"
        rf"|名義)[はが:：]?[ ]?([{CJK}ぁ-んァ-ヶー]{{2,12}}?)(?=です|と申|といい|といます)"
    ),
    (r"([々\u3400-\u9fffァ-ヶー]{2,10}[ 　]?[々\u3400-\u9fffァ-ヶー]{0,6})(?=と申します|といいます)"),
    (
        r"(?:제 이름은|이름은|이름[:：]|성함은?[:：]?|예금주[:：]?|수령인[:：]?|받는 ?분[:：]|보내는 ?분[:：])[ ]?"
        r"([가-힣]{2,4}?)(?=입니다|이에요|예요|이고|라고|[,.\s]|\Z)"
    ),
    (
        r"저는[ ]?(?!고객|회원|학생|직원|한국|이미|지금|정말|주문|신규|오늘|계속|여기|이용|사용"
        r"|구매)([가-힣]{2,4}?)(?=입니다|이에요|예요|이고|라고|이라고)"
    ),
    (r"(?:^|안녕하세요[.,!]?[ ]?|[.\n][ ]?)([가-힣]{2,4})(?=입니다|이에요|라고 합니다|이라고 합니다)"),
    (rf"(?:^|私は|[。\n、！ ])((?:{_SURNAMES_JP})[{CJK}ぁ-んァ-ヶ]{{0,4}}?)(?=です|と申|だけど|ですが)"),
    (rf"我是([{_SURNAMES}][{CJK}]{{1,2}})(?=[，。,.！!\s]|\Z)"),
    (r"(?:นางสาว|นาย|นาง|คุณ)[ ]?([\u0e00-\u0e7f]{2,20}[ ][\u0e00-\u0e7f]{2,20})"),
    (
        r"(?:اسمي|انا اسمي|الاسم ?:|שמי|קוראים לי|שם ?:|मेरा नाम|नाम ?:|আমার নাম|என் பெயர்|ฉันชื่อ|ผมชื่อ"
        r"|ดิฉันชื่อ|ชื่อ ?:|ชื่อ(?= ))[ ]?"
        r"([^\W\d_][^\s\d,.:;!?]{1,20}(?: [^\W\d_][^\s\d,.:;!?]{1,20})?)"
    ),
    (
        rf"(?i:\b(?:supervisor|agent|rep|lady|guy|man|woman|person|manager|driver|technician|colleague|someone|somebody)"
        rf"(?: \w{{2,10}})? (?:named|called)|\buna? tal(?: de)?) ({STOP}{CAP}(?:[ \t]{STOP}{CAP})?)"
    ),
    (
        rf"(?i:\b(?:hi|hello|hey|g['’]day|good (?:morning|evening|afternoon)|morning"
        rf"|evening))[,!. ]{{1,2}}({STOP}{CAP})"
        rf"(?= (?:here|speaking|calling|again)\b)"
    ),
    (rf"(?:\A|\n|[.!?] )/[ ]?({STOP}{CAP})\s*\Z"),
    (rf"(?i:(?:^|[.!?\n][ \t]?)(?:cheers|best|regards|love|yours|sincerely|warmly)),[ \t]?({STOP}{CAP})[ \t.]*\Z"),
    (
        rf"(?:お名前|氏名|名前|宛名|受取人|契約者"
        rf"|名義|収件人|收件人|姓名)(?:[(（][^()（）\n]{{1,12}}[)）])?[:：]"
        rf"[ 　]?([{CJK}ぁ-んァ-ヶー]{{1,6}}(?:[ 　][{CJK}ぁ-んァ-ヶー]{{1,6}})?)"
    ),
)
"""Each group that matches is a name; `introduced` has them compiled."""
NAME_CUES = re.compile(
    rf"(?i:\A- {PEOPLE}: )|(?:\A|\n|[.!?] )/|"
    rf"(?i:\b(?:named|called|tal)\b|\b{_APPOSED}, |\b(?:cheers|best|love|yours|sincerely|warmly|{_SIGNS})[ ,!])|"
    rf"(?im:(?<!\w){_ANYBODY}|(?:^|[,;|{{(][ \t]?)[ \t>*]{{0,4}}{_LABELS}(?:[/*:(]-?in\)?|{_OF})?{_NOTE}[ \t]?[:：=])"
    rf"|(?i:(?<!\w){_HERE},?\s)|(?<!\w)(?:{TITLES}|(?i:{COURTESIES}))\.?\s+(?:[{UPPER}]|drs?\b|mgr)|"
    rf"(?im:^[ \t]*{_CLOSES}\W)|\b(?:here|speaking|calling|writing|again|hier|vagyok|ito|dey|tenant|resident"
    rf"|claimant|caller|reports?|states)\b|\bI, [A-Z]|[.!?]\s*[-–—~]"
    rf"|(?im:^[ \t>\"']{{0,4}}{_GREETS}[ \t])|,[ \t]*\n|\n[ \t]*\n|\n[ \t]*--|(?:fdo|firmado|signed|gez"
    rf"|podpis)\b|\([^\W\d_]{{2,20}} [^\W\d_]{{2,20}}"
    r"|(?:\A|\n|[.!?] )/|à l['’]appareil|telefono?\b|です|קוראים|と申|입니다|我是|นาย"
    r"|นาง|คุณ|といい"
    r"|我叫|我姓|名|件人|联系人|聯絡人|申请人|持卡人|乘客|患者|受取人|担当|契約者|수령인|받는|보내는|예금주"
    r"|이름|성함|저는|اسم|שמ|שם|नाम|নাম|பெயர்|ชื่อ"
)


@cache
def introduced() -> tuple[re.Pattern[str], ...]:
    """The patterns of `NAMES`, compiled where they are first needed: a fifth of a second."""
    return tuple(map(re.compile, NAMES))
