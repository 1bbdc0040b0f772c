"""What passwords, keys and codes are called in some forty languages.

Out of scope: what they look like, and where they stand (`secrets`).
"""

from __future__ import annotations

SAYS_PASSWORD = (
    r"pass(?:[ -]?word|[ -]?code|[ -]?phrase|wort|ord(?:et)?|wd)?s?|p/?w(?:or)?d?|psw|kennw[oö]rt(?:er)?|zugangscode"
    r"|logins?(?= (?:details|data|info))|credential?s|creds|zugangsdaten|anmeldedaten|identifiants|credenciales"
    r"|credenziali|inloggegevens"
    r"|mots? de passe|mdp|code secret|contrase[nñ]as?|contrasenya|clave(?: secreta| de acceso)?|pasahitza|se[nñ]ha"
    r"|palavra[- ]passe|wachtwoord(?:en)?|toegangscode|lösenord(?:et)?|adgangskode[n]?|kodeord(?:et)?|lykilorð\w{0,3}"
    r"|salasana\w{0,3}|has[lł][oaeł]m?|hesl[oaeu]m?|lozink[aeu]|gesl[oa]|šifr[aeu]|jelsz[óo]\w{0,3}|jelszav\w{1,3}"
    r"|parol[aăeiį]\w{0,3}|parool\w{0,3}|slaptažod\w{2,4}|fjalëkalimi\w{0,2}|şifre\w{0,4}|sifre(?:m)?|parola\w{0,2}"
    r"|парол[ьяюіеа]\w{0,3}|лозинк\w{1,3}|κωδικ(?:ός|ό|ού)|kodikos|συνθηματικό|kata sandi|sandi|kata laluan|mật khẩu"
    r"|nenosiri|wagwoord|password ko|cyfrinair"
    r"|(?:memorable|security|secret) (?:word|answer)|sicherheits(?:antwort|wort)|(?:mot|r[ée]ponse) secr[èe]te?"
    r"|respuesta secreta|palabra secreta"
    r"|palavra secreta|parola segreta|(?:wlan|wifi|wi-fi|wpa\d?|netzwerk|network|router)[ -]?(?:schlüssel"
    r"|schluessel|key|sleutel|nyckel|nøkkel|klucz|klíč)"
    r"|(?:clé|clave|chiave|chave|cheie|klucz|klíč|κλειδί|ключ) (?:de la |del |da |do |du |de )?(?:wi-?fi|wlan"
    r"|wpa2?|réseau|red|rete)|psk|community string|2fa backup"
    r"|पासवर्ड|পাসওয়ার্ড|รหัสผ่าน|密码|密碼|口令|パスワード|暗証番号|비밀번호|암호"
    r"|كلمة (?:المرور|السر)|رمز عبور|סיסמ[הא]\w{0,2}|รหัส|비번|密钥|秘钥"
)
SAYS_KEY = (
    r"(?:client|app|shared|account|signing|webhook)?[_ -]?secret(?:[_ -]?(?:key|access[_ -]?key))?"
    r"|(?:api|access|auth|private|secret|account|license|licence|encryption|master|storage|user)[_ -]?key"
    r"|api[- ]?schlüssel|clé (?:api|secrète|privée)|clave (?:api|privada)|chave (?:api|secreta|de api)"
    r"|chiave (?:api|segreta)"
    r"|sessionid|session[_ -]?id|(?:access|auth|refresh|bearer|session|api|bot)?[_ -]?token|aws_secret_access_key"
    r"|jeton|(?:recovery|backup|seed)[_ -]?"
    r"(?:key|phrase|code)|ключ|токен|κλειδί|密钥|秘钥|令牌|トークン|토큰"
)
SAYS_CODE = (
    r"(?:backup|recovery|reset|invite|restore|emergency) codes?|(?:otp|security|app|soft|hard(?:ware)?) token"
    r"|token(?= (?:do|da|del|de la|of the) "
    r"(?:app|banco|bank|banca))|(?:transfer|atm|card|sim|banking|telefon|mobile)[ -]?pin|senha de \d"
    r"|pin(?:[ -]?(?:code|kode|kod|number|nummer|numarası|nummer|-kód))?|pincode|cvv2?|cvc2?|otp|tan|mtan"
    r"|pass ?code|puk|crypto(?:gramme)?(?: visuel)?|kryptogramm|(?:karten)?prüf(?:nummer|ziffer)"
    r"|(?:the )?(?:three|four|[34]) digits (?:on|at|from) (?:the )?(?:back|front)"
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
CODES = (
    r"codes?|kode[nr]?|kod(?:en|u|em|om|i|lar)?|kód\w{0,3}|koodi\w{0,3}|codul|coduri|c[óo]digos?"
    r"|codici|codice|κωδικ\w{1,3}|kodikos|код\w{0,2}|コード|验证码|驗證碼|认证码|確認碼|인증\s?번호|인증코드"
    r"|รหัส|mã|رمز|קוד|कोड|کوڈ|kodi|nambari ya siri"
)
"""What a code is called, whatever it is for."""
CODES_COME = (
    r"sms\w{0,4}|texted|text(?: message|ed me)?|whats ?app|otp|one[- ]time|einmal\w*|engångs\w*|engangs\w*"
    r"|kertak\w*|eenmalig\w*|jednorazow\w*|jednoráz\w*"
    r"|egyszeri|tek kullanımlık|единораз\w*|одноразов\w*|verif\w*|authenti\w*|bestätig\w*|confirm\w*|2fa|mfa"
    r"|llegado|llegó|recib\w{1,4}|received?|got|sent|reçu"
    r"|erhalten|bekommen|ricevuto|receb\w{1,4}|ontvangen|gekregen|fick|fått|fikk|fik|modtaget|sain|przyszedł"
    r"|dostał\w{0,2}|otrzymał\w{0,2}|přišel|dostal\w?|prišiel"
    r"|kaptam|primit|geldi|gelen|пришел|пришёл|прийшов|получил\w?|отримав|ήρθε|έλαβα|stigao|dobio|dobil|届い"
    r"|収到|收到|받은|왔는데|dikirim|gửi|aaya|door|gate|alarm"
    r"|safe|lock ?box|key ?box|key ?safe|key ?pad|garage|entry|entrance|buzzer|building|intercom|voicemail"
    r"|tür\w*|tor|haustür|portail|porte|porta|puerta|portal|portão"
    r"|dörr\w*|dør\w*|deur\w*|bram\w{1,2}|drzw\w{1,2}|domofon\w*|digicode|interfon\w*|домофон\w*|подъезд\w*"
    r"|kapu\w*|kapı\w*|login|log in|log-in|anmelde\w*"
)
"""What makes a code a secret: how it came, or what it opens."""
