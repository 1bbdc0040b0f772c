"""Alerts posted to a webhook, where the environment names one.

Out of scope: what raises an alert (`watching`)."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from migration.errors import BadInput

WEBHOOK = "MIGRATION_WEBHOOK"
"""Environment variable: an https URL that alerts are posted to."""


def notify(alerts: dict[str, object]) -> str:
    """Post alerts to the https URL in the environment, where one is given; what came of it, in a sentence.

    Raises BadInput for another kind of URL.
    """
    url = os.environ.get(WEBHOOK)
    if not url:
        return f"No webhook is set ({WEBHOOK})."
    if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
        raise BadInput(f"{WEBHOOK} must be an https URL")
    import httpx2 as httpx

    try:
        answer = httpx.post(url, json=alerts, timeout=10.0, follow_redirects=False)
    except httpx.HTTPError as problem:
        return f"The webhook of {WEBHOOK} was not reached: {type(problem).__name__}."
    if not answer.is_success:
        return f"The webhook of {WEBHOOK} answered {answer.status_code}: nobody was told."
    return "The alerts were posted to the webhook."
