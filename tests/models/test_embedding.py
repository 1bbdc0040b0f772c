"""Vectors of sentences and of tokens come from one reading, and a long text is never cut silently."""

import numpy as np
import pytest

from migration.models import ModelNotFound, embed, embed_tokens, find, token_places

TEXTS = [
    "Where is my parcel 45707?",
    "Köln, 日本語 und ein Zelt",
    "",
    "and a longer one, with a comma, to be padded for",
]


@pytest.fixture(scope="module", autouse=True)
def encoder():
    try:
        find("minilm")
    except ModelNotFound as missing:
        pytest.skip(str(missing))


def test_tokens_stand_where_they_stand_and_make_up_the_sentence():
    found, places = embed_tokens(TEXTS), token_places(TEXTS)
    sentences = embed(TEXTS)
    for text, tokens, at, sentence in zip(TEXTS, found, places, sentences, strict=True):
        np.testing.assert_array_equal(tokens.places, at)
        assert "".join(text[a:b] for a, b in at.tolist()) == text.replace(" ", "")
        assert tokens.states.shape == (len(at), 384)
        np.testing.assert_allclose(tokens.sentence, sentence, atol=1e-5)


def test_a_text_that_the_encoder_cannot_read_whole_has_no_tokens():
    assert embed_tokens(["tent " * 600, "tent"])[0] is None
    lengths = [None if at is None else len(at) for at in token_places(["tent " * n for n in (510, 511, 60_000)])]
    assert lengths == [510, None, None]  # 512 with the two special ones
    assert embed_tokens([]) == token_places([]) == []
