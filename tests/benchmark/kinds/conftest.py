"""A small support desk whose messages say what they are about, and the encoder (or a clear reason why not)."""

import numpy as np
import pytest

from migration.models import ModelNotFound, find

WORDS = {
    "refund": ["I want my money back for", "please refund", "when do I get the refund of", "return the payment for"],
    "track": ["where is", "when will you deliver", "track the parcel with", "has the courier got"],
    "cancel": ["cancel", "I no longer want", "please stop the order of", "call off the purchase of"],
    "invoice": ["send me the bill for", "I need an invoice of", "where can I download the invoice for", "receipt of"],
}
THINGS = ["the blue shoes", "my order", "a coffee machine", "those two books", "the garden chair", "my new phone"]
ENDS = ["", " please", ", thanks", " today", " as soon as you can", ", I ask again"]


@pytest.fixture(scope="session", autouse=True)
def encoder():
    try:
        find("minilm")
    except ModelNotFound as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def desk():
    """(texts, intents) of 320 messages."""
    rng = np.random.default_rng(3)
    intents = rng.choice(list(WORDS), 320)
    texts = [f"{rng.choice(WORDS[i])} {rng.choice(THINGS)}{rng.choice(ENDS)}" for i in intents]
    return texts, intents.tolist()
