"""What passwords and keys are called, by language.

Grammar of the tables: `words.any_of`. Accents and capitals make no difference.
Out of scope: what they look like, and where they stand (`secrets`); codes (`codes`).
"""

from __future__ import annotations

PASSWORD = {
    "English": (
        "password*, pass word*, passwd*, passwort, passcode*, pass code*, passphrase*, pass phrase*, passkey, "
        "pwd, pwds, p/w, pw, psw, pswd, psswrd, paswrd, passwrd, pasword*, passord, pass, passw, credential*, "
        "creds, login details, login data, login info, memorable word*, memorable answer, security word*, "
        "security answer*, secret word*, secret answer*, wifi key, wlan key, wpa key, wpa*, network key, "
        "network security key, router key, hotspot key, community string, 2fa backup, psk, pword, p word, "
        "passw0rd, pass wd, memorable info*, security question*, voicemail pass*, wpa2*, wpa3*, wpa2 key*, "
        "wpa3 key*"
    ),
    "German": (
        "*kennwort*, *kennworter, *kennwoert*, *passwort*, *passwoert*, *losungswort*, zugangscode*, "
        "zugangsdaten, anmeldedaten, logindaten, *sicherheitsantwort*, *sicherheitswort*, *wlan schlussel*, "
        "*wlan schluessel*, *netzwerkschlussel*, wifi schlussel, wpa schlussel, sicherheitsfrage, *wlan pw*"
    ),
    "French": (
        "mot de passe*, mots de passe*, mot passe, motdepasse, mdp, m.d.p, code secret, mot secret, "
        "reponse secrete, identifiants, cle wifi, cle wi-fi, cle wpa*, cle reseau, cle de securite, cle du wifi, "
        "phrase secrete, phrase de passe"
    ),
    "Spanish": (
        "contrasena*, contrasenya*, contrasenia*, la contra, mi contra, clave*, password*, palabra secreta, "
        "respuesta secreta, llave wifi, pasahitza*, contrasinal*, credenciales, passwor"
    ),
    "Portuguese": (
        "senha*, palavra passe*, palavras passe, palavra secreta, contrassenha*, frase secreta, chave wifi, "
        "chave do wifi, chave wpa, credenciais"
    ),
    "Italian": (
        "parola d'ordine, parola segreta, parola chiave, chiave wifi, chiave wi-fi, chiave wpa*, chiave di rete, "
        "chiave del wifi, credenziali, risposta segreta, passw, psw"
    ),
    "Dutch and Afrikaans": (
        "*wachtwoord*, *wagwoord*, toegangscode*, inloggegevens, ww, wifi sleutel, netwerksleutel, "
        "*beveiligingssleutel, geheime antwoord, wifi code, wificode, *paswoord*, *passwoord*, *paswort*"
    ),
    "Nordic": (
        "*losenord*, losen, losenfras, natverksnyckel*, wifi nyckel, *passord*, *kodeord*, *adgangskode*, "
        "adgangskoden, kodeordet, nettverksnokkel, wifi nokkel, lykilord*, *salasana*, salasan*, tunnuslause*, "
        "tunnussana*, verkkoavain*"
    ),
    "Polish": "haslo*, hasla, haslem, hasle, klucz wifi, klucz do wifi, klucz sieciow*, pas do",
    "Czech, Slovak, Hungarian": (
        "heslo*, hesla, hesle, heslem, hesiel, klic wifi, kluc wifi, klic k wifi, *jelszo*, *jelszav*, "
        "jelszavam*, wifi kulcs*"
    ),
    "Southern Slavic": ("lozink*, lozinc*, sifr*, zaporka*, zaporku, gesl*, geslo*, парол*, лозинк*, шифр*, шифра*"),
    "Romanian and Albanian": "parol*, parola*, cheie wifi, cheia wifi, cheia wpa, fjalekalim*, fjalkalim*",
    "Baltic": "parool*, parooli*, parole*, paroli*, slaptazod*, slaptazodis*, wifi parol*",
    "Turkish and Azeri": "sifre*, sifrem*, parola*, parolam*, sifrə*, parol*",
    "Russian and Ukrainian": (
        "пароль*, пароля*, паролю*, паролем*, парол*, ключ от вайфай*, ключ wifi, ключ от wifi, ключ сети, "
        "құпия сөз*, купия соз*, құпиясөз*"
    ),
    "Greek": (
        "κωδικος, κωδικο, κωδικου, κωδικοι, κωδικος προσβασης, συνθηματικο*, kodikos, kodiko, kodikou, "
        "sunthimatiko*, sinthimatiko*, κλειδι wifi, κλειδι δικτυου"
    ),
    "Asia in Latin letters": (
        "kata sandi*, katasandi*, sandi*, sandinya, kata laluan*, katalaluan*, mat khau*, mk, pass wifi, "
        "pasword*, paswad*, passwordnya, passwordku, password ko, kontrasenyas*"
    ),
    "Africa": "nenosiri*, neno siri, neno la siri, nywila*, iphasiwedi",
    "Celtic and Basque": "cyfrinair*, pasfhocal*, focal faire, pasahitza*",
    "Near East": (
        "كلمة المرور*, كلمة مرور*, كلمة السر*, كلمة سر*, كلمه السر*, كلمه المرور*, الباسورد*, باسورد*, "
        "الباسوورد*, باسوورد*, الرقم السري*, رقم سري*, الرمز السري*, رمز عبور*, پسورد*, گذرواژه*, کلمه عبور*, "
        "پاسورڈ*, پاس ورڈ*, סיסמה*, סיסמא*, סיסמת*, הסיסמה*, הסיסמא*, הסיסמה, סיסמתי, პაროლ*, գաղտնաբառ*"
    ),
    "India": "पासवर्ड*, पासवर्ड, পাসওয়ার্ড*, கடவுச்சொல்*, పాస్‌వర్డ్*, પાસવર્ડ*, ਪਾਸਵਰਡ*",
    "Thai": "รหัสผ่าน*, พาสเวิร์ด*, รหัสไวไฟ*, รหัส wifi*, รหัสเข้า*",
    "East Asia": (
        "密码*, 密碼*, 口令, 密钥, 秘钥, 金鑰, 密匙, パスワード*, パス, 暗証番号*, 合言葉*, 暗号化キー*, "
        "비밀번호*, 비번*, 암호*, 패스워드*, 와이파이 비번*"
    ),
}

KEY = {
    "English": (
        "secret, secrets, client secret*, app secret*, shared secret*, signing secret*, webhook secret*, "
        "secret key*, secret access key*, api key*, apikey*, app key*, access key*, auth key*, private key*, "
        "account key*, license key*, licence key*, product key*, activation key*, serial key, cd key, "
        "encryption key*, master key*, storage key*, user key*, service key*, consumer key, consumer secret, "
        "publishable key, admin key*, deploy key*, ssh key*, pgp key, hmac key*, hmac, recovery key*, "
        "backup key*, seed key, seed phrase, seed words, recovery phrase, recovery words, backup phrase, "
        "backup words, mnemonic*, session id*, sessionid*, session token*, session key, access token*, "
        "auth token*, authorization token, refresh token*, bearer token*, bot token*, api token*, deploy token*, "
        "personal access token, pat token, token, jwt, session cookie*, csrf token, sas token, sas key, "
        "connection string*, conn string*, connstr*, dsn, bitlocker*, filevault*, totp, otpauth, totp secret, "
        "2fa secret, authenticator key, setup key"
    ),
    "German and Dutch": (
        "api schlussel*, api schluessel*, apischlussel, *produktschlussel*, *produktschluessel*, "
        "*lizenzschlussel*, *lizenzschluessel*, *wiederherstellungsschlussel*, wiederherstellungscode*, "
        "*zugangsschlussel*, zugriffstoken*, *token, api sleutel*, *licentiesleutel*, *herstelsleutel*, "
        "productsleutel, *licentiecode*"
    ),
    "Romance": (
        "jeton*, cle api*, cle d'api, cle secrete, cle privee, cle de licence, cle produit, cle d'activation, "
        "cle de recuperation, clave api*, clave de api, clave privada, clave de licencia, clave de producto, "
        "clave de recuperacion, llave api, llave privada, llave de recuperacion, llave de api, chave api*, "
        "chave da api, chave de api, chave secreta, chave privada, chave de ativacao, chave de licenca, "
        "chave de recuperacao, chave pix aleatoria, chiave api*, chiave privata, chiave segreta, "
        "chiave di licenza, chiave di ripristino, cheia api, cheie api, cheie de licenta, frase semilla, "
        "frase semente, phrase de recuperation, frase de recuperacion"
    ),
    "Nordic and Finnish": (
        "api nyckel*, apinyckel*, licensnyckel*, produktnyckel*, aterstallningsnyckel*, api nokkel*, api nogle*, "
        "licensnogle*, gjenopprettingsnokkel*, api avain*, lisenssiavain*, palautusavain*"
    ),
    "Slavic": (
        "klucz api, klucz licencyjn*, klucz produktu, klucz odzyskiwania, api klic*, licencni klic*, "
        "licencny kluc*, kljuc, kljuca, api kljuc*, ключ, ключа, api ключ*, ключ api, лицензионн*, "
        "ключ активации, ключ восстановления, токен, токена, секрет, секретный ключ*"
    ),
    "others": (
        "api kulcs*, licenckulcs*, api anahtar*, lisans anahtar*, kurtarma anahtar*, κλειδι*, κλειδι api, "
        "kunci api, kunci lisensi, khoa api, مفتاح*, المفتاح*, رمز الوصول*, توكن*, التوكن*, מפתח*, טוקן*, 令牌*, "
        "密钥*, 秘钥*, 金鑰*, 私钥*, 助记词*, api 密钥, トークン*, api キー*, apiキー*, シークレット*, 秘密鍵*, "
        "アクセスキー*, 認証キー, 回復キー*, 토큰*, api 키*, 시크릿*, 비밀키*, 개인키*, 복구 키*, 라이선스 키*, "
        "โทเค็น*, คีย์*"
    ),
}

TYPED = {
    "all": (
        "i type, i typed, typing, i enter, i entered, i'm entering, entering, entered, i use, i used, i'm using, "
        "using, i put, i tried, i try, trying, changed to, changed it to, change it to, set it to, set to, "
        "set as, reset to, reset it to, updated to, switched to, made it, j'ai mis, je mets, j'ai tape, je tape, "
        "j'ai rentre, je rentre, je saisis, j'utilise, change pour, puse, he puesto, pongo, meto, escribo, "
        "ingreso, cambie a, la cambie por, la cambie a, coloquei, coloco, digitei, digito, usei, troquei para, "
        "mudei para, mudei pra, ho messo, metto, inserisco, ho inserito, uso, cambiata in, cambiato in, "
        "geandert auf, geandert in, geandert zu, ich gebe, eingegeben, ich tippe, ich nutze, ich benutze, "
        "verwende, gesetzt auf, veranderd naar, veranderd in, ik gebruik, ik typ, ik vul, gewijzigd naar, "
        "wpisuje, wpisalem, wpisalam, zmienilem na, zmienilam na, ustawilem, ustawilam, zadavam, zmenil jsem na, "
        "zmenila jsem na, zmenil som na, jag skriver, jag anvander, bytte till, andrade till, jeg bruger, "
        "jeg bruker, jeg skriver, endret til, aendret til, kaytan, syotan, vaihdoin, girdim, giriyorum, "
        "yaziyorum, yaptim, ввожу, ввел, ввела, поменял на, поменяла на, сменил на, сменила на, набираю, вводжу, "
        "змінив на, змінила на, beirom, megvaltoztattam, schimbat in, am pus, i put in, put in, typed in, "
        "type in, entered in, gave it"
    ),
}
"""What people say before the password that they typed or set."""
LOGIN = {
    "all": (
        "login*, log in, logging in, logged in, logon, log on, sign in, signing in, signin, inlog*, einlog*, "
        "anmeld*, connexion, connecter*, connecte, iniciar sesion, inicio de sesion, entrar, acceder, accedere, "
        "accedo, accesso, logowa*, zalogowa*, logga*, logge*, prihlas*, bejelentkez*, belep*, kirjaut*, giris*, "
        "войти, вход*, захожу, зайти, увійти, вхід, συνδεθ*, account, konto, compte, cuenta, conta, portal*, "
        "masuk, dang nhap, ログイン*, 로그인*, 登录*, 登錄*, 登入*, تسجيل الدخول*, להתחבר*, เข้าสู่ระบบ*, "
        "incorrect*, wrong, invalid, denied, rejected, falsch*, ungultig*, incorrecto, incorrecta, incorreta, "
        "incorreto, sbagliat*, errat*, fout, onjuist*, bledn*, neplatn*, hibas*, yanlis*, неверн*, невірн*, "
        "virheellin*, fel, feil, forkert, reset link, reset"
    ),
}
"""What a password is for."""
USER = {
    "all": (
        "login*, log in, sign in, user, user name*, username*, user id, userid, credential*, creds, zugang*, "
        "benutzer*, identifiant*, utilisateur, usuario*, utente*, gebruiker*, anvandar*, usuario, utilizador*, "
        "uzivatel*, bruger*, bruker*, kayttaja*, uzytkownik*, felhasznalo*, utilizator*, korisni*, kullanici*, "
        "логин*, пользовател*, логін*, χρηστης, ユーザー*, 用户名*, 아이디*, wifi*, wi-fi*, wlan*, ssid*, "
        "network, netzwerk, reseau"
    ),
}
NETWORK = {
    "all": (
        "wifi*, wi-fi*, wlan*, wpa*, ssid*, router*, modem*, hotspot*, hub, network*, netzwerk*, netwerk*, "
        "reseau, rete, red, rede, box, livebox, freebox, fritzbox*, fritz box, natverk*, nettverk*, netvaerk*, "
        "verkko*, siec, siec*, halozat*, retea*, mreza*, вайфай*, вай-фай*, роутер*, сеть, сети, δικτυ*, "
        "internet*, wi fi, broadband, breitband*, internet, fibra, fibre, bt hub, wpa2, wpa3"
    ),
}
NETWORK_KEY = {
    "all": (
        "key, keys, schlussel, schluessel, sleutel, clave, llave, cle, chiave, chave, klucz, klic, kluc, "
        "nyckel*, nogle*, nokkel*, avain*, kulcs*, cheia, cheie, kljuc, anahtar*, ключ, κλειδι, キー, 密钥, "
        "金鑰, 키, code, kode, kod, kood, codigo, codice, pin, wps pin"
    ),
}
"""What says of a network's password that it is a key."""
SEED = {
    "all": (
        "seed, mnemonic*, recovery phrase, recovery words, secret phrase, backup phrase, backup words, "
        "seed words, seed phrase, wallet words, frase semilla, frase semente, phrase de recuperation, "
        "frase de recuperacion, wiederherstellungsphrase, 12 words, 24 words"
    ),
}
"""What is told in words: the twelve of a wallet."""
WIFI = {
    "all": "wifi*, wi-fi*, wlan*, вайфай*, вай-фай*, ワイファイ, 와이파이, 无线, 無線",
}
"""What a password may be told of by a colon alone."""
LOOSELY = {
    "all": "key, login, webhook*, auth, authorization, authorisation, signature, credential, x-auth, header",
}
"""What makes a long token a secret."""
