"""A notebook that was run, as HTML: its words, its code and what came of it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

from bestiary.site.code import coloured
from bestiary.site.pictures import attributes
from bestiary.site.prose import Prose, prose

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def notebook(text: str, link: Callable[[str], str | None], keep: Callable[[bytes], str]) -> Prose:
    """Write the cells of a notebook one below the other.

    Args:
        text: the notebook's JSON.
        link: gives the target of a relative link, or None; see `prose`.
        keep: takes the content of a PNG and gives its address.
    """
    parts, title = [], ""
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            told = prose(source, link, lambda source: (source, ""))
            title = title or told.title
            parts.append(told.html)
        elif cell["cell_type"] == "code":
            parts.append(coloured(source))
            parts += [_output(one, source, keep) for one in cell["outputs"]]
    return Prose(title, [], Markup("\n").join(parts))


def _output(output: Mapping[str, Any], source: str, keep: Callable[[bytes], str]) -> Markup:
    """Write what a cell printed, or drew; of HTML the text that goes with it."""
    data = output.get("data", {})
    if "image/png" in data:
        content = base64.b64decode("".join(data["image/png"]))
        words = f"what the cell above draws: {source.strip().splitlines()[-1]}"
        return Markup('<img src="{}" alt="{}" loading="lazy"{}>').format(keep(content), words, attributes(content))
    text = "".join(data.get("text/plain", output.get("text", "")))
    return (
        Markup('<pre class="output" tabindex="0">{}</pre>').format(escape(ANSI.sub("", text))) if text else Markup("")
    )
