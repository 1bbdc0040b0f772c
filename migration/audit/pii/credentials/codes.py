"""What codes are called that open or confirm something, by language, and what makes a code one of these.

Grammar of the tables: `words.any_of`. Accents and capitals make no difference.
Out of scope: words for passwords and keys (`passwords`), what codes look like and where they stand (`secrets`).
"""

from __future__ import annotations

CODE = {
    "English": (
        "pin, pin code*, pincode*, pin num*, pin no, pin is, upi pin, mpin, m-pin, t-pin, tpin, atm pin, "
        "card pin, sim pin, puk, puk code*, cvv*, cvv2, cvc*, cvc2, csc, otp*, otps, one time pass*, "
        "one time code*, one time pin, onetime code*, mtan, m-tan, sms tan, tan nr, tan code, tan num*, die tan, "
        "meine tan, der tan, tan ist, itan, passcode*, pass code*, backup code*, recovery code*, reset code*, "
        "restore code*, emergency code*, invite code, security code*, verification code*, verif code*, "
        "verify code*, confirmation code*, login code*, log in code*, sign in code*, signin code*, door code*, "
        "gate code*, alarm code*, access code*, unlock code*, unlocking code*, entry code*, lock code*, "
        "2fa code*, 2fa, mfa code*, mfa, two factor code*, authenticator code*, auth code*, "
        "authentication code*, sms code*, text code*, voicemail code*, voicemail pin*, safe code*, safe combo*, "
        "safe combination, locker code*, locker combo*, garage code*, garage keypad, keypad code*, keypad, "
        "key pad, lockbox*, lock box*, key box*, keysafe*, key safe*, disarm code*, duress code*, "
        "telephone banking code, phone banking code, pickup code, pick up code, delivery code, pairing code, "
        "device code, activation code*, parental pin*, parental code*, three digits on, three digits at, "
        "3 digits on, 3 digits at, 3 digits from, 4 digits on, three digit code, 3 digit code, 4 digit code, "
        "four digit code, 6 digit code, six digit code, otp token, security token, app token, soft token, "
        "hard token, hardware token, combination is, door entry, gate entry, door pin, gate pin, entry pin, "
        "set up code*, setup code*, enrolment code*, enrollment code*, linking code*, invitation code*, "
        "one off code, activation pin, memo pin, account pin, customer pin, phone pin, support pin, screen pin, "
        "device pin, tablet pin, laptop pin, safe pin, locker pin, okta verify, authenticator, authy, "
        "phone unlock, screen unlock, unlock pin"
    ),
    "German and Dutch": (
        "*pin code*, *geheimzahl*, *prufnummer*, *prufziffer*, *pruefziffer*, *sicherheitscode*, "
        "*sicherheitsnummer*, *bestatigungscode*, *bestaetigungscode*, *verifizierungscode*, *freischaltcode*, "
        "*aktivierungscode*, *einmalcode*, *einmalpasswort*, *einmalkennwort*, *zugangscode*, *turcode*, "
        "*tuercode*, *torcode*, *alarmcode*, *smscode*, sms code*, karten pin*, kartenpin*, superpin, "
        "kryptogramm, *notfallcode*, *backupcode*, *entsperrcode*, tresorcode, *schliessfachcode, "
        "*schluesselbox, *schlusselbox, *schlusseltresor, *pincode, *toegangscode*, *beveiligingscode*, "
        "*verificatiecode*, *bevestigingscode*, *deurcode*, *poortcode*, *inlogcode*, *herstelcode*, "
        "*sleutelkluis*, *sleutelkastje*, *kluiscode*, tancode*, alarmkode*"
    ),
    "French": (
        "code de securite, code de verification, code verif, code de verif, code de confirmation, "
        "code de validation, code confidentiel, code secret, code d'acces, code acces, code porte, "
        "code de la porte, code portail, code du portail, code pin, code puk, code otp, code sms, code recu, "
        "code a usage unique, code unique, code de connexion, code de secours, code alarme, code de l'alarme, "
        "code de la boite a cle*, boite a cle*, digicode*, cryptogramme*, code cb, code carte, code de ma carte, "
        "code de deverrouillage, code interphone, code immeuble, code du coffre, code wifi, "
        "code d'authentification, code 2fa, code de recuperation, n.i.p"
    ),
    "Spanish": (
        "codigo de seguridad, codigo de verificacion, codigo de confirmacion, codigo de acceso, "
        "codigo de validacion, codigo de la puerta, codigo del porton, codigo de alarma, codigo de la alarma, "
        "codigo de recuperacion, codigo de respaldo, codigo de desbloqueo, codigo pin, codigo puk, codigo sms, "
        "codigo otp, codigo unico, codigo dinamico, codigo de autorizacion, codigo de un solo uso, clave*, "
        "clave dinamica, clave sms, clave de acceso, n.i.p, token digital, token movil, coordenada*, "
        "codi de verificacio, codi pin, token de seguridad, token de acceso"
    ),
    "Portuguese": (
        "codigo de seguranca, codigo de verificacao, codigo de confirmacao, codigo de acesso, "
        "codigo de autenticacao, codigo de validacao, codigo do portao, codigo do alarme, codigo de recuperacao, "
        "codigo de desbloqueio, codigo sms, codigo pin, codigo puk, codigo otp, codigo unico, senha de 4, "
        "senha de 6, senha do cartao, senha do cofre, token do app, token do banco, codigo multibanco, "
        "codigo secreto, chave movel digital, pin, token bancario, token do cartao, token de seguranca"
    ),
    "Italian": (
        "codice di sicurezza, codice di verifica, codice di conferma, codice di accesso, codice d'accesso, "
        "codice accesso, codice pin, codice puk, codice segreto, codice otp, codice sms, codice allarme, "
        "codice dell'allarme, codice cancello, codice del cancello, codice portone, codice di recupero, "
        "codice di sblocco, codice usa e getta, codice temporaneo, codice dispositivo, codice ricevuto"
    ),
    "Nordic": (
        "*sakerhetskod*, *verifieringskod*, *portkod*, *engangskod*, *larmkod*, *dorrkod*, *pinkod*, "
        "*atkomstkod*, *aterstallningskod*, *inloggningskod*, *bekraftelsekod*, sms kod*, personlig kod, "
        "*sikkerhedskode*, *sikkerhetskode*, *bekraeftelseskode*, *bekraftelseskode*, *bekreftelseskode*, "
        "*engangskode*, *dorkode*, *alarmkode*, *pinkode*, *adgangskode*, *tilgangskode*, *noklekode*, "
        "nogleboks*, nokkelboks*, *turvakoodi*, *ovikoodi*, *vahvistuskoodi*, *pin koodi*, *pinkoodi*, "
        "*kertakoodi*, *kertakayttokoodi*, *tunnusluku*, tunnusluvu*, *halytyskoodi*, avainluku*"
    ),
    "Polish": (
        "kod pin, kod puk, kod sms, kod z sms*, kod blik, blik*, kod do bramy, kod do domofonu, kod do drzwi, "
        "kod do furtki, kod do alarmu, kod do sejfu, kod dostepu, kod weryfikacyjn*, kod autoryzacyjn*, "
        "kod jednorazow*, kod potwierdzajac*, kod zabezpieczajac*, kod cvv, kod cvc, pin do*, pinu, "
        "kod odzyskiwania"
    ),
    "Czech, Slovak, Hungarian": (
        "overovaci kod*, bezpecnostni kod*, bezpecnostny kod*, pristupov* kod*, potvrzovaci kod*, "
        "autorizacni kod*, autorizacny kod*, sms kod*, kod z sms*, kod od alarmu, kod k alarmu, kod od brany, "
        "kod ke dverim, kod od dveri, pin kod*, pin ke karte, pin ku karte, pin, *pin kod*, *ellenorzo kod*, "
        "*biztonsagi kod*, *belepesi kod*, *belepokod*, *megerosito kod*, *hitelesito kod*, *kapukod*, "
        "*riasztokod*, *egyszer hasznalatos*, *smskod*, *pinkod*, *puk kod*, *visszaallito kod*, *aktivalo kod*"
    ),
    "Southern Slavic": (
        "sigurnosni kod*, verifikacijski kod*, verifikacioni kod*, potvrdni kod*, kod za potvrdu, "
        "kod za verifikaciju, sms kod*, pin kod*, pin broj*, kod od alarma, kod od ulaza, kod za ulaz, sifra za, "
        "pristupni kod*, varnostna koda*, potrditvena koda*, enkratna koda*, koda pin, pin koda*, "
        "код за потвърждение, код за достъп, пин код*, потребителски код, код за верификацију, код за потврду, "
        "безбедносни код*"
    ),
    "Romanian and Albanian": (
        "cod pin, codul pin, cod puk, cod otp, cod sms, cod de verificare, codul de verificare, "
        "cod de securitate, codul de securitate, cod de acces, codul de acces, cod interfon, "
        "codul de la interfon, cod de confirmare, codul de confirmare, cod unic*, kodi pin, kodi i verifikimit, "
        "kodi i sigurise"
    ),
    "Baltic": (
        "pin kood*, kinnituskood*, turvakood*, uksekood*, ukse kood*, parooli kood*, pin kods, pin koda, "
        "drosibas kod*, apstiprinajuma kod*, verifikacijas kod*, durvju kod*, saugos kod*, patvirtinimo kod*, "
        "pin koda*, vienkartin* kod*, durtelefon*"
    ),
    "Turkish and Azeri": (
        "dogrulama kod*, guvenlik kod*, onay kod*, sms kod*, pin kod*, giris kod*, aktivasyon kod*, kapi kod*, "
        "kapi sifre*, alarm kod*, tek kullanimlik*, kart sifre*, pin num*, tesdiq kod*, təsdiq kod*"
    ),
    "Russian and Ukrainian": (
        "код подтвержд*, код доступа, код из смс, код из sms, код с смс, код в смс, смс код*, смс-код*, "
        "sms код*, код безопасности, код домофон*, домофон*, код от домофон*, код подъезд*, код от подъезд*, "
        "код двери, код от двери, код от ворот, код сейф*, код от сейф*, пин, пинкод*, пин код*, пин коду, "
        "код активации, код авторизации, одноразов* код*, одноразов* парол*, код входа, код для входа, "
        "код восстановления, код-пароль, кодов* слово, кодовое слово, контрольное слово, кодове слово, "
        "код підтвердження, код з смс, код із смс, код доступу, код безпеки, cvv код*, растау коды, пін, "
        "пін код*, пінкод*"
    ),
    "Greek": (
        "κωδικος pin, κωδικος ασφαλειας, κωδικος επιβεβαιωσης, κωδικο επιβεβαιωσης, κωδικος επαληθευσης, "
        "κωδικος μιας χρησης, κωδικος πορτας, κωδικος συναγερμου, pin, πιν, κωδικος sms, κωδικος otp, "
        "κωδικο στο sms"
    ),
    "Asia in Latin letters": (
        "kode otp, kode verifikasi*, kode pin, pin atm, kode sms, kode keamanan, kode akses, kode pintu, "
        "nomor pin, no pin, kod pengesahan*, nombor pin, kod otp, kod tac, tac, no tac, nombor tac, ma otp, "
        "ma pin, ma xac minh*, ma xac nhan*, ma bao mat*, ma cua, ma so pin, pin ko, otp ko, code ko"
    ),
    "Africa": "nambari ya siri*, namba ya siri*, pin yangu, pin ya, pin yako, code ya, m-pesa pin, ussd pin",
    "Near East": (
        "رمز التحقق*, رمز تحقق*, كود التحقق*, كود تحقق*, رمز التأكيد*, كود التأكيد*, رمز التفعيل*, كود التفعيل*, "
        "رمز الدخول*, كود الدخول*, رمز الأمان*, رمز الامان*, الرقم السري*, رقم سري*, الرمز السري*, رمز سري*, "
        "كود otp, رمز otp, رمز الباب*, كود الباب*, رمز البوابة*, کد تایید*, کد تأیید*, رمز پویا*, رمز دوم*, "
        "رمز کارت*, קוד אימות*, קוד האימות*, קוד סודי*, הקוד הסודי*, קוד כניסה*, קוד הכניסה*, קוד לדלת*, "
        "קוד לשער*, קוד אבטחה*, קוד האבטחה*, קוד הפעלה*, პინ*"
    ),
    "India": "ओटीपी*, पिन*, ওটিপি*, পিন*, ஓடிபி*, ఓటీపీ*, ઓટીપી*, ਓਟੀਪੀ*",
    "Thai": ("รหัส otp*, โอทีพี*, รหัสยืนยัน*, รหัสพิน*, รหัส pin*, รหัสประตู*, รหัสเอทีเอ็ม*, รหัสบัตร*, รหัสลับ*, พิน*"),
    "East Asia": (
        "验证码*, 驗證碼*, 校验码*, 动态码*, 動態密碼*, 动态密码*, 短信码*, 简讯码*, 認證碼*, 认证码*, 確認碼*, "
        "门禁密码*, 門禁密碼*, 门锁密码*, 取款密码*, 支付密码*, 安全码*, 安全碼*, 認証コード*, 認証番号*, "
        "確認コード*, 確認番号*, 暗証番号*, セキュリティコード*, ワンタイム*, 解錠番号*, 暗証コード*, "
        "ドアコード*, バックアップコード*, 復旧コード*, pin コード*, 인증번호*, 인증 번호*, 인증코드*, "
        "인증 코드*, 보안코드*, 보안 코드*, 확인코드*, 핀번호*, 핀 번호*, 도어락 비번*, 현관 비번*, "
        "현관 비밀번호*, 현관비번*, otp 번호*, 문자로 온 번호, 받은 번호, 문자 번호, 届いた番号, 届いた数字, "
        "收到的数字, 短信里的数字"
    ),
}

ANY_CODE = {
    "all": (
        "code, codes, kode, kodes, koden, koder, kod, koda, kodem, kodom, kodi, kodu, kodum, kody, kodlar*, "
        "koodi*, codul*, codurile, cod, codigo*, codici, codice, codi, κωδικ*, kodik*, код, кода, коде, коду, "
        "кодом, коды, коди, コード*, 验证*, 驗證*, 认证*, 인증*, รหัส*, ma, رمز*, كود*, קוד*, कोड*, کوڈ*, কোড*, "
        "nambari, nomor, *koodi, *koodin, *koodia, *kode, *koden, *kod, *koder, tan, combination, combo, "
        "combinacion, combinaison, kombination, combinazione, combinacao, digit code, digit number, four digit, "
        "six digit, 6 chiffres, 4 chiffres, 6 cifre, 4 cifre, 6 cifras, 4 cifras, 6 digitos, 4 digitos, "
        "6 stellig*, 4 stellig*, sechsstellig*, vierstellig*, 6 cyfr*, 4 cyfr*, 6 cijfers, 4 cijfers, 6 siffr*, "
        "4 siffr*, 6 sifre, 6 cisel, 6 haneli*, шестизначн*, четырехзначн*, token, הקוד*, الكود*, კოდი*, կոդ*, "
        "4 digit*, 5 digit*, 6 digit*, 8 digit*"
    ),
}
"""What a code is called, whatever it is for."""
COMES = {
    "how it came": (
        "sms*, texted, texting, text message*, tekstiviesti*, text, texts, whatsapp*, whats app, viber, "
        "telegram, e-mailed, emailed, otp*, one time*, onetime, einmal*, engangs*, kertak*, eenmalig*, "
        "jednorazow*, jednoraz*, egyszeri*, tek kullanim*, единораз*, одноразов*, verif*, authenti*, bestatig*, "
        "bestaetig*, confirm*, 2fa, mfa, 2 step, two step, two factor, llegado, llego, recib*, receive*, "
        "recieve*, received, got, sent, recu, recue, envoye*, erhalten, bekommen, kriege, gekommen, ricevuto, "
        "arrivato, mandato, receb*, chegou, veio, ontvangen, gekregen, kreeg, fick, fatt, fikk, fik, modtaget, "
        "mottatt, sain, tuli, przyszedl, przyszlo, dostal*, otrzymal*, prisel, prisiel, dostal, kaptam, jott, "
        "primit, a venit, am primit, geldi, gelen, пришел, пришло, прийшов, получил*, присла*, отрима*, "
        "надійшов, ηρθε, ελαβα, μου ηρθε, irthe, elava, stigao, dobio, dobila, dobil, prejel, saanud, saime, "
        "gavau, atejo, sanemu, atnaca, 届い*, 届き*, 届いた, 送られ*, 来た*, 收到*, 받은*, 왔는데*, 왔어*, 온, "
        "문자*, dikirim, masuk, terima, gui, nhan, aaya, aya, mila, وصلني*, وصل*, استلمت*, جاني*, ارسلتوا*, "
        "קיבלתי*, שלחתם*, הגיע*, ได้รับ*, ส่งมา*, nimepokea, nimetumiwa, nilipokea, natanggap, dumating, kam, "
        "kommt, angekommen, arrived, came, texto, mensaje, messaggio, mensagem, bericht, mandaron, mandado, "
        "mandaste, mando, enviaron, enviado, envie, enviastes, llega*, inviato, inviata, mandat*, gesendet, "
        "geschickt, zugeschickt, schickte, skickade, skickat, sendt, sendte, lahetetty, wyslal*, wyslan*, "
        "poslal*, poslan*, kuldtek, kuldott, trimis*, gonder*, отправ*, надісла*, выслал*, kirim*, terkirim, "
        "gestuurd, verstuurd, doorgestuurd, banco, banca, bank*, app, expir*, vencid*, caduc*, abgelaufen, "
        "scadut*, wygas*, истек*, vypars*, lejart, verlopen, utgatt*, never share*, do not share*, don't share*, "
        "no compartas*, no lo compartas, nicht weiter*, ne partagez*, ne communiquez*, nie udostepniaj*, "
        "не сообщайте*, nao compartilhe*, non condivider*, повідомлен*, сообщени*, nachricht*, wiadomosc*"
    ),
    "what it opens": (
        "door, doors, gate, alarm*, safe, lock, locker*, lockbox*, lock box*, key box*, key safe*, keysafe*, "
        "keypad*, key pad*, garage*, entry, entrance, buzzer*, building, intercom*, voicemail*, front desk, "
        "barrier, shed, tur, tuer, haustur*, tor, hoftor, eingang*, hauseingang*, portail*, porte, portillon, "
        "immeuble, interphone*, digicode*, porta, portone, cancello, puerta, porton*, portal, portao, portaria, "
        "dorr*, dor, doren, deur*, poort*, bram*, drzwi*, furtk*, domofon*, klatk*, brana, branu, brane, dvere, "
        "dveri, vchod, interfon*, домофон*, подъезд*, подьезд*, под'їзд*, калитк*, ворот*, двер*, сейф*, kapu*, "
        "kapi*, poarta, usa, vrata, ulaz*, uks*, ovi, oven, duris, durys, pintu*, pagar, cua, cong, mlango, "
        "geti, ประตู*, 门禁*, 门锁*, 門禁*, 玄関*, オートロック*, ドア*, 현관*, 도어락*, 공동현관*, باب*, "
        "الباب*, بوابة*, البوابة*, דלת*, הדלת*, שער*, השער*, login, log in, logging in, sign in, anmeld*, "
        "einlog*, inlog*, logg*, kirjaut*, access*, accede*, unlock*, entsperr*, sblocc*, desbloque*, portero*, "
        "conserj*, telefonillo*, combin*, padlock*, vorhangeschloss, candado*, cadenas, lucchetto, tresor*, "
        "schliessfach*, briefkasten*, paketbox*, garagen*, wohnung*, coffre*, consigne*, casier*, caja fuerte, "
        "taquilla*, buzon*, cofre*, cacifo*, cassaforte*, armadietto*, kluis*, kluisje*, fietsenstalling*, "
        "kassaskap*, skap, sejf*, trezor*, sef, szef*, kasa, kilit*, brankas*, loker*, cupboard*, cabinet*, "
        "closet*, elevator*, lift, parking, storage, larm*, larmet, alarmen, alarmet, halyti*, riaszto*, "
        "сигнализ*, boiler room, bin store, bike store, stairwell, lobby, treppenhaus, keller*, ascenseur, "
        "ascensor, ascensore, garaje*, garagem, garaz*"
    ),
}
"""What makes a code a secret: how it came, or what it opens."""
NO_SECRET = {
    "before": (
        "error, fehler, erreur, errore, erro, promo*, discount, rabatt*, voucher, coupon, postal, post, "
        "postcode, zip, area, country, product, artikel, job, dress, source, qr, bar, status, swift, sort, bank, "
        "branch, color, colour, vertical, tracking, booking, reference, referral, bledu, chyb*, ошибк*, hiba, "
        "hata, virhe, fel, feil, fejl, store, exit, stop, return, response, reason, region, tax, hs, sku, model, "
        "part, gift, course, class, employer, cost, vat, discount*, item, invoice, order, supplier, vendor, "
        "material, project, account, flight, airport, iata, icao, http, rejection, decline, fault, diagnostic, "
        "dtc, trouble, event, transaction, batch, fund, ndc, cpt, icd, upc, ean, asin, commodity, tariff, "
        "currency, language, locale, service, train, registration, gl, department, dept, building, zone, urun, "
        "termek, tuote, vare, varu, artykul*, товар*, товара, артикул*, prekes, toote, preces, produs*, "
        "proizvod*, izdelek*, vyrobk*, tovar*, barang, produk, produto, produit, producto, prodotto, mat hang, "
        "san pham, 商品, 製品, 产品, 產品, 제품, 상품, สินค้า, منتج, المنتج, מוצר, उत्पाद, siparis, kargo, "
        "indirim, kupon, kedvezmeny*, alennus*, slevov*, zlavov*, rabat*, скидк*, промо*, knizk*, bolge, posta, "
        "posti, iranyito*, irsz, stat*, krajsk*, urzed*, nace, pkd, cpv, cip, olay, last, letzten, letzte, "
        "derniers, ultimos, ultimas, ultime, laatste, siste, sista, ostatnie, последние"
    ),
    "behind": (
        "postal, postale, promo*, promotionnel*, barre, barres, barras, postali, erreur, d'erreur, de erreur, "
        "de error, d'errore, di errore, errore, erro, de erro, bledu, chyby, ошибки, помилки, greske, hiba, "
        "de descuento, descuento, desconto, de desconto, sconto, di sconto, rabatowy, rabatow*, reduction, "
        "de reduction, remise, de remise, parrainage, de parrainage, articolo, article, produit, produktu, "
        "prodotto, producto, produto, do produto, de producto, del producto, de rastreo, de rastreio, "
        "de seguimiento, rastreamento, del pedido, de pedido, do pedido, suivi, de suivi, qr, kreskowy, "
        "pocztowy, swift, iban, banque, banco, do banco, du produit, boleto, do boleto, avantage, cadeau, "
        "client, cliente, klienta, товара, заказа, скидки, купона"
    ),
}
"""What makes it another code: of an error, a discount, a product, a place."""
