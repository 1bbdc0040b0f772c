"""Keys, tokens, passwords and codes: by the form that a vendor gives them, or behind a word that says what they are.

Every pattern is linear on any text, or is run on windows of bounded length (`finding`).
Out of scope: numbers of people and cards (`patterns`, `finding`).
"""

from __future__ import annotations

import re

from migration.audit.pii.words import by_first_letter

_SAYS_PASSWORD = (
    r"pass(?:word|code|phrase|wort|ord(?:et)?|wd)?s?|pwd?|pw|psw|kennw[oö]rt(?:er)?|zugangscode"
    r"|mots? de passe|mdp|code secret|contrase[nñ]as?|contrasenya|clave(?: secreta| de acceso)?|pasahitza|se[nñ]ha"
    r"|palavra[- ]passe|wachtwoord(?:en)?|toegangscode|lösenord(?:et)?|adgangskode[n]?|kodeord(?:et)?|lykilorð\w{0,3}"
    r"|salasana\w{0,3}|has[lł][oaeł]m?|hesl[oaeu]m?|lozink[aeu]|gesl[oa]|šifr[aeu]|jelsz[óo]\w{0,3}|jelszav\w{1,3}"
    r"|parol[aăeiį]\w{0,3}|parool\w{0,3}|slaptažod\w{2,4}|fjalëkalimi\w{0,2}|şifre\w{0,4}|sifre(?:m)?|parola\w{0,2}"
    r"|парол[ьяюіе]\w{0,2}|лозинк[аеу]|κωδικ(?:ός|ό|ού)|kodikos|συνθηματικό|kata sandi|sandi|kata laluan|mật khẩu"
    r"|nenosiri|wagwoord|password ko|cyfrinair|पासवर्ड|পাসওয়ার্ড|รหัสผ่าน|密码|密碼|口令|パスワード|暗証番号|비밀번호|암호"
    r"|كلمة (?:المرور|السر)|رمز عبور|סיסמ[הא]"
)
_SAYS_KEY = (
    r"(?:client|app|shared|account|signing|webhook)?[_ -]?secret(?:[_ -]?(?:key|access[_ -]?key))?"
    r"|(?:api|access|auth|private|secret|account|license|licence|encryption|master|storage|user)[_ -]?key"
    r"|api[- ]?schlüssel|clé (?:api|secrète|privée)|clave (?:api|privada)|chave (?:api|secreta|de api)"
    r"|chiave (?:api|segreta)"
    r"|sessionid|session[_ -]?id|(?:access|auth|refresh|bearer|session|api|bot)?[_ -]?token|aws_secret_access_key"
    r"|jeton|(?:recovery|backup|seed)[_ -]?"
    r"(?:key|phrase|code)|ключ|токен|κλειδί|密钥|秘钥|令牌|トークン|토큰"
)
_SAYS_SECRET = by_first_letter(rf"{_SAYS_PASSWORD}|{_SAYS_KEY}")
_NEW = r"(?<![A-Za-zÀ-ɏͰ-ӿ\d])"
"""A word begins, or a script that parts no words."""
_WHOSE = (
    r"(?:[ \t]+(?:for|to|on|of|from|für|zu|pour|de|del|della|da|do|van|voor|för|til|mea|moje|mój|saya|tôi|mou"
    r"|μου|(?:my|the|your"
    r"|our|his|her)[ \t]+\w{1,12}|meu|mi|my|account|admin|wifi|wi-fi|router|login|portal|app|root|user)){0,3}"
)
_IS = (
    r"(?:is|ist|lautet|es|est|è|é|was|will be|should be|är|er|jest|je|este|este:|yra|là|adalah|είναι|einai|это"
    r"|mitt er"
    r"|mit er|war|foi|set to|changed to|reset to|は|은|는|है|هي|הוא|היא|[—–])"
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
_TANGLE = (
    r"((?=[^\s\"'`,;<>{}()]{0,200}\d)(?=[^\s\"'`,;<>{}()]{0,200}[a-z])(?=[^\s\"'`,;<>{}()]{0,200}[A-Z!$%&#@*+=~^])"
    rf"[^\s\"'`,;<>{{}}()/:][^\s\"'`,;<>{{}}()]{{6,200}}?){_END}"
)
"""Eight signs and more of which one is a digit, one a small letter, and one a capital or a sign."""
_LONG = r"((?=[A-Za-z]{0,40}\d)(?=\d{0,40}[A-Za-z])[A-Za-z0-9]{12}[\w.+/=~-]{8,500})"
_SAYS_CODES = (
    r"pin(?:[ -]?(?:code|kode|kod|number|nummer|numarası|nummer|-kód))?|pincode|cvv2?|cvc2?|otp|tan|mtan"
    r"|pass ?code|puk"
    r"|(?:security|verification|one[- ]time|login|door|gate|alarm|access|unlock|entry|lock|confirmation|2fa"
    r"|voicemail|auth"
    r"|sms|safe|garage|key ?pad|lockbox|key ?safe) (?:code|pin)|2fa code|geheimzahl|(?:sicherheits|bestätigungs"
    r"|tür|zugangs"
    r"|prüf|sms-?)(?:code|ziffer|nummer)|code (?:de sécurité|de vérification|secret|confidentiel|d['’]accès"
    r"|porte|pin)"
    r"|c[óo]digo (?:de (?:seguridad|verificaci[óo]n|segurança|verificação|acceso|acesso|la puerta)|pin|sms)|clave"
    r"|codice (?:di (?:sicurezza|verifica|accesso)|pin|segreto|otp)|(?:beveiligings|verificatie|toegangs|deur)code"
    r"|(?:säkerhets|verifierings|port|engångs)kod|(?:sikkerheds|sikkerhets|bekræftelses|engangs)kode|(?:turva"
    r"|ovi)koodi"
    r"|kod (?:pin|sms|do (?:bramy|domofonu|drzwi)|weryfikacyjny)|(?:ověřovací|bezpečnostní|overovací) kód"
    r"|kod(?:u|um)? pin"
    r"|doğrulama kodu|güvenlik kodu|код (?:подтверждения|доступа|из смс|домофона)|пин(?:-?код)?|κωδικός (?:pin"
    r"|ασφαλείας)"
    r"|kode (?:otp|verifikasi|pin)|mã (?:otp|pin|xác (?:minh|nhận))|验证码|認証コード|인증번호"
)
_SAYS_CODE = by_first_letter(_SAYS_CODES)
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
SECRETS = (
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
    re.compile(r"(?i:\b(?:bearer|basic))[ \t]+([A-Za-z0-9._~+/=-]{16,4000})"),
    re.compile(r"://[^\s/:@\"'<>]{0,100}:([^\s/@\"'<>]{1,200})@"),
    re.compile(r"(?:\s-u|--user)[ =][\"']?[^\s:\"']{1,100}:([^\s\"']{1,200})"),
    re.compile(
        r"(?i:\b(?:mysql\w{0,6}|mariadb|sshpass|docker login|mongo\w{0,7}|psql|redis-cli|ldap\w{1,8}|zip|7z"
        r"|smbclient|curl))"
        r"[^\n|]{0,80}?\s(?:-p|-a|-w|--?pass(?:word)?[ =])[ \t]?[\"']?([^\s\"']{4,200})"
    ),
    re.compile(
        rf"(?i:(?:{_NEW}(?:{_SAYS_SECRET})|\b\w{{1,20}}(?:password|passwd|pwd|secret|token"
        rf"|key))(?!\w){_WHOSE}[\"'*]{{0,3}}[ \t]*(?:[:=：]|=>)[ \t*]*){_ANY}"
    ),
    re.compile(rf"(?i:{_NEW}(?:{_SAYS_SECRET})(?!\w){_WHOSE}[ \t]*{_IS}(?!\w)[ \t]*:?[ \t]*){_STRONG}"),
    re.compile(
        rf"(?i:{_NEW}(?:{_SAYS_SECRET})(?!\w){_WHOSE}[ \t]*{_MAY_BE}(?!\w)[ \t]*:?[ \t]*)(?="
        rf"[\"'`«“]?{_CHARS}{{0,40}}\d){_STRONG}"
    ),
    re.compile(rf"(?i:{_NEW}(?:{_SAYS_SECRET})[ \t]+){_MIXED}"),
    re.compile(rf"(?i:{_NEW}(?:{_SAYS_SECRET})(?!\w)[^\n.:;,\"'(]{{0,40}}[,:(\"'][ \t]?[\"'(]?){_TANGLE}"),
    re.compile(
        rf"(?i:{_NEW}(?:{_SAYS_SECRET}|key|login|webhook|auth|authorization|signature|credentials?"
        rf"|zugangsdaten)(?!\w)[^\n]{{0,40}}?)(?<![\w/.:@-]){_LONG}"
    ),
    re.compile(
        rf"(?i:{_NEW}(?:{_SAYS_CODE})(?!\w)(?: number)?(?:[ \t](?:on|from|for|para|für|pour|per"
        rf"|voor)(?:[ \t]\w{{1,10}}){{1,3}}?)?"
        rf"{_WHOSE}(?:[ \t](?:{_IS}|{_MAY_BE})(?!\w)|[:：=])?[ \t]{{0,3}})(\d{{3,8}})\b"
    ),
)
SECRET_CUES = re.compile(
    rf"(?i:{_NEW}{_SAYS_SECRET}|password|passwd|pwd|secret|token|\w(?<=.key)(?![a-z])|bearer|basic |\bkey\b"
    rf"|auth|login|signature|credential|zugangsdaten|{_NEW}(?:{_SAYS_CODE})(?!\w))|-----BEGIN|\beyJ"
    rf"|[-_.][A-Za-z0-9]{{16}}|AKIA|ASIA|AROA|\bEAA[A-Z]|\bAC[0-9a-f]{{32}}|\bSK[0-9a-f]{{32}}|:AA|-us\d"
    r"|AIza|xox|xapp|SG\.|ya29|://[^\s/]*@|webhook|hooks\.slack|\s-u |--user|\s-[paw]"
)
