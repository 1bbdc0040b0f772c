"""Words that announce a person's name, by language: introductions, titles, fields of forms, closings of letters.

Out of scope: what a name looks like (`names`).
"""

from __future__ import annotations

OWN = (
    r"my (?:full |first |last |legal )?names?(?:['’]?s|:? is| was)?|i(?:['’]m| am) called|i go by"
    r"|(?:you|u|they|people|friends)(?: can| may| all)? call me|(?:mijn|mein|mon|mi|meu|il mio|min|mitt?|moje|moja) "
    r"(?:naam|name|nom|nombre|nome|namn|navn|imię|jméno|meno|ime)(?=:)"
    # German, French, Spanish, Italian, Portuguese
    r"|mein(?: voller)? name (?:ist|lautet|wäre)|ich hei(?:ß|ss)e|name lautet"
    r"|je m['’ ]?appelle?|(?:mon|le) (?:nom|prénom)(?: complet)? (?:est|c['’]est)"
    r"|me llamo|mi nombre(?: completo)?(?: es)?:?|mi apellido es"
    r"|mi chiamo|il mio nome (?:è|e['’])"
    r"|(?:o )?meu nome(?: completo)? (?:é|e)|chamo[- ]me|me chamo|em-dic|el meu nom és"
    # Dutch, Nordic
    r"|m(?:ij|['’])n (?:volledige )?naam is|ik heet|je spreekt met|u spreekt met|spreekt u met"
    r"|jag heter|mitt namn är|namnet är|jeg (?:heter|hedder)|mi(?:tt|t) navn er|navnet (?:mitt )?er"
    r"|eg heiter|ég heiti|nafn mitt er|(?:minun )?nimeni on|mun nimi on"
    # Slavic, Baltic, Hungarian, Romanian, Albanian
    r"|nazywam się|mam na imię|moje (?:imię i )?nazwisko(?: to)?|jmenuji se|jmenuju se|mé jméno je|moje jméno je"
    r"|vol[áa]m sa|moje meno je|zovem se|moje ime je|ime mi je|pišem se|ime mi je|a nevem"
    r"|a nev[eé]m|hívnak|mă numesc|numele meu (?:este|e)|mă cheamă|quhem|mani sauc|mano vardas"
    r"|minu nimi on|mu nimi on|меня зовут|мо[её] имя|мене зва?т[иь]|мене звуть|моє ім['’]?я|казвам се|името ми е"
    r"|зовем се|моје име је|мяне завуць"
    # Greek, Turkish, Celtic, others in Latin letters
    r"|με λένε|με λενε|me lene|ονομάζομαι|onomazomai|λέγομαι|legomai|το όνομά μου είναι|to onoma mou einai"
    r"|benim adım|adım|ismim|is mise|is é mo ainm|mo ainm|['’]?s e (?:m['’]ainm|an t-ainm a th['’]orm)|fy enw i yw"
    r"|nama (?:saya|gue|aku)(?: adalah| ialah)?|ang pangalan ko(?: ay)?|ako (?:po )?(?:si|ay si)|pangalan:?"
    r"|jina (?:langu )?ni|name['’]s|naitwa|tên (?:tôi|em|mình) là|(?:tôi|em|mình) tên(?: là)?|my naam is|ek is"
    r"|igama lami ngu"
    r"|nire izena|mera naam|mera nam|orukọ mi ni|ismi|esmi|shmi"
)
"""What people say before their own name: a name follows, in capitals or not."""

WHOSE = (
    r"(?:my|full|first|last|middle|given|family|maiden|legal|her|his|their|customer|client|buyer|account[ -]?holder"
    r"|account|card[ -]?holder|holder|user|passenger|guest|patient|contact|recipient|receiver|sender|billing|shipping"
    r"|owner|employee|member|subscriber|caller|tenant|beneficiary|payer|traveller|student|applicant|registered"
    r"|policy[ -]?holder)(?:['’]?s)?[ _]?(?:full |first |last )?name(?:['’]?s|:? is| was|[ \t]?[:=]|[ \t]-"
    r"| on (?:the )?(?:account|card|order|file|booking)(?: is|:))"
    r"|name(?: on (?:the |my )?\w{1,12})? (?:should|must|has to|needs to) (?:read|be|say)"
    r"|(?:it['’]?s|is|booked|reserved|made|filed) under|(?:in|under|for) the name(?: of)?|the name(?:['’]s"
    r"| is)|call me|name and surname:?"
    r"|(?:account|booking|order|reservation|policy|contract)(?: \w{1,12})? is (?:in|under) (?:the )?name"
    r"|(?:registered|booked|made out|addressed) (?:to|under)|auf (?:den|dem) namen|im namen von|au nom d[e'’]"
    r"|nom du titulaire ?:?|a nombre de|nombre del titular:?|a nome(?: di)?|intestat[oa] a|em nome d[eoa]"
    r"|no nome d[eoa]"
    r"|(?:op|onder) naam van|i namnet|nimellä|na nazwisko|na jméno|na meno|na ime|pe numele|на имя|στο όνομα"
    r"|atas nama"
)
"""Somebody's name follows, in capitals."""

FIELDS = (
    r"names?(?: (?:as|on|in|per)(?: \w{1,10}){1,3})?|full ?names?|fname|lname|nom|prénom|nombres?|apellidos?"
    r"|nombre y apellidos?|apellidos? y nombres?|nome"
    r"|nome completo|nome e cognome|cognome|sobrenome|apelido|naam|voornaam|achternaam|namn|förnamn|efternamn|navn"
    r"|fornavn|etternavn|efternavn|nimi|etunimi|sukunimi|imię|nazwisko|imię i nazwisko|jméno|příjmení"
    r"|jméno a příjmení"
    r"|meno|priezvisko|meno a priezvisko|ime|prezime|ime i prezime|ime in priimek|név|teljes név|nume|nume și prenume"
    r"|prenume|vor-? ?(?:und|u\.|/|&) ?(?:nachname|zuname)|vorname|nachname|vorname[ /,]+nachname|surname|forename"
    r"|name[ /,]+(?:surname|vorname)|nom[ /,]+(?:et )?prénom|nom et prénom|ad[ıi]?[ /,]?soyad[ıi]?|isim|ad soyad"
    r"|имя|фамилия|фио|ф\.и\.о\.|ім['’]я|прізвище|піб|име|όνομα|επώνυμο|ονοματεπώνυμο|onomateponymo|nama|nama lengkap"
    r"|jina|họ (?:và )?tên|vardas|vārds|nafn|ainm"
    r"|(?:nombre|nome|nom|name|naam|imię i nazwisko|numele|ime)(?: complet[oa]?| completo| e cognome| y apellidos?)?"
    r"(?: (?:of|del?|des|du|di|da|do|de la|des|van|von|der|the)){1,2} [\w'’]{2,20}"
)
"""What stands before a colon in a form, at the beginning of a line or after a comma or a bar."""

ROLES = (
    r"(?:account |card ?|policy |ticket )?holder|titulaire|titular|titolare|inhaber|kontoinhaber|karteninhaber"
    r"|customer|client|cliente|kunde|kundin|klant|kund|klient|zákazník|müşteri|asiakas|ügyfél|пассажир|клиент|клієнт"
    r"|passenger(?: \d)?|passag[eè]re?|pasajero|passageiro|passeggero|guest|gast|patient|paciente|recipient|empfänger"
    r"|destinataire|destinatario|destinatário|ontvanger|mottagare|odbiorca|příjemce|alıcı|получатель|одержувач"
    r"|παραλήπτης|sender|absender|caller|anrufer|contact(?: person)?|ansprechpartner|ordered by|bestellt von"
    r"|booked by"
    r"|submitted by|signed(?: by)?|signature|reported by|requester|from|attn\.?|attention|z\. ?hd\.(?: v(?:on|\.))?"
    r"|c/o|on behalf of|t\.?a\.?v\.?|cardholder|policyholder|insured|beneficiary|employee|student|user"
    r"|travell?er|attendee|participant|cc|bcc|payee|payer|nominee|driver|borrower|lender|spouse|guardian|mother|father"
    r"|intestatari[oa]|beneficiari[oa]|assicurat[oa]|asegurad[oa]|beneficiári[oa]|assuré|bénéficiaire|versicherte[r]?"
    r"|auftraggeber|mieter|inquilin[oa]|locataire|huurder|kontaktperson|contactpersoon|contacto|contatto|contato|contact"
    r"|plátce|płatnik|klientka|pacjent\w{0,2}|abonent\w{0,2}|właściciel|majitel|hasta|yolcu|hesap sahibi|плательщик"
    r"|пациент|отправитель|абонент|покупатель|покупець|κάτοχος|πελάτης|penerima|pengirim|pemesan|người nhận|khách hàng"
)
"""Who somebody is, before a colon: first name and last follow, as any words may in a transcript."""

COURTESIES = (
    r"mevrouw|meneer|dhr|mevr|herrn?|frau|señor(?:a|ita)?|sra|signor(?:a|ina)?|monsieur|madame|mme|mlle|mrs?|ms"
    r"|senhora?|pani|paní|fru|bayan|κα|κος|κύριος|κυρία|г-н|г-жа|господин|госпожа|пані"
)
"""Before a capital, in small letters, too."""

PEOPLE = (
    r"(?:lead |main |second )?(?:passenger|travell?er|guest|patient|(?:account |card ?|policy ?"
    r"|ticket )?holder|recipient"
    r"|tenant|beneficiary|attendee|participant|payee|payer|insured|signatory|caller|employee|driver|nominee|guardian"
    r"|titular|titulaire|inhaber|intestatario|pasajero|passageiro|passager|paciente|destinatari[oa]|empfänger|ontvanger)"
    r"(?: \d)?"
)
"""Keys of records under which a person stands."""

TITLES = (
    r"(?:Mr|MR|Mrs|MRS|Ms|MS|Miss|Mx|Dr|DR|Prof|Sir|Rev|Sgt|Engr|Atty|Herrn?|Frau|Fräulein|Hr|Fru"
    r"|Dipl\.-Ing|Ing|Monsieur|Madame|Mademoiselle|Mme|Mlle|Señor(?:a|ita)?|Sr|Sra|Srta|Lic|Arq|Dra|Dña|Doña|Don"
    r"|Signor(?:e|a|ina)?|Sig|Sig\.ra|Sig\.na|Dott|Dott\.ssa|Avv|Geom|Dhr|Mevr|Mevrouw|Meneer|Mw|Drs|Pan|Pani|Pana"
    r"|Panu|Paní|Dona|Senhor(?:a)?|Exm[oa]|Domnul|Doamna|Dl|Dna|Gospodin|Gospođa|Bayan|Sayın|Κύριος|Κυρία"
    r"|Κος|Κα|Bapak|Ibu|Pak|Encik|Puan|Cik|Tuan|Datuk|Shri|Smt|Kumari|Ustaz|Sheikh|Alhaji|Alhaja|Oga"
    r"|Mzee|Bwana|Mwalimu|Господин|Госпожа|Пан|Пані|г-н|г-жа)"
)
"""Before a capital, with or without a point."""

SELF = (
    r"i['’]m|i am|myself|ich bin|(?-i:Bin)|je suis|soy|yo soy|sono|io sono|ik ben|jag är|jeg er|eg er|olen"
    r"|jestem|(?:eu )?sou(?: [oa])?|ech sinn|ich bi|i bin|em là|mình là|tên là|ana|mimi ni|jsem|ja sam|sunt"
    r"|eu sunt|én|ben|я|είμαι(?: [οη])?|eimai(?: [oi])?|saya|aku|tôi là"
    r"|ni mimi|sóc(?: (?:el|la|en))?|ég er|ma olen|aš esu|es esmu"
)
HERE = (
    rf"{SELF}|this is|hier ist|hier spricht|(?-i:Hier)|es spricht|c['’]est|ici|moi,?(?: c['’]est)?|(?:aqu[ií]"
    r"|acá|daqui|aqui quem)(?: (?:é|fala|habla|está))?(?: [oa])?|(?:le |al |te |les )?habla|le saluda|le escribe|fala"
    r"|quem fala é|qui è|parla|sono il signor"
    r"|speak(?:ing)? (?:with|to)|you['’]re (?:talking|speaking) (?:to|with)|(?-i:Met)|hier met|met mevrouw"
    r"|met meneer|här är"
    r"|det är|det här är|her er|dette er|det er|(?-i:Tu|Tady)|täällä|mówi|z tej strony|dzwoni|tu je|u telefonu"
    r"|ovdje|ovde|tukaj"
    r"|aici|aici e|itt|burası|ben|это|говорит|це|тук е|εδώ|edo|ini dengan|(?:customer|client|passenger|guest"
    r"|patient|recipient|signed|account ?holder|card ?holder|cardholder|policy ?holder)[:,]|account holder"
    r"|(?:my|his|her|our) (?:wife|husband|partner|son|daughter|mother|father|mum|mom|dad|brother|sister|boss"
    r"|colleague"
    r"|friend|neighbou?r|flatmate|roommate|assistant|manager|daughter-in-law|son-in-law|aunt|uncle|cousin)"
    r"|(?:meine?|mijn|min|mi|mon|ma|meu|minha|mia|mio) (?:frau|mann|sohn|tochter|mutter|vater|kollegin|kollege"
    r"|vrouw|man"
    r"|zoon|dochter|fru|espos[oa]|hij[oa]|marido|mujer|mari|femme|fils|fille|filh[oa]|moglie|marito|figli[oa])"
    r"|(?:spoke|spoken|chatted|chatting|dealt|dealing|met) (?:to|with)|talked to|(?:it['’]?s"
    r"|it is) (?:only )?me(?: again)?,?|sono (?:sempre|ancora|di nuovo) io,?"
    r"|(?:sou|soy) (?:eu|yo)(?: de novo| otra vez)?,?|c['’]est (?:encore )?moi,?|ich bin['’]s(?: wieder)?,?"
    r"|ik ben het(?: weer)?,?|tu|tady|cześć tu"
    r"|(?:il|la) sottoscritt[oa]|je,? soussignée?|(?:el|la) que suscribe|(?:les|le|te) escribe"
    r"|o abaixo assinado|niżej podpisan[ya]"
    r"|níže podepsan[ýá]|(?:the )?undersigned,?|ondergetekende|undertecknad|undertegnede|der unterzeichnende"
    r"|this side|(?:husband|wife|son|daughter|mother|father|mum|mom|dad|partner|sister|brother)['’]?s name,?"
    r"|ask(?:ing)? for|served by|(?:helped|assisted|handled|served|advised) by|(?:agent|driver|technician|lady"
    r"|guy|man|woman|doctor) (?:called|named)"
    r"|(?:full|legal|real|maiden|married|complete) name,|née|c/o|care of|on behalf of|in name of|addressed to"
    r"|patient|paciente|pacient[ka]?"
    r"|for the account of|belongs to|(?:le|te|les) atiende|falo com|falar com"
    r"|(?:my|his|her|our) (?:late |older |younger |elder |little |big |dear |ex-?|new ){1,2}\w{2,12}"
    r"|habla con|habl[oó] con|hablé con|me atendió|me atendeu|falei com|ho parlato con|j['’]ai (?:parlé|eu) (?:à|avec)?"
    r"|habe mit|mit (?:ihrer|eurer|der) kollegin|gesproken met|rozmawiałem z|rozmawiałam z|pratade med|snakket med"
    r"|snakkede med|läuft auf|lautet auf|staat op naam van|è intestat[oa] a|estoy hablando con|da is(?: der| die)?"
    r"|c['’]est pour|es para|è per|é para|is for|refund goes to|made out to|payable to|registered to|billed to"
    r"|(?:my|his|her|our) (?:roommate|flatmate|grandma|grandpa|grandmother|grandfather|nan|niece|nephew|girlfriend"
    r"|boyfriend|landlord|landlady|fiancée?|ex|carer|doctor|lawyer|solicitor|accountant|tenant|client|patient|student)"
    r"|(?:meine?[rmn]?|mijn|mi|mon|ma|meu|minha|mia|mio) (?:mutter|vater|schwester|bruder|oma|opa|freundin|freund"
    r"|moeder|vader|zus|broer|vriendin|vriend|madre|padre|herman[oa]|abuel[oa]|novi[oa]|mère|père|sœur|frère|copine"
    r"|copain|mãe|pai|irm[ãa]o?|avó|avô|namorad[oa]|sorella|fratello|nonn[oa]|compagn[oa]|fidanzat[oa])"
)
"""What follows is a name where it looks like one, first name and last."""

CLOSES = (
    r"(?:(?:with )?(?:kind|kindest|best|warm|warmest|many|sincere) )?(?:regards|rgds|greetings)|kr|br|brgds"
    r"|best wishes"
    r"|all the best|best|many thanks|thanks|thank you|thx|ta|tia|cheers|sincerely|respectfully|love|xx?|peace"
    r"|yours(?: truly| sincerely| faithfully)?|warmly|take care|looking forward|have a (?:good|nice|great)|god bless"
    r"|slán|le meas|go raibh|cofion|diolch|(?:mit )?(?:freundlich|best|lieb|viel|herzlich|schön|beste)e?n?[mr]? "
    r"(?:gr(?:ü|ue)(?:ß|ss)en?|gru(?:ß|ss)|dank)|gr(?:ü|ue)(?:ß|ss)e|gru(?:ß|ss)|lg|vg|mfg|hochachtungsvoll"
    r"|danke|ciao|servus"
    r"|(?:bien |très )?cordialement|cdlt|bien à (?:vous|toi)|amicalement|bonne (?:journée|soirée)|d['’]avance"
    r"|sincèrement"
    r"|(?:sincères )?salutations(?: distinguées)?|merci|respectueusement|veuillez agréer"
    r"|(?:un )?(?:cordial )?(?:saludos?|abrazo)(?: cordial(?:es)?)?|cordialmente|atentamente|atte|quedo|gracias"
    r"|muchas"
    r"|(?:(?:cordiali|distinti|cari|tanti) )?saluti|un saluto|cordialità|grazie|in fede|buona giornata"
    r"|(?:met )?(?:vriendelijke|hartelijke|beste|lieve) groet(?:en|jes)?|groet(?:en|jes)?|mvg|hoogachtend"
    r"|bedankt|dank"
    r"|alvast bedankt|(?:med )?(?:vänliga?|bästa|varma) hälsning(?:ar)?|hälsningar|vänligen|mvh"
    r"|(?:med )?venn?lig hilsen"
    r"|hilsen|vh|tack|takk|tak|kveðja|(?:bedste|beste|de bedste|kærlig|mange) hils(?:e?n(?:er)?)"
    r"|atenciosamente|att|(?:com )?(?:os )?(?:melhores |meus )?cumprimentos|abraços?|abs|obrigad[oa]|grat[oa]|beijos"
    r"|pozdrawiam|pozdrowienia|z (?:poważaniem|wyrazami)|dziękuję|łączę|s (?:pozdravem|přátelským|úctou|pozdravom)"
    r"|zdravím|děkuji|ďakujem|terveisin|ystävällisin|kiitos|t\.|üdvözlettel|üdv|tisztelettel|köszönöm|köszönettel"
    r"|saygılarımla|saygılar|sevgiler|teşekkürler|teşekkür ederim|iyi (?:günler|çalışmalar)|cu (?:stimă|respect|drag)"
    r"|mulțumesc|lijep pozdrav|srdačan|s poštovanjem|pozdrav|lep pozdrav|hvala|με (?:εκτίμηση|τιμή)|ευχαριστώ|φιλικά"
    r"|efxaristo|euxaristo|me ektimisi|me timi|с уважением|спасибо|з повагою|дякую|с уважение|поздрави|срдачан"
    r"|terima kasih|hormat saya|salam|salamat|maraming|trân trọng|cảm ơn|asante|shukrani|dankie|groete|lugupidamisega"
    r"|ngā mihi|nāku noa|nga mihi|mauruuru|mahalo|aloha|bestu kveðjur|med vennlig|bien cordialement|sentiments"
    r"|rgrds|ttyl|w pozdrowieniem"
    r"|baie dankie|mange hilsn\w{1,2}|uf wiederluege|(?:auf |uf )?wiedersehen|tschüss|adieu|bises|bisous|xoxo"
    r"|sent from (?:my|the) [\w ]{2,20}|get outlook for \w{2,10}|von meinem \w{2,12} gesendet"
    r"|envoyé de mon \w{2,12}|enviado desde mi \w{2,12}|inviato da \w{2,12}|enviado do meu \w{2,12}"
    r"|verstuurd vanaf mijn \w{2,12}|skickat från min \w{2,12}"
    r"|slds|sds|bjs|beijinhos|kisses|pozdr|grts|lgrüße|hochachtend|bien à toi"
    r"|pagarbiai|ar cieņu|ne respekt|salutacions|gràcies|dhanyavaad|jazakallah"
)
"""How a letter ends: a line that begins so, and the name on the next one."""

GREETS = (
    r"dear|hi|hello|hey|hiya|hola|bonjour|bonsoir|salut|ciao|buongiorno|buonasera|salve|oi|olá|hej|hei|hoi"
    r"|hallo|cher|ch[èe]re|querid[oa]|estimad[oa]"
    r"|apreciad[oa]|prezad[oa]|car[oa]|gentile|egregi[oa]|beste|geachte|lieve|liebe[r]?|(?:sehr )?geehrte[rs]?"
    r"|werte[rs]?|kära|käre|kære|kjære|hyvä"
    r"|szanown\w{1,3}|drog[ia]|cześć|vážen\w{1,2}|mil[ýáí]|drah[ýáí]|ahoj|stimat[ăe]|dragă|bună|kedves|tisztelt"
    r"|poštovan[iaeo]|drag[iao]|spoštovan[iao]"
    r"|αγαπητ[έήό]\w?|уважаем\w{2}|дорог\w{2}|здравствуйте,?|привет,?|шановн\w{1,2}|sayın|sevgili|merhaba"
    r"|kepada|yth\.?|chào"
)
"""How somebody is greeted, at a line's beginning: a name follows, or `Team`."""
