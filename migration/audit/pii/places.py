"""Addresses: streets by their words in a dozen languages, and whatever follows words such as `I live at`.

Out of scope: towns and countries by themselves, which tell nobody.
"""

from __future__ import annotations

import re

from migration.audit.pii.names import UPPER

_STREETS = (
    r"street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|terrace|square|sq|highway|hwy|"
    r"parkway|pkwy|close|crescent|cres|row|hill|mews|gardens|grove|walk|gate|quay|green|trail|circle|loop|parade"
    r"|esplanade|cross|marg|nagar|apartments|towers|rise|view|alley|wharf|bend|ridge|heights|plaza|turnpike|pike"
)
_WORD = r"[A-Z0-9][\w'’-]{0,30}"
_NAMED = rf"[{UPPER}][\w'’.-]{{0,30}}"
_CITY = r"(?:,?[ \t]+[A-Z][\w'’.-]*(?:[ \t][A-Z][\w'’.-]*)?,?[ \t]+[A-Z]{2,3}[ \t]+\d{4,5}(?:-\d{4})?)?"
_PLACE = rf"(?:,?[ \t]+(?:\d{{2,3}}[ -])?\d{{2,6}}(?:[ \t][A-Z]{{2}})?[ \t]+[{UPPER}][\w'’-]{{1,30}})?"
_NUMBER = r"(?:(?:[Nn]o|[Nn]r|č|#)\.?:?[ \t]?)?\d{1,4}(?:[ \t]?[a-zA-Z]\b)?(?:/\d{1,4})?(?!\w)"
_SIDE = r"(?:[ \t]+(?:North|South|East|West|[NS][EW]|[NSEW])\b)?"
_SUFFIXES = (
    r"straße|strasse|str\.|weg|gasse|gässli|allee|platz|ring|damm|ufer|straat|gracht|laan|plein|kade|dijk|singel|steeg"
    r"|gatan|gata|gaten|vägen|väg|veien|vegen|gade|vej|stræde|plads|gränd|katu|tie|utca|ulice|ulica"
)
_LEADS = (
    r"[Cc]alle(?:jón)?|C/|[Aa]v(?:enida|da|\.)\.?|[Pp]laza|[Pp]aseo|[Cc]amino|[Rr]onda|[Cc]arrer|[Cc]arretera|[Vv]ia"
    r"|[Vv]iale"
    r"|[Cc]orso|[Pp]iazza|[Vv]icolo|[Ll]argo|[Rr]ua|[Tt]ravessa|[Pp]raça|[Aa]lameda|[Ee]strada|[Rr]odovia|Gran|Rambla"
    r"|[Uu]l(?:\.|ica)|[Aa]l(?:\.|eja)|[Pp]l(?:\.|ac)|[Oo]s(?:\.|iedle)|[Ss]teenweg op|[Jj](?:alan|ln\.?)"
    r"|[Ss]tr(?:ada|\.)|[Cc]arrera|[Cc]ra\.?|[Dd]iagonal|[Tt]ransversal"
)
_LIVES = (
    r"\b(?:(?:live|lives|living|stay|reside) (?:at|on|in)|(?:i am|i['’]m|we are|we['’]re) at|(?:home|place|address"
    r"|domicilio|indirizzo"
    r"|adresse|adres|endereço|morada|dirección)(?: is| est| ist| es| è| é| er| är)|(?:\w{0,12}address"
    r"|\w{0,8}adress[ea]?"
    r"|\w{0,8}adres|morada|endereço|dirección|indirizzo|domicilio) ?:|ship[_ ]?to:?|(?:ship|send|deliver|mail|post"
    r"|courier"
    r"|return|forward)\w*(?: (?:it|them|this))? (?:to|at)|moved (?:to|from|into)|wohnen?|bitte an|lieferung an"
    r"|habit(?:e|ons)"
    r"|livrez (?:au|à)|vivo en|vivimos en|env[ií]en?l[oa] a|enviem (?:para|a)|entreguem (?:em|na|no)"
    r"|mor[oa](?:mos)? (?:em|na|no)"
    r"|abito in|spedite a|woon(?:t)?|wonen|leveren (?:op|aan)|stuur (?:\w+ )?(?:naar|aan)|bor (?:på|i)|send den til"
    r"|mieszkam (?:przy|na)|mudado a|trasferito in|déménagé (?:au|à)"
    r"|(?:our|my) (?:house|flat|new place) is|pick(?:ed)? (?:it |them )?up (?:at|from)|goes to"
    r"|drop (?:it )?(?:off )?at|over at"
    r"|adresim|c[íi]mem ?:?|(?:asun )?osoit\w+ ?:?|bydlím(?: na adrese)?|locuiesc (?:pe|în)|anschrift ?:|umgezogen in"
    r"|soll an)"
)
_SOFT = r"(?:(?:a|at|in|an|am|au|à|al|la|el|los|las|na|no|de|der|dem|den|het|op|aan|via|l['’])[ \t]+){0,2}"
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_NO_PLACE = (
    rf"(?!(?i:(?:{_MONTHS})[a-z]{{0,6}}|order|ticket|account|invoice|item|case|booking|version|room|table|gate|level"
    rf"|step"
    r"|page)\b)"
)
ADDRESSES = (
    re.compile(rf"\b(?i:flat|unit|apt|apartment|house no\.?|plot)[ \t]+\w{{1,5}},[ \t]+{_WORD}[ \t]+(?:{_WORD}\b)"),
    re.compile(
        rf"(?:\b(?i:flat|unit|apt|apartment|house no\.?|plot|no\.|blk|block)"
        rf"[ \t]+\w{{1,5}},?[ \t]+)?\b\d{{1,5}}(?:/\d{{1,4}})?[A-Za-z]?,?[ \t]+"
        rf"(?:(?:[NSEW]\.?|North|South|East|West)[ \t]+)?(?:{_WORD}[ \t]+){{1,3}}(?i:{_STREETS})\b\.?{_SIDE}"
        rf"(?:[ \t]+\d{{1,4}}\b)?(?:,?[ \t]*(?:(?i:apt|apartment|suite|ste|unit|flat)\.?|#)[ \t]*\w{{1,5}})?{_CITY}"
    ),
    re.compile(
        rf"\b(?:{_NAMED}[ \t]+)?[{UPPER}][\w-]{{0,30}}(?:{_SUFFIXES})(?:en|et)?[ \t]+{_NUMBER}{_PLACE}"
        rf"|\b{_NAMED}[ \t]+(?i:{_SUFFIXES})[ \t]+{_NUMBER}{_PLACE}"
    ),
    re.compile(
        rf"\b(?:[Aa]m|An der|Auf der|In der|Im|Zum|Zur"
        rf"|Unter den)[ \t]+(?:{_NAMED}[ \t]+)?[{UPPER}][\w-]{{2,30}}[ \t]+{_NUMBER}{_PLACE}"
    ),
    re.compile(
        r"\b(?:rue|avenue|boulevard|impasse|chemin|allée|quai|chaussée)[ \t]+(?:(?:de|du|des|la|le|les|l['’]"
        r"|d['’])[ \t]*){0,2}"
        rf"[\wÀ-ÿ'’-]{{2,30}}(?:[ \t]+[À-ÞA-Z][\w'’-]{{1,30}}){{0,2}},?[ \t]+{_NUMBER}{_PLACE}",
        re.I,
    ),
    re.compile(
        r"\b\d{1,5}(?:[ \t]?(?:bis|ter))?,?[ \t]+(?:rue|avenue|boulevard|impasse|chemin|place|allée|quai|cours|route"
        r"|ruelle|square)[ \t]+(?:(?:de|du|des|la|le|les|l['’]|d['’])"
        rf"[ \t]*){{0,2}}[\wÀ-ÿ'’-]{{2,30}}(?:[ \t]+[A-ZÀ-Þ][\w'’-]{{1,30}}){{0,2}}{_PLACE}",
        re.I,
    ),
    re.compile(
        rf"\b(?:{_LEADS})[ \t]+(?:[\wÀ-ÿ'’-]{{1,30}}[ \t]+){{0,3}}[\wÀ-ÿ'’-]{{2,30}},?[ \t]+{_NUMBER}"
        rf"(?:,[ \t]*\d{{1,2}}[ºª°][ \t]?\w?)?{_PLACE}"
    ),
    re.compile(
        rf"(?i:{_LIVES})[ \t]+{_SOFT}{_NO_PLACE}(\d{{1,5}}[A-Za-z]?(?:[/-]\d{{1,4}})?,?(?:[ \t]+{_WORD}){{1,5}})"
    ),
    re.compile(
        rf"(?i:{_LIVES})[ \t]+{_SOFT}{_NO_PLACE}({_NAMED}(?:[ \t]+[\w'’.-]{{1,30}}){{0,4}}?,?[ \t]+{_NUMBER}{_PLACE})"
    ),
    re.compile(r"\bP\.?[ \t]?O\.?[ \t]?Box[ \t]+\d+\b|\bRR?[ \t]?\d,[ \t]+\d{1,5}(?:[ \t]+[A-Z]\w{1,30}){1,4}", re.I),
    re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?[ \t]\d[ABD-HJLNP-UW-Z]{2}\b"),
    re.compile(r"\b(?i:sector|block|blk|phase)[ \t]+\d{1,3}\b"),
)
