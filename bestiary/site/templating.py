"""The templates of pages: what they are given is escaped, and what they are not given is a mistake."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bestiary.site import docstrings, recordings
from bestiary.site.code import coloured
from bestiary.version import __version__

HERE = Path(__file__).resolve().parent
ASSETS = HERE / "assets"


def environment() -> Environment:
    """Make the templates ready, with the filters and functions that they use."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    made.filters |= {"flowed": docstrings.flowed, "soft": _soft}
    made.globals |= {"version": __version__, "coloured": coloured, "drawing": recordings.drawing}
    return made


def _soft(name: str) -> Markup:
    """Let a name break after its underscores."""
    return Markup("_<wbr>").join(name.split("_"))
