"""Keys and tokens that need no word beside them: by their vendor's prefix, their shape, or the command they stand in.

Every pattern is linear on any text, or is run on windows of bounded length (`finding`).
Out of scope: what only a word tells (`secrets`).
"""

from __future__ import annotations

import re

CHARS = r"[^\s\"'`,;<>{}]"
END = r"(?=[\"'`,;<>{}\s]|[.!?)](?:\s|\Z)|\Z|&)"
NO_VALUE = (
    r"(?!(?:required|reset|string|optional|null|none|true|false|invalid|expired|forgotten|incorrect"
    r"|wrong|missing|here|your|page|form|link|screen|error|reset\w*|recovery|field|manager|button|and|or|e-?mail"
    r"|the|please|change\w*|protected|not|and|number|text|type|failed|successful\w*|attempt\w*|issue\w*"
    r"|problem\w*|unknown|oubli\w*|perdu\w*|vergess\w*|vergeten|olvid\w*|perdid\w*|dimenticat\w*|esquec\w*|zapomn\w*"
    r"|gl[öo]mt|glemt|unutt\w*|забыл\w*|inv[aá]lid\w*|falsch\w*|ung[üu]ltig\w*|erron\w*|oblig\w*|erforderlich|pflicht\w*"
    r"|requ\w*|verplicht|wymagan\w*|mindestens|m[ií]nimo|minimum|keine?|aucune?|ninguna?|nessuna?)\b)"
)
ANY = rf"[\"'`«“]?({NO_VALUE}{CHARS}{{5,200}}?){END}"
_BODY = r"(?:\s|\\n){0,4}[A-Za-z0-9+/=]{20,100}"
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s\\n:,.()-]{0,8000}?"
    rf"-----END [A-Z0-9 ]{{0,30}}PRIVATE KEY(?: BLOCK)?-----|(?:{_BODY}){{1,120}}(?:(?:\s|\\n){{1,4}}"
    r"[A-Za-z0-9+/]{8,76}={0,2}(?=\s|\Z))?)"
)
"""Longer than a window: looked for in whole texts. Its end may be missing."""
_VENDORS = (
    r"sk|pk|rk|ak|api|key|whsec|sess|npm|dckr_(?:pat|oat)|shp(?:at|ss|ca|pa|ua)|do[opr]_v1|lin_(?:api|wh|oauth)|secret|ntn"
    r"|fig[dou]|sntry[su]|pypi|dapi|gsk|xai|r8|nvapi|pplx|sbp|sb_(?:secret|publishable)|nf[pck]|ph[cxs]|glsa|glc"
    r"|gl(?:pat|dt|rt|ft|cbt|agent|ffct|imt|oas|ptt|soat|wt)|hv[sbr]|NRAK|NRJS|NRII|PMAK|PMAT|GOCSPX|CFPAT|ATATT3\w{0,4}"
    r"|ATCTT3\w{0,4}|ATBB|sq0(?:atp|csp|idp)|rzp|tskey|e2b|lsv2|rnd|vercel|vc[aiprk]|fo1|fm[12][ar]?|dp\.(?:pt|st|ct|sa)"
    r"|dt0[a-z]\d{2}|pul|rubygems|xkeysib|xsmtpsib|akv|pscale|sgp|shippo|LTAI|AGE-SECRET-KEY|gh[pousr]|github_pat|hf"
    r"|api_org|tvly|apify_api|cal_live|mlsn|EZAK|EZTK|ddp|oat|airtable|hapikey|ABSK|CLOJARS|duffel|FLWSECK|FLWPUBK|fio-u"
    r"|p8e|HRKU|pnu|rdme|tk-us|sm_[aps]at|pat|napi|nrp|bkua|cfut|crates|dsp|esecret|flyv1|frp|hrku|mdb_sa|kgat"
    r"|neon|okta|plivo|polar_oat|railway|sbx|scw|sendinblue|snyk|svix|tfp|turso|upstash|wakatime"
    r"|zpka|bearer|tok|token|auth|jwt"
)
"""What vendors begin their keys with; a run of sixteen signs and more, a digit among them, must follow."""
_OURS = (
    r"chatcmpl|call|toolu|run|thread|asst|file|msg|resp|req|evt|cus|ch|pi|pm|in|sub|si|price|prod|txn|src|acct|order|ord"
    r"|cs|seti|il|ii|po|tr|re|card|ba|dp|link|plink|cn|qt|user|usr|org|proj|job|batch|step|item|inv|fs|ft|ftjob|vs|gen|rs"
    r"|fc|cmpl|embd|modr|img|build|deploy|rev|sha|etag|trace|span|conv|session|ses|node|doc|dataset|event|task|ws|wf"
)
"""What begins ids that are no secrets: a completion's, a tool call's, a customer's."""
FREE = (
    re.compile(r"\bey[JI][\w-]{6,4000}\.[\w-]{6,4000}(?:\.[\w-]{0,4000}){0,3}"),
    re.compile(
        rf"(?<![\w/.-])(?:{_VENDORS})[-_.](?:[A-Za-z]{{2,8}}[-_.]?(?:\d{{1,2}}[-_])?){{0,3}}"
        r"(?=[A-Za-z]{0,60}\d)[A-Za-z0-9]{16}[A-Za-z0-9_+/=-]{0,300}"
    ),
    re.compile(r"\b(?:sk|pk|rk|api|key)[-_](?:[a-z]{2,8}[-_]){0,3}(?=[A-Za-z_-]{0,300}\d)[A-Za-z0-9_-]{16,300}"),
    re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,64}|hf_[A-Za-z0-9]{20,64})"),
    re.compile(  # a prefix that nobody listed, and a run of which a capital, a small letter and a digit
        rf"(?<![\w/.@-])(?!(?:{_OURS})[-_])[A-Za-z][A-Za-z\d]{{1,11}}(?:[-_][a-z]{{2,8}}){{0,2}}[-_]"
        r"(?=[A-Z\d]{0,24}[a-z])(?=[A-Za-z]{0,24}\d)(?=[a-z\d]{0,24}[A-Z])[A-Za-z\d]{24,200}(?![\w/-])"
    ),
    re.compile(
        r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|AROA|ABIA|ACCA|LTAI)[A-Z0-9]{16}\b|\bAIza[\w-]{30,50}|\bxox[abceoprs]-[\w-]{10,250}"
        r"|\bxoxe\.[\w-]{20,250}|\bxapp-[\w-]{20,200}|\bSG\.[\w-]{16,64}\.[\w-]{16,64}|\bya29\.[\w-]{20,300}"
        r"|\bEAA[A-Z][A-Za-z0-9]{20,300}|\bAPA91b[\w-]{20,200}|\b(?:AC|SK)[0-9a-f]{32}\b|\b\d{8,10}:AA[\w-]{30,40}"
        r"|\b[MNO][A-Za-z\d]{23,27}\.[\w-]{6}\.[\w-]{27,40}|\b[0-9a-f]{32}-us\d{1,2}\b|\bsecret_[A-Za-z0-9]{20,60}"
        r"|\bT3BlbkFJ\w{10,60}|\b[\w~.]{3}\dQ~[\w~.-]{31,34}|\bAKCp[A-Za-z0-9]{60,80}|\bcmVmd[A-Za-z0-9]{50,70}"
        r"|\bGR1348941[\w-]{20}|\bsha256~[\w-]{43}|\b[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}|\bv1\.0-[a-f0-9]{24}-[a-f0-9]{100,150}"
        r"|\b1//0[\w-]{30,120}|\bpat-\w{2,3}\d-[0-9a-f-]{36}|\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}|\bA3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5}\b"
    ),
    re.compile(
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/]{20,120})"
        r"|discord(?:app)?\.com/api/webhooks/([\w/-]{20,160})"
        r"|webhook\.office\.com/([\w@/-]{20,300})|hooks\.zapier\.com/hooks/catch/([\w/]{8,60})"
        r"|hook\.\w{2,8}\.make\.com/(\w{20,60})|api\.telegram\.org/bot(\d{6,12}:[\w-]{30,40})"
    ),
    re.compile(r"(?<![\w-])(?=[A-Z]{0,4}\d|[A-Z\d-]{6,20}\d)[A-Z\d]{5}(?:-[A-Z\d]{5}){4}(?![\w-])"),  # of a licence
    re.compile(r"(?<![\w-])\d{6}(?:-\d{6}){7}(?![\w-])"),  # that unlocks a disk
    re.compile(r"(?i:\b(?:bearer|basic|token|negotiate|apikey|digest))[ \t]+([A-Za-z0-9._~+/=-]{16,4000})"),
    re.compile(  # key=AbC9dEf2GhI5jKl8
        r"(?i:\bkey=)[\"']?((?=[\w-]{0,64}\d)(?=[\w-]{0,64}[a-z])(?=[\w-]{0,64}[A-Z])[\w-]{12,200})"
    ),
    re.compile(r"(?i:authorization[\"']?[ ]?[:=][ ]?[\"']?(?:basic|bearer|token|apikey)[ ])([^\s\"']{6,4000})"),
    re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|\$(?:1|5|6|y|argon2id?)\$[^\s\"',;]{20,200}"),  # hashed passwords
    re.compile(r":thin:[^\s/:@]{1,60}/([^\s/@]{1,100})@|:\d{4,5}:[^:\s]{1,40}:[^:\s/]{1,40}:([^\s:/]{4,100})(?!\S)"),
    re.compile(r"://[^\s/:@\"'<>]{0,100}:([^\s/@\"'<>]{1,200})@"),
    re.compile(r"(?:\s-u|--user)[ =][\"']?[^\s:\"']{1,100}:([^\s\"']{1,200})"),
    re.compile(
        r"(?i:\b(?:mysql\w{0,6}|mariadb|sshpass|docker login|mongo\w{0,7}|psql|redis-cli|ldap\w{1,8}|zip|7z"
        r"|smbclient|curl|sqlcmd|osql|bcp|az login|net use|ftp|sftp|lftp|wget|openssl|keytool|kubectl|helm|unzip|rar))"
        r"[^\n|]{0,80}?\s(?:-p|-P|-a|-w|--?pass(?:word)?[ =])[ \t]?[\"']?([^\s\"']{4,200})"
    ),
    re.compile(
        r"\b\w{1,20}(?i:password|passwd|passphrase|pwd|secret|token|key|_pass|_pw|_psk|_pin|auth|credentials?)"
        r"[\"'*\]]{0,3}[ \t]*(?:[:=：]|=>|:=)[ \t*]*" + ANY
    ),
    re.compile(r"(?i:<\w{0,20}(?:password|passwd|pwd|secret|token|apikey|pin|passcode)>)([^<>\s]{4,200})(?=</)"),
    re.compile(
        r"(?i:[\"'](?:\w{0,20}(?:password|pwd|secret|token|apikey|api_key)|pass|pw)[\"'][,\s]{1,3}value=[\"'])([^\"'\s]{4,200})"
    ),
    re.compile(
        r"(?i:\bcookies?: |\bset-cookie: |[\w-]{0,20}(?:session|sess|sid|jwt|auth"
        r"|csrf)[\w-]{0,12}=)[\w.-]{0,20}=?(?:([\w.%+/-]{16,4000})|(?=[\w.-]{0,14}\d)([\w.%+/-]{8,15})(?![\w-]))"
    ),
    re.compile(
        r"[?&](?i:key|sig|signature|x-amz-signature|api_?key|appid|app_?key|auth\w{0,6}|code|token|\w{1,10}_token|pwd|pass"
        r"|secret|client_secret|sas|jwt|otp|pin|ticket|session\w{0,4})=([\w.%+/~=-]{4,2000})"
    ),
)
MAY_BE_FREE = re.compile(
    r"-----BEGIN|[A-Za-z0-9+/_-]{16}|\$\w{1,8}\$|:thin:|:\d{4,5}:\w|(?i:authorization|cookie|sess|sid=)"
    r"|://[^\s/]*@|webhook|\s-u |--user|\s-[paPw]|[?&]\w+=|(?i:password|passwd|passphrase"
    r"|pwd|secret|token|key|_pass|_pw|_psk|_pin|auth|credentials?|pin|passcode)"
    r"[\"'*>\]]{0,3}[ \t,]{0,3}(?:[:=：>]|value=)"
)
