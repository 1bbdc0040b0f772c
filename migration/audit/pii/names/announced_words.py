"""Words that announce a name, by language, without accents or with them: they are looked up in folded texts.

Out of scope: what a name looks like (`introduced`), and where one counts (`announced`).
"""

from __future__ import annotations

from migration.audit.pii.words import table

MY_NAME = {
    "Germanic": "ich heisse, mein name ist, mein name lautet, i heiss, ik heet, mijn naam is, jag heter, mitt namn ar,"
    "jeg heter, jeg hedder, mit navn er, mitt navn er, eg heiter, eg heiti, my naam is",
    "Romance": "je m'appelle, je m appelle, je mappelle, mon nom est, me llamo, mi nombre es, mi chiamo, il mio nome e,"
    "meu nome e, o meu nome e, chamo-me, me chamo, em dic, el meu nom es, chamome, ma numesc, numele meu este,"
    "numele meu e, ma cheama, numele este",
    "Slavic": "nazywam sie, mam na imie, jmenuji se, jmenuju se, me jmeno je, moje jmeno je, volam sa, moje meno je,"
    "zovem se, moje ime je, ime mi je, ime mi e, pisem se, меня зовут, мое имя, мене звати, мене звуть, моє ім'я,"
    "казвам се, името ми е, зовем се, моје име је, се викам, јас се викам, моето име е, мяне завуць, мяне клічуць",
    "Baltic, Finnic, Hungarian": "mani sauc, mans vards ir, mano vardas, nimeni on, minun nimeni on, mun nimi on,"
    "minu nimi on, mu nimi on, a nevem, nevem, hivnak, ugy hivnak",
    "Greek, Albanian, Turkic": "με λενε, ονομαζομαι, λεγομαι, το ονομα μου ειναι, quhem, emri im eshte, benim adim,"
    "adim, ismim, adim soyadim, mening ismim, менин атым, менің атым, минем исемем, миний нэр, номи ман",
    "Asia, Africa, Celtic": "nama saya, ten toi la, ten em la, ten minh la, toi ten la, em ten la, em ten, minh ten la,"
    "minh ten, toi ten, ang pangalan ko ay, ang pangalan ko, ako po si, ako si, jina langu ni, naitwa, igama lami ngu,"
    "igama lam ngu, oruko mi ni, aham bu, sunana, mera naam, mera nam, amar naam, en peyar, naa peru, nire izena da,"
    "is mise, mo ainm, fy enw i yw",
}
"""Before one's own name, in capitals or not."""

I_AM = {
    "Germanic": "sie sprechen mit, am apparat ist, hier schreibt ihnen, mit wem spreche ich hier ist, u spreekt met,"
    "je spreekt met, du snakker med, du talar med, du pratar med, du taler med, mitt i luren",
    "Romance": "vous parlez avec, vous parlez a, ici c'est, je me presente, me presento, mi presento, apresento-me,"
    "le habla, les habla, te habla, le escribe, les saluda, le saluda, esta hablando con, habla con, aqui quem fala e,"
    "quem fala e, aqui fala, fala o, fala a, esta a falar com, esta falando com, sta parlando con, parla con,"
    "qui parla, sono la signora, sono il signor, eu sunt, ma prezint, vorbiti cu, la telefon, parlo con",
    "Slavic": "z tej strony, przy telefonie, rozmawia pan z, rozmawia pani z, ja jestem, tady, u telefonu, mluvite s,"
    "ja jsem, pri telefone, ja som, ja sam, ovdje, ovde, pri telefonu, razgovarate s, razgovarate sa, jaz sem, tukaj,"
    "ја сам, овде, аз съм, обажда се, на телефона, тук е, јас сум, вас беспокоит, беспокоит, на связи, с вами говорит,"
    "пишет вам, вам пишет, вас турбує, на зв'язку, вам пише, гэта я, пише ви, пише вам",
    "Baltic, Finnic, Hungarian": "es esmu, as esu, ma olen, mina olen, taalla, puhelimessa, beszel, vagyok,"
    "itt beszel, en vagyok, telefonal",
    "Greek, Albanian, Turkic": "ειμαι ο, ειμαι η, ειμαι, ονομα μου, λεγομαι, une jam, мен",
    "Asia, Africa": "saya dengan, toi la, em la, minh la, mimi ni, ni mimi, ndini, ngingu, na me be",
}
"""Before one's own name where it is written as one, first and last."""

ASKED = {
    "Germanic": "fragen sie nach, frag nach, fragt nach, verlangen sie, abgeholt von, abholen wird, vraag naar,"
    "vragen naar, opgehaald door, fraga efter, be att fa tala med, spor etter, sporg efter, hentes av, hamtas av",
    "Romance": "demandez, demander, demandez apres, remettre a, remettez a, recupere par, preguntar por, pregunte por,"
    "pregunta por, pregunten por, perguntar por, pergunte por, pergunta por, procure por, procurar por, chiedere di,"
    "chieda di, chiedete di, chiedi di, ritirato da, consegnare a, cautati pe, intrebati de, pregunteu per",
    "Slavic": "pytac o, prosze pytac o, prosze prosic, ptejte se na, zeptejte se na, pytajte sa na, pitajte za,"
    "trazite, vprasajte za, спросите, спрашивайте, позовите, питайте, запитайте, попитайте за, потърсете, тражите",
    "other": "kysykaa, kysy, keresse, keressek, sorun, ρωτηστε για, ζητηστε τον, ζητηστε την,muulize",
}
"""Before another's name where it is written as one: who is asked for, or comes to fetch something."""

FETCHES = {
    "Germanic": "will pick, will collect, will come, will sign, is picking, is collecting, is coming,"
    "can pick, can sign, can collect, holt, kommt vorbei, nimmt, haalt, komt, hamtar, kommer, henter",
    "Romance": "passera, viendra, recupere, recuperera, prendra, recogera, recoge, va a recoger, retirara, retira,"
    "vai buscar, vai retirar, vai receber, ritirera, ritira, passera a, va ridica, ridica, vine",
    "Slavic": "odbierze, odbiera, vyzvedne, vyzdvihne, prevezme, preuzima, ce preuzeti, ce podici, dolazi, bo prevzel,"
    "bo prevzela, заберет, заберёт, получит, забере, ще вземе, ще получи, ће преузети",
    "other": "noutaa, hakee, atveszi, teslim alacak, alacak, θα παραλαβει, θα ερθει, akan ambil, se nhan, atachukua",
}
"""Behind another's name whose first is a known one."""

CLOSINGS = {
    "English": "regards, rgds, thanks, thank you, thx, ty, cheers, sincerely, yours, best, wishes, love, respectfully,"
    "warmly, advance, signed, appreciated",
    "Germanic": "gruss, grusse, gruesse, gruessen, grussen, grus, gruse, danke, dank, mfg, lg, vg,"
    "hochachtungsvoll,"
    "groet, groeten, groetjes, bedankt, hoogachtend, mvg, halsning, halsningar, vanligen, mvh, tack, hilsen, hilsner,"
    "takk, tak, vh, kvedja, kvedjur, groete, dankie",
    "Romance": "cordialement, salutations, merci, amicalement, respectueusement, cdlt, bises, saludos, saludo, gracias,"
    "atentamente, cordialmente, atte, saluti, grazie, fede, cordialita, cumprimentos, obrigado, obrigada,"
    "atenciosamente, att, abraco, abracos, grato, grata, salutacions, gracies, stima, respect, multumesc, multumim,"
    "drag",
    "Slavic": "pozdrawiam, pozdrowieniami, powazaniem, wyrazami szacunku, dziekuje, pozdravem, pozdravom, zdravim,"
    "dekuji, dekuju, diky, dakujem, uctou, pozdrav, postovanjem, hvala, pozdravljeni, spostovanjem, уважением,"
    "спасибо, благодарю, повагою, дякую, уважение, благодаря, поздрави, поздрав, поштовањем, хвала, почит, павагай,"
    "дзякуй, заранее благодарна, заранее благодарен",
    "other": "terveisin, kiitos, kiittaen, lugupidamisega, tanan, aitah, ciena, paldies, pagarbiai, cienu, aciu,"
    "udvozlettel, udv, tisztelettel, koszonom, koszonettel, koszi, saygilarimla, saygilar, tesekkurler,"
    "tesekkur ederim, sevgiler, εκτιμηση, τιμη, ευχαριστω, χαιρετισμους, φιλικα, respekt, faleminderit, hormat saya,"
    "terima kasih, makasih, tran trong, cam on, salamat, asante, shukrani, diolch, cofion, meas, eskerrik asko, рахмет,"
    "құрметпен, rahmat, hurmat bilan",
}
"""Before a comma, a colon or a point and the name that ends the text."""

OFFICES = table(
    "ugyfelszolgal ugyint kundenser kundendien kundenbetr kundenber kundenzen kundtjan kundeser kundesent kundsup",
    "asiakaspal klantens klantenc klienditee klientu servici servis service helpdesk support suport soport obslug",
    "biuro dzial redak verwaltung direk zarzad administra sekretari secretari zakaznic podpora oddelen sluzba",
    "korisnic podrsk musteri destek yetkili atenc atendi ekip equip team redaccio vezetos igazgat cimzett holgy",
    "uraim kollegen kollegin colega collegh collab damen herren panstwo panove mesdames messieur signori senhores",
    "senores kunde klant klient client customer служб поддерж администра редакц колег коллег друзья команд клиент",
    "отдел підтримк адміністра магазин оператор екип съпорт εξυπηρετ υπηρεσια ομαδα firma company abteilung",
    "vermieter hausverw",
)
"""How words begin that are greeted where an office is: no name."""

LETTERLESS = (
    r"(?:اسمي هو|اسمي|إسمي|اسمى|اسمم|نام من|اسم من|نامم|میرا نام|ميرا نام|मेरा नाम|माझे नाव|माझं नाव|मेरो नाम"
    r"|আমার নাম|মোৰ নাম|મારું નામ|મારુ નામ|ਮੇਰਾ ਨਾਮ|ਮੇਰਾ ਨਾਂ|ମୋ ନାମ|என் பெயர்|எனது பெயர்|నా పేరు|ನನ್ನ ಹೆಸರು|എന്റെ പേര്"
    r"|මගේ නම|ខ្ញុំឈ្មោះ|ຂ້ອຍຊື່|ຂ້າພະເຈົ້າຊື່|ကျွန်တော့်နာမည်က?|ကျွန်မနာမည်က?|მე მქვია|მქვია|ჩემი სახელია"
    r"|ჩემი სახელი|[Իի]մ անուն[ըն](?: է)?|անունս|שמי|קוראים לי|השם שלי|ስሜ)[ ]?:?[ ]{0,2}({W}(?:[ ]{W})?)"
    r"|(?<!\w)(?:من|اینجانب) ({W} {W}(?: {W})?) (?:هستم|ام|صحبت می)"
    r"|(?<!\w)میں ({W}(?: {W}){0,2}?) (?:بول|بات کر)"
    r"|(?<!\S)मैं ({W}(?: {W}){0,2}?) (?:बोल|बात कर)|(?<!\S)मी ({W}(?: {W}){0,2}?) बोलत"
    r"|(?<!\S)আমি ({W}(?: {W}){0,2}?) (?:বলছি|বলছিলাম|কথা বলছি)|(?<!\S)હું ({W}(?: {W}){0,2}?) બોલ"
    r"|(?<!\S)ਮੈਂ ({W}(?: {W}){0,2}?) ਬੋਲ|(?<!\S)நான் ({W}(?: {W}){0,2}?) பேசு|(?<!\S)నేను ({W}(?: {W}){0,2}?) మాట్లాడు"
    r"|(?<!\S)ನಾನು ({W}(?: {W}){0,2}?) ಮಾತ|(?<!\S)ഞാൻ ({W}(?: {W}){0,2}?) സംസാരി"
    r"|(?:\A|[.!؟،,\n] ?|عليكم[،,]? |مرحبا[،,]? |الخير[،,]? |أهلا[،,]? )(?:معكم|معاكم|معك|معاك) "
    r"(?!حق|مشكل|رقم|في|من|على|طلب)({W} {W})"
    r"|(?:מדבר(?:ת)?(?: כאן)?|כאן) ({W} {W})(?=[ ]*(?:[,.!?\n]|\Z))|(?:\A|[.!\n,] ?)אני ({W} {W})(?=[,.])"
    r"|(?<!\w)მე ვარ ({W} {W})|(?<!\w)[Եե]ս ({W} {W})[ն]? եմ"
    r"|(?:我係|我系)(?![想要問问在買买唔咪你我他佢會会用個个一新舊嚟來来喺住做以咁俾])([\u4e00-\u9fff]{2,4}?)(?=[，,。.！!\s]|\Z)|(?:敝姓|小弟姓)([\u4e00-\u9fff]{1,2})(?=[，,。\s])"
    r"|(?<![가-힣])저 ([가-힣]{3})(?:인데|입니|이에|이라고)|(?:ผม|ดิฉัน|หนู)ชื่อ ?({W}(?: {W})?)"
)
"""Scripts without capitals: what is said before and behind one's name; {W} stands for a word."""
NO_NAMES = (
    "از|خیلی|بسیار|هم|در|با|به|هنوز|همیشه|واقعا|واقعاً|مشتری|کاربر|یک|ساکن|اهل|دانشجوی|کارمند|صاحب|منتظر|مشترک|راضی|ناراضی|ناراحت"
    "|عصبانی|نگران|الان|اینجا|که|را|نمی|می|دیروز|شما|سے|کے|کی|کا|کو|پر|میں|سچ|بھی|آپ|ابھی|یہ|یہاں|جھوٹ|से|में|के|की|का|को|पर|ही|भी|तो|यह|ये"
    "|सच|झूठ|आप|अभी|नहीं|यहाँ|फोन|फ़ोन|নিয়ে|নিয়ে|সাথে|থেকে|জন্য|কথা|ব্যাপারে|আপনাদের|এখন|ঠিক|সত্য|না|থી|વિશે|વતી|ਤੋਂ|ਨਾਲ|ਬਾਰੇ|मधून|बद्दल|शी"
    r"|\S*இருந்து|\S*குறித்து|\S*பற்றி|\S*గురించి|\S*నుండి|\S*నుంచి|\S*ಬಗ್ಗೆ|\S*ಇಂದ|\S*കുറിച്ച്|\S*നിന്ന്|לא|כבר|רוצה|מאוד|של|עם|თქვენი|ძალიან|უკვე|აქ|კლიენტი|მომხმარებელი|على|في|من"
)
"""Words of these scripts that are part of no name."""
