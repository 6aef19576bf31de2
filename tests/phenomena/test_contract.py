"""Contract every entry keeps. A new file in phenomena/ is picked up without touching this one."""

import inspect
import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
import xarray as xr
from layouts import short as few_steps
from traced import draws, equations, largest_constant, reads

from bestiary.catalog import axes as grid
from bestiary.catalog.read import read_catalog
from bestiary.entry import Phenomenon
from bestiary.files import modules
from bestiary.log import Finding, Log, State
from bestiary.train import runs, trainer
from bestiary.train.campaign import simulate
from bestiary.train.contract import check_channels

DRAWS, CONSTANT = 2, 4096
RECORDS, SEEDS = 8, 2
MACHINE = {"width": SEEDS, "lanes": 1, "devices": 1}  # of every run here: one program for an entry
RESERVED = {"setting", "seed", "step", "probe_step", "last_step"}  # names of a dataset's own axes
LAPACK = {"cholesky", "eig", "eigh", "geqrf", "hessenberg", "householder_product", "lu", "ormqr", "qr", "schur", "svd"}
KEYS = sorted(modules("phenomena"))


class Entry(NamedTuple):
    module: ModuleType
    p: Phenomenon
    static: NamedTuple  # with few records
    program: Future


short = cache(partial(few_steps, records=RECORDS))


@pytest.fixture(scope="module")
def programs(request):
    """{key: the program being compiled}, of the entries that the chosen tests are about."""
    # Compiling is most of the time here, and half of compiling is optimising.
    jax.config.update("jax_disable_most_optimizations", True)
    chosen = {
        i.callspec.params["entry"]
        for i in request.session.items
        if i.module is request.module and "entry" in i.fixturenames
    }
    with ThreadPoolExecutor(2) as pool:
        yield {key: pool.submit(compile_short, key) for key in KEYS if key in chosen}
    jax.config.update("jax_disable_most_optimizations", False)


def compile_short(key: str) -> trainer.Program:
    p = import_module(f"bestiary.phenomena.{key}").PHENOMENON
    return trainer.compile_program(p, short(p), **MACHINE)


@pytest.fixture(scope="module", params=KEYS)
def entry(request, programs) -> Entry:
    module = import_module(f"bestiary.phenomena.{request.param}")
    return Entry(module, module.PHENOMENON, short(module.PHENOMENON), programs[request.param])


@pytest.fixture(scope="module")
def ds(entry) -> xr.Dataset:
    entry.program.result()
    return simulate(entry.p, seeds=SEEDS, static=entry.static, **MACHINE)


def everything(p: Phenomenon, static, knobs, seed, root):
    """All that is computed in a run's first step."""
    carry = trainer.begin_run(p, static, knobs, seed, root)
    state = trainer.step_run(p, static, carry)
    seen = [f(state, carry.data, carry.knobs, static) for f in (p.observe, p.probe) if f is not None]
    return carry.data, state.params, state.opt, seen


@cache
def closed(p: Phenomenon, static):
    return jax.make_jaxpr(partial(everything, p, static))(p.knobs, 0, 0)


def test_every_entry_is_found():
    folder = Path(inspect.getfile(import_module("bestiary.phenomena"))).parent
    assert sorted(f.stem for f in folder.glob("*.py") if f.stem != "__init__") == KEYS and len(KEYS) >= 3


# The file.


@pytest.mark.parametrize("word", ["Setup.", "Claim.", "Control.", "Source."])
def test_docstring_has_its_parts(entry, word):
    assert f"\n\n{word} " in entry.module.__doc__


def test_knobs_are_floats_and_static_values_are_integers_or_words(entry):
    assert {type(v) for v in entry.p.knobs} <= {float} and len(entry.p.knobs) > 0
    assert {type(v) for v in entry.p.static} <= {int, str}
    assert {"steps", "log_every"} <= set(entry.p.static._fields)


def test_fields_are_functions_of_a_module(entry):
    """Found by name: so a setup can be shown, and its sources followed from one function to the next."""
    for field in fields(entry.p):
        function = getattr(entry.p, field.name)
        function = function.func if isinstance(function, partial) else function
        if callable(function) and not isinstance(function, type):
            assert getattr(import_module(function.__module__), function.__name__, None) is function, field.name


# What it records.


def test_channels_are_scalars_with_a_unit(entry):
    carry = jax.eval_shape(partial(trainer.begin_run, entry.p, entry.static), entry.p.knobs, 0, 0)
    check_channels(entry.p, entry.static, carry.state, carry.data, carry.knobs, exact_units=True)


def test_channels_are_finite_from_the_second_record_on(ds):
    """A quantity of the last step has no value before the first."""
    assert len(ds.data_vars) > 0
    early = {name: ds[name].values[0, :, 1] for name in ds.data_vars if ds[name].shape[-1] > 1}
    early |= {name: ds[name].values[0, :, 0] for name in ds.data_vars if ds[name].shape[-1] == 1}
    assert {name: v.tolist() for name, v in early.items() if not np.isfinite(v).all()} == {}


def test_exact_units_is_a_text_that_the_runs_carry(entry, ds):
    assert {name: ds[name].attrs["units"] for name in ds.data_vars} == dict(entry.p.units)
    assert all(isinstance(unit, str) for unit in entry.p.units.values())


def test_figure_shows_channels(entry):
    figure = entry.p.figure
    assert isinstance(figure, tuple) and figure and len(set(figure)) == len(figure)


def test_no_name_is_used_twice(entry, ds):
    assert not (set(ds.data_vars) | RESERVED) & set(entry.p.knobs._fields)
    assert not set(ds.data_vars) & RESERVED


def test_schedule(entry):
    for static in (entry.static, entry.p.static):
        marks = np.asarray(entry.p.schedule(static))
        assert marks[0] == 0 and marks.dtype.kind == "i" and (np.diff(marks) > 0).all()


def test_seeds_differ(ds):
    assert any(not np.array_equal(*ds[name].values[0], equal_nan=True) for name in ds.data_vars)


# How it computes.


def test_one_program_for_all_knobs(entry, ds):
    p, before = entry.p, trainer.compiled[entry.p]  # others may compile meanwhile
    moved = [p.knobs._replace(**{name: 0.9 * value or 0.1}) for name, value in p.knobs._asdict().items()]
    several = simulate(p, moved, seeds=SEEDS, static=entry.static, **MACHINE)
    assert trainer.compiled[p] == before and several.sizes["setting"] == len(p.knobs)
    for i, name in enumerate(p.knobs._fields):
        assert np.float32(several[name].values[i]) == np.float32(moved[i][i]) != np.float32(ds[name].values[0])


def test_every_knob_does_something(entry):
    """In the default static part, or in one of those in which the catalog claims something."""
    p, unread = entry.p, set(entry.p.knobs._fields)
    for static in claimed_statics(entry):
        if unread:
            used = reads(partial(everything, p, static), p.knobs, 0, 0)
            unread -= {name for name, use in zip(p.knobs._fields, used, strict=False) if use}
    assert unread == set()


def test_whatever_is_claimed_can_be_built(entry):
    for static in claimed_statics(entry):
        carry = jax.eval_shape(partial(trainer.begin_run, entry.p, static), entry.p.knobs, 0, 0)
        check_channels(entry.p, static, carry.state, carry.data, carry.knobs)
        jax.eval_shape(partial(trainer.step_run, entry.p, static), carry)


def claimed_statics(entry):
    """The default static part, and those of the cases, laws, boundaries, rungs and interactions."""
    p, own, found = entry.p, entry.p.static, [entry.p.static]
    for block in blocks(entry):
        found += [own._replace(**case.static) for case in block.cases.values()]
        for line in (*block.laws.values(), *block.boundaries.values()):
            there = grid.points([grid.fit(line.axis, p)], p.knobs, own._replace(**line.static))
            found += [point.static for point in there]
        for pair in block.interactions.values():
            of_a = own._replace(**pair.static)
            of_both = of_a._replace(**pair.with_b.static)
            axis = grid.fit(pair.axis, p)
            found += [of_a._replace(**pair.without_a.static), of_both._replace(**pair.without_a.static)]
            found += [point.static for point in grid.points([axis], p.knobs, of_both)]
        for trail in block.paths.values():
            rung = own
            for step in trail.rungs:
                found.append(rung := rung._replace(**step.static))
    return dict.fromkeys(found)


def blocks(entry):
    """The entry's block of the catalog, if it has one."""
    key, known = entry.module.__name__.rpartition(".")[2], whole_catalog()
    return [known[key]] if key in known else []


whole_catalog = cache(read_catalog)


def test_init_draws_at_most_twice(entry):
    p = entry.p
    assert draws(lambda key, knobs: p.init(key, knobs, entry.static), jax.random.key(0), p.knobs) <= DRAWS


def test_data_are_returned_not_closed_over(entry):
    """A constant is folded into the program at every compilation, for every run anew."""
    assert largest_constant(partial(everything, entry.p, entry.p.static), entry.p.knobs, 0, 0) <= CONSTANT


def test_lapack_runs_alone(entry):
    """LAPACK's batched routines can deadlock with several CPU devices: such an entry sets lanes=1."""
    used = {eqn.primitive.name for eqn in equations(closed(entry.p, entry.static))} & LAPACK
    assert not used or entry.p.lanes == 1, used


# What it finds.


def test_detector_reads_the_log(entry, ds):
    for log in runs.logs(ds):
        finding = entry.p.detect(log)
        assert isinstance(finding, Finding) and isinstance(finding.state, State) and finding.reason
        assert finding.found == math.isfinite(finding.onset)
        assert all(type(e.unit) is str and np.ndim(e.value) == 0 for e in finding.effects.values())
        assert entry.p.settled is None or isinstance(entry.p.settled(log), bool | np.bool_)


def test_detector_says_that_an_empty_log_lacks_its_channels(entry, ds):
    for log in (Log({}), Log.of([], **{name: [] for name in ds.data_vars})):
        finding = entry.p.detect(log)
        assert finding.state is State.NOT_APPLICABLE and finding.reason


# The contract's own instruments.


def test_instruments_see():
    big = np.arange(CONSTANT + 1.0)
    for inside in (lambda f: f, jax.jit, lambda f: lambda x: jax.lax.fori_loop(0, 3, lambda i, y: f(y), x)):
        assert largest_constant(inside(lambda x: x + jnp.asarray(big).sum()), 1.0) == big.size
        assert largest_constant(inside(lambda x: x + 2.0), 1.0) <= 1
        assert draws(inside(lambda x: x + jax.random.normal(jax.random.key(0))), 1.0) == 1
    assert reads(lambda a, b, c: (a + 0 * b, 1.0), 1.0, 2.0, 3.0) == [True, True, False]
    matrix = np.eye(4, dtype=np.float32)
    for name in ("cholesky", "eigh", "eigvalsh", "svd", "qr", "inv", "det"):
        jaxpr = jax.make_jaxpr(getattr(jnp.linalg, name))(matrix)
        assert {eqn.primitive.name for eqn in equations(jaxpr)} & LAPACK, name
    assert [len(p.schedule(short(p))) for p in (tiny.BOWL, tiny.NATURAL)] == [8, 8]
