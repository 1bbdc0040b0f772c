"""Whether two answers are one program: by their syntax trees as Python, else by their tokens, lines and indentation.

Out of scope: whether two different programs compute the same.
"""

from __future__ import annotations

import ast
import difflib
import re
import textwrap
import warnings

from migration.benchmark.scoring.forms import unfenced

_COMMENT = re.compile(r"//[^\n]*")
_TOKEN = re.compile(
    r"""(?P<text>\"\"\".*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""
    r"""|(?P<line>\s*\n[ ]*)|(?P<space>[ ]+)|(?P<token>\w+|[-+*/%=<>!&|^~?:.@$\#]+|.)""",
    re.DOTALL,
)


def same_program(output: str, reference: str) -> float:
    """1.0 where both are one program but for layout and comments, else how alike their tokens are, below 1."""
    said, wanted = (textwrap.dedent(unfenced(text)).strip("\n").rstrip().expandtabs() for text in (output, reference))
    trees = _tree(said), _tree(wanted)
    first, second = _tokens(said), _tokens(wanted)
    same = trees[0] == trees[1] if None not in trees else first == second
    return 1.0 if same else min(0.99, difflib.SequenceMatcher(None, first, second, autojunk=False).ratio())


def _tree(text: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # not Python: its tokens are compared


def _tokens(text: str) -> list[str]:
    """Tokens with each new line's indentation; strings are whole.

    `//` opens a comment only at a line's start or after `;`, `{` or `}`: elsewhere it may be a URL or a division.
    """
    found: list[str] = []
    place = 0
    while place < len(text):
        comment = _COMMENT.match(text, place)
        if comment and (not found or found[-1][:1] == "\n" or found[-1] in ("{", "}", ";")):
            place = comment.end()
            continue
        match = _TOKEN.match(text, place)
        assert match, "the last alternative takes any character"
        place = match.end()
        if match.lastgroup == "line":
            indent = "\n" + match[0].rpartition("\n")[2]
            if found and found[-1][:1] == "\n":
                found[-1] = indent
            elif found:
                found.append(indent)
        elif match.lastgroup != "space":
            found.append(match[0])
    return found[:-1] if found and found[-1][:1] == "\n" else found
