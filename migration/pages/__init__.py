"""Pages: templates, a step's notebook as a page, any page as PDF. One file each; it runs nothing, asks for nothing."""

from migration.pages.notebook import export_notebook
from migration.pages.pdf import browser, to_pdf
from migration.pages.rendering import render

__all__ = ["browser", "export_notebook", "render", "to_pdf"]
