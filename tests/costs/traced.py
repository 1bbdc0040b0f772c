"""Numbers of an executed notebook 05 that are in no cell of its tables, no parameter, and no file that it reads."""

import html
import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd

from migration.costs import check_article
from migration.files import PROJECT

NUMBER = re.compile(r"(?<![\w.\-/])[-+]?\$?(\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)(%?)")


def said(notebook: Path) -> list[str]:
    """What a reader sees, a text a cell: tables, sentences, figures' captions."""
    texts = []
    for cell in nbformat.read(notebook, 4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            page = re.sub(r"<style.*?</style>", "", data.get("text/html", ""), flags=re.DOTALL)
            page = page or data.get("text/markdown", "").replace("\\$", "$")
            texts.append(html.unescape(re.sub(r"<img[^>]*>", " ", page).replace("</t", " | </t")))
    return [re.sub(r"<[^>]+>", " ", text) for text in texts if text]


def known(step: Path, parameters: dict) -> np.ndarray:
    """All numbers of the step's tables and their sums, the steps' summaries, parameters, scenarios and the article."""
    article = check_article()
    tables = [pd.read_parquet(file) for file in step.glob("*.parquet")]
    tables += [article.table, article.corrected, pd.read_csv(PROJECT / "data" / "article.csv")]
    cells = [table.to_numpy(object).ravel() for table in tables] + [t.sum(numeric_only=True).to_numpy() for t in tables]
    texts = [file.read_text() for file in step.parent.glob("*/summary.json")]
    texts += [
        json.dumps(parameters),
        (PROJECT / "data" / "scenarios.yaml").read_text(),
        "30.44 days, 730.5 hours a month",
    ]
    texts += [cell for cell in np.concatenate(cells) if isinstance(cell, str)]
    numbers = [float(cell) for cell in np.concatenate(cells) if isinstance(cell, int | float | np.number)]
    numbers += [float(n.replace(",", "")) for text in texts for n in re.findall(r"\d[\d,]*\.?\d*(?:e[-+]?\d+)?", text)]
    return np.abs(numbers + [getattr(article, name) for name in vars(article) if name.startswith("saving")])


def untraced(notebook: Path, step: Path, parameters: dict) -> list[tuple[str, str]]:
    """Each number of three digits or more that no known value rounds to, with the text around it.

    A number may be shown as per cent, in seconds for milliseconds, in the run's currency, or to its two first digits.
    """
    values, rate, missing = known(step, parameters), parameters.get("currency_rate", 1.0), []
    for text in said(notebook):
        for match in NUMBER.finditer(text):
            digits, percent = match.group(1).replace(",", ""), match.group(2)
            if len(digits.replace(".", "").lstrip("0")) < 3:
                continue
            shown, decimals = float(digits), len(digits.partition(".")[2])
            coarse = shown >= 1000 and set(digits[2:]) <= {"0"}
            half = 0.06 * shown if coarse else max(0.5 * 10**-decimals, 1e-6 * shown) * 1.001
            scales = (100.0, 1.0) if percent else (1.0, 1e-3, rate)
            if not any((np.abs(values * scale - shown) <= half).any() for scale in scales):
                missing.append((match.group(), " ".join(text[max(match.start() - 60, 0) : match.end() + 30].split())))
    return missing
