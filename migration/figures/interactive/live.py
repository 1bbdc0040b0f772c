"""A live kernel: whether there is one, a line that is redrawn in place, and errors as one box.

Out of scope: what is said.
"""

from __future__ import annotations

import html
import os
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any

from migration.errors import MigrationError
from migration.markup import printable

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

BOX = "border-left:4px solid #b91c1c;background:#fef2f2;color:#0f172a;padding:.7em 1em"


def is_live() -> bool:
    """Whether somebody sits before this kernel: Jupyter's server names its session, papermill does not."""
    return "JPY_SESSION_NAME" in os.environ


class LiveLine:
    """What a long computation says: printed line by line in an executed notebook, one line redrawn in a live one."""

    def __init__(self) -> None:
        self.handle: Any = None

    def __call__(self, line: str) -> None:
        """Show `line`."""
        if not is_live():
            print(line)
            return
        from IPython.display import HTML, display

        shown = HTML(f"<pre>{html.escape(printable(line))}</pre>")
        if self.handle is None:
            self.handle = display(shown, display_id=True)
        else:
            self.handle.update(shown)


def problems_in_a_box() -> None:
    """From here on an error of this notebook is one red box (what, where, what to do), its traceback folded.

    Elsewhere than in a kernel nothing changes.
    """
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    if shell is not None and getattr(shell, "kernel", None) is not None:
        shell.set_custom_exc((Exception,), _show)


def _show(
    shell: InteractiveShell, kind: type[BaseException], error: BaseException, trace: TracebackType, **_: object
) -> list[str]:
    """IPython's handler of an exception; the kernel's own message of it shrinks to one line."""
    from IPython.display import HTML, display

    display(HTML(box(kind, error, trace)))
    told = [f"{kind.__name__}: {printable(str(error))}"]
    shell._showtraceback(kind, error, told)
    return told


def box(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """HTML: what was wrong, where, what to do, and the traceback behind a fold. Nothing in it is markup."""
    whole = printable("".join(traceback.format_exception(kind, error, trace)))
    advice = "" if isinstance(error, MigrationError) else (
        "<p>This error was not foreseen: the traceback tells where it arose. Cells above keep their results; "
        "<code>migrate doctor</code> says what this machine lacks.</p>"
    )  # fmt: skip
    return (
        f'<div class="problem" style="{BOX}"><p><strong>{html.escape(_words(kind.__name__))}.</strong> '
        f"{html.escape(printable(str(error)))}</p>{advice}<p>{_where(trace)}</p>"
        f"<details><summary>traceback</summary><pre>{html.escape(whole)}</pre></details></div>"
    )


def _words(name: str) -> str:
    """A class's name in words: NotEnoughCalls, not enough calls."""
    parted = "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
    return parted[:1].upper() + parted[1:]


def _where(trace: TracebackType | None) -> str:
    """The line of the notebook's cell that failed."""
    frames = traceback.extract_tb(trace) if trace else []
    own = [frame for frame in frames if "ipykernel" in frame.filename or frame.filename.startswith("<ipython")]
    line = own[-1].line if own else ""
    return f"In this cell: <code>{html.escape(line)}</code>" if line else ""
