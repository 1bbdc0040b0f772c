"""Addresses by their structure: streets by their words in some forty languages, units, boxes and postcodes.

Out of scope: what counts only behind words such as `I live at` (`dwellings`); towns and countries by themselves, which
tell nobody.
"""

from __future__ import annotations

import re

from migration.audit.pii.words import UPPER

STREETS = (
    r"street|str|st|cct|crt|bvd|ter|cswy|rte|avenue|ave|av|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way"
    r"|place|pl|terrace|tce|square|sq"
    r"|highway|hwy|"
    r"parkway|pkwy|close|crescent|cres|circle|cir|row|hill|mews|gardens|grove|walk|gate|quay|green|trail|loop|parade"
    r"|pde"
    r"|esplanade|cross|marg|nagar|apartments|towers?|rise|view|alley|wharf|bend|ridge|heights|plaza|turnpike|pike"
    r"|passage"
    r"|approach|yard|vale|villas|estate|residency|bazaar|chowk|layout|expressway|causeway|embankment|broadway"
    r"|link|vista|circus|wynd|brae|strand|promenade|boardwalk|crossing|landing|run|path|gdns|grv|hts|pkw|trl"
    r"|xing|plz|sqr|lorong|jalan"
)
NAMES_OF_STREETS = r"Street|Road|Lane|Avenue|Drive|Close|Court|Place|Square|Terrace|Gardens|Mews"
"""What says `street` without a number beside it."""
LETTERLESS = r"\u0590-\u08ff\u0900-\u0dff\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u10a0-\u10ff"
"""Letters of scripts that have no capitals."""
_WORD = r"[A-Z0-9][\w'’-]{0,30}"
NAMED = rf"[{UPPER}][\w'’.-]{{0,30}}"
_CITY = r"(?:,?[ \t]+[A-Z][\w'’.-]*(?:[ \t][A-Z][\w'’.-]*)?,?[ \t]+[A-Z]{2,3}[ \t]+\d{4,5}(?:-\d{4})?)?"
PLACE = (
    rf"(?:,?[ \t]+(?:[A-Z]{{1,2}}-)?(?:\d{{2,3}}[ -])?\d{{2,6}}(?:[ \t][A-Z]{{2}})?["
    rf" \t]+[{UPPER}][\w'’-]{{1,30}})?"
)
_NO = (
    r"(?:[Nn]o|[Nn]ro|[Nn]\.?[º°ª]|[Nn](?=\.)|[Nn]úm|[Nn]r|[Nn]um|[Nn]úmero|[Nn]omor|č|št|br|бр|д|дом|буд|αρ|№"
    r"|#)\.?:?[ \t]?"
)
NUMBER = (
    rf"(?:(?:{_NO})?\d{{1,4}}(?:[ \t]?(?:bis|ter|quater|[a-zA-Z])\b)?(?:[ ]?[/-][ ]?(?:\d{{1,4}}[a-zA-Z]?"
    rf"|[A-Z]{{1,4}}\b|[A-Z]\d{{1,3}})){{0,3}}(?!\w)"
    r"|(?:s/n[ºo]?|snc|s\.n\.c?\.?|b\.?b\.?|sin número|kbr|km[ \t]?\d{1,3}(?:[.,]\d)?)(?!\w))"
)
"""A house's number, or that it has none."""
_UNIT = (
    r"(?:,?[ \t]*(?:(?i:scala|int(?:erno)?|piano|stan|ulaz|sprat|byt|lejl|lgh|kl|vchod|daire|kat|blok|block"
    r"|bloc|bloco|bâtiment|bât|étage|esc(?:alera)?"
    r"|puerta|pta|planta|portal|torre|casa|conjunto|sala|fração|andar|em|ajtó|lph|épület|wohnung|whg|haus"
    r"|hinterhaus|aufgang|box|parcela|lote|mz|manzana"
    r"|stiege|og|корп|стр|под|эт|оф|под[ъ']езд|квартира|этаж|apt|apartment|suite|ste|unit|flat|floor|bus|bte"
    r"|boîte|kv|кв|bl|et|sc|ap|appt|piso|depto"
    r"|dpto|dep|lok|m"
    r"|th|tv|tür|top|stiege|byt|lt|lote|bg)\b\.?|#)[ \t]*\w{1,6}(?:-\w{1,4})?"
    r"|,[ \t]*\d{1,2}\.?[ºª°ov](?![\w])[ \t]?\w{0,3}"
    r"){0,3}"
)
_CROSS = rf"(?:[ \t]+(?:y|esq\.?|entre|e/|cnr|corner of)[ \t]+{NAMED})?"
_SIDE = r"(?:[ \t]+(?:North|South|East|West|[NS][EW]|[NSEW])\b)?"
_SUFFIXES = (
    r"straße|strasse|str\.|weg|pl\.|promenade|chaussee|siedlung|graben|pfad|steig|stieg|zeile|brücke|twiete"
    r"|hof(?=[ \t]\d)|winkel|"
    r"zijde|kamp|hoek|haven|kanaal|weide|hage|erf|oord|rode|akker|brink|dreef|baan|hof|wal|pad|park|burgwal"
    r"|stien|backen|stigen|svingen|bakken|vænget|parken|tori|rinne|sétány"
    r"|fasor|sor|"
    r"gasse|gässli|allee|platz|ring|damm|ufer|straat|gracht|laan|plein|kade|dijk|singel"
    r"|steeg|markt"
    r"|gatan|gata|gaten|vägen|väg|veien|vegen|gade|vej|stræde|plads|gränd|torget|allé|alle|boulevarden|stígur"
    r"|stíg|vegur|vegi?|götu|gerði|hvammur?|holti?|tún"
    r"|braut"
    r"|katu|tie|kuja|polku|raitti|utca|út|útja|tér|tere|körút|krt\.|köz|ulice|ulica|cesta|iela|gatvė|prospektas"
    r"|tänav|maantee"
    r"|puiestee|mnt\.?|pst\.?|caddesi|cadde|cad\.|sokak|sokağı|sok\.|sk\.|bulvarı|mahallesi"
)
_LEADS = (
    r"ж\.?к\.?|[Мм]кр\.?|[Cc]alle(?:jón)?|CALLE|C/|[Cc]l\.|[Cc]/|[Pp]za\.?|[Pp]lza\.?|[Pp]ol\.|[Aa]vgda\.?"
    r"|[Aa]vda\.?|[Pp]artida"
    r"|[Cc]amí|[Pp]ujada|[Ll]ugar|[Aa]ldea|[Bb]airro"
    r"|[Aa]v(?:enida|da|\.)\.?|[Pp]laza|[Pp]aseo|[Cc]amino|[Rr]onda|[Cc]arrer|[Cc]arretera"
    r"|[Pp]asaje|[Pp]sje\.?"
    r"|[Pp]riv(?:ada|\.)|[Cc]errada|[Cc]ircuito|[Cc]alz(?:ada|\.)|[Pp]rol(?:ongación|\.)|[Aa]ndador|[Rr]etorno"
    r"|[Tt]rav(?:esía|\.)"
    r"|[Gg]lorieta|[Cc]uesta|[Bb]ajada|[Uu]rb(?:anización|\.)|[Pp]ol(?:ígono|\.)|[Bb]ulevar|[Ss]trada"
    r"|[Cc]ontrada|[Ll]oc(?:alità|\.)|[Ff]raz(?:ione|\.)"
    r"|[Ss]alita|[Bb]orgo|[Pp]iazzale|[Pp]\.le|[Vv]\.le|[Cc]\.so|[Vv]ico|[Cc]alata|[Bb]eco|[Qq]uinta|[Pp]raceta"
    r"|[Cc]alçada|R\.|[Qq]uadra|[Qq]d\."
    r"|SQ[NS]|CL[NS]|SH[IC]S|[Hh]eol|[Ff]fordd|[Ss]tryd|[Ii]ntrarea|[Pp]iața|[Ss]plaiul|[Tt]ř\.?|[Nn]ábř(?:eží"
    r"|\.)|[Oo]bala|[Ll]eof(?:oros|\.)|[Oo]dos"
    r"|Jr\.|Jirón|[Bb]var\.?|[Vv]ia|[Vv]iale|[Cc]orso|[Pp]iazza|[Pp]\.zza|[Vv]icolo|[Ll]argo|[Ll]ungomare"
    r"|[Rr]ua|[Tt]ravessa|[Pp]raça|[Aa]lameda|[Ee]strada|[Rr]odovia|Gran|Rambla"
    r"|[Uu]l(?:\.|ica|ici)|[Aa]l(?:\.|eja|ei)|[Pp]l(?:\.|ac)|[Oo]s(?:\.|iedle)|[Nn]ám(?:\.|ěstí|estie)|[Tt]ř(?:\."
    r"|ída)|[Tt]rg"
    r"|[Bb]ulevar(?:dul)?|[Bb]d\.|[Bb]-dul|[Cc]alea|[Aa]leea|[Șș]oseaua|[Șș]os\.|[Rr]ruga|[Tt]riq|[Ss]teenweg op"
    r"|[Ll]aan van"
    r"|[Jj](?:alan|ln?\.?)|[Gg](?:ang|g\.)|[Ll]orong|[Kk]ampung|[Ss]oi|[Tt]hanon|[Đđ]ường|[Pp]hố|[Nn]gõ|[Hh]ẻm"
    r"|[Ss]tr(?:ada|\.)|[Ss]traße|[Cc]arrera|[Cc]ra\.?|[Dd]iagonal|[Tt]ransversal"
    r"|[Уу]л(?:\.|иц[аеу])|[Вв]ул(?:\.|иц[яі])|[Пп]р(?:\.|-т|осп\.|оспект[а-я]?)|[Бб]ул(?:\.|ьвар[а-я]?|евар)"
    r"|[Пп]ер(?:\.|еулок)"
    r"|[Пп]л(?:\.|ощад[ьи]|оща)|[Нн]аб\.|[Шш](?:\.|оссе)|[Оο]δό[ςν]|[Οο]δού|[Λλ]εωφ(?:\.|όρος)|[Ππ]λατεία"
    r"|רחוב|רח['׳]|שדרות|شارع"
)
_SOME = r"(?:[\w'’.-]{1,30}[ \t]+){0,3}[\w'’-]{2,30}\.?"
_FRENCH = (
    r"rue|r\.|pl\.|ch\.|imp\.|all\.|rte|résidence|lieu-?dit|hameau|lotissement|sentier|montée|faubourg"
    r"|fbg|esplanade|rond-point|venelle|za|zi|zac|avenue|av\.|boulevard|bd|impasse|chemin|place|allée|quai"
    r"|cours|route|ruelle|square|chaussée|passage|villa"
)
_FRENCH_NAME = (
    rf"(?:(?:(?:de|du|des|la|le|les|l['’]|d['’])[ \t]*){{1,2}}[\w'’-]{{2,30}}|[{UPPER}][\w'’-]{{1,30}})"
    rf"(?:[ \t]+[{UPPER}][\w'’-]{{1,30}}){{0,2}}"
)
WHICH = r"(?:#?\d\w{0,4}|[A-Z]\d{0,3})(?:[-/]\w{1,5}){0,4}(?!\w)"
"""Which house, flat or block: a number with letters, or a capital."""
BUILDING = (
    r"(?:flat|unit|apt\.?|apartment|house(?: no\.?)?|h\.? ?no\.?|plot|no\.|blk|block|lot|stand|erf|villa|room|rm"
    r"|shop|door|suite"
    r"|building|bldg\.?|tower|floor|sector|phase|brgy\.?|barangay|purok|mz\.?|lt\.?|bloque|edif(?:icio)?\.?|portal"
    r"|imm\.?|bât\.?"
    r"|stiege|tür|resid[eê]nc\w{1,2}|résidence|urb\.)"
)
_THAI = r"[\u0e01-\u0e7f.\d/]{1,30}"
ADDRESSES = (
    re.compile(  # 99/152 หมู่ 4 ซอยรามอินทรา 65 แขวงท่าแร้ง เขตบางเขน กรุงเทพฯ 10230
        rf"\d{{1,4}}(?:/\d{{1,4}})?(?:[ ]?(?:หมู่(?:ที่|บ้าน)?|ม\.|ซอย|ซ\.|ถนน|ถ\.|แขวง|ตำบล|ต\.|เขต|อำเภอ|อ\."
        rf"|จังหวัด|จ\.|กรุงเทพ)[ ]?{_THAI}(?:[ ]\d{{1,5}}(?!\d))?){{1,9}}"
    ),
    re.compile(  # Flat 2, Orchard Road; Blk 3 Lot 7, Sampaguita Street; B-12, Sector 62, Noida
        rf"(?<![\w-])(?:(?i:{BUILDING})[ \t]+{WHICH},?[ \t]+){{1,3}}(?:{_WORD}[ \t]+){{0,3}}"
        rf"(?i:{STREETS}|road|lorong|jalan)\b(?:[ \t]+\d{{1,4}}\b)?(?:,?[ \t]+#\d{{1,3}}-\d{{1,4}})?"
    ),
    re.compile(rf"\b(?:[Ss]ector|SECTOR|[Bb]lk|[Bb]lock|BLOCK|[Pp]hase)[ -]\d{{1,3}}[A-Z]?,[ \t]+{NAMED}"),
    re.compile(  # 12 Main Street; 3/41 N Alder Ave Apt 4, Dayton, OH 45402
        rf"\b(?!\d[ \t]+\w+[ \t]+(?i:gate|walk|green|view|cross|rise|link|yard|loop|vale|row)\b)"
        rf"\d{{1,5}}(?:[/-]\d{{1,4}})?[A-Za-z]?,?[ \t]+"
        rf"(?:(?:[NSEW]\.?|North|South|East|West|Upper|Lower|Old"
        rf"|New)[ \t]+)?(?:{_WORD}[ \t]+){{1,3}}(?i:{STREETS})\b\.?{_SIDE}"
        rf"(?:[ \t]+\d{{1,4}}\b)?{_UNIT}{_CITY}"
    ),
    re.compile(
        rf"\b(?:[Aa]m|An der|Auf der|Auf dem|In der|In den|Im|Zum|Zur|Unter den|Beim|Hinter der)[ \t]+"
        rf"(?:{NAMED}[ \t]+)?[{UPPER}][\w-]{{2,30}}[ \t]+{NUMBER}{PLACE}"
    ),
    re.compile(rf"\b\d{{1,5}}(?:[ \t]?(?:bis|ter))?,?[ \t]+(?i:{_FRENCH})[ \t]+{_FRENCH_NAME}{PLACE}"),
    re.compile(r"\bP\.?[ \t]?O\.?[ \t]?Box[ \t]+\d+\b|\bRR?[ \t]?\d,[ \t]+\d{1,5}(?:[ \t]+[A-Z]\w{1,30}){1,4}", re.I),
    re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?[ \t]\d[ABD-HJLNP-UW-Z]{2}\b|\b[ABCEGHJ-NPRSTVXY]\d[A-Z][ \t]\d[A-Z]\d\b"),
    re.compile(
        r"〒\d{3}-?\d{4}|[一-龥ァ-ヶ]{1,8}[都道府県市区町村郡][一-龥ァ-ヶぁ-ん]{0,14}\d{1,4}(?:(?:丁目|番地?|号"
        r"|[-−ー])\d{0,4}){0,4}号?"
    ),
    re.compile(r"[一-龥]{2,14}(?:路|街|道|巷|弄|段)\d{1,5}[号號]?(?:[\d一-龥]{1,8}[室楼樓栋])?"),
    re.compile(
        r"(?:[가-힣]{1,6}(?:특별시|광역시|시|도|군|구)[ \t]+){1,3}[가-힣\d]{1,10}(?:로|길"
        r"|동)[ \t]?\d{1,4}(?:-\d{1,4})?"
    ),
)
"""Forms that words by themselves do not tell (`runs`): blocks, small streets, boxes, postcodes, East Asia."""
