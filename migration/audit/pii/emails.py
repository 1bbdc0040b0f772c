"""E-mail addresses written so that machines miss them.

Every pattern is linear on any text, or is run on windows of bounded length (`finding`).
Out of scope: e-mails as they should be (`finding`).
"""

from __future__ import annotations

import re

EMAILS = (
    re.compile(
        r"\b[\w.+-]{1,64} ?[\[(](?:at|AT)[\])] ?[\w-]{1,64}(?: ?(?:[\[(](?:dot|DOT)[\])]|\.) ?[\w-]{1,24}){1,3}"
    ),
    re.compile(r"\b[\w.+-]{1,64} at [\w-]{1,64}(?: dot [\w-]{2,24}){1,3}\b"),
)
