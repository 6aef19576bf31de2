"""What can be wrong with a catalog, in words: its form and its consistency."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from bestiary.catalog.drafts import TODO, unfilled
from bestiary.catalog.entries import Entry
from bestiary.catalog.mistakes import Mistake, Path_, Source, kind, nearest

RENAMED = {"shape": "static"}  # fields that an older edition called otherwise
CITED = re.compile(r"\b[a-z]{2,}(?:19|20)\d\d[a-z]*\b")  # a key of references.bib in the words of a `where`


def form(error: ValidationError, source: Source) -> Iterator[Mistake]:
    """List pydantic's complaints, each at its place."""
    complaints = error.errors(include_url=False)
    meant = set()  # a misspelt field is one mistake, not also a missing one
    for c in complaints:
        if c["type"] == "extra_forbidden":
            last, known = c["loc"][-1], _fields(c["loc"])
            new = RENAMED.get(str(last))
            hint = f"; it is called {new!r} now" if new in known else nearest(last, known)
            meant.add((*c["loc"][:-1], hint.split("'")[1] if hint else None))
            yield source.mistake(c["loc"], f"unknown field {c['loc'][-1]!r}{hint}", key=True)
    for c in complaints:
        path = c["loc"]
        if c["type"] == "extra_forbidden" or (c["type"] == "missing" and path in meant):
            continue
        if c["type"] == "too_short" and c["input"]:  # it counts the items that are well formed
            continue
        on_key = path[-1] == "[key]" or (c["type"] == "missing" and isinstance(path[-1], str))
        if on_key or c["type"] == "missing":
            path = path[:-1]
        for text in _words(c).split("\n"):
            yield source.mistake(path, text, key=on_key)


def _fields(path: Path_) -> Collection[str]:
    """The fields that may stand where the path ends, as in x.title or x.paths.a.rungs[0].claims[1].of."""
    model: type[BaseModel] = Entry
    at_key = False  # of a mapping or a list
    for part in path[1:-1]:
        if at_key:
            at_key = False
            continue
        annotation = model.model_fields[str(part)].annotation
        inner = next(_models(annotation))
        model, at_key = inner, annotation is not inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field's type names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _words(c: Any) -> str:
    """One complaint in words."""
    value, context, last = c["input"], c.get("ctx", {}), c["loc"][-1]
    shown = repr(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else kind(value)
    match c["type"]:
        case "missing":
            return "want two numbers, [low, high]" if isinstance(last, int) else f"missing field {last!r}"
        case "too_long":
            return "want two numbers, [low, high]"
        case "too_short":
            return "want at least one"
        case "float_type" | "int_type":
            if isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value):
                return f"text where a number is due: write {value}, not {value!r}"
            return f"want {'a number' if c['type'] == 'float_type' else 'an integer'}, not {shown}"
        case "finite_number":
            return "want a finite number"
        case "less_than_equal":
            return f"{value} is above {context['le']:g}"
        case "greater_than_equal":
            return f"{value} is below {context['ge']:g}"
        case "string_type":
            return f"want text, not {shown}" + ("" if isinstance(value, dict | tuple) else "; put it in quotes")
        case "string_too_short":
            return "empty text"
        case "string_pattern_mismatch":
            return f"{value!r} is not in snake_case"
        case "literal_error":
            options = re.findall(r"'([^']*)'", context["expected"])
            return f"{shown} is not one of {', '.join(options)}{nearest(value, options)}"
        case "dict_type" | "model_type":
            return f"want a mapping, not {shown}"
        case "tuple_type":
            return f"want a list, not {shown}"
        case "value_error":
            return str(context["error"])
        case _:
            return c["msg"]


def consistency(
    data: dict[str, Any],
    source: Source,
    phenomena: Collection[str],
    detectors: Collection[str],
    references: Collection[str],
    questions: Collection[str],
) -> Iterator[Mistake]:
    """List what one field cannot know: order, files, references, controls. What is malformed is left to `form`."""
    keys = list(data)
    for before, key in pairwise(keys):
        if key < before:
            yield source.mistake((key,), f"out of order: {key!r} sorts before {before!r}", key=True)
    for key, block in data.items():
        if key not in phenomena:
            yield source.mistake((key,), f"no file phenomena/{key}.py{nearest(key, phenomena)}", key=True)
        if isinstance(block, dict):
            yield from _files(key, block, source, detectors)
            yield from _named((key, "references"), block, source, references, "references.bib")
            yield from _named((key, "open"), block, source, questions, "open_questions.json")
            yield from _cited((key,), block, source, references)
            yield from _partners(key, block, source, keys)
            yield from _one_figure(key, block, source)
            if block.get("status") == "draft":
                continue
            for path in unfilled(block, (key,)):
                yield source.mistake(path, f"still {TODO}: write it, or go back to `status: draft`")
            yield from _empty(key, block, source)
            if isinstance(block.get("cases"), dict):
                yield from _controls((key, "cases"), block["cases"], source)


def _one_figure(key: str, block: dict[str, Any], source: Source) -> Iterator[Mistake]:
    """Laws, boundaries and paths of one name, which would have one file docs/figures/maps/KEY-NAME.png."""
    first: dict[str, str] = {}
    for section, one in (("laws", "law"), ("boundaries", "boundary"), ("paths", "path")):
        named = block.get(section)
        for name in named if isinstance(named, dict) else ():
            if name in first:
                text = f"a {first[name]} is called {name!r} too, and their figures would have one file; rename one"
                yield source.mistake((key, section, name), text, key=True)
            first.setdefault(name, one)


def _empty(key: str, block: dict[str, Any], source: Source) -> Iterator[Mistake]:
    """References and claims that only a draft may lack."""
    if block.get("references") == ():
        yield source.mistake((key, "references"), "want at least one")
    cases = block.get("cases")
    for name, case in cases.items() if isinstance(cases, dict) else ():
        if isinstance(case, dict) and case.get("claims") == ():
            yield source.mistake((key, "cases", name, "claims"), "want at least one")


def _files(key: str, block: dict[str, Any], source: Source, detectors: Collection[str]) -> Iterator[Mistake]:
    own = block.get("detector")
    if isinstance(own, str) and own not in detectors:
        yield source.mistake((key, "detector"), f"no file detectors/{own}.py{nearest(own, detectors)}")
    also = block.get("also_fires")
    for name in also if isinstance(also, dict) else ():
        place = (key, "also_fires", name)
        if name == own:
            yield source.mistake(place, f"{name!r} is the entry's own detector", key=True)
        elif name not in detectors:
            yield source.mistake(place, f"no file detectors/{name}.py{nearest(name, detectors)}", key=True)


def _named(path: Path_, block: dict[str, Any], source: Source, known: Collection[str], file: str) -> Iterator[Mistake]:
    """Names of a list of the block that a file does not have."""
    listed = block.get(str(path[-1]))
    for i, name in enumerate(listed if isinstance(listed, tuple) else ()):
        if isinstance(name, str) and name not in known:
            yield source.mistake((*path, i), f"no {name!r} in {file}{nearest(name, known)}")


def _cited(path: Path_, block: Any, source: Source, references: Collection[str]) -> Iterator[Mistake]:
    """Works named in a `where`, anywhere in a block, that the bibliography lacks; published numbers that name none."""
    inner = block.items() if isinstance(block, dict) else enumerate(block) if isinstance(block, tuple) else ()
    for name, value in inner:
        if name == "where" and isinstance(value, str):
            for key in CITED.findall(value):
                if key not in references:
                    hint = nearest(key, references)
                    yield source.mistake((*path, name), f"no {key!r} in references.bib{hint}")
        else:
            yield from _cited((*path, name), value, source, references)
            said = value.get("where") if name == "published" and isinstance(value, dict) else None
            if isinstance(said, str) and not CITED.search(said):
                yield source.mistake((*path, name, "where"), "name the work: a key of references.bib")


def _partners(key: str, block: dict[str, Any], source: Source, keys: Collection[str]) -> Iterator[Mistake]:
    """Partners in one word that are no entries: a feature that is none is told in several words."""
    pairs = block.get("interactions")
    for name, pair in pairs.items() if isinstance(pairs, dict) else ():
        other = pair.get("with") if isinstance(pair, dict) else None
        if isinstance(other, str) and other and " " not in other and other not in keys:
            hint = nearest(other, keys) or "; tell what is no entry in several words"
            yield source.mistake((key, "interactions", name, "with"), f"no entry {other!r}{hint}")
        elif other == key:
            yield source.mistake((key, "interactions", name, "with"), "an entry with itself; name what is added to it")


def _controls(path: Path_, cases: dict[str, Any], source: Source) -> Iterator[Mistake]:
    """At least one positive and one control, each with a rate of `found`; the controls' below the positives'."""
    controls = [name for name, case in cases.items() if isinstance(case, dict) and "control" in case]
    if not controls:
        yield source.mistake(path, "no control; add a case with one cause removed (`control: what`)", key=True)
    if len(controls) == len(cases):
        yield source.mistake(path, "no positive case; add a case without `control`", key=True)
    rates: list[tuple[bool, Path_, tuple[float, float]]] = []  # (is a control, where, interval)
    for name, case in cases.items():
        claims = case.get("claims") if isinstance(case, dict) else None
        if not isinstance(claims, tuple):
            continue
        of_found = [(i, c) for i, c in enumerate(claims) if isinstance(c, dict) and c.get("of") == "found"]
        if claims and not of_found:
            text = "no rate of `found`; say how often the detector fires"
            yield source.mistake((*path, name, "claims"), text, key=True)
        for i, claim in of_found:
            rate = claim.get("rate")
            if isinstance(rate, tuple) and len(rate) == 2 and all(isinstance(end, int | float) for end in rate):
                rates.append((name in controls, (*path, name, "claims", i, "rate"), rate))
    lowest = min((rate[0] for control, _, rate in rates if not control), default=math.inf)
    for control, where, rate in rates:
        if control and rate[1] >= lowest:
            text = f"a control must be found less often than a positive case, which claims {lowest:g} or more"
            yield source.mistake(where, text)
