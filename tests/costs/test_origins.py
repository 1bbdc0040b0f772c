"""Every input has a source; the spreadsheet's formulas, evaluated cell by cell, give the projection's numbers."""

import re
import zipfile
from functools import lru_cache
from xml.etree import ElementTree

import pytest
from shops import STAYS, draw_decisions, hybrid, make_basis

from migration.costs.origins import ledger, sources, write_spreadsheet
from migration.costs.projection import central, project

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
REF = re.compile(r"(?:(\w+)!)?\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?")


def sum_ifs(values, *pairs):
    """Excel's SUMIFS: values where each range equals its criterion."""
    keys, wanted = pairs[::2], pairs[1::2]
    return sum(v for v, *row in zip(values, *keys, strict=True) if tuple(row) == wanted)


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
                 "span": self.span, "SUMIFS": sum_ifs}  # fmt: skip
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


@pytest.mark.parametrize("hosting", ["api", "bought", "rented"])
def test_the_formulas_give_the_projections_month(plain, tmp_path, hosting):
    plan = hybrid(plain, hosting)
    sheets = Sheets(write_spreadsheet(tmp_path / "m.xlsx", plain, ledger(plain, STAYS, plan), 24))
    stay, after = (project(plain, central(plain), one) for one in (STAYS, plan))
    total = max(int(cell[1:]) for sheet, cell in sheets.cells if sheet == "Month" and cell.startswith("C"))
    assert sheets.value("Month", f"C{total}") == pytest.approx(stay.running[0, 0], rel=1e-9)
    assert sheets.value("Month", f"D{total}") == pytest.approx(after.running[0, 0], rel=1e-9)
    assert sheets.value("Month", f"D{total + 1}") == pytest.approx(after.parts["one_off"][0, 0])
    for month in (1, 12, 24):
        assert sheets.value("Months", f"D{month + 1}") == pytest.approx(stay.running[0, month - 1], rel=1e-9)
        # GPUs at work grow with the calls in the projection; in the sheet their hours stay as they are.
        assert sheets.value("Months", f"E{month + 1}") == pytest.approx(after.running[0, month - 1], rel=1e-3)
    assert sheets.value("Months", "H25") == pytest.approx((stay.total - after.total).sum(), rel=1e-3)


def test_a_changed_input_moves_what_depends_on_it(plain, tmp_path):
    rows = ledger(plain, STAYS, hybrid(plain))
    path = write_spreadsheet(tmp_path / "m.xlsx", plain, rows, 24)
    same, faster = Sheets(path), Sheets(path, growth=0.1)
    assert faster.value("Months", "D2") == same.value("Months", "D2")
    assert faster.value("Months", "D14") == pytest.approx(same.value("Months", "D14") * (1.1 / 1.02) ** 12)


def test_texts_of_the_log_are_texts(plain, tmp_path):
    rows = ledger(plain, STAYS, hybrid(plain))
    rows.loc[0, "price_from"] = '=HYPERLINK("http://example.com")'
    sheets = Sheets(write_spreadsheet(tmp_path / "m.xlsx", plain, rows, 2))
    with zipfile.ZipFile(tmp_path / "m.xlsx") as book:
        assert b"HYPERLINK" not in b"".join(book.read(n) for n in book.namelist() if "worksheets" in n)
    assert sheets.cells["Ledger", "I2"].startswith("=HYPERLINK")  # a shared string, not a formula


def test_every_input_of_the_projection_has_a_source(basis):
    traced = sources(basis, hybrid(basis, "rented"))
    known = ("01 ", "04 ", "30.4375", "scenarios ", "parameter ")
    assert traced["from"].str.startswith(known).all()
    said = " ".join(traced["number"])
    assumed = basis.assumptions
    fields = [*type(assumed.running).model_fields, *type(assumed.uncertainty).model_fields]
    assert all(name.replace("_", " ") in said for name in fields)
    assert traced["number"].str.startswith("ways of").sum() == len(basis.ladder.counts)
    assert "busiest hour, calls to the SLM" in set(traced["number"])
