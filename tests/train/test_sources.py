"""What decides a run is hashed with all the source that it leads to; what decides none is not."""

import ast
import copy
import dataclasses
import importlib
import inspect
import itertools
import linecache
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import get_type_hints

import jax
import numpy as np
import pytest
import tiny

from bestiary.files import modules
from bestiary.train import jobs, layout
from bestiary.train.campaign import execute
from bestiary.train.jobs import Job, Setup, run_source
from bestiary.train.source import parsed
from bestiary.train.source.imports import imports
from bestiary.train.source.parsed import Unfollowed
from bestiary.train.source.walk import source_of
from bestiary.train.store import Store, machine

SETUP = """
    '''A setup.'''
    import math
    from typing import NamedTuple
    import own.pieces
    from own import pieces as other
    from own.pieces import half as halved

    SCALE = 2.0
    TABLE = {"a": [1, 2]}

    def helper(x):
        '''Prose.'''
        return x * SCALE  # a remark

    class Net(NamedTuple):
        width: int = 3

        def __call__(self, x):
            return helper(x) * self.width

    def loss(params: float, batch, knobs, static) -> float:
        return Net()(params) + own.pieces.third(batch) + other.quarter(1) + halved(2) + TABLE["a"][0]

    def detect(log):
        return halved(log)
"""
NUMBERS = itertools.count()
PIECES = """
    PART = 0.5
    def half(x): return x * PART
    def third(x): return x / 3
    def quarter(x): return x / 4
    def unused(x): return x
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """(changes) -> the module of a setup, written with these changes to its source; each is a package named own."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(*changes):
        folder = tmp_path / str(next(NUMBERS))
        (folder / "own").mkdir(parents=True)
        (folder / "own" / "__init__.py").touch()
        for name, text in (("setup", SETUP), ("pieces", PIECES)):
            source = textwrap.dedent(text)
            for before, after in changes:
                source = source.replace(before, after)
            (folder / "own" / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "own"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        return importlib.import_module("own.setup")

    return write


def hash_of(parts):
    return source_of(parts).code


def hashed(module):
    """The hash of a setup's loss."""
    return hash_of({"loss": module.loss})


@pytest.fixture
def compared(written):
    """(changes) -> whether the hash of the loss is another one with them."""
    before = hashed(written())
    return lambda *changes: hashed(written(*changes)) != before


CHANGES = {
    "the function itself": ('TABLE["a"][0]\n', 'TABLE["a"][1]\n'),
    "a function it names": ("return x * SCALE", "return x + SCALE"),
    "a constant that names": ("SCALE = 2.0", "SCALE = 3.0"),
    "what a constant holds": ('"a": [1, 2]', '"a": [1, 3]'),
    "a method of a class it names": ("helper(x) * self.width", "helper(x) + self.width"),
    "a default of that class": ("width: int = 3", "width: int = 4"),
    "import a.b": ("x / 3", "x / 3.5"),
    "from a import b": ("x / 4", "x / 4.5"),
    "from a.b import c as d": ("def half(x): return x *", "def half(x): return x /"),
    "a constant of another module": ("PART = 0.5", "PART = 0.25"),
}
SAME = {
    "a remark": ("# a remark", "# another"),
    "prose": ("'''Prose.'''", "'''Other prose.'''"),
    "a docstring of the module": ("'''A setup.'''", "'''Another.'''"),
    "an annotation": ("params: float", "params: int"),
    "what the detector says": ("return halved(log)", "return halved(log) + 1"),
    "what nobody names": ("def unused(x): return x", "def unused(x): return -x"),
    "empty lines": ("SCALE = 2.0", "\n\nSCALE = 2.0"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_decides_a_run_is_in_the_hash(compared, change):
    assert compared(change)


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
def test_what_decides_no_run_is_not(compared, change):
    assert not compared(change)


def test_closures_partials_arrays_and_jitted_functions():
    def scaled(factor):
        return lambda x: x * factor

    def power(x, n):
        return x**n

    same = [scaled(2.0), partial(power, n=2), np.arange(3.0), jax.jit(power), (1, {"a": scaled(3.0)})]
    again = [scaled(2.0), partial(power, n=2), np.arange(3.0), jax.jit(power), (1, {"a": scaled(3.0)})]
    other = [scaled(2.5), partial(power, n=3), np.arange(3), jax.jit(scaled(1)), (1, {"a": scaled(4.0)})]
    for a, b, c in zip(same, again, other, strict=True):
        assert hash_of({"x": a}) == hash_of({"x": b}) != hash_of({"x": c})


def test_two_fields_that_change_places_are_another_setup():
    a, b = (lambda x: x), (lambda x: -x)  # on one line: both are hashed with each
    p, q = tiny.BOWL.loss, tiny.KEYS.loss
    assert a is not b
    assert hash_of({"loss": p, "step": q}) != hash_of({"loss": q, "step": p})


def test_what_python_notes_in_a_class_that_is_used_is_not():
    @dataclasses.dataclass
    class Field:
        scale: float = 2.0

    class Held(Sequence):
        def __len__(self):
            return 0

        def __getitem__(self, i):
            raise IndexError(i)

    for cls in (Field, Held):
        before = hash_of({"x": cls()}), hash_of({"x": cls})
        copy.deepcopy(copy.copy(cls())), inspect.signature(cls), isinstance([], cls), get_type_hints(cls)
        assert "__slotnames__" in vars(cls), "copying notes nothing any more: is this test of use?"
        assert (hash_of({"x": cls()}), hash_of({"x": cls})) == before


def test_a_function_without_source_is_not_followed():
    made = {}
    exec("def loss(x):\n    return x", made)
    with pytest.raises(Unfollowed, match="loss"):
        hash_of({"loss": made["loss"]})


def test_a_source_that_changed_since_it_was_imported_is_not_followed(written):
    module = written()
    file = Path(module.__file__)
    file.write_text(file.read_text().replace("return x * SCALE", "return x - SCALE"))
    with pytest.raises(Unfollowed, match=r"helper: its source was changed since it was imported"):
        hashed(module)


@pytest.mark.parametrize("key", sorted(modules("phenomena")))
def test_every_entry_can_be_followed(key):
    p = importlib.import_module(f"bestiary.phenomena.{key}").PHENOMENON
    before = run_source(p).code
    knobs, static = p.knobs._replace(**{p.knobs._fields[0]: 7.0}), p.static._replace(steps=3)
    told = dict.fromkeys(p.units, "mm")
    other = dataclasses.replace(p, detect=len, units=told, figure=(), knobs=knobs, static=static)
    assert run_source(other).code == before
    assert run_source(dataclasses.replace(p, observe=tiny.BOWL.observe)).code != before


def test_the_trainer_is_part_of_the_hash(monkeypatch):
    before = run_source(tiny.BOWL).code
    monkeypatch.setattr("bestiary.train.layout.CPU", layout.CPU._replace(lanes=2))
    assert run_source(tiny.BOWL).code != before
    monkeypatch.undo()
    monkeypatch.setattr(jobs, "SETTLING", 9)
    assert run_source(tiny.BOWL).code != before


def test_another_process_says_the_same():
    code = "from bestiary.phenomena.grokking import PHENOMENON as p\n"
    code += "from bestiary.train.jobs import run_source as h; print(h(p).code)"
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert said == {run_source(importlib.import_module("bestiary.phenomena.grokking").PHENOMENON).code + "\n"}


def test_a_changed_part_is_another_setup_with_other_runs(tmp_path):
    """Runs of one name in one store: those of a changed loss are never served as the other's."""
    store = Store(tmp_path)

    def half(params, batch, knobs, static):
        return tiny.BOWL.loss(params, batch, knobs, static) / 2

    def ran(p):
        setup = Setup.of("bowl", p)
        assert setup.code
        job = Job(setup.name, p, p.static, (p.knobs,), (2,), 0, setup.code)
        ((_, ds),) = execute([job], store)
        return ds

    first, other = ran(tiny.BOWL), ran(dataclasses.replace(tiny.BOWL, loss=half))
    assert not np.array_equal(first["w"], other["w"])
    assert ran(tiny.BOWL)["w"].identical(first["w"])
    assert first.attrs["code"] != other.attrs["code"]


def test_what_cannot_be_followed_is_not_kept_and_that_is_said(tmp_path):
    made = {"bowl": tiny.BOWL.loss}
    exec("def loss(params, batch, knobs, static):\n    return bowl(params, batch, knobs, static) / 2", made)
    setup = Setup.of("mine", dataclasses.replace(tiny.BOWL, loss=made["loss"]))
    assert setup.code == "" and "loss" in setup.unkept
    told, p = [], setup.phenomenon
    job = Job(setup.name, p, p.static, (p.knobs,), (2,), 0, setup.code, unkept=setup.unkept)
    store = Store(tmp_path, told.append)
    ((_, ds),) = execute([job], store)
    assert ds.sizes["seed"] == 2 and list(tmp_path.glob("**/*.nc")) == []
    assert len(set(told)) == 1 and told[0].startswith("mine: not kept, since ") and "loss" in told[0]


def test_a_unit_is_told_as_the_setup_states_it_today(tmp_path):
    store, p = Store(tmp_path), tiny.BOWL
    for unit in ("1", "mm"):
        setup = Setup.of("bowl", dataclasses.replace(p, units={**p.units, "w": unit}))
        job = Job(setup.name, setup.phenomenon, p.static, (p.knobs,), (2,), 0, setup.code)
        ((_, ds),) = execute([job], store)
        assert ds["w"].attrs["units"] == unit
    assert len(list(tmp_path.glob("**/*.nc"))) == 1


def test_every_form_of_import_is_seen():
    tree = parsed.ast.parse(
        "import bestiary.log\nimport bestiary.train.store as s\nfrom bestiary import files\n"
        "from bestiary.train import runs, store\nfrom . import jobs\nfrom ..log import Log\nimport numpy, nowhere\n"
        "def f():\n    from bestiary.catalog.read import select\n"
    )
    found = imports(tree, "bestiary.train.x")
    assert {
        "bestiary.log",
        "bestiary.train.store",
        "bestiary.files",
        "bestiary.train.runs",
        "bestiary.train.jobs",
    } <= found
    assert "bestiary.catalog.read" in found and "nowhere" not in found


def test_packages_that_are_named_are_in_the_address_with_their_versions(monkeypatch):
    import scipy.special

    def loss(params, batch, knobs, static):
        return scipy.special.expit(tiny.BOWL.loss(params, batch, knobs, static))

    setup = Setup.of("bowl", dataclasses.replace(tiny.BOWL, loss=loss))
    assert "scipy" in setup.packages and "scipy" not in Setup.of("bowl", tiny.BOWL).packages
    p = setup.phenomenon
    job = Job(setup.name, p, p.static, (p.knobs,), (2,), 0, setup.code, setup.packages)
    versions = dict(job.cells()[0][0].machine)
    assert versions["scipy"] == scipy.__version__ and versions["numpy"] == np.__version__
    assert dict(machine(["sklearn"]))["sklearn"]


def test_an_import_beside_a_function_in_a_notebook_cell(monkeypatch):
    """A notebook compiles a cell statement by statement, so that the function's code is not that of the whole text."""
    cell, name = "import math\n\ndef root(x):\n    return math.sqrt(x)\n", "/nowhere/ipykernel_1/1.py"
    monkeypatch.setitem(linecache.cache, name, (len(cell), None, cell.splitlines(True), name))
    scope = {"__name__": "__main__"}
    for statement in ast.parse(cell).body:
        exec(compile(ast.Module([statement], []), name, "exec"), scope)
    assert [ast.unparse(node) for node in parsed.definition(scope["root"])] == ["def root(x):\n    return math.sqrt(x)"]
    edited = cell.replace("math.sqrt(x)", "math.sqrt(2 * x)")
    monkeypatch.setitem(linecache.cache, name, (len(edited), None, edited.splitlines(True), name))
    with pytest.raises(Unfollowed, match="its source was changed"):
        parsed.definition(scope["root"])
