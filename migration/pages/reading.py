"""A page that everyone can read: tables of one style that a keyboard reaches, and headings that can be linked to.

HTML in, HTML out. Out of scope: what may stand in it (`markup.sanitise`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bs4 import BeautifulSoup
from bs4.element import Tag

NUMBER = re.compile(r"[-+–]?\s?[$€£]?[\d,.]+\s?(%|ms|s|x|×|\w{0,3})?(\s\(.*\))?|–|-|unknown|nan|")
"""What a cell of a column of numbers holds: a number with its unit and perhaps its interval, or that there is none."""

LONG = 16
"""Letters of a text from which its column is given room."""


@dataclass(frozen=True)
class Page:
    """A page's title (its first h1), what stands below it, and the id and text of each h2 in order."""

    title: str
    body: str
    parts: list[tuple[str, str]]


def made_readable(page: str) -> Page:
    """`page` with each table in a region that scrolls, numbers to the right, header cells that say so."""
    soup = BeautifulSoup(page, "html.parser")
    for table in soup.find_all("table"):
        if not table.select("tbody td, tbody th"):  # columns without a row
            nothing = soup.new_tag("p", attrs={"class": "soft"})
            nothing.string = "Nothing to list."
            table.replace_with(nothing)
    for number, table in enumerate(soup.find_all("table"), 1):
        _headers(table)
        _numbers(table)
        label = table.caption.get_text(" ", strip=True) if table.caption else ""
        heading = table.find_previous(["h1", "h2", "h3"])
        named = label or (heading.get_text(" ", strip=True) if heading else "table")
        table["class"] = "table"
        table.wrap(soup.new_tag("div", attrs={
            "class": "scroll", "tabindex": "0", "role": "region", "aria-label": f"{named}, table {number}",
        }))  # fmt: skip
    for link in soup.find_all("a", class_="anchor-link"):  # left out by nbconvert, headings would lose their ids
        link.decompose()
    for wide in soup.find_all(["pre", "figure"]):  # what a narrow screen scrolls, a keyboard reaches
        wide["tabindex"] = "0"
    first = soup.find("h1")
    title = first.extract().get_text(" ", strip=True) if first else ""
    parts = [(str(tag["id"]), tag.get_text(" ", strip=True)) for tag in soup.find_all("h2") if tag.get("id")]
    return Page(title, str(soup), parts)


def _headers(table: Tag) -> None:
    """Column and row headers say which they are; one without a word is no header."""
    for cell in table.find_all("th"):
        if not cell.get_text(strip=True).replace("\xa0", ""):
            cell.name = "td"
        else:
            cell["scope"] = "col" if cell.find_parent("thead") else "row"


def _numbers(table: Tag) -> None:
    """Columns in which every cell is a number are aligned to the right."""
    body = [row.find_all(["td", "th"]) for row in table.select("tbody tr")]
    heads = [row.find_all(["td", "th"]) for row in table.select("thead tr")]
    width = max((len(row) for row in body), default=0)
    if any(len(row) != width for row in body):
        return
    for at in range(width):
        said = [row[at].get_text(" ", strip=True) for row in body]
        if any(any(c.isdigit() for c in text) for text in said) and all(NUMBER.fullmatch(text) for text in said):
            for row in [*body, *(head for head in heads if len(head) == width)]:
                row[at]["class"] = "number"
        elif any(len(text) > LONG for text in said):
            for row in body:
                row[at]["class"] = "text"
