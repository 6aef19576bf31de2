"""What a shell offers after a tab: entries, cases, paths, knobs, thresholds. Imports neither JAX nor NumPy.

Every function takes what click gives to a `shell_complete`: (context, parameter, word so far). What comes before the
word is parsed already, as far as it can be. A mistake there is no news at a prompt: nothing is offered.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ZshComplete, add_completion_class

if TYPE_CHECKING:
    from bestiary.catalog.setups.knobs import Knob

FILES, LARGE = 50, 200_000  # files whose functions are offered; [byte] of a file that is read


def entries(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    """Offer keys of the catalog that are not yet there, with their titles."""
    given = ctx.params.get(param.name or "")
    given = given if isinstance(given, tuple) else ()
    return _starting(word, ((key, block.get("title")) for key, block in _catalog(ctx).items() if key not in given))


def entries_or_files(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    """Offer keys of the catalog with their titles, and what the shell finds of files where no key begins so."""
    return entries(ctx, param, word) or [CompletionItem(word, type="file")]


def entries_with_paths(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    """Offer keys of the entries that have a path, with their titles."""
    return _starting(word, ((key, block.get("title")) for key, block in _catalog(ctx).items() if block.get("paths")))


def cases(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    """Offer the cases of the entry, with what each changes."""
    return _starting(word, ((name, _changes(case)) for name, case in _blocks(ctx, "cases")))


def paths(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    """Offer the paths of the entry, with their titles."""
    return _starting(word, ((name, path.get("title")) for name, path in _blocks(ctx, "paths")))


def knobs(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    """Offer NAME= of the entry's knobs and static values that are not yet set, with default, unit and meaning."""
    from bestiary.catalog.setups.knobs import knobs_of

    known: dict[str, Knob] = {}
    try:
        for knob in knobs_of(_entry(ctx)):
            known.setdefault(knob.name, knob)  # where a knob and a static value share a name, the knob is changed
    except ValueError:
        return []
    given = {text.partition("=")[0] for text in ctx.params.get(param.name or "") or ()}
    return _starting(word, ((f"{name}=", _knob_help(knob)) for name, knob in known.items() if name not in given))


def thresholds(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    """Offer DETECTOR.THRESHOLD=, with default, unit and meaning."""
    from bestiary.cli.threshold_text import thresholds_of
    from bestiary.files import modules

    asked = word.partition(".")[0]
    detectors = (name for name in sorted(modules("detectors")) if name.startswith(asked))
    found = ((f"{name}.{t.name}=", t) for name in detectors for t in thresholds_of(name))
    return _starting(
        word, ((value, f"{'from the log' if t.default is None else t.default} {t.meaning}") for value, t in found)
    )


def particles(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    """Offer the particles."""
    from bestiary.catalog.words import Particle

    return _starting(word, ((name, None) for name in get_args(Particle)))


def functions(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    """Offer FILE.py:FUNCTION of the files in the folder of the word, with the first lines of their docstrings."""
    import ast

    folder = Path(word).parent
    offers: list[tuple[str, Any]] = []
    for file in sorted(folder.glob("*.py"))[:FILES] if folder.is_dir() else ():
        try:
            tree = ast.parse(file.read_text("utf-8")) if file.stat().st_size < LARGE else ast.Module([], [])
        except (OSError, ValueError, SyntaxError):  # somebody is writing it
            continue
        of_file = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
        offers += [(f"{file}:{node.name}", (ast.get_docstring(node) or "").partition("\n")[0]) for node in of_file]
    return _starting(word, offers)


def _starting(word: str, offers: Iterable[tuple[str, Any]]) -> list[CompletionItem]:
    return [CompletionItem(value, help=help or None) for value, help in offers if value.startswith(word)]


def _knob_help(knob: Knob) -> str:
    """Default, unit and meaning of a knob."""
    return " ".join(filter(None, [str(knob.default), f"[{knob.unit}]" if knob.unit else "", knob.meaning]))


def _changes(case: dict[str, Any]) -> str:
    """What a case of the catalog changes, in words."""
    values = [f"{name}={value}" for part in ("knobs", "static") for name, value in (case.get(part) or {}).items()]
    control = [f"control: {case['control']}"] if case.get("control") else []
    return "; ".join([*control, ", ".join(values) or "the setup's own values"])


def _entry(ctx: click.Context) -> str:
    """The entry typed before; an option that still lacks its value leaves it among the words not yet parsed."""
    return ctx.params.get("entry") or ctx.params.get("what") or next(iter(ctx.args), "")


def _blocks(ctx: click.Context, field: str) -> list[tuple[str, dict[str, Any]]]:
    """The named blocks of the entry typed before."""
    there = _catalog(ctx).get(_entry(ctx), {}).get(field)
    return (
        [(name, block) for name, block in there.items() if isinstance(block, dict)] if isinstance(there, dict) else []
    )


def _catalog(ctx: click.Context) -> dict[str, dict[str, Any]]:
    """The blocks of the catalog that the command would read, as plain data: its models take as long again."""
    from bestiary.catalog.mistakes import CatalogError
    from bestiary.catalog.parsed import load

    file: Path | None = ctx.params.get("file")
    try:
        data = load(file).data
    except CatalogError:
        return {}
    return {key: block for key, block in data.items() if isinstance(block, dict)}


@add_completion_class
class Bash(BashComplete):
    """No space after `NAME=`: its value follows."""

    source_template = BashComplete.source_template.replace(
        "COMPREPLY+=($value)", "COMPREPLY+=($value)\n            [[ $value == *= ]] && compopt -o nospace"
    )


@add_completion_class
class Zsh(ZshComplete):
    """No space after `NAME=`: its value follows."""

    source_template = ZshComplete.source_template.replace(
        "_describe -V unsorted completions_with_descriptions -U",
        "local -a suffix\n"
        '        [[ "${completions_with_descriptions[1]}" == *=:* ]] && suffix=(-S "")\n'
        '        _describe -V unsorted completions_with_descriptions -U "${suffix[@]}"',
    )


@add_completion_class
class Fish(FishComplete):
    """A help text goes on after its first comma."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')
