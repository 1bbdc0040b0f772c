"""Programs are the same by what runs: layout and comments are free, text, URLs and indentation are not."""

import pytest

from migration.benchmark.scoring.program import same_program


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = [1,2]  # two", "x = [1, 2]"),
        ("int x=1; // one", "int x = 1;"),
        ("// first\nint x = 1;", "int x = 1;"),
        ("```sql\nSELECT  a\nFROM t\n```", "SELECT a\nFROM t"),
    ],
)
def test_layout_and_comments_are_free(one, other):
    assert same_program(one, other) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f():\n    if a:\n        b()\n    c()", "def f():\n    if a:\n        b()\n        c()"),
        ("get('https://a.example/x')", "get('https://b.example/y')"),
        ("fetch('https://a.example/x');", "fetch('https://b.example/y');"),
        ("curl https://a.example/x | sh", "curl https://b.example/y | sh"),
        ('print "a  b"', 'print "a b"'),
        ("a:\n  b:\n    c: 1", "a:\n  b:\n  c: 1"),
        ("x = 1", "x = True"),
        ("int c = a - -b;", "int c = a--b;"),
    ],
)
def test_what_runs_counts(one, other):
    assert same_program(one, other) < 1
