"""Passwords, keys and codes: behind or before a word that says what they are.

Words are looked for once, and what may stand beside one (`secret_values`) is tried where it ends.
Out of scope: the words (`passwords`, `codes`), keys that need none (`secret_forms`), numbers of people (`identities`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from migration.audit.pii.credentials.codes import ANY_CODE, CODE, COMES, NO_SECRET
from migration.audit.pii.credentials.passwords import (
    KEY,
    LOGIN,
    LOOSELY,
    NETWORK,
    NETWORK_KEY,
    PASSWORD,
    SEED,
    TYPED,
    USER,
    WIFI,
)
from migration.audit.pii.credentials.secret_forms import FREE, MAY_BE_FREE
from migration.audit.pii.credentials.secret_values import (
    AHEAD,
    ANSWERS,
    AROUND,
    BARE_CODES,
    BEHIND,
    BEHIND_CODES,
    BEHIND_LOOSELY,
    CODE_AHEAD,
    CODE_BEFORE,
    NETWORK_VALUE,
    PHRASES,
    SPELT,
    TEXTED,
    TRIED_VALUE,
    TYPED_SIGNS,
    TYPED_VALUE,
    USER_VALUE,
    WIFI_VALUE,
    WORDS,
)
from migration.audit.pii.numbers.phones import may_be_spoken
from migration.audit.pii.words import CALLED_OTHERWISE, NEAR, any_of, called_otherwise, folded


@cache
def _says(*tables: str) -> re.Pattern[str]:
    return any_of(*(_TABLES[name] for name in tables))


_TABLES = {
    "password": PASSWORD, "key": KEY, "code": CODE, "any code": ANY_CODE, "typed": TYPED, "login": LOGIN, "user": USER,
    "network": NETWORK, "network key": NETWORK_KEY, "loosely": LOOSELY, "seed": SEED, "wifi": WIFI, "comes": COMES,
}  # fmt: skip


@cache
def _no_secret() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What makes a code another one: right before the word, or right behind it."""
    before, behind = (any_of({"": NO_SECRET[side]}).pattern for side in ("before", "behind"))
    return re.compile(rf"{before}[ -]?\Z"), re.compile(rf"[ -]{{1,2}}{behind}")


def may_hold_secrets(text: str) -> bool:
    """Whether a text may hold a secret at all: a quick look."""
    plain = folded(text)
    return bool(
        _says("password", "key").search(plain)
        or MAY_BE_FREE.search(text)
        or _says("code").search(plain)
        or _says("any code").search(plain)
        or _says("loosely").search(plain)
        or _says("seed").search(plain)
        or _says("typed").search(plain)
        or _says("network").search(plain)
    )


def secrets(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets stand in `text`: (start, end) of each, those first that count first."""
    plain = folded(text)
    if MAY_BE_FREE.search(text):
        yield from _found(text, FREE)
    labels = [*_says("password", "key").finditer(plain)]
    for label in labels:
        yield from _after(text, label, BEHIND)
        if ahead := AHEAD.search(text[: label.start()], max(0, label.start() - NEAR)):
            yield ahead.span(ahead.lastindex or 0)
        yield from (one.span(1) for one in AROUND.finditer(text, max(0, label.start() - NEAR), label.end() + NEAR))
    if labels:
        yield from _found(text, (PHRASES, ANSWERS))
    if _says("network").search(plain):
        for label in _says("network key").finditer(plain):
            yield from _after(text, label, (NETWORK_VALUE,))
        for label in _says("wifi").finditer(plain):
            yield from _after(text, label, (WIFI_VALUE,))
    for label in _says("seed").finditer(plain):
        yield from _after(text, label, (WORDS,))
    digits = any(map(str.isdigit, text))
    if digits:
        yield from _with_digits(text, plain, bool(labels))
    if digits or may_be_spoken(text):
        yield from _codes(text, plain)


def _with_digits(text: str, plain: str, named: bool) -> Iterator[tuple[int, int]]:
    """Secrets that hold digits: `named` tells whether the text speaks of a password."""
    for label in _says("loosely").finditer(plain):
        yield from _after(text, label, BEHIND_LOOSELY)
    logins = [*_says("login").finditer(plain)]
    for label in _says("user").finditer(plain):
        yield from _after(text, label, (USER_VALUE,))
    for label in _says("typed").finditer(plain):
        yield from _after(text, label, (TYPED_VALUE if named or logins else TYPED_SIGNS,))
    if named or logins:
        for label in logins:
            yield from _after(text, label, (TRIED_VALUE,))


def _codes(text: str, plain: str) -> Iterator[tuple[int, int]]:
    before, behind = _no_secret()
    yield from _found(text, (TEXTED,))
    labels = [*_says("code").finditer(plain)]
    for label in _says("any code").finditer(plain):
        near = (max(0, label.start() - NEAR), label.end() + NEAR)
        another = before.search(plain, max(0, label.start() - 16), label.start()) or behind.match(plain, label.end())
        if not another and _says("comes").search(plain, *near):
            labels.append(label)
        elif not another and not CALLED_OTHERWISE.search(text, max(0, label.start() - 24), label.start()):
            yield from _after(text, label, BARE_CODES)
    for label in labels:
        yield from _after(text, label, (*BEHIND_CODES, SPELT))
        if ahead := CODE_AHEAD.search(text[: label.start()], max(0, label.start() - NEAR)):
            yield ahead.span(1)
        before_it = CODE_BEFORE.search(text[: label.start()], max(0, label.start() - NEAR))
        if before_it and not CALLED_OTHERWISE.search(text, max(0, before_it.start() - NEAR), label.start()):
            yield before_it.span(1)


def _found(text: str, forms: tuple[re.Pattern[str], ...]) -> Iterator[tuple[int, int]]:
    for form in forms:
        for found in form.finditer(text):
            yield found.span(found.lastindex or 0)


def _after(text: str, label: re.Match[str], forms: tuple[re.Pattern[str], ...]) -> Iterator[tuple[int, int]]:
    """What stands behind `label`, where no word between them makes it an order's or a product's."""
    for form in forms:
        found = form.match(text, label.end())
        if found and not called_otherwise(text, label.end(), found.start(found.lastindex or 0)):
            yield found.span(found.lastindex or 0)
