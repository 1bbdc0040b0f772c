"""The spreadsheet's formulas, evaluated cell by cell, give the projection's numbers, and follow a changed input."""

import re
import zipfile
from functools import lru_cache
from xml.etree import ElementTree

import pytest
from shops import draw_decisions, make_basis

from migration.costs.projection import project
from migration.costs.results import project_all
from migration.costs.spreadsheet import write_spreadsheet
from migration.costs.worlds import central
from migration.errors import BadInput

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
REF = re.compile(r"(?:(\w+)!)?\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?")


class Sheets:
    """A little spreadsheet: reads the .xlsx file itself and evaluates its formulas by asking for cells."""

    def __init__(self, path, **changed):
        with zipfile.ZipFile(path) as book:
            shared = ["".join(t.itertext()) for t in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
            names = [s.get("name") for s in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{SPACE}sheet")]
            self.cells = {}
            for i, name in enumerate(names, start=1):
                for cell in ElementTree.fromstring(book.read(f"xl/worksheets/sheet{i}.xml")).iter(f"{SPACE}c"):
                    formula, value = cell.find(f"{SPACE}f"), cell.find(f"{SPACE}v")
                    if formula is not None:
                        self.cells[name, cell.get("r")] = "=" + formula.text
                    elif value is not None:
                        text = cell.get("t") == "s"
                        self.cells[name, cell.get("r")] = shared[int(value.text)] if text else float(value.text)
        inputs = {v: k for k, v in self.cells.items() if k[0] == "Inputs" and k[1].startswith("A")}
        for name, value in changed.items():
            self.cells["Inputs", "B" + inputs[name][1][1:]] = value
        self.value = lru_cache(None)(self.value)

    def value(self, sheet, cell):
        content = self.cells.get((sheet, cell), 0.0)
        return self.evaluate(sheet, content[1:]) if isinstance(content, str) and content.startswith("=") else content

    def evaluate(self, sheet, formula):
        quoted = re.split(r'("[^"]*")', formula)
        code = "".join(part if part.startswith('"') else self._code(sheet, part) for part in quoted)
        known = {"SUM": sum, "MIN": min, "IF": lambda test, yes, no: yes if test else no, "at": self.value,
                 "span": self.span, "SUMIFS": lambda values, keys, key: sum(
                     v for v, k in zip(values, keys, strict=True) if k == key)}  # fmt: skip
        return eval(code, {"__builtins__": {}}, known)

    def _code(self, sheet, part):
        def call(m):
            where, col, row, last_col, last_row = m.groups()
            if last_col:
                assert last_col == col
                return f"span({where or sheet!r},{col!r},{row},{last_row})"
            return f"at({where or sheet!r},{col + row!r})"

        return re.sub(r"(?<![=<>])=(?!=)", "==", REF.sub(call, part)).replace("^", "**")

    def span(self, sheet, col, first, last):
        return [self.value(sheet, f"{col}{row}") for row in range(first, last + 1)]


@pytest.fixture
def plain(calls, shop, rng):
    return make_basis(calls, draw_decisions(shop, rng), hours=4.0, wrong_answer_usd=0.05)


def written(basis, tmp_path, hosting):
    middle = project_all(basis, central(basis))
    middle["hybrid"] = project(basis, central(basis), "hybrid", hosting=hosting)
    return write_spreadsheet(tmp_path / "m.xlsx", basis, middle, 24), middle


@pytest.mark.parametrize("hosting", ["api", "bought", "rented"])
def test_the_formulas_give_the_projections_month(plain, tmp_path, hosting):
    path, middle = written(plain, tmp_path, hosting)
    sheets = Sheets(path)
    assert sheets.value("Month", "B13") == pytest.approx(middle["stay"].total[0, 0], rel=1e-9)
    assert sheets.value("Month", "C13") == pytest.approx(middle["hybrid"].running[0, 0], rel=1e-9)
    assert sheets.value("Month", "C8") == pytest.approx(middle["hybrid"].parts["slm"][0, 0], rel=1e-9)
    assert sheets.value("Month", "C14") == pytest.approx(middle["hybrid"].parts["one_off"][0, 0])


def test_the_formulas_give_all_months_with_an_api(plain, tmp_path):
    path, middle = written(plain, tmp_path, "api")
    sheets = Sheets(path)
    for month in (1, 2, 13, 24):
        assert sheets.value("Months", f"D{month + 1}") == pytest.approx(middle["stay"].total[0, month - 1], rel=1e-9)
        moved = sheets.value("Months", f"E{month + 1}") + sheets.value("Months", f"F{month + 1}")
        assert moved == pytest.approx(middle["hybrid"].total[0, month - 1], rel=1e-9)
    saved = (middle["stay"].total - middle["hybrid"].total)[0].sum()
    assert sheets.value("Months", "H25") == pytest.approx(saved, rel=1e-9)


def test_a_changed_cell_changes_the_bill(plain, tmp_path):
    path, middle = written(plain, tmp_path, "api")
    idle = middle["hybrid"].running[0, 0] - 400
    assert Sheets(path, hours=0.0).value("Month", "C13") == pytest.approx(idle, rel=1e-9)
    rented = project(plain, central(plain), "hybrid", hosting="rented").running[0, 0]
    assert Sheets(path, hosting="rented").value("Month", "C13") == pytest.approx(rented, rel=1e-9)


def test_a_scenario_that_iterates_is_refused(plain, tmp_path):
    with pytest.raises(BadInput, match="without iteration"):
        write_spreadsheet(tmp_path / "m.xlsx", plain, project_all(plain, central(plain)), 24, "hybrid_iterating")
