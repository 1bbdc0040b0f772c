"""Made-up numbers with the check digits that their country gives them. Out of scope: the texts that they stand in."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from random import Random

IBAN_FORMS = {"nl": (4, 10), "se": (0, 20), "pl": (0, 24), "ch": (0, 17), "ie": (4, 14), "pt": (0, 21), "be": (0, 12)}
IBAN_FORMS |= {"at": (0, 16), "no": (0, 11), "dk": (0, 14)}
IBAN_FORMS |= {"gb": (4, 14), "de": (0, 18), "fr": (0, 23), "es": (0, 20), "it": (1, 22)}
"""Letters, then digits, of an account number behind country and check digits."""


def some(r: Random, letters: str, n: int) -> str:
    """`n` letters drawn from `letters`."""
    return "".join(r.choice(letters) for _ in range(n))


def luhn(digits: str) -> str:
    """`digits` with the check digit of cards and many identity numbers (Luhn)."""
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def weighted(r: Random, weights: Sequence[int], modulus: int) -> str:
    """Digits, one a weight, whose weighted sum is a multiple of `modulus`."""
    while True:
        digits = [r.randint(1, 9) for _ in weights]
        if sum(w * d for w, d in zip(weights, digits, strict=True)) % modulus == 0:
            return "".join(map(str, digits))


def iban(r: Random, country: str) -> str:
    """An IBAN with its check digits (ISO 7064, MOD 97-10), in groups of four or whole."""
    letters, digits = IBAN_FORMS[country]
    body, code = some(r, string.ascii_uppercase, letters) + some(r, string.digits, digits), country.upper()
    number = int("".join(str(int(c, 36)) for c in body + code + "00"))
    whole = f"{code}{98 - number % 97:02d}{body}"
    return whole if r.random() < 0.5 else " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))


def card(r: Random) -> str:
    """A card number of 16 digits, grouped in one of the usual ways."""
    whole = luhn(r.choice("45") + r.choice("12345") + some(r, string.digits, 13))
    return r.choice(["", " ", "-"]).join(whole[i : i + 4] for i in range(0, 16, 4))


def amex(r: Random) -> str:
    """A number of 15 digits with its check digit (Luhn), grouped or not."""
    whole = luhn(r.choice(["34", "37"]) + some(r, string.digits, 12))
    return r.choice([whole, f"{whole[:4]} {whole[4:10]} {whole[10:]}"])


def _born(r: Random, form: str) -> str:
    year, month, day = r.randint(40, 99), r.randint(1, 12), r.randint(1, 28)
    return form.format(y=f"{year:02d}", m=f"{month:02d}", d=f"{day:02d}")


def _cpf(r: Random) -> str:
    digits = [r.randint(0, 9) for _ in range(9)]
    for n in (10, 11):
        digits.append(sum(d * w for d, w in zip(digits, range(n, 1, -1), strict=True)) * 10 % 11 % 10)
    d = "".join(map(str, digits))
    return f"{d[:3]}.{d[3:6]}.{d[6:9]}-{d[9:]}"


def _ahv(r: Random) -> str:
    body = "756" + some(r, string.digits, 9)
    check = -sum(int(d) * (1 + 2 * (i % 2)) for i, d in enumerate(body)) % 10
    return f"{body[:3]}.{body[3:7]}.{body[7:11]}.{body[11]}{check}"


def _pps(r: Random) -> str:
    digits = some(r, string.digits, 7)
    total = sum(int(d) * w for d, w in zip(digits, range(8, 1, -1), strict=True))
    return digits + "WABCDEFGHIJKLMNOPQRSTUV"[total % 23]


def _pesel(r: Random) -> str:
    body = _born(r, "{y}{m}{d}") + some(r, string.digits, 4)
    return body + str(-sum(int(d) * w for d, w in zip(body, (1, 3, 7, 9) * 3, strict=False)) % 10)


def _nrn(r: Random) -> str:
    born, serial = _born(r, "{y}{m}{d}"), f"{r.randint(1, 997):03d}"
    check = 97 - int(born + serial) % 97
    return f"{born[:2]}.{born[2:4]}.{born[4:]}-{serial}.{check:02d}"


def _svnr(r: Random) -> str:
    while True:
        serial, born = f"{r.randint(100, 999)}", _born(r, "{d}{m}{y}")
        check = sum(int(d) * w for d, w in zip(serial + born, (3, 7, 9, 5, 8, 4, 2, 1, 6), strict=True)) % 11
        if check < 10:
            return f"{serial}{check} {born}"


def _nric(r: Random) -> str:
    digits = some(r, string.digits, 7)
    total = sum(int(d) * w for d, w in zip(digits, (2, 7, 6, 5, 4, 3, 2), strict=True))
    return f"S{digits}{'JZIHGFEDCBA'[total % 11]}"


def _fnr(r: Random) -> str:
    while True:
        body = _born(r, "{d}{m}{y}") + f"{r.randint(100, 499)}"
        first = -sum(int(d) * w for d, w in zip(body, (3, 7, 6, 1, 8, 9, 4, 5, 2), strict=True)) % 11
        second = -sum(int(d) * w for d, w in zip(f"{body}{first}", (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=False)) % 11
        if first < 10 and second < 10:
            return f"{body[:6]} {body[6:]}{first}{second}"


def _three(digits: str, sign: str = " ") -> str:
    return sign.join(digits[i : i + 3] for i in range(0, len(digits), 3))


NUMBERS: dict[str, Callable[[Random], str]] = {
    "card": card,
    "amex": amex,
    "bsn": lambda r: weighted(r, (9, 8, 7, 6, 5, 4, 3, 2, -1), 11),
    "pnr": lambda r: f"19{(n := luhn(_born(r, '{y}{m}{d}') + f'{r.randint(100, 999)}'))[:6]}-{n[6:]}",
    "pesel": _pesel,
    "cpf": _cpf,
    "sin": lambda r: _three(luhn(r.choice("1234567") + some(r, string.digits, 7))),
    "ahv": _ahv,
    "pps": _pps,
    "nif": lambda r: weighted(r, (9, 8, 7, 6, 5, 4, 3, 2, 1), 11),
    "nrn": _nrn,
    "svnr": _svnr,
    "said": lambda r: luhn(f"{_born(r, '{y}{m}{d}')}{r.randint(1000, 9999)}08"),
    "nric": _nric,
    "fnr": _fnr,
    "ird": lambda r: _three(weighted(r, (3, 2, 7, 6, 5, 4, 3, 2, 1), 11), "-"),
} | {f"iban{code}": (lambda r, code=code: iban(r, code)) for code in IBAN_FORMS}
"""What a text's `%name` stands for."""
