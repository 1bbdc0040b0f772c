"""What answers a click in JupyterLab: sliders, tables that sort and filter, a browser of disagreements, live lines.

Each shows its static form where no kernel answers it: in an executed notebook and in a report.
"""

from migration.figures.interactive.answers import AnswerBrowser
from migration.figures.interactive.live import LiveLine, problems_in_a_box
from migration.figures.interactive.sliders import BillSliders, ThresholdSlider
from migration.figures.interactive.tables import SortableTable

__all__ = ["AnswerBrowser", "BillSliders", "LiveLine", "SortableTable", "ThresholdSlider", "problems_in_a_box"]
