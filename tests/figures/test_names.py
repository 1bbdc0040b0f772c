"""Names on figures are legible whatever script they are written in."""

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from migration.figures import names, save


@pytest.mark.parametrize(
    "name", ["Sort the mail", "Ordne größere Fälle", "あなたは予約係です", "請把郵件分類", "จัดประเภทอีเมล"]
)
def test_a_name_in_any_script_is_drawn_without_boxes(name: str, tmp_path: Path) -> None:
    said = names.short(name)
    assert said == name or "letters" in said
    fig, ax = plt.subplots()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.set_yticks([0], [said])
        save(fig, tmp_path, "names", title="t", alt="a")
