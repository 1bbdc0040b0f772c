"""Addresses by what ends them: a postcode with its town, on the same line or the next ones, and boxes at post offices.

Out of scope: streets by their words (`places`), and what is announced (`dwellings`).
"""

from __future__ import annotations

import re

from migration.audit.pii.words import STOP, UPPER

_TOWN = (
    rf"(?!(?:Euro?s?|EUR|USD|GBP|Miles|People|Items|Users|Dollars|Kilo\w*|Stück|Customers"
    rf"|Orders)\b)[{UPPER}][\w'’.()/-]{{1,30}}(?:[ \t-]{{1,3}}(?:[{UPPER}][\w'’.()/-]{{0,30}}|\d{{1,2}}|am|an"
    rf"|der|im|de|du|del|dei|di|da|do|na"
    rf"|la|le|pod|nad|sur|op|den)(?!\w)){{0,3}}"
)
_UK = r"[A-Z]{1,2}\d[A-Z\d]?[ \t]?\d[ABD-HJLNP-UW-Z]{2}"
_CLEAR = (
    rf"(?:{_UK}|[ABCEGHJ-NPRSTVXY]\d[A-Z][ \t]?\d[A-Z]\d|[AC-FHKNPRTV-Y]\d[\dW][ \t][A-Z\d]{{4}}"
    r"|(?:NSW|VIC|Vic|QLD|Qld|WA|SA|TAS|Tas|ACT|NT)[ \t]+\d{4}|[A-Z]{2},?[ \t]+\d{5}(?:-\d{4})?|\d{5}-\d{3}"
    r"|[A-Z]\d{4}[A-Z]{3}"
    r"|(?:AP|AE|AA)[ \t]\d{5}"
    r"|(?:T\.?K\.?|Τ\.?Κ\.?|C\.?P\.?|CEP|PLZ|CAP|ZIP(?: code)?|PSČ|[Pp]ost ?code|Eircode|PIN(?: ?code)?"
    r"|[Pp]in ?code|Singapore|S'pore|индекс)[ :.–-]{0,3}"
    r"\d{2,6}(?:[ -]\d{2,4})?|S\(?\d{6}\)?)(?!\w)"
)
"""Postcodes that look like nothing else: British, Canadian, Irish, Australian, American, Brazilian, Argentine."""
_BEFORE_TOWN = (
    r"(?!(?:19|20)\d\d[ \t](?![A-Z]{2}[ \t]))(?:(?:[A-Z]{1,3}-|C\.?P\.?[ \t]?|CP[ \t])?\d{4,5}"
    r"|\d{4}[ \t]?[A-Z]{2}|\d{4}-\d{3}|\d{2}-\d{3}"
    r"|\d{3}[ \t]\d{2}|LV-\d{4}|LT-\d{5}|\d{6})"
)
_HOUSE = (
    r"(?!(?:19|20)\d\d(?!\w))(?:[nN](?:o|r|º|°|ro|um|úm)?\.?:?[ \t]?)?\d{1,5}(?:[ \t]?[a-zA-Z](?!\w))?(?:[ \t]?"
    r"[/-][ \t]?\w{1,5}){0,2}"
)
_PART = rf"(?:[{UPPER}\d#(\"“][\w'’.°ºª/()#\"”:-]{{0,30}}|[a-zà-ž]{{1,6}}\.?|r/c[hc]?|-|–)"
_SPAN = rf"(?:[ \t]{_PART}){{0,6}}"
_SEP = r"(?:[ \t]*,?[ \t]*\n[ \t]*|,[ \t]*|[ \t]-[ \t]|[ \t]+)"
_NOT = (
    r"(?!(?:order|invoice|ticket|item|thanks|thank|regards|best|kind|hi|hello|dear|please|total|since|from"
    r"|until|i|we|my|the order)\b)"
)
_LINE = rf"(?i:{_NOT})(?![^\n]{{0,60}}[?!:;])[{UPPER}\d][^\n?!:;]{{1,60}}"
LANDMARKS = re.compile(  # 200 metros norte de la iglesia: Costa Rica and Nicaragua have no streets' names
    r"\d{1,4}[ \t](?:m|mts?|metros|varas|vrs|cuadras?|c)\.?[ \t](?:(?:al|hacia el|a la)[ \t])?(?:norte|sur|este"
    r"|oeste|lago|arriba|abajo|sureste|suroeste|noreste|noroeste)\b"
    r"(?:,?[ \t](?!(?:por|favor|pero|gracias|porque|no)\b)[^\s.;!?]{1,30}){0,20}",
    re.I,
)
POSTAL = (
    re.compile(  # a number, words and a clear postcode: 88B Gallowgate, Aberdeen AB25 1BX
        rf"(?<![\w.-])\d{{1,5}}[A-Za-z]?(?:[/-]\d{{1,4}}[A-Za-z]?)?,?(?:,?[ \t]+{_PART}){{1,12}}?,?[ \t]+(?:-"
        rf"[ \t]+)?{_CLEAR}"
    ),
    LANDMARKS,
    re.compile(r"(?<!\w)(?i:post ?code)[^\n\d]{0,30}(?<!\d)(\d{4}[ \t]?[A-Z]{2},?[ \t]{1,2}\d{1,4}(?!\w))"),
    re.compile(  # a house's name and a British postcode
        rf"(?<!\w)[{UPPER}][\w'’.-]{{1,30}}(?:,?[ \t]+{_PART}){{1,10}}?,?[ \t]+{_UK}(?!\w)"
    ),
    re.compile(  # a street in capitals or not, its number, a postcode and a town: Lhota 77, 503 27 Lhota pod Libčany
        rf"(?<![\w.-])(?:[{UPPER}][\w'’.-]{{0,40}}[ \t]+)(?:[\w'’.-]{{1,40}}[ \t]+){{0,4}}{_HOUSE}(?:,?{_SPAN})"
        rf"(?:[ \t]*,[ \t]*|[ \t]*\n[ \t]*)(?:{_SPAN},[ \t]*)?{_BEFORE_TOWN}[ \t]+{_TOWN}"
    ),
    re.compile(  # boxes, rural routes and posts of soldiers
        r"(?<!\w)(?:(?:P\.?[ \t]?O\.?|GPO|Post(?:al)?|Locked|Private)[ \t]?(?:Box|Bag|B)|Postfach|B\.?P\.?"
        r"|Bo[iî]te postale"
        r"|ת\.ד\.?|ص\.? ?ب\.?|п/я|私書箱|사서함|ตู้ ?ปณ\.?|[Kk]otak [Pp]os|[Pp]eti [Ss]urat|Hòm thư"
        r"|Apartado(?: de correos| postal| aéreo)?|Apdo\.?|Casilla(?: de correo)?|Caixa Postal|Apartado"
        r"|Casella postale|C\.P\."
        r"|Postbus|Postboks|Postboxi?|P\.?L\.?(?=[ \t]*\d{2,6}(?:[,\n]|\Z))|Skr(?:ytka|\.) poczt(?:owa|\.)"
        r"|P\.O\. ?B\.?|Posta kutusu"
        r"|P\.K\.|А/я|а/я|Т\.?Θ\.?"
        r"|Τ\.?Θ\.?|T\.?Th\.?|Pf\.|S\.?L\.?P\.?)[ \t]*(?:n[or°º]?\.?|#|:)?[ \t]*X?\d[\d -]{0,9}\d?(?![\w])"
        r"|(?<!\w)(?:R\.?R\.?|R\.?D\.?|H\.?C\.?|Rural Route|PSC|Unit|CMR)[ \t]?#?\d{1,5},?[ \t]+(?:Site|Box"
        r"|Comp\.?|Stn)[ \t]?\d{1,5}"
    ),
)
_FIRST = (
    rf"(?:[{UPPER}\d(\"“#][\w'’.°ºª/()\"”#-]{{0,30}}|(?i:rés\.|esc\.|bât\.|imm\.|app?t?\.|c/o|rue|chemin"
    rf"|impasse|allée|place|route|lieu-?dit"
    rf"|calle|via|viale|plaza|rua|ul\.|os\.|al\.|вул\.|ул\.|г\.|м\.|c/))"
)
_NEXT = (
    rf"(?:{_FIRST}|de|del|della|dei|di|da|das|dos|do|du|des|d['’]\w{{1,20}}|la|le|les|el|los|las|of|the|y|e"
    rf"|van|von|der|den|het|in|am|an|im|nad|pod|u|i)"
)
_CHUNK = rf"{STOP}{_FIRST}(?:[ \t]{_NEXT}){{0,6}}"
BEFORE = re.compile(
    rf"(?<![\w'’.,-])(?:{_CHUNK}(?:,[ \t]*|[ \t]*\n[ \t]*"
    rf"|[ \t]-[ \t])){{1,6}}(?:{STOP}[{UPPER}][\w'’.-]{{1,30}}(?:[ \t]{_NEXT}){{0,4}}[ \t]{{1,2}})?\Z"
)
"""What belongs to an address before what was found of it: words in capitals and numbers, parted by commas or lines."""
ANCHORS = (
    re.compile(  # a postcode that looks like nothing else
        rf"(?<![\w-])(?:{_UK}|[ABCEGHJ-NPRSTVXY]\d[A-Z][ \t]?\d[A-Z]\d|[AC-FHKNPRTV-Y]\d[\dW][ \t][A-Z\d]{{4}}"
        rf"|[A-Z]\d{{4}}[A-Z]{{3}}"
        r"|(?:T\.?K\.?|Τ\.?Κ\.?|C\.?P\.?|CEP|PSČ|PIN|Singapore|Eircode)[ :.–-]{0,3}\d{2,6}(?:[ -]\d{2,4})?"
        r"|S\(?\d{6}\)?)(?!\w)"
    ),
    re.compile(  # behind a comma or on a line of its own: a postcode and its town
        rf"(?<=[,\n])[ \t]{{0,2}}(?:[A-Z]{{1,2}}-\d{{4,5}}|\d{{5}}|\d{{4}}[ \t]?[A-Z]{{2}}|\d{{4}}-\d{{3}}"
        rf"|\d{{2}}-\d{{3}}|\d{{3}}[ \t]\d{{2}})[ \t]+{_TOWN}"
    ),
)
"""Postcodes before which an address must stand, whatever it looks like."""
QUARTER = re.compile(
    rf"(?:,?[ \t]+(?i:barrio|colonia|col\.|bairro|fracc\.?|brgy\.?|village|kel\.|kec\.|mah\.|phường|quận|huyện"
    rf"|xã|мкр\.?|sector|urb\.)[ \t]?[{UPPER}\d][\w'’.-]{{0,30}}"
    rf"(?:[ \t][{UPPER}][\w'’.-]{{1,30}}){{0,3}}){{1,3}}"
    rf"|(?:,?[ \t]+(?i:scala|int\.?|piano|esc\.?|planta|stan|ulaz|daire|kat|lgh|em\.|hinterhaus|vorderhaus"
    rf"|seitenflügel|links|rechts|étage|og|eg)\b\.?(?:[ \t]?[A-Z\d]{{1,3}}\b)?){{1,3}}"
    r"|(?:[ \t]#?\d{1,3}-\d{1,4}\b)|(?:,?[ \t](?:D|K|Kat|Daire)[:.][ ]?\d{1,4})(?:[ \t][A-ZÇĞİÖŞÜ][\w/]{2,40})?"
)
"""The quarter behind a street, or where in its house."""
TAIL = re.compile(
    rf"(?:{_SEP}(?:{_PART})){{0,9}}?{_SEP}(?:{_CLEAR}|{_BEFORE_TOWN},?[ \t]+{_TOWN}"
    rf"|[{UPPER}][\w'’.-]{{2,30}}[ \t]+\d{{4,5}}(?![\w-])|\d{{6}}(?!\w))"
    r"|[ \t]r/c[hc]?(?!\w)"
)
"""What belongs to an address behind its street: up to the postcode and its town."""
MAY_BE_POSTAL = re.compile(
    rf"(?<![\w-])(?:{_CLEAR}|\d{{3}}[ \t]\d{{2}}[ \t]|(?:[A-Z]{{1,3}}-)?\d{{4,6}}(?:[ \t]?[A-Za-z]{{2}})?[ \t]"
    rf"[^\W\d]|\d\d-\d{{3}}[ \t]|\d{{4}}-\d{{3}}"
    r"|\d{6}(?!\w))|(?i:box|bag|postfach|postbus|postboks|apartado|casilla|caixa|casella|skrytka|kutusu|site|psc|cmr"
    r"|b\.?p\.?|а/я|apdo|metros|mts|varas|cuadras)[ \t.:]"
)
