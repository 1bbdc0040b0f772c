"""What numbers of people, of their cars and of their cards are called, by language.

Grammar of the tables: `words.any_of`. Accents and capitals make no difference.
Out of scope: what such numbers look like and where they stand (`identities`).
"""

from __future__ import annotations

IDENTITY = {
    "English": (
        "passport*, pasport, s.s.n, ss#, social security, social insurance, my social, soc sec, his social, "
        "her social, my sin, his sin, her sin, sin no, sin num*, itin, i.t.i.n, my tin, tin no, tin num*, "
        "tax id*, tax payer*, tax file, tax no, tax number, tax reference, t.f.n, taxpayer*, national insurance, "
        "nino, n.i no, n.i num*, nhs, chi number, identity no, identity num*, identity card, identity doc*, "
        "identification no, identification num*, identification card, identification doc*, id card, id document, "
        "national id*, nat id, state id, government id, govt id, photo id, my id, his id, her id, rsa id, "
        "personal id*, personal num*, personal code, personal no, personal public service, citizen* id, "
        "citizen* no, citizen* num*, citizen* card, citizenship no, civil id, civil num*, resident* id, "
        "resident* card, resident* permit, residence permit, residence card, work permit, driver* licen*, "
        "drivers lic, driver lic, driving licen*, driving permit, driver* permit, driver* num*, licen* no, "
        "licen* number, licen* is, my licen*, his licen*, her licen*, lic no, d.l no, d.l num*, d.l#, d/l, "
        "medicare, medicaid, m.b.i, health card*, health insurance*, health number, health no, health id, "
        "health care num*, health care card, health plan, personal health, care card, insurance num*, "
        "insurance no, insurance id, medical card*, medical num*, medical record*, patient id, patient no, "
        "patient num*, m.r.n, n.h.i, hcn, ohip, ramq, phn, ihi, centrelink, voter*, electoral*, ration card, "
        "birth cert*, death cert*, visa no, visa number, alien reg*, alien num*, a-number, uscis, green card, "
        "i-94, military id, dod id, service number, police clearance, unique tax*, u.t.r, eori, self assessment, "
        "gov* gateway, student id, student num*, matriculation, employee id, employee num*, pension num*, "
        "pensioner id, i-9 num*, tribal id, blue badge, biometric card, brp, my * licen*, his * licen*, "
        "her * licen*, nic no, nic num*, my nic, licence, license, healthcare id*, health care id*, "
        "health identifier, individual health*, social services num*, benefit num*, pension no, foreigner id, "
        "refugee id*, asylum num*, arc number, home office ref*, vignette num*, residency num*, residence num*, "
        "citizens service, civil registration"
    ),
    "Ireland and islands": "p.p.s, pps*",
    "India": (
        "aadhaar*, aadhar*, adhaar*, adhar*, aadaar*, adhaarcard, addhar*, aadhr*, uidai, uid no, vid no, "
        "my pan, pan no, pan num*, pan card*, pancard, permanent account, uan, gstin, abha, आधार*, पैन, "
        "पहचान पत्र, मतदाता*, ஆதார்*, ఆధార్*, আধার*, এনআইডি, জাতীয় পরিচয়*, পরিচয়পত্র*, পাসপোর্ট*, पासपोर्ट*, "
        "ड्राइविंग लाइसेंस, नागरिकता*, राहदानी*, प्यान*, पैन कार्ड, पैन नंबर"
    ),
    "Asia in Latin letters": (
        "nric*, hkid*, mykad, mykid, i.c number, i.c no, i.c num, i.c saya, i.c is, no ic, nombor ic, ic saya, "
        "ic no, kad pengenalan*, no kp, no k/p, k.t.p, ktp*, npwp*, bpjs, kitas, paspor*, s.i.m saya, no sim, "
        "nomor sim, kartu keluarga, no kk, lesen memandu, philhealth, philsys*, pag-ibig, pagibig, umid, tin ko, "
        "tin number, lisensya, cccd, cmnd, cmtnd, can cuoc*, chung minh*, mst, ma so thue, ma dinh danh, "
        "ho chieu*, giay phep lai*, bang lai xe, gplx, bhyt, bhxh, bao hiem*, so dinh danh, nik saya, nomor nik, "
        "shanakhti*"
    ),
    "Africa": (
        "bvn, my nin, kra pin, kra, ghana card, huduma*, nssf, nhif, tin namba, namba ya nida, nida, "
        "kitambulisho*, pasipoti, carte nationale, carte consulaire, nuit, bilhete de identidade, b.i n, "
        "id-nommer, identiteitsnommer, rijbewys, rybewys*, paspoort*, asylum permit, omang"
    ),
    "Near East and Central Asia": (
        "emirates id, emirate id, iqama*, cnic, c.n.i.c, nicop, snic, shenasname, kod melli, code melli, qid, "
        "qatar id, cpr no, رقم الهوية*, الهوية*, هويتي, رقم الإقامة*, اقامتي, إقامتي, رقم الاقامة*, الاقامة, "
        "الإقامة, رقم الجواز, جواز السفر*, جواز سفر*, جواز سفري, جوازي, الرقم القومي*, رقم قومي, الرقم الوطني*, "
        "رقم وطني, البطاقة الوطنية*, بطاقة التعريف*, بطاقة شخصية, رقم البطاقة, الرقم المدني*, رقم الضمان*, "
        "رخصة القيادة*, رخصة السياقة*, کد ملی*, کدملی*, شماره ملی*, شماره شناسنامه, گذرنامه*, شناختی کارڈ*, ת.ז, "
        'ת.ז., תז, תעודת זהות, תעודת הזהות, ת״ז, ת"ז, מספר זהות*, דרכון*, מספר הדרכון, רישיון נהיגה, '
        "ביטוח לאומי, iin, jshshir, pinfl, ჰსნმ, პირადი ნომ*, პირადობის*, პასპორტ*, սոցիալական*, անձնագ*, հծհ, "
        "fin kod*, fin kodu, şəxsiyyət*, القومي*, رقمي القومي, رقمي الوطني, بطاقتي*, الهوية الوطنية*, "
        "الضمان الاجتماعي*, التأمين الاجتماعي*, رقم التأمين, التامينات*, باسبور*, جوازها, רישיון מס, תעודה מזהה, "
        "بیمه*, регистрийн дугаар*, регистрийн, регистр номер"
    ),
    "East Asia": (
        "身份证*, 身份證*, 身分證*, 身份證號碼, 身分証*, 居民身份, 護照*, 护照*, 通行证*, 通行證*, 居留证*, "
        "居留證*, 驾照*, 驾驶证*, 駕照*, 社保卡*, 社保号*, 健保卡*, 健保卡號, 税号, 統編, 回乡证, 台胞证, "
        "パスポート*, 旅券*, マイナンバー*, 個人番号*, マイナ保険証, 保険証*, 被保険者*, 免許証*, 運転免許*, "
        "在留カード*, 基礎年金番号*, 年金番号*, 住民票コード, 여권*, 여권번호*, 주민등록*, 주민번호*, 주민 번호, "
        "외국인등록*, 외국인 등록*, 운전면허*, 면허번호*, 면허증*, 건강보험*, 민증*, 등록번호*"
    ),
    "Thai": (
        "เลขบัตร*, เลขที่บัตร*, บัตรประชาชน*, เลขประจำตัว*, เลขประจําตัว*, บัตรปชช*, หนังสือเดินทาง*, พาสปอร์ต*, ใบขับขี่*, เลขผู้เสียภาษี*"
    ),
    "German": (
        "*steuer id*, steuerid*, *steueridentifikation*, *steuernummer, *steuer nr, *steuer nummer, "
        "steuerliche*, idnr, id nr, *identifikationsnummer, *identnr, *identnummer, *ident nr, *ausweis*, "
        "*reisepass*, pass nr, passnr, passnummer, *fuhrerschein*, *fuehrerschein*, fahrerlaubnis*, "
        "*versicherungsnummer, *versicherungsnr, *versicherungs nr, *versichertennummer, *versicherten*, "
        "*krankenkass*, *krankenversicher*, kvnr, kv nummer, kv nr, kvnummer, *sozialvers*, *rentenvers*, rvnr, "
        "rv nummer, sv nummer, sv nr, svnr, svnummer, vsnr, *gesundheitskart*, egk, e card, ecard*, "
        "personalnummer, *matrikel*, *aufenthalt*, *auslander*, burgerkarte, zmr zahl, bpk, identitatskart*, "
        "ids nummer, *melderegister*, kundennummer krankenkasse, mein* perso, perso nr, perso num*, den perso, "
        "der perso, ahv, ahv n*, rv nr, sozialversicherung*, rentennummer, ausweis id, identitatsnummer, "
        "fuhrerscheinnr, passport nr, asylbewerber*, geburtsurkund*"
    ),
    "French": (
        "securite sociale, secu, numero secu*, n secu*, num secu*, no secu*, n° secu*, nir, insee, carte vitale, "
        "cpam, ameli, assurance maladie*, mutuelle, carte d'identite, carte identite, carte nationale*, cni, "
        "cnie, passeport*, permis de conduire, num de permis, numero de permis, n° de permis, n° permis, "
        "permis n, mon permis, permis b, numero fiscal*, num fiscal*, n° fiscal*, identifiant fiscal*, spi, "
        "reference fiscale, titre de sejour, carte de sejour, recepisse, n° etranger, numero etranger, agdref, "
        "numero national, nr national, n° national, registre national, niss, n.i.s.s, num national, avs, "
        "numero avs, n° avs, mon nas, ma cin, numero cin, assurance sociale, num de nas, matricule, l'assure, "
        "numero d'assure, n° d'assure, n° allocataire, allocataire*, numero caf, caf, france travail, "
        "pole emploi, carte europeenne, ceam, carte consulaire, num d'identite*, piece d'identite, nº secu*, "
        "assure social, securite soc, carte de resident, num permis, visa n, numero visa, livret de famille, "
        "identifiant national, ine"
    ),
    "Dutch": (
        "b.s.n, bsn*, burgerservice*, sofi*, *rijksregister*, rrn, rrnr, r.r.n, insz, paspoort*, *rijbewijs*, "
        "*identiteitskaart*, identiteitsbewijs*, identiteits*, id kaart*, *zorgverzeker*, *zorgpas*, zorgnummer, "
        "verzekerdennummer, verzekerden nr, *verblijfs*, vreemdelingen*, v nummer, digid nummer, "
        "aansluitingsnummer, sociale zekerheid, sociaal zekerheid*, documentnr paspoort, burgernummer"
    ),
    "Nordic": (
        "person nummer*, personnr, person nr, pers.nr, personbeteckning*, samordnings*, korkort*, pass nummer, "
        "passnr, passnummer*, pass nr, fodselsnummer*, fodselsnr, fodsels nr, fodsels nummer*, fodselnr, "
        "fodselnummer*, f.nr, d nummer*, dnr, personnummer*, forerkort*, forerkortnummer*, cpr*, c.p.r, cpr-nr, "
        "korekort*, kennitala*, kennitolu*, sundhedskort*, sygesikring*, nationellt id, id kort*, legitimation*, "
        "vegabref*, okuskirteini*, henkilotunnu*, hetu*, sotu*, ajokort*, henkilokort*, kela kort*, bankid, "
        "lma kort, passi nr, passin num*, passini, passinumero*, mitt pnr, ditt pnr, socialforsakring*, "
        "personligt nummer, korkortsnummer, trygdenummer, social sikring, sosiaaliturva*, henkilokortin numero, "
        "passnumret"
    ),
    "Spanish": (
        "d.n.i, nif*, pasaporte*, seguridad social, seg social, n.u.s.s, n.s.s, afiliacion*, tarjeta sanitaria, "
        "cip, c.i.p, carnet de conducir, carne de conducir, carnet de identidad, carnet identidad, "
        "carne de identidad, carnet de extranjer*, licencia de conduc*, licencia conducir, licencia de manejo, "
        "permiso de conduc*, permiso de residencia, tarjeta de residencia, cedula*, cedula de ciudadania, "
        "documento de identi*, doc identidad, doc de identi*, mi documento, su documento, numero de documento, "
        "n° de documento, nro de documento, nro documento, documento nro, documento n, identificacion*, c.u.i.t, "
        "c.u.i.l, curp*, r.f.c, rfc*, r.u.t, rol unico, r.u.c, nit, d.p.i, d.u.i, clave ine, clave de elector, "
        "mi ine, credencial de elector, credencial para votar, seguro social, imss, issste, obra social, "
        "extranjeria, tarjeta de identidad, c.u.r.p, rnc, nro de afiliado, n° de afiliado, numero de afiliado, "
        "afiliado*, asegurado*, ticket dni, clave unica de registro, nuip, nup, residencia numero, mi nie, "
        "el nie, nie numero, nie n, su nie, numero nie, nie de, dni, n.i.f, dnie, licencia, seguretat social, "
        "seguridade social, num seg social, prevision social, numero de seguro, carnet salud, licencia n, "
        "cedula juridica, tarjeta pasaporte, documento n°, documento numero"
    ),
    "Portuguese": (
        "contribuinte*, cartao de cidadao, cartao cidadao, cartao do cidadao, bilhete de identidade, b.i numero, "
        "niss, n.i.s.s, nus, n.u.s, utente*, num de utente, passaporte*, carta de conducao, "
        "titulo de residencia, autorizacao de residencia, c.p.f, cpf*, r.g, rg, c.n.h, cnh*, "
        "carteira de identidade, identidade*, carteira de motorista, carteira de trabalho, ctps, "
        "titulo de eleitor, titulo eleitor*, p.i.s, pis pasep, pasep, nis, cartao sus, cartao do sus, cns, "
        "carteirinha*, carteira nacional de saude, certidao*, r.n.e, rne, rnm, cnpj, identificacao*, "
        "numero de identificacao, cartao de saude, sns, adse, registro geral, registo civil, n.i.f, "
        "seguranca social, previdencia, n° de utente, n° utente, cartao de eleitor"
    ),
    "Italian": (
        "codice fiscale, cod fiscale, cod fisc, cod.fisc, cod.fiscale, c.f, codicefiscale, partita iva, p.iva, "
        "p iva, carta d'identita, carta di identita, carta identita*, c.i.e, c.i n, cie, passaporto*, patente*, "
        "tessera sanitaria, tessera elettorale, permesso di soggiorno, carta di soggiorno, identificazione*, "
        "documento d'identita, documento n, codice assistito, tess sanitaria, tess.sanitaria, "
        "previdenza sociale, numero assistito, n tessera"
    ),
    "Polish": (
        "pesel*, nip, n.i.p, regon, dowod*, dowodu, nr dowodu, seria i nr, seria i numer, paszport*, "
        "prawo jazdy, prawa jazdy, ubezpieczeni*, karta pobytu, karty pobytu, legitymacj*, nfz, ekuz, zus, "
        "ubezpieczen*, numer ubezpieczenia, ubezpieczenia spolecznego, nr paszportu, karta nfz"
    ),
    "Czech and Slovak": (
        "rodne cislo*, rodneho cisla, rodne c, rodnym cislem, rod.c, r.c, rodc, op c, c.op, cislo op, c op, "
        "obcansk*, obciansk*, op cislo, c.o.p, c pasu, cislo pasu, pasu, cestovni pas*, cestovny pas*, "
        "pas cislo, pojist*, poist*, zdravotn*, ico, dic cz, cislo pojisten*, cislo pojistence, "
        "povoleni k pobytu, ridicsk*, vodicsk*, socialni zabezpeceni, socialne poistenie, cislo socialneho*, "
        "preukaz poistenca, kartick* pojisten*"
    ),
    "Hungarian": (
        "taj, taj szam*, tajszam*, adoazonosit*, ado azonosito*, adoszam*, szemelyi*, szig*, szemelyazonos*, "
        "utlevel*, jogositvany*, vezetoi engedely*, biztositasi*, lakcimkartya*, diakigazolvany*, "
        "tarsadalombiztositasi*, szig szam*, jogsi*, kartyaszam taj"
    ),
    "Romanian": (
        "c.n.p, cnp*, buletin*, buletinul, carte de identitate, cartea de identitate, c.i seria, seria si nr, "
        "seria si numarul, serie si numar, c.i, pasaport*, permis de conducere, permis auto, card de sanatate, "
        "cod numeric*, c.i.f, asigurari sociale, cod personal, card european, act de identitate, serie buletin"
    ),
    "Southern Slavic": (
        "oib, oib*, jmbg*, jmb, emso*, davcna*, davcna stevilka, osobna iskaznica*, osobne iskaznice, osobnu*, "
        "licna karta*, licne karte, licnu kartu, broj licne, br lk, l.k, br.lk, br osobne, putovnic*, pasos*, "
        "potni list*, potnega lista, vozack* dozvol*, voznisk*, mbo, zdravstven*, kzz, zzzs, zks, егн, е.г.н, "
        "лична карта*, личната карта, лк №, личен номер, лнч, паспорт*, јмбг*, личне карте, лична карта, "
        "личну карту, пасош*, матичен број, ембг, единен граждански, шофьорска книжка, "
        "свидетелство за управление, возачка дозвола, возачке дозволе, lnc, egn, licna karta, osobna, "
        "osobnu iskaznic*, broj osobne, osebna izkaznic*, osebne izkaznic*, osebno izkaznic*, "
        "osebnega dokument*, vozacka, vozacke dozvole, vozackog ispita, socijalno osiguranje, "
        "socialno zavarovanje, broj osiguranja, broj pasosa, broj putovnice, matični broj*, maticni broj*, mbg, "
        "осигурителен номер, здравна книжка, број пасоша"
    ),
    "Albanian and Baltic": (
        "numri personal, nr personal, id personal, leternjoftim*, pasaport*, nipt, isikukood*, isikukoodi, "
        "isikutunnistus*, id kaardi*, id kaart*, passi number, juhiluba*, juhiloa*, personas kod*, pers.kods, "
        "pases nr, pases num*, vaditaja apliecib*, apliecib*, asmens kod*, a.k, asmens tapatyb*, tapatyb*, "
        "pasas, paso nr, paso numer*, vairuotojo pazym*, sodra*, socialinio draudimo, socialas apdrosinasanas, "
        "sotsiaalkindlustus*, numri i pasaportes, paso numeris, dokumento numer*"
    ),
    "Greek": (
        "αφμ, α.φ.μ, αμκα, α.μ.κ.α, αδτ, α.δ.τ, ταυτοτητ*, αριθμος ταυτοτητας, διαβατηρι*, αμα ικα, "
        "διπλωμα οδηγησης, αδεια οδηγησης, αδεια διαμονης, αριθμος μητρωου, α.μ, amka*, afm*, adt, taftotita*, "
        "tautotita*, taytotita*, diavatiri*, ar tautotitas, arithmos tautotitas, αρ ταυτ*, ekaa, "
        "κοινωνικη ασφαλιση, αριθμος διαβατηριου, μητρωο ασφαλισμεν*, αριθμος αδειας"
    ),
    "Turkish and Azeri": (
        "t.c kimlik*, tc kimlik*, kimlik*, t.c no*, tc no*, tc nu*, t.c, tckn, t.c.k.n, tckimlik*, vergi no*, "
        "vergi num*, vkn, pasaport*, ehliyet*, surucu belge*, sgk*, sigorta sicil*, sicil no*, ikamet*, "
        "yabanci kimlik*, nufus cuzdan*, sigorta no*, sigorta num*, sosyal guvenlik*, seri no kimlik, surucu no"
    ),
    "Russian and Ukrainian": (
        "инн, и.н.н, снилс*, паспорт*, загранпаспорт*, загран*, серия и номер, серия номер, сери* паспорт*, "
        "водительск*, права номер, номер прав, прав серия, ву номер, полис*, омс, о.м.с, страхов*, внж, "
        "свидетельств*, удостоверени*, иин, и.и.н, жсн, жке, военн* билет*, рнокпп, р.н.о.к.п.п, іпн, ідн, "
        "ідентифікаційн*, податковий номер, податковий код, платника податків, код платника, посвідчення*, "
        "закордонн*, id картк*, айді картк*, унзр, идентификационн*, личный номер, личн* код*, пинфл, "
        "идентификатор лица, snils, pasport*, rnokpp, ipn, соцстрах*, страховой номер, номер паспорта, "
        "серия паспорта, права серия, соціальн* страхування, номер id карти"
    ),
    "Irish and Welsh": "uimhir psp, yswiriant gwladol, rhif yswiriant*",
}
"""Government's numbers of persons: tax, social security, health insurance, identity card, passport, licence."""

CASED = (
    "FIN RUN SSS DL NAS CUI INE NIR SPI NIT EIN SDL EPIC NID CC TI CI CE PI IC BI TC RG KTP PAN SIN TIN NIN CIN CIE "
    "CIP NIE NIC NIK CRN Perso"
)
"""The same where capitals tell them from words: `CC 1047281930`, but not "cc the team"."""
CLOSE = (
    "cc ti ci nie dl nin tin rg ktp pan ic cin sin tc "
    "nid nic pnr kt rc trn crn nik fnr op pas license licence documento"
)
"""The same where the number stands right behind them."""
NAMED_ID = (
    "id no, id num*, id nr, id nummer, id code, id is, id number is, doc no, doc num*, document no, document num*"
)
"""What speaks of a person's number unless a word before it says whose else it is: `order id no`."""

PLATES = {
    "English": (
        "number plate*, numberplate*, licen* plate*, car plate*, vehicle plate*, guest plate*, plate, plates, "
        "plate no, car reg*, vehicle reg*, reg, rego, registration, reg no, reg number, reg num, vrm, vrn"
    ),
    "Romance": (
        "targa, targato, targata, placa, placas, patente, matricula*, immatricul*, plaque*, numero di targa, "
        "inmatricul*, nr auto"
    ),
    "German and Dutch": (
        "*kennzeichen*, autonummer*, nummernschild*, kontrollschild*, kenteken*, nummerplaat, kentekenplaat"
    ),
    "Slavic": (
        "nr rej*, rejestrac*, tablic*, spz, s.p.z, ecv, e.c.v, statna poznavac*, statni poznavac*, poznavac*, "
        "registarsk*, registrsk*, госномер*, гос номер*, номер авто*, номер машин*, держномер*, автомобил*, "
        "регистрационн*"
    ),
    "others": (
        "rendszam*, plaka*, reg nr, regnr, reg nummer, registreringsnummer*, regnummer*, skiltnummer*, skilt nr, "
        "nummerskylt*, rekisterinumero*, rekisteritunnus*, rekkari*, πινακιδ*, αριθμος κυκλοφοριας, bien so, "
        "no polisi, nopol, plat nomor, plat no, no plat, 車牌*, 车牌*, 車のナンバー, ナンバープレート, 차량번호, "
        "차 번호, 번호판, ทะเบียน*, لوحة*, לוחית*, מספר רכב"
    ),
}

CARD = {
    "English": (
        "credit card*, debit card*, bank card*, atm card*, prepaid card*, payment card*, my card*, the card*, "
        "our card*, his card*, her card*, corporate card*, master card*, visa card*, new card*, old card*, "
        "gift card*, fleet card*, card no, card num*, card nr, card ending*, card is, card details, card ko, "
        "card pan, card, cardnumber, card holder, cc no, cc num*, cc, ccnum, pan, visa, mastercard*, mc, "
        "maestro, verve, amex, american express, rupay, discover, diners*, unionpay, union pay, jcb, mir, "
        "dankort*, girocard*, troy, elo, hipercard, interac, bancontact*, cartes bancaires, revolut*, n26, "
        "monzo"
    ),
    "others": (
        "kart*, *karte, *karten, *kartennummer, *kartennr, carte*, cb, tarjeta*, cartao*, carta, "
        "carta di credito, carte di credito, postepay, bancomat, pas nummer, pasnummer, pas, bankpas*, "
        "creditcard*, *kreditkort*, *kortnummer*, *kortnr, *kort, kortet, kortti*, *kortin, *kortti*, *kartya*, "
        "cardul*, карт*, καρτ*, karta mou, karta, kartu*, the ngan hang, so the, the tin dung, the visa, kadi, "
        "kredi karti, tarj, 卡号, 卡號, 信用卡*, 银行卡*, 銀行卡*, カード*, 카드*, بطاق*, البطاق*, כרטיס*, "
        "कार्ड*, บัตรเครดิต*, บัตรเดบิต*, หมายเลขบัตร*, บัตร"
    ),
    "paying": (
        "paid with, paid by, paid using, pay with, pay by, paying with, charged to, charged on, pagato con, "
        "pagada con, pagado con, pague con, pago con, paguei com, paye avec, payer avec, bezahlt mit, zahlt mit, "
        "zahlung mit, betaald met, betalt med, betalat med, zaplacil*, zaplacona, platil*, odedim, odeme, "
        "оплат*"
    ),
}
