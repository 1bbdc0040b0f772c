"""Words of addresses in some sixty countries: streets, what is in a house, what may stand between, what ends one.

All in lower case and without their last point. Out of scope: what an address is (`runs`).
"""

from __future__ import annotations

from migration.audit.pii.words import table

BEHIND_SMALL = table(
    # Turkish, Hungarian, Baltic, Finnish, Estonian, Albanian, where the name stands before it
    "sokak sokağı sokagi sok sk caddesi cadde cad cd bulvarı bulvari blv mahallesi mah utca u út útja tér tere körút",
    "krt köz fasor sétány gatvė g prospektas pr iela prospekts tänav tn maantee mnt puiestee pst tie katu polku",
    # Serbian, Slovene and Nordic where it is a word of its own
    "cesta ulice ulica gate gata gatan vei veien vej vegen väg vägen allé alle plads plass straße strasse str straat",
    "laan weg steenweg platz ring damm ufer allee gasse promenade chaussee brücke dijk kade plein",
)
"""Behind a street's name, also in small letters, and before its number."""

BEHIND = table(
    # English and its abbreviations: 12 Larkspur Ct
    "street st str road rd avenue ave av lane ln drive dr boulevard blvd boul court ct crt place pl terrace ter tce",
    "square sq highway hwy parkway pkwy close crescent cres cr circle cir grove gr gardens gdns mews parade pde walk",
    "wynd esplanade trail trl way row loop alley quay wharf rise hill view heights turnpike pike causeway cswy",
    "embankment bend ridge vale villas chowk marg nagar bazaar colony enclave circus brae common dairy mill farm",
    "barns cottages hollow glen meadow meadows orchard fields lea paddock heath ferry estate path plaza crossing cove",
    "point landing",
    *BEHIND_SMALL,
)
"""Behind a street's name: `street`, `utca`, `caddesi`."""

BEFORE = table(
    # Spanish, Catalan, Galician
    "calle c/ cl calleja callejón callejon carrer carrera cra cr kra kr avenida avda avgda av diagonal diag",
    "transversal tv plaza pza plza paseo pso camino cno ronda carretera ctra pasaje psje pje privada priv cerrada cda",
    "circuito calzada calz prolongación prolongacion prol andador retorno travesía travesia glorieta cuesta bulevar",
    "blvr urbanización urbanizacion jirón jiron jr autopista malecón malecon camí cami pujada rambla vereda barrio",
    "cuadra",
    "pol polígono poligono ind",
    # Portuguese
    "rua r travessa tv trav praça praca pça alameda al estrada estr rodovia rod largo beco praceta calçada quadra qd",
    "loteamento vila viela ladeira",
    # French
    "rue avenue av boulevard bd bld boul impasse imp chemin ch place pl allée allee allées all quai cours route rte",
    "ruelle square chaussée chaussee passage sentier montée faubourg fbg esplanade venelle résidence residence rés",
    "res lieu-dit lieudit hameau lotissement lot clos",
    # Italian, Romanian, Maltese
    "via viale v.le corso c.so piazza p.zza piazzale p.le vicolo largo lungomare strada contrada c.da località",
    "localita loc frazione fraz borgo salita calata str strada bulevardul bulevard bd b-dul bdul calea aleea al piața",
    "piata șoseaua soseaua șos sos intrarea intr splaiul fundătura triq",
    # Slavic in Latin letters, Greek in both
    "ul ulica ulice ulici ulicy aleja al aleje pl plac os osiedle náměstí namesti nám námestie třída tř trida nábřeží",
    "nábř trg bulevar bul obala odos οδός οδος οδό λεωφόρος λεωφ λεωφόρο πλατεία πλ leoforos plateia",
    # Cyrillic
    "ул улица улице улицы вул вулиця вулиці просп проспект пр-т пр пр-кт бульвар бул б-р пер переулок провулок пров",
    "площадь площа пл наб набережная шоссе ш проезд тупик мкр микрорайон м-н жк ж.к с дер деревня село пос",
    # Indonesian, Malay, Thai, Vietnamese, Swahili, Arabic and Hebrew in both scripts, Hindi
    "jalan jl jln jln gang gg lorong lrg kampung kg perumahan perum komplek komp taman dusun soi thanon đường phố ngõ",
    "ngách hẻm ngo hem duong barabara mtaa شارع ش طريق حي زقاق רחוב רח שדרות שד שכונת דרך סמטת गली मार्ग रोड नगर",
    "sharia shari tariq rehov rechov sderot",
    # Celtic
    "heol ffordd stryd lôn rhodfa sráid bóthar ascaill",
)
"""Before a street's name: `rue`, `via`, `ул.`"""

SHORT = table(
    "al av r tv pl ch all lot pr prol os res rés cr kr diag c/ clos loc str sos bul place largo via strada square",
    "route cours passage barrio cuadra villa vila quadra taman cerrada privada ronda diagonal circuito retorno cda",
    "pso ctra kg com с д ш пр ч пл наб жк тупик село наслед vereda",
)
"""Of these, words that say other things, too: they count in capitals, or with a point."""

HOUSES = BEHIND | table(
    "house cottage cottages farm lodge hall manor barn villa grange rectory vicarage court mill inn",
)
"""Behind a house's name."""

GLUED = table(
    "allee backen burgwal chaussee dreef gasse gatan gatvė gracht gränd götu kade katu kuja laan plads plein polku",
    "promenade raitti singel sokak steeg steenweg stigen str straat strass strasse straße stræde stígur svingen",
    "sétány twiete ulica utca vegen vegur veien vägen vænget zijde",
)
"""Glued behind a street's name, where other words do not end so: `-straße`, `-gatan`."""

GLUED_WEAK = table(
    "alle allé baan backe bakke bakken boulevarden braut brink brücke damm dijk erf gade gata gaten gerði graben",
    "haven hoek hof holt hvammur iela kamp kanaal markt pad park parken pfad platz ring rinne siedlung sor steig",
    "stieg tie torget tori tänav tér tún ufer veg vegi vej väg weg winkel zeile út",
)
"""Glued behind a street's name and ends of other words, too: only in capitals, with the address ending or going on."""

SURE = table(
    "street road avenue lane boulevard crescent terrace calle carrera avenida rua travessa alameda rue impasse chemin",
    "boulevard allée allee chaussée viale piazza vicolo ulica ulice ул улица вул вулиця просп проспект jalan đường",
    "ngõ ngách hẻm sokak sokağı caddesi cad mahallesi mah utca gatan vägen straße strasse straat lorong pasaje psje",
    "jirón carretera شارع רחוב गली lieu-dit οδός οδος rd ave blvd sok strada bulevardul piața travesía praça jl jln",
    "ul triq camino avda av",
)
"""Words of streets that say so in small letters, too."""

BRASILIA = table(
    "qnl qnm qnn qng qnd qne qnf qna qnb qnj qno qnp qnq qnr qi ql qr qs qe qc qnc sqn sqs sqnw sqsw cln cls shin shis",
    "shcgn shcgs scs scn sbs sbn sia sof shtn smpw ceb aos",
)
"""Quarters of Brasília, which number their blocks and houses: `qnl 14 conjunto c casa 23 taguatinga norte`."""
UNITS = BRASILIA | table(
    "zona zone kld nb fszt дом үй пәтер",
    "bajo ático atico entresuelo izq izda izquierda dcha derecha setor cobertura sótano leil as h/no h/n مبنى বাড়ি রোড",
    "apt apartment apto appt app apartamento appartement appartamento flat suite ste unit piso pta puerta planta",
    "depto dpto dto departamento oficina edif edificio torre bloque blq portal escalera esc interior int bât bat",
    "bâtiment bte boîte étage etage porte bus verdieping huis toren bloc bl sc scara ap et etaj scala interno piano",
    "palazzina blok blk lgh lägenhet vån tr trappa hinterhaus vorderhaus seitenflügel stiege tür top wohnung whg",
    "stock og eg ug quergebäude em emelet ajtó ajto lph épület byt poschodí vchod m lok mieszkanie klatka stan ulaz",
    "sprat kat daire d no: kv korpus кв квартира корп корпус д дом стр под подъезд под'їзд підʼїзд під'їзд эт этаж",
    "буд будинок бл блок вх ет ап оф офис влад διαμ όροφος ορόφου lejl lejlighed tv th mf sal bolig as bloco conjunto",
    "conj casa lote lt loja sala fundos andar fração esq dto dir frente manzana mz mza lote lotes parcela nave finca",
    "chalet local lt purok brgy barangay sitio rt rw kel kec kab phường quận huyện xã tổ thôn ấp tầng căn phòng p q",
    "house hse h.no hno plot block lot room rm sector phase floor level tower bldg building door villa stand erf site",
    "cross stage ward دور الدور شقة عمارة برج قطعة بناية דירה כניסה קומה בית मकान फ्लैट मंजिल ब्लॉक सेक्टर वार्ड km",
    "kilometro",
)
"""What is in a house or an estate: a number or a letter follows."""

WEAK_UNITS = table(
    "zona zone дом",
    "bajo izquierda derecha setor as leil",
    "house unit plot block lot room rm sector phase floor level tower building door stand site cross stage ward d m p",
    "q no et as top stan kat casa sala local piano local int esc porte stock bus em huis app bl tr km tv th sal stand",
    "top torre под стр вх ет ап корпус portal suite interior lote dir lt",
)
"""Of these, words that say other things, too: they need a name in capitals beside them."""

REGIONS = table(
    "población poblacion pobl condominio barrio bairro fracc fraccionamiento",
    "обл область р-н район край респ обл. county co district state province prov dist tehsil taluka mandal comuna",
    "judet jud okres powiat gmina woj sector col colonia delegación alcaldía municipio depto dep kab kota il ilçe",
)
"""What stands beside the name of a part of a country."""

SAYS_NUMBER = table(
    "no nr nº n° n.º nro n num núm número numero nomor č čp č.p br број αρ № nummer number số so мספר नंबर नं #",
)
"""Between a street and its number."""

SMALL = table(
    "de del della dei degli delle di da das dos do du des la le les el los las lo l' d' e y et i van von vom der den",
    "dem het op aan am an im zum zur of the na nad pod pri u v à aux au sur en st saint san santa são off near opp",
    "behind entre esq esquina und og och ja és și și upon by",
)
"""Between two words of an address."""

BREAKS = table(
    # English
    "i we you they he she it my our your and or but so if when then than that this these those because since not",
    "please pls plz thanks thank is are was were be been has have had will would can could should do does did for to",
    "from with at on again now today tomorrow instead before after until by about around per days day weeks week",
    "months month years year hours hour minutes minute times time people persons items item pieces pcs boxes units",
    "dollars euros pounds percent order orders ticket tickets thx cheers where which who how what why there here ago",
    "later left more less same only just also still yet wont dont cant no yes ok until till via into out over as hi",
    "hello hey dear hola bonjour hallo olá ciao ref reference case invoice regards best sincerely name phone tel",
    "email e-mail order mobile",
    # German, Dutch, Nordic
    "ich wir sie er es mein meine und oder aber wenn weil dass nicht bitte danke ist sind war bin habe hat wird seit",
    "bis für mit ab tage tag wochen woche monate jahre jahren stunden uhr euro mal personen stück nach aus bei noch",
    "schon jetzt gemeldet umgezogen ik wij jij u hij zij mijn maar als niet graag bedankt zijn was ben heb dagen",
    "weken jaar uur keer voor met sinds jag vi du han hon min men inte tack är var har dagar veckor år timmar för med",
    "sedan jeg ikke takk tak uke uker dage timer",
    # Romance
    "je nous vous il elle mon ma mes mais donc si quand car pas svp merci est sont était suis ai a ont sera jours",
    "semaines mois ans heures personnes fois pour avec depuis dans chez yo tú usted él ella mi mis pero porque cuando",
    "no gracias es son fue soy está ha han días dias semanas meses años horas veces para con por desde que se me te",
    "lo aquí ahí queda eu você ele ela meu minha mas porque quando não nao obrigado obrigada é foi sou está tem dias",
    "semanas meses anos horas vezes por com que mio mia ma perché quando non grazie è sono ho hai giorni settimane",
    "mesi anni ore volte per con che nhé nha ạ dan yang tolong ya saja",
    # Slavic, Greek, Turkish, Hungarian
    "ale nie jest są był dni tygodni miesięcy lat godzin proszę dziękuję dla ale není jsem jsou dní týdnů let hodin",
    "prosím я мы вы он она мой но если не пожалуйста спасибо это был дней дня недель лет часов раз для и а ми ви він",
    "вона але якщо будь днів тижнів років годин και αλλά δεν είναι ημέρες ve ama değil lütfen gün hafta yıl saat için",
    "és de nem kérem nap",
    # Hebrew, Arabic, Hindi
    "בבקשה תודה אני זה לא כי אבל من فضلك شكرا أنا هذا لا لكن है हैं और पर मैं",
)
"""What no address holds: it ends there."""
