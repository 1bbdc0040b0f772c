"""The doctor names what is there, and of what is not, what that costs and how it is had."""

import pytest

from migration import doctor


def test_each_thing_is_found_or_its_cost_is_said():
    lines = [str(finding) for finding in doctor.findings()]
    assert any(line.startswith("pocket-llama3") and "missing" not in line for line in lines)
    for line in lines:
        if "missing" in line:
            assert len(line.split("missing: ")[1]) > 20, line


def test_what_is_missing_says_what_to_install(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    (chromium,) = [f for f in doctor.findings() if f.name == "chromium"]
    assert str(chromium) == f"{'chromium':<19}missing: {doctor.PROGRAMS['chromium']}"


@pytest.mark.parametrize("name", ["no_such_package", "no_such.package"])
def test_a_package_that_is_not_there(name):
    assert not doctor._installed(name)
