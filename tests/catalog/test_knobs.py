"""Knobs read from the text of a file are those of the imported setup."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from bestiary.catalog.knobs import KINDS, Knob, knobs_of, parse
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


class Static(NamedTuple):  # static
    network: str = "mlp"  # or "linear": #1 of two
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


def test_units_meanings_and_constants():
    assert parse(SOURCE, "made.py") == (
        Knob("lr", True, "number", -1e-3, "1 / curvature at step 0", ""),
        Knob("noise", True, "number", -2.5, "1", "std of the target from step to step"),
        Knob("plain", True, "number", 1.0, "", ""),
        Knob("network", False, "word", "mlp", "", 'or "linear": #1 of two'),
        Knob("steps", False, "integer", 5000, "step", "length of a run"),
        Knob("log_every", False, "integer", 2, "window", "unused"),
    )


@pytest.mark.parametrize(
    "before, after, says",
    [
        (
            "float = -2.5",
            "float = 2 * SMALL",
            "made.py:10: noise: want a literal or a constant of the file, not 2 * SM",
        ),
        ("float = SMALL", "float = LARGE", "made.py:9: lr: want a literal or a constant of the file, not LARGE"),
        ("int = LONG", "int", "made.py:19: steps: no default"),
        ("noise: float", "noise: complex", "made.py:10: noise: want float, int or str, not complex"),
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
    code = "import sys; from bestiary.catalog.knobs import knobs_of; assert knobs_of('grokking')\n"
    code += "sys.exit(', '.join({'jax', 'numpy', 'bestiary.phenomena.grokking'} & sys.modules.keys()) or 0)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
