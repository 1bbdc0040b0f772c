"""The scenarios file says what is wrong with it, in one line that names the entry."""

import pytest
import yaml

from migration.artifacts import PROJECT
from migration.costs.scenarios import read_assumptions
from migration.errors import BadInput

SHIPPED = PROJECT / "data" / "scenarios.yaml"


def test_the_shipped_file_is_whole_and_names_the_source_of_every_card():
    assumptions = read_assumptions()
    assert {"stay", "all_slm_api", "hybrid", "hybrid_iterating", "yours"} <= set(assumptions.scenarios)
    assert all(card.source.startswith(("stated", "measured")) for card in assumptions.cards.values())
    assert "genai-prices" in assumptions.slm_api.source


def test_growth_moves_with_the_parameter_and_keeps_its_width():
    assert read_assumptions(growth_month=0.10).uncertainty.growth_month == pytest.approx((0.07, 0.10, 0.13))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["running", "headrom"], 1.0, "running.headrom"),
        (["running", "on_time"], 1.5, "running.on_time"),
        (["uncertainty", "people"], [2, 1, 3], "people"),
        (["uncertainty", "tokens_year"], [0, 1, 3], "tokens_year"),
        (["scenarios", "hybrid", "route"], "maybe", "scenarios.hybrid.route"),
        (["scenarios", "stay"], None, "stay"),
        (["cards", "rtx4090", "streams"], 0, "cards.rtx4090.streams"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, path, value, said):
    data = yaml.safe_load(SHIPPED.read_text())
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    if value is None:
        del at[path[-1]]
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(BadInput, match=said) as error:
        read_assumptions(tmp_path / "s.yaml")
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_assumptions(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("cards: [")
    with pytest.raises(BadInput, match="not readable YAML"):
        read_assumptions(tmp_path / "bad.yaml")
    with pytest.raises(BadInput, match="share a month"):
        read_assumptions(growth_month=float("nan"))


def test_a_card_that_waits_for_a_measurement_says_so():
    card = read_assumptions().card("this_machine")
    assert card.waits
    with pytest.raises(BadInput, match="measured speed"):
        card.with_speed(None)
    assert card.with_speed((450.0, 30.0)).completion_tokens_per_s == 30.0
    with pytest.raises(BadInput, match="rtx4090"):
        read_assumptions().card("rtx5090ti")
