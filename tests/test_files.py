"""Files are read as what they are, or refused."""

import itertools

import pytest

from migration.errors import BadInput
from migration.files import parsed_yaml


def test_a_few_lines_of_yaml_cannot_stand_for_gigabytes():
    laughs = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in itertools.pairwise("abcdefgh"))
    with pytest.raises(BadInput, match="aliases"):
        parsed_yaml(laughs)
