"""What a word calls a password, a key or a code is found beside it; a key of a vendor's form needs no word."""

import pytest

from migration.audit.pii.credentials.secrets import secrets

SAID = [
    ("i changed it to Marmite99 and the portal password still fails", "Marmite99"),
    ("j'ai mis Chocolat2018 comme mot de passe", "Chocolat2018"),
    ("Kundenkennwort, wie gesagt: Zwetschkenknödl, stimmt nicht", "Zwetschkenknödl"),
    ("inloggen lukt niet met Hagelslag_71, help", "Hagelslag_71"),
    ("SSID: Hub-K\nKey: bwNVSem1Duxfhl\nno tablet joins", "bwNVSem1Duxfhl"),
    ("la clave que me dieron fue RRCAK5W6", "RRCAK5W6"),
    ("pincode van het alarm is 4 8 1 7", "4 8 1 7"),
    ("safe combo 18-42-07", "18-42-07"),
    ("<Password>quartz-moth</Password>", "quartz-moth"),
    ("رمز التحقق 482917", "482917"),
    ("tekstiviestikoodi 551928 ei kelpaa", "551928"),
    ("parolam Ankara.06 calismiyor", "Ankara.06"),
    ("KONTRASEÑA contrasena: luna1987", "luna1987"),
    ("my pin is four, seven, one, nine", "four, seven, one, nine"),
    ("I typed Blue$ky2024 five times", "Blue$ky2024"),
    ("wrong password?? Jayhawks#1 is what i wrote down", "Jayhawks#1"),
    ("  - name: API_TOKEN\n    value: d41d8c77b2f04a9e9800ff98ecf8427e", "d41d8c77b2f04a9e9800ff98ecf8427e"),
    ("wifi: CasaLopez / tacos4life", "tacos4life"),
    ("security question: first pet? Answer: Waffles", "Waffles"),
    ("me llegó 902114 y dice caducado el código", "902114"),
    ("mot de passe «poisson-lune»", "poisson-lune"),
    ("fooapi_9aKx72LmQpR4sTvW8yZ1bC3dE5 gives 403", "fooapi_9aKx72LmQpR4sTvW8yZ1bC3dE5"),
]


@pytest.mark.parametrize(("text", "value"), SAID)
def test_a_secret_is_found_however_it_was_told(text: str, value: str) -> None:
    assert value in {text[start:end] for start, end in secrets(text)}


@pytest.mark.parametrize(
    "text",
    [
        "Passwort zurücksetzen dauert 15 Minuten", "password policy: Uppercase, one number", "token limit of 8192",
        "error code 500312", "el código de error 5003 sale", "product code 4471-B at the door",
        "promo code SUMMER24", "call_AbCdEf0123456789GhIjKlMnOp", "the code went to 555-0157 by sms",
        "Consistency is key: establish it", "output pins in 8085", "I use iPhone14 and login fails",
        "wifi: 2.4GHz and 5GHz both fail", "kode produk 884213", "token expired after 3600 seconds",
        "mot de passe : oublié", "codul produsului 884213", "req_9aKx72LmQpR4sTvW8yZ1bC3dE5",
    ],
)  # fmt: skip
def test_what_only_sounds_like_a_secret_is_left(text: str) -> None:
    assert not list(secrets(text))
