"""Read the thresholds of a detector from the text of its file: importing it would import NumPy."""

from __future__ import annotations

import ast
import inspect
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple


class Threshold(NamedTuple):
    """A threshold that `--set` takes; its default is None where the detector takes it from the log."""

    name: str
    default: float | None
    meaning: str


def thresholds_of(detector: str) -> list[Threshold]:
    """Read the thresholds of a detector that needs nothing but a log; a detector that needs more has none to set."""
    spec = find_spec("bestiary.detectors")
    files = [Path(folder) / f"{detector}.py" for folder in (spec and spec.submodule_search_locations) or ()]
    module = ast.parse(next(file for file in files if file.is_file()).read_text("utf-8"))
    function = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == detector)
    args, meanings = function.args, _meanings(ast.get_docstring(function) or "")
    if len(args.defaults) < len(args.args) - 1 or None in args.kw_defaults:
        return []
    made = []
    for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        default: Any = ast.literal_eval(value) if value is not None else ""
        if default is None or type(default) in (int, float):
            made.append(Threshold(arg.arg, default, meanings.get(arg.arg, "")))
    return made


def _meanings(docstring: str) -> dict[str, str]:
    """{argument: what the docstring says of it}, continued lines joined."""
    _, _, after = docstring.partition("Args:\n")
    block = inspect.cleandoc(after.partition("\n\n")[0])
    return {name: " ".join(text.split()) for name, text in re.findall(r"^(\w+): (.*(?:\n[ ].*)*)", block, re.M)}
