"""The scenarios file says what is wrong with it, in one line that names the entry."""

import pytest
import yaml

from migration.costs.scenarios import SlmApi, read_assumptions, slm_price
from migration.errors import BadInput
from migration.files import PROJECT

SHIPPED = PROJECT / "data" / "scenarios.yaml"


def test_the_shipped_file_is_whole_and_names_the_source_of_every_speed():
    assumptions = read_assumptions()
    assert all(gpu.source.startswith("stated") for gpu in assumptions.gpus.values())
    assert assumptions.cpu.measured
    assert assumptions.slm_api is None  # no price of a tuned model is invented


@pytest.mark.parametrize(("name", "gb_s"), [("l4", 300), ("h100", 3350)])
def test_stated_speeds_follow_their_stated_source(name, gb_s):
    gpus = read_assumptions().gpus
    assert f"{gb_s:,} GB/s" in gpus[name].source
    for speed in ("prompt_tokens_per_s", "completion_tokens_per_s"):
        assert getattr(gpus[name], speed) / getattr(gpus["rtx4090"], speed) == pytest.approx(gb_s / 1008, rel=2e-3)


def test_growth_moves_with_the_parameter_and_keeps_its_width():
    assert read_assumptions(growth_month=0.10).uncertainty.growth_month == pytest.approx((0.07, 0.10, 0.13))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["running", "headrom"], 1.0, "running.headrom"),
        (["running", "on_time"], 1.5, "running.on_time"),
        (["uncertainty", "people"], [2, 1, 3], "people"),
        (["uncertainty", "tokens_year"], [0, 1, 3], "tokens_year"),
        (["effort", "batch", "hours_once"], -1, "effort.batch.hours_once"),
        (["cpu"], None, "cpu"),
        (["gpus", "rtx4090", "streams"], 0, "gpus.rtx4090.streams"),
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
    with pytest.raises(BadInput, match="does not exist"):
        read_assumptions(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("gpus: [")
    with pytest.raises(BadInput, match="not readable YAML"):
        read_assumptions(tmp_path / "bad.yaml")
    with pytest.raises(BadInput, match="share a month"):
        read_assumptions(growth_month=float("nan"))


def test_one_price_of_the_small_model_for_every_step():
    api = read_assumptions().model_copy(
        update={"slm_api": SlmApi(prompt_usd_per_m=1, completion_usd_per_m=2, source="x")}
    )
    assert slm_price(api, "api").usd(1e6, 1e6) == 3
    rented = slm_price(read_assumptions(), "rented", "rtx4090")
    assert rented.usd(12000 * 3600, 0) == pytest.approx(0.40)  # an hour of reading is an hour's rent
    assert rented.usd(0, 1600 * 3600) == pytest.approx(0.40)
    bought = slm_price(read_assumptions(), "bought", "rtx4090").usd(12000 * 3600, 0)
    assert bought == pytest.approx(((1600 + 1800) / 36 + 20) / 730.5 + 0.55 * 0.15)
    assert slm_price(read_assumptions(), "cpu", speed=(250.0, 40.0)).usd(250 * 3600, 0) == pytest.approx(0.09)
    for hosting, said in (("api", "slm_api"), ("cpu", "speed"), ("cloud", "one of bought")):
        with pytest.raises(BadInput, match=said):
            slm_price(read_assumptions(), hosting)


def test_a_machine_that_waits_for_a_measurement_is_known_when_it_has_one():
    cpu = read_assumptions().cpu
    assert not cpu.known
    assert not cpu.with_speed(None).known
    assert cpu.with_speed((450.0, 30.0)).completion_tokens_per_s == 30.0
    with pytest.raises(BadInput, match="rtx4090"):
        read_assumptions().gpu("rtx5090ti")
