"""People's names where they are introduced, where they sign, or behind a title.

Out of scope: names that nothing announces (a spaCy model finds those, where one is installed).
"""

from __future__ import annotations

import re

UPPER = "".join(chr(c) for c in (*range(0x41, 0x530), *range(0x1E00, 0x1F00)) if chr(c).isupper())
CAP = rf"[{UPPER}][\w'’-]{{1,30}}"
_PARTICLE = (
    r"de|del|della|di|da|dos|das|do|van|von|der|den|ten|ter|la|le|bin|binti|ibn|al|el|af|av|zu|y|e|i|O|Ó|Mc|Mac|[A-Z]\."
)
_STOP = (
    r"(?!(?:I|Very|So|Not|Also|Just|Still|Now|The|This|That|My|Your|Our|It|Is|And|But|For|From|With|At|In|On|Of|To"
    r"|Please|Sorry|Happy|Sure|Unhappy|Looking|Trying|Writing|Having|Really|Always|Never|Ridiculous|American|British"
    r"|German|French|Spanish|Italian|Indian|Australian|Amazon|Google|Customer|Team|Support|Monday|Tuesday|Wednesday"
    r"|Thursday|Friday|Saturday|Sunday|How|What|When|Where|Why|Who|Can|Could|Would|Do|Does|Hello|Hi|Hey|Thanks|Thank"
    r"|Order|Sent|Best|Kind|Re|Subject|Dear)\b)"
)
_JOIN = rf"[ \t]+(?:(?:{_PARTICLE})[ \t]+){{0,2}}(?:al-|el-|d['’]|O['’])?"
_PERSON = rf"{_STOP}{CAP}(?:{_JOIN}{_STOP}{CAP}){{0,3}}"
_FULL = rf"{_STOP}{CAP}(?:{_JOIN}{_STOP}{CAP}){{1,3}}"
_INTRODUCES = (
    r"(?:my|full|first|last|middle|given|family|her|his|their|customer|client|account holder|user|passenger|guest"
    r"|patient|contact|cardholder|recipient)(?:'s)? name(?:'s| is| was|:)|(?:in|under) the name(?: of)?"
    r"|name and surname:"
    r"|call me|i(?:['’]m| am) called|mein(?: voller)? name (?:ist|lautet)|ich hei(?:ß|ss)e|name lautet|je m['’]appelle"
    r"|(?:mon|le) nom est|au nom de|me llamo|mi nombre (?:completo )?es|a nombre de|mi chiamo|il mio nome è|a nome di"
    r"|(?:o )?meu nome é|chamo-me|me chamo|em nome de|mijn naam is|ik heet|op naam van|jag heter|mitt namn är"
    r"|jeg (?:heter|hedder)|mi(?:tt|t) navn er|navnet mitt er|nimeni on|nazywam się|mam na imię|jmenuji se|volám sa"
    r"|a nevem|mă numesc|numele meu este|benim adım|adım|nama saya(?: adalah)?|меня зовут|мене звати|με λένε"
)
_FIELDS = r"name|nom|nombre|nome|naam|namn|navn|imię|vorname|nachname|surname"
_TITLES = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Herr|Frau|Monsieur|Madame|Mme|Mlle|Señor|Señora|Sr|Sra|Srta|Signor|Signora|Sig"
    r"|Dhr|Mevr|Mevrouw|Meneer|Pan|Pani|Dona|Senhor|Senhora)"
)
_SELF = r"i['’]?m|i am|ich bin|je suis|soy|sono|ik ben|jag är|jeg er|jestem|(?:eu )?sou(?: [oa])?"
_HERE = (
    rf"{_SELF}|this is|hier ist|hier spricht|c['’]est|ici|aqu[ií](?: é)?(?: [oa])?|(?:le )?habla|qui è|parla"
    r"|speaking (?:with|to)|je spreekt met|account holder|(?:customer|client|passenger|guest|patient|recipient"
    r"|signed)[:,]"
    r"|(?:my|his|her) (?:wife|husband|partner|son|daughter|mother|father|brother|sister|boss|colleague|friend)"
)
_CLOSES = (
    r"(?:kind |best |warm )?regards|rgds|best wishes|best|many thanks|thanks|thank you|cheers|sincerely|respectfully"
    r"|yours(?: truly| sincerely| faithfully)?|warmly|take care|(?:mit )?(?:freundlich|best|lieb|viel|herzlich"
    r"|schön)en? "
    r"gr(?:ü|ue)(?:ß|ss)en?|gru(?:ß|ss)|mfg|hochachtungsvoll|(?:bien |très )?cordialement|bien à vous|amicalement"
    r"|(?:sincères )?salutations(?: distinguées)?|merci|(?:un )?(?:cordial )?saludos?(?: cordial(?:es)?)?|cordialmente"
    r"|atentamente|gracias|(?:cordiali|distinti) saluti|saluti|grazie|(?:met )?(?:vriendelijke"
    r"|hartelijke) groet(?:en|jes)?"
    r"|groet(?:en|jes)?|(?:med )?(?:vänliga?|bästa) hälsning(?:ar)?|hälsningar|mvh|(?:med )?venn?lig hilsen|hilsen"
    r"|(?:bedste|beste|de bedste) hilsn?er?|atenciosamente|(?:com )?(?:os )?(?:melhores |meus )?cumprimentos|abraços?"
    r"|obrigad[oa]|pozdrawiam|pozdrowienia|z poważaniem|dziękuję|s pozdravem|terveisin|ystävällisin terveisin"
    r"|üdvözlettel|saygılarımla|cu stimă|με εκτίμηση|с уважением|з повагою"
)
_SMALL = (
    r"(?!(?:not|wrong|spell\w*|misspell\w*|missing|on|in|also|still|the|a|and|but|it|is|i|my|for|from|with|no|never)\b)"
    r"[a-zà-ÿ][\w'’-]{1,30}"
)
_AFTER = r"(?=,| and | y | und | et | en | och | og | e | i |\s*[.!]?\s*\Z)"
NAMES = (
    re.compile(rf"(?im:\b(?:{_INTRODUCES})|^[ \t]*(?:{_FIELDS}) ?:)[ \t]*({_PERSON})"),
    re.compile(rf"(?i:\bmy name(?:'s| is)[ \t]+)({_SMALL}(?: {_SMALL}){{0,2}})(?=[,.!\n]| and i\b|\s*\Z)"),
    re.compile(rf"\b{_TITLES}\.?[ \t]+({_PERSON})"),
    re.compile(rf"(?i:\b(?:{_HERE}))[ \t]+({_FULL})"),
    re.compile(rf"(?i:\b(?:{_SELF}))[ \t]+({_STOP}{CAP}){_AFTER}"),
    re.compile(
        rf"(?im:^[ \t]*(?:{_CLOSES}))[ \t]*[,.!]?[ \t]*\n+[ \t]*(?:{_TITLES}\.?[ \t]+)?({_PERSON})[ \t]*$", re.M
    ),
    re.compile(rf"({_FULL})(?= (?:here\b|speaking\b|calling\b))"),
    re.compile(rf"\b(?i:(?:it|this)(?:['’]s| is))[ \t]+({_PERSON})(?= (?:here|from|calling|speaking|again)\b)"),
)
NAME_CUES = re.compile(
    rf"(?im:\b(?:{_INTRODUCES})|^[ \t]*(?:{_FIELDS}) ?:)|(?i:\b(?:{_HERE})\s)|\b{_TITLES}\.?\s+[{UPPER}]|"
    rf"(?im:^[ \t]*(?:{_CLOSES})\W)|\b(?:here|speaking|calling|again)\b"
)
