"""The open questions of learning mechanics that entries bear on: open_questions.json."""

from __future__ import annotations

import json
from functools import cache

from bestiary.files import locate


@cache
def questions() -> dict[str, str]:
    """Return each question in words, by its id."""
    return json.loads(locate("open_questions.json").read_text("utf-8"))["questions"]
