"""A text's two views: unit vectors of its meaning and of its words."""

import numpy as np

from migration.benchmark.kinds.views import HASHED, hashed, views_of


def test_words_are_hashed_alike_whatever_their_case_and_signs():
    found = hashed(["Where is my order?", "where is MY order", "", "refund"])
    assert found.shape == (4, HASHED)
    assert (found[0] != found[1]).nnz == 0
    np.testing.assert_allclose(np.asarray(found.multiply(found).sum(1)).ravel()[[0, 1, 3]], 1, rtol=1e-6)
    assert found[2].nnz == 0


def test_equal_texts_have_equal_views():
    found = views_of(["refund please", "where is it", "refund please"], encoder="minilm")
    np.testing.assert_array_equal(found.meaning[0], found.meaning[2])
    assert (found.words[0] != found.words[2]).nnz == 0


def test_words_of_scripts_without_spaces_are_told_apart():
    one, other, far = hashed(["接続に失敗しました", "決済に失敗しました", "ログインが完了"]).toarray()
    assert one @ other > 0.5 > one @ far
