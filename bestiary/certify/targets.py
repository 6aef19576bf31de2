"""Whom to ask: a function by its module or its file, a function at hand, or a command."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bestiary.log import Log, Series

STEP = ("step", "steps")
FRAMES = ("df", "frame", "dataframe", "data")


class NoTarget(Exception):
    """Who is to be asked cannot be; one line, with what to do."""


def found(text: str) -> Callable[..., Any]:
    """Import the function that `package.module:function` or `path/to/file.py:function` names.

    Modules are looked for where Python looks for them, then in the folder of the file, or in the current one. What is
    printed during the import goes to standard error.

    Raises:
        NoTarget: there is none; one line.
    """
    where, colon, name = text.rpartition(":")
    if not colon or not where or not name:
        raise NoTarget(f"{text}: want package.module:function or path/to/file.py:function")
    try:
        with contextlib.redirect_stdout(sys.stderr):  # standard output is the report's
            module = _file(Path(where)) if where.endswith(".py") else _module(where)
    except NoTarget:
        raise
    except BaseException as error:  # whatever a stranger's module does as it is imported
        if isinstance(error, KeyboardInterrupt):
            raise
        raise NoTarget(f"{where}: cannot be imported ({said(error)})") from error
    made: Any = module
    for part in name.split("."):
        if not hasattr(made, part):
            there = [n for n, value in vars(module).items() if callable(value) and not n.startswith("_")]
            raise NoTarget(f"{text}: no {name!r} there; it has {', '.join(there[:12]) or 'no function'}")
        made = getattr(made, part)
    if not callable(made):
        raise NoTarget(f"{text}: is {type(made).__name__}, no function")
    return made


def _file(path: Path) -> Any:
    if not path.is_file():
        raise NoTarget(f"{path}: no such file")
    _look_in(path.resolve().parent)
    name = f"certified_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NoTarget(f"{path}: no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def _module(name: str) -> Any:
    _look_in(Path.cwd())
    return importlib.import_module(name)


def _look_in(folder: Path) -> None:
    """Let modules be found in a folder, after all others: a stranger's random.py replaces nothing of ours."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def said(error: BaseException) -> str:
    """Return an exception in one line."""
    text = " ".join(str(error).split())
    text = text if len(text) <= 160 else f"{text[:160]}..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def needed(function: Callable[..., Any]) -> tuple[list[inspect.Parameter], bool]:
    """Return the parameters that a function wants filled, and whether it takes any others by name.

    Raises:
        NoTarget: it takes none.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # of C
        return [inspect.Parameter("log", inspect.Parameter.POSITIONAL_ONLY)], False
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if not parameters:
        raise NoTarget(f"{name_of(function)}: takes no argument; want one for the log")
    wanted = [p for p in named if p.default is p.empty]
    return wanted or named[:1] or [parameters[0]], any(p.kind is p.VAR_KEYWORD for p in parameters)


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function, or of what can be called like one."""
    return getattr(function, "__name__", type(function).__name__)


def reader(function: Callable[..., Any], channels: Collection[str]) -> Callable[[Log], Any]:
    """Adapt a function to a Log, by the names of the parameters that have no default.

    All of them channels, or `step`: it is given arrays (T,) of the records that all these channels have. One, named df,
    frame or data, or annotated as a DataFrame: a DataFrame of pandas with a column `step`, whose index counts, and one
    for each channel; a cell that was not recorded is NaN. One of any other name: the Log.

    Raises:
        NoTarget: it wants something that no log has.
    """
    wanted, _ = needed(function)
    names = [p.name for p in wanted]
    if all(name in channels or name in STEP for name in names) and names != ["log"]:
        return lambda log: function(**arrays(log, names))
    if len(wanted) > 1:
        odd = [name for name in names if name not in channels and name not in STEP]
        raise NoTarget(
            f"{name_of(function)}: wants {', '.join(odd)}; a parameter without a default is a channel "
            f"({', '.join(('step', *channels))}), or the only one, which is given the log"
        )
    (one,) = wanted
    if one.name.lower() in FRAMES or "DataFrame" in str(one.annotation):
        return lambda log: function(frame(log))
    return lambda log: function(copied(log))


def copied(log: Log) -> Log:
    """Return the same log in arrays of its own: whoever is asked may write into them."""
    return Log({name: Series(curve.steps.copy(), curve.values.copy()) for name, curve in log.channels.items()})


def filler(function: Callable[..., Any], fields: Mapping[str, str], kind: str) -> Callable[[Mapping[str, Any]], Any]:
    """Adapt an estimator to a problem: it is given the fields that its parameters without a default name.

    Raises:
        NoTarget: it wants something that no problem of the kind has.
    """
    wanted, _ = needed(function)
    names = [p.name for p in wanted]
    if names == ["problem"]:
        return lambda problem: function(dict(problem))
    if odd := [name for name in names if name not in fields]:
        raise NoTarget(
            f"{name_of(function)}: wants {', '.join(odd)}; an estimator of {kind} is given {', '.join(fields)}"
        )
    return lambda problem: function(**{name: problem[name] for name in names})


def arrays(log: Log, names: Collection[str]) -> dict[str, np.ndarray]:
    """Return {name: values (T,)} of channels, and of the steps, at the steps that all the channels have.

    Raises:
        LookupError: a channel is missing, as it may be in runs that were recorded.
    """
    if lacking := log.lacking(name for name in names if name not in STEP):
        raise LookupError(lacking.reason)
    asked = [log[name] for name in names if name not in STEP]
    curves = asked or list(log.channels.values())[:1]
    steps = curves[0].steps
    for curve in curves[1:]:
        steps = steps if curve.steps is steps else np.intersect1d(steps, curve.steps)
    made = {}
    for name in names:
        made[name] = steps if name in STEP else log[name].values[np.isin(log[name].steps, steps)]
    return {name: values.copy() for name, values in made.items()}


def frame(log: Log) -> Any:
    """Return a DataFrame of all channels over all steps; NaN where a channel has no record."""
    import pandas as pd

    curves = {name: pd.Series(curve.values, index=curve.steps) for name, curve in log.channels.items()}
    return pd.DataFrame(curves).rename_axis("step").reset_index()
