"""Knobs read from the text of a file are those of the imported setup."""

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from typing import Literal

import pytest

from bestiary.catalog.setups import ranges
from bestiary.catalog.setups.knobs import KINDS, Knob, knobs_of, parse, words_of
from bestiary.catalog.values import defaults, misfit, wrong
from bestiary.files import modules

KEYS = sorted(modules("phenomena"))

SOURCE = '''
LONG: int = 5_000
SMALL = -1e-3


class Knobs(NamedTuple):
    """Traced."""

    lr: float = SMALL  # [1 / curvature at step 0]
    noise: float = -2.5  # [1] std of the target
    # from step to step

    # A heading of what follows.
    plain: float = 1.0
    kept: float = 0.5  # [share]
    beta: float = 0.9  # [1] memory;
    # >= 0 and < 1


class Static(NamedTuple):  # static
    network: Literal["mlp", "linear"] = "mlp"  # or "linear": #1 of two
    label: str = "any"
    pairs: int = 4  # [pair] even
    steps: int = LONG
    log_every: int = 2  # [window] unused
'''


@pytest.mark.parametrize("key", KEYS)
def test_names_order_and_defaults_are_those_of_the_setup(key):
    p = import_module(f"bestiary.phenomena.{key}").PHENOMENON
    read = knobs_of(key)
    assert [(k.name, k.default) for k in read if k.traced] == list(p.knobs._asdict().items())
    assert [(k.name, k.default) for k in read if not k.traced] == list(p.static._asdict().items())
    for knob in read:
        value = getattr(p.knobs if knob.traced else p.static, knob.name)
        assert knob.kind == KINDS[type(value).__name__]
        assert misfit(knob, value) is None
    assert list(wrong(read, defaults(read), defaults(read))) == []


@pytest.mark.parametrize("key", KEYS)
def test_every_traced_knob_has_a_unit(key):
    assert [knob.name for knob in knobs_of(key) if knob.traced and not knob.unit] == []


@pytest.mark.parametrize("key", KEYS)
def test_every_knob_and_static_value_has_a_meaning(key):
    assert [knob.name for knob in knobs_of(key) if not knob.meaning] == []


def listed(meaning):
    """Return the words that a comment explains, as `word: meaning; word: meaning`."""
    return {part.partition(": ")[0] for part in meaning.split("; ") if ": " in part}


def compared(module, name):
    """Return the words that a module looks for: in `static.name == word` and in `{word: ...}[static.name]`."""
    words = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        match node:
            case ast.Compare(left=asked, comparators=[ast.Constant(value=word)]):
                found = {word}
            case ast.Subscript(value=ast.Dict(keys=keys), slice=asked):
                found = {key.value for key in keys if isinstance(key, ast.Constant)}
            case _:
                continue
        if ast.unparse(asked) == f"static.{name}":
            words |= found
    return words


CHOICES = [(key, knob) for key in KEYS for knob in knobs_of(key) if knob.kind == "word"]


@pytest.mark.parametrize("key, choice", CHOICES, ids=[f"{key}.{choice.name}" for key, choice in CHOICES])
def test_the_words_of_a_choice_are_all_explained(key, choice):
    searched = compared(import_module(f"bestiary.phenomena.{key}"), choice.name)
    assert searched
    assert {choice.default} | searched <= listed(choice.meaning)


@pytest.mark.parametrize("key, choice", CHOICES, ids=[f"{key}.{choice.name}" for key, choice in CHOICES])
def test_the_words_of_a_choice_are_those_that_are_explained(key, choice):
    assert set(choice.words) == listed(choice.meaning)


def test_units_meanings_and_constants():
    count, up_to_steps = ranges.trailing(">= 1"), ranges.trailing("1 to static.steps")
    assert parse(SOURCE, "made.py") == (
        Knob("lr", True, "number", -1e-3, "1 / curvature at step 0", ""),
        Knob("noise", True, "number", -2.5, "1", "std of the target from step to step"),
        Knob("plain", True, "number", 1.0, "", ""),
        Knob("kept", True, "number", 0.5, "share", "", ranges=ranges.trailing("0 to 1")),
        Knob("beta", True, "number", 0.9, "1", "memory; >= 0 and < 1", ranges=ranges.trailing(">= 0 and < 1")),
        Knob("network", False, "word", "mlp", "", 'or "linear": #1 of two', ("mlp", "linear")),
        Knob("label", False, "word", "any", "", ""),
        Knob("pairs", False, "integer", 4, "pair", "even", ranges=(*ranges.trailing("even"), *count)),
        Knob("steps", False, "integer", 5000, "step", "length of a run", ranges=count),
        Knob("log_every", False, "integer", 2, "window", "unused", ranges=count),
    )
    assert parse(SOURCE.replace("  # [window] unused", ""), "made.py")[-1].ranges == up_to_steps


@pytest.mark.parametrize("key", KEYS)
def test_every_number_says_where_it_may_lie(key):
    """But the presets, which are scores of any sign."""
    assert [k.name for k in knobs_of(key) if not k.allowed and k.name != "preset"] == []


@pytest.mark.parametrize("key", KEYS)
def test_no_range_stands_where_it_is_not_read(key):
    """A mistyped clause would silently be prose: what begins as a range does is one."""
    clauses = [c for k in knobs_of(key) for c in k.meaning.split("; ") if re.match(r"[<>]|-?\d[\d.]*( to | or |,)", c)]
    assert [clause for clause in clauses if ranges.read(clause) is None] == []


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Literal["a", "b"], ("a", "b")),
        ('Literal["a", "b"]', ("a", "b")),
        ('typing.Literal["a"]', ("a",)),
        ("Literal[1, 2]", ()),
        (Literal["a", 1], ()),
        ("str", ()),
        (str, ()),
        (None, ()),
    ],
)
def test_words_are_those_of_a_literal(annotation, words):
    assert words_of(annotation) == words


@pytest.mark.parametrize(
    "before, after, says",
    [
        (
            "float = -2.5",
            "float = 2 * SMALL",
            "made.py:10: noise: want a literal or a constant of the file, not 2 * SM",
        ),
        ("float = SMALL", "float = LARGE", "made.py:9: lr: want a literal or a constant of the file, not LARGE"),
        ("int = LONG", "int", "made.py:24: steps: no default"),
        ("noise: float", "noise: complex", "made.py:10: noise: want float, int, str or Literal of words, not complex"),
        ('"mlp"  #', '"mpl"  #', "made.py:21: network: the default 'mpl' is not one of mlp, linear"),
        ("class Static", "class Shape", "made.py: no class Static"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(before, after, says):
    assert before in SOURCE
    with pytest.raises(ValueError) as raised:
        parse(SOURCE.replace(before, after), "made.py")
    assert str(raised.value).startswith(says)


@pytest.mark.parametrize("key", ["grokkin", "../phenomena/grokking", "__init__"])
def test_only_an_entry_has_knobs(key):
    with pytest.raises(ValueError, match=f"{key}.py"):
        knobs_of(key)


def test_no_setup_is_imported():
    code = "import sys; from bestiary.catalog.setups.knobs import knobs_of; assert knobs_of('grokking')\n"
    code += "sys.exit(', '.join({'jax', 'numpy', 'bestiary.phenomena.grokking'} & sys.modules.keys()) or 0)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
