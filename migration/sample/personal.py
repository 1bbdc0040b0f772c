"""Made-up texts with personal data whose place is known, from eight countries: what masking is measured on.

Numbers keep their country's form and check digits; people, streets and keys are invented. Out of scope: masking.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from migration.sample.numbers import IBAN_FORMS, card, iban, some, weighted


@dataclass(frozen=True)
class Labelled:
    """A text and the piece of personal data in it: what it is, of which country; `value` is "" where there is none."""

    text: str
    value: str
    kind: str
    country: str


@dataclass(frozen=True)
class Country:
    """What a country's customers write. `#` in a form is a digit, `{n}` a house number."""

    first: str
    last: str
    phones: tuple[str, ...]
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    says_phone: tuple[str, ...]
    says_address: tuple[str, ...]


COUNTRIES = {
    "US": Country(
        "Harriet Marcus Delia Wendell Priscilla Tobias",
        "Okafor Lindqvist Marsh Delacroix Whitfield Ames",
        ("(41#) 55#-2###", "41#-55#-2###", "+1 20# 55# 2###", "1-80#-55#-2###", "41#.55#.2###"),
        (
            "{n} Maple Street",
            "{n} North Alder Ave, Apt 4B",
            "{n} Quarry Lane, Dayton, OH 45402",
            "{n} W 5th St",
            "P.O. Box {n}#",
        ),
        ("My name is {}.", "Hi, I'm {} and I ordered a lamp.", "This is {} calling about my order.", "Thanks,\n{}"),
        ("Call me at {}.", "My number is {}.", "phone: {}", "You can reach me on {} after five."),
        ("Please ship it to {}.", "I live at {}.", "address: {}", "I moved to {} last week."),
    ),
    "GB": Country(
        "Imogen Alistair Bronwen Hamish Tamsin Rhys",
        "Pemberton Ashdown Llewellyn Farrow MacRae Thistlewood",
        ("020 79## ####", "+44 20 79## ####", "07700 900###", "+44 7700 900###", "0161 496 0###"),
        (
            "{n} Baker's Row",
            "Flat 2, {n} Orchard Road",
            "{n} High Street, Leeds LS1 4DY",
            "{n} Kestrel Close",
            "{n}a Mill Hill",
        ),
        ("My name's {}.", "Kind regards,\n{}", "Good morning, {} here.", "I am {}, the account holder."),
        ("Ring me on {}.", "mobile {}", "My number: {}", "Contact: {}"),
        ("Send it to {}.", "My address is {}.", "Delivery address: {}", "We live at {}."),
    ),
    "DE": Country(
        "Friedhelm Annegret Torsten Wiebke Ulrich Svenja",
        "Hölderlein Kranzbühler Petersen Vogelsang Straub Niemöller",
        ("030 2312####", "+49 30 2312####", "0171 392####", "+49 171 392####", "089/2312####"),
        ("Lindenstraße {n}", "Am Markt {n}", "Hauptstr. {n}, 70173 Stuttgart", "Rosenweg {n}a", "Goetheplatz {n}"),
        ("Mein Name ist {}.", "Ich heiße {}.", "Mit freundlichen Grüßen\n{}", "Hallo, hier ist {}."),
        ("Meine Telefonnummer ist {}.", "Rufen Sie mich an: {}", "Tel. {}", "Mobil {}"),
        ("Ich wohne {}.", "Bitte an {} senden.", "Adresse: {}", "Lieferung an {}."),
    ),
    "FR": Country(
        "Honoré Solène Gaspard Maëlle Thibault Océane",
        "Delaunay Montfaucon Rivière Chastaing Beaumanoir Lécuyer",
        ("01 99 00 ## ##", "+33 1 99 00 ## ##", "06 39 98 ## ##", "+33 6 39 98 ## ##", "06.39.98.##.##"),
        (
            "{n} rue des Lilas",
            "{n} bis avenue Foch, 69006 Lyon",
            "{n}, boulevard Voltaire",
            "{n} place du Marché",
            "{n} impasse des Roses",
        ),
        ("Je m'appelle {}.", "Mon nom est {}.", "Cordialement,\n{}", "Bonjour, ici {}."),
        ("Mon numéro est le {}.", "Tél. {}", "Appelez-moi au {}.", "Portable : {}"),
        ("J'habite {}.", "Livrez au {} s'il vous plaît.", "Adresse : {}", "J'ai déménagé au {}."),
    ),
    "ES": Country(
        "Remedios Iker Nuria Fermín Ainhoa Leandro",
        "Arrieta Villaseñor Castellanos Urrutia Pedraza Montes",
        ("912 34# ###", "+34 912 34# ###", "612 34# ###", "+34 612 34# ###", "91 234 5###"),
        (
            "Calle Mayor {n}",
            "Avenida de América {n}, 28002 Madrid",
            "C/ Olmo, {n}, 3º B",
            "Plaza del Carmen {n}",
            "Paseo de Gracia {n}",
        ),
        ("Me llamo {}.", "Mi nombre es {}.", "Un saludo,\n{}", "Hola, soy {}."),
        ("Mi teléfono es {}.", "Llámenme al {}.", "Tel.: {}", "Móvil {}"),
        ("Vivo en {}.", "Envíenlo a {}, por favor.", "Dirección: {}", "Me he mudado a {}."),
    ),
    "IT": Country(
        "Ottavia Lorenzo Ginevra Ruggero Fiammetta Corrado",
        "Bellandi Vescovi Tarantino Morosini Galvani Sforzini",
        ("06 555 1###", "+39 06 555 1###", "347 555 1###", "+39 347 555 1###", "02 5551 ####"),
        (
            "Via Garibaldi {n}",
            "Corso Italia {n}, 20122 Milano",
            "Piazza Dante {n}",
            "Viale dei Pini, {n}",
            "Vicolo Stretto {n}",
        ),
        ("Mi chiamo {}.", "Il mio nome è {}.", "Cordiali saluti,\n{}", "Buongiorno, sono {}."),
        ("Il mio numero è {}.", "Chiamatemi al {}.", "Tel. {}", "Cellulare: {}"),
        ("Abito in {}.", "Spedite a {}, grazie.", "Indirizzo: {}", "Mi sono trasferito in {}."),
    ),
    "IN": Country(
        "Lakshmi Devendra Anjali Harpreet Kavya Suresh",
        "Ramanathan Chatterjee Deshpande Gill Mukherjee Iyer",
        ("98### 4####", "+91 98### 4####", "+91-98###4####", "080 2345 ####", "98###4####"),
        (
            "{n} MG Road",
            "{n}, 4th Cross, Indiranagar, Bengaluru 560038",
            "Flat {n}, Lotus Apartments",
            "{n}/2 Park Street, Kolkata",
            "House No. {n}, Sector 15",
        ),
        ("My name is {}.", "I am {} from Pune.", "Regards,\n{}", "Name: {}"),
        ("My mobile number is {}.", "Call me on {}.", "Contact no: {}", "WhatsApp {}"),
        ("I stay at {}.", "Deliver to {} please.", "Address: {}", "My new address is {}."),
    ),
    "AU": Country(
        "Matilda Lachlan Freya Angus Bonnie Declan",
        "Wetherill Garrick Doolan Streeton Balnaves Marchetti",
        ("(02) 5550 ####", "+61 2 5550 ####", "0491 570 ###", "+61 491 570 ###", "1300 975 ###"),
        (
            "{n} Wattle Street",
            "Unit 3, {n} George St, Sydney NSW 2000",
            "{n} Ocean Parade",
            "{n}/8 Banksia Crescent",
            "{n} Gum Tree Drive",
        ),
        ("My name is {}.", "It's {} here.", "Cheers,\n{}", "G'day, I'm {}."),
        ("My number's {}.", "Give me a call on {}.", "mobile: {}", "Text me on {}."),
        ("I'm at {}.", "Post it to {}.", "Address: {}", "We've moved to {}."),
    ),
}
_ALNUM = string.ascii_letters + string.digits


def _filled(r: Random, form: str) -> str:
    return "".join(r.choice("0123456789") if c == "#" else c for c in form.replace("{n}", str(r.randint(2, 180))))


def _tax_id(r: Random) -> str:
    """A German tax number: ten digits of which one comes twice, and a check digit (ISO 7064, MOD 11,10)."""
    digits = r.sample(range(1, 10), 9)
    digits.insert(r.randint(2, 9), digits[0])
    product = 10
    for digit in digits:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return "".join(map(str, digits)) + str((11 - product) % 10)


_ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]


def _fiscal_code(r: Random) -> str:
    """An Italian codice fiscale with its check letter."""
    born = f"{r.randint(40, 99)}{r.choice('ABCDEHLMPRST')}{r.randint(1, 28):02d}"
    body = f"{some(r, 'BCDFGLMNPRSTV', 6)}{born}H{r.randint(100, 999)}"
    places = [int(c) if c.isdigit() else ord(c) - ord("A") for c in body]
    total = sum(_ODD[p] if i % 2 == 0 else p for i, p in enumerate(places))
    return body + string.ascii_uppercase[total % 26]


def _nir(r: Random) -> str:
    """A French social security number with its key."""
    groups = (
        r.randint(1, 2),
        r.randint(40, 99),
        r.randint(1, 12),
        r.randint(1, 95),
        r.randint(1, 990),
        r.randint(1, 999),
    )
    parts = [f"{n:0{width}d}" for n, width in zip(groups, (1, 2, 2, 2, 3, 3), strict=True)]
    return " ".join([*parts, f"{97 - int(''.join(parts)) % 97:02d}"])


def _tfn(r: Random) -> str:
    """An Australian tax file number with a valid weighted sum."""
    text = weighted(r, (1, 4, 3, 7, 5, 8, 6, 9, 10), 11)
    return f"{text[:3]} {text[3:6]} {text[6:]}"


def _nif(r: Random) -> str:
    number = r.randint(10_000_000, 99_999_999)
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def _pan(r: Random) -> str:
    letters, digits = some(r, string.ascii_uppercase, 5), some(r, string.digits, 4)
    return f"{letters[:3]}P{letters[3]}{digits}{letters[4]}"


_IDS: dict[str, tuple[str, Callable[[Random], str]]] = {
    "US": ("My SSN is {}.", lambda r: f"{r.randint(101, 665)}-{r.randint(11, 98)}-{r.randint(1001, 9998)}"),
    "GB": ("My National Insurance number is {}.", lambda r: f"AB{some(r, string.digits, 6)}{r.choice('ABCD')}"),
    "DE": ("Meine Steuer-ID ist {}.", _tax_id),
    "FR": ("Mon numéro de sécurité sociale est le {}.", _nir),
    "ES": ("Mi NIF es {}.", _nif),
    "IT": ("Il mio codice fiscale è {}.", _fiscal_code),
    "IN": ("My PAN is {}.", _pan),
    "AU": ("My tax file number is {}.", _tfn),
}  # fmt: skip
SECRETS: dict[str, Callable[[Random], str]] = {
    "The API key sk-{} stopped working.": lambda r: some(r, _ALNUM, 40),
    "export OPENAI_API_KEY=sk-proj-{}": lambda r: some(r, _ALNUM, 48),
    "my password is {}": lambda r: some(r, _ALNUM + "!$%&", 11),
    "pass: {}": lambda r: some(r, string.ascii_lowercase, 8),
    "the PIN is {}": lambda r: some(r, string.digits, 4),
    "postgres password {}": lambda r: "db" + some(r, string.ascii_lowercase, 4) + some(r, string.digits, 3),
    "Password: {}": lambda r: some(r, _ALNUM, 10),
    "Mein Passwort lautet {}, es geht nicht.": lambda r: some(r, _ALNUM, 10),
    "mot de passe : {}": lambda r: some(r, _ALNUM, 9),
    "mi contraseña es {}": lambda r: some(r, _ALNUM, 9),
    "la password è {}": lambda r: some(r, _ALNUM, 9),
    'curl -H "Authorization: Bearer {}" https://api.example.com': lambda r: some(r, _ALNUM, 40),
    "token={}": lambda r: some(r, string.hexdigits[:16], 32),
    "See https://files.example.com/a?token={} for the receipt": lambda r: some(r, _ALNUM, 24),
    "https://anna:{}@shop.example.com/login": lambda r: some(r, _ALNUM, 12),
    "git clone with ghp_{}": lambda r: some(r, _ALNUM, 36),
    "aws_access_key_id AKIA{}": lambda r: some(r, string.ascii_uppercase + string.digits, 16),
    "aws_secret_access_key = {}": lambda r: some(r, _ALNUM + "/+", 40),
    "slack xoxb-{}": lambda r: f"{r.randint(10**10, 10**11)}-{some(r, _ALNUM, 24)}",
    "google key AIza{}": lambda r: some(r, _ALNUM + "_-", 35),
    "The session is eyJhbGciOiJIUzI1NiJ9.{}": lambda r: f"eyJ{some(r, _ALNUM, 40)}.{some(r, _ALNUM, 43)}",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----": lambda r: some(r, _ALNUM + "+/\n", 99).strip(),
    '{{"client_secret": "{}"}}': lambda r: some(r, _ALNUM, 32),
}  # fmt: skip
NOTHING = (
    "Order {6} is late; invoice #{8} says {2},99.",
    "My order number is {10}, placed on 2025-06-{2}.",
    "Version 4.{2}.1 broke the export of {3} rows.",
    "The parcel {6}-{4} should come at 1{1}:30.",
    "I paid {3}.{2} EUR on 1{1}.05.2024.",
    "Ticket {7} is about item {5}, colour 0{1}.",
    "We are 4 people and stay {1} nights from 1{1} to 20 March.",
    "I am Very unhappy with size 4{1}.",
    "This is the third time in {2} days.",
    "The flight AB{3} left {2} minutes late.",
    "Is the A{1}4 paper 80 g or 1{2} g?",
    "Track {12} shows nothing since Monday.",
    "The code {4} of {{{{Voucher}}}} is not accepted.",
    "Password reset does not work.",
    "How do I change my password?",
    "I forgot my token for the lockers.",
    "Street parking near the shop costs {1} euros.",
)


def labelled(times: int = 3, seed: int = 7) -> list[Labelled]:
    """Texts with one piece of personal data each, and as many in all without any: over 300 for `times` = 3."""
    r, made = Random(seed), []
    for code, country in COUNTRIES.items():
        people = [f"{a} {b}" for a in country.first.split() for b in country.last.split()]
        for i in range(4 * times):
            who = r.choice(people)
            kinds = {
                "NAME": (who, country.names[i % 4]),
                "PHONE": (_filled(r, country.phones[i % 5]), country.says_phone[i % 4]),
                "ADDRESS": (_filled(r, country.addresses[i % 5]), country.says_address[i % 4]),
            }
            made += [Labelled(text.format(value), value, kind, code) for kind, (value, text) in kinds.items()]
        for _ in range(times):
            text, number = _IDS[code]
            value, mail = (
                number(r),
                f"{r.choice(people).lower().replace(' ', r.choice('._'))}@{r.choice(['post', 'mail'])}.example",
            )
            made += [
                Labelled(text.format(value), value, "NATIONAL_ID", code),
                Labelled(f"Write to {mail}", mail, "EMAIL", code),
            ]
            paid = card(r)
            made.append(Labelled(f"I paid with {paid}.", paid, "CARD", code))
            if code.lower() in IBAN_FORMS:
                account = iban(r, code.lower())
                made.append(Labelled(f"IBAN {account}", account, "IBAN", code))
    for text, secret in SECRETS.items():
        made += [Labelled(text.format(value := secret(r)), value, "SECRET", "") for _ in range(times)]
    for _ in range(5 * times):
        address = ".".join(str(r.randint(1, 250)) for _ in range(4))
        made.append(Labelled(f"It came from {address} again", address, "IP", ""))
    for text in NOTHING:
        for _ in range(times):
            filled = text
            for n in range(1, 13):
                filled = filled.replace(f"{{{n}}}", some(r, "123456789", n))
            made.append(Labelled(filled.replace("{{", "{").replace("}}", "}"), "", "NONE", ""))
    return made
