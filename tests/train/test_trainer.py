"""The trainer against arithmetic, and seed i as the same run however it is computed."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from layouts import collectives, train

from bestiary.entry import Phenomenon, linear_schedule, log_schedule
from bestiary.train import campaign, layout, one_run, trainer
from bestiary.train.trainer import compile_program

SEEDS = 5
DEVICES = 2  # what conftest.py asks for
# width, lanes, devices; the first is the plainest: one run after the other.
LAYOUTS = [(16, 1, 1), (SEEDS, 1, DEVICES), (16, None, DEVICES), (8, 4, 1)]

built = []  # one item for every program that XLA has made or fetched from its cache
jax.monitoring.register_event_duration_secs_listener(
    lambda name, seconds, **kwargs: built.append(name) if name.endswith("backend_compile_duration") else None
)


def test_the_tests_run_on_several_devices():
    assert jax.local_device_count() == DEVICES


# The same run, however it is computed.


@pytest.fixture(scope="module")
def layouts():
    """{layout: program} of the network."""
    with ThreadPoolExecutor(DEVICES) as pool:
        made = pool.map(lambda size: compile_program(tiny.NET, tiny.NET.static, **sizes(size)), LAYOUTS)
        return dict(zip(LAYOUTS, made, strict=True))


def sizes(layout):
    return dict(zip(("width", "lanes", "devices"), layout, strict=True))


@pytest.fixture(scope="module")
def plain(layouts):
    """The runs that all others must equal."""
    runs = train(layouts[LAYOUTS[0]], [tiny.NET.knobs] * SEEDS, list(range(SEEDS)))
    assert all(np.isfinite(v).all() for v in runs.values())
    assert (runs["loss"][:, -1] < 0.9 * runs["loss"][:, 0]).all()  # it does learn
    assert (runs["bias"][:, 0] == 0).all() and (runs["bias"][:, -1] > 0.01).all()
    assert len({run.tobytes() for run in runs["loss"]}) == SEEDS
    return runs


def test_layouts_are_what_was_asked_for(layouts):
    got = [(p.width, p.lanes) for p in layouts.values()]
    assert got[0] == (16, 1) and got[1] == (6, 1) and got[3] == (8, 4)
    assert got[2][0] >= 16 and got[2][1] > 1, "the trainer's own choice for a small network is several lanes"


def same(runs, plain, lanes):
    for c in plain:
        n = len(runs[c])
        if lanes == 1:
            assert np.array_equal(runs[c], plain[c][:n]), c
        else:
            np.testing.assert_allclose(runs[c], plain[c][:n], rtol=1e-5, atol=1e-6, err_msg=c)


@pytest.mark.parametrize("layout", LAYOUTS[1:], ids=str)
def test_width_lanes_and_devices_change_no_run(layouts, plain, layout):
    program = layouts[layout]
    same(train(program, [tiny.NET.knobs] * SEEDS, list(range(SEEDS))), plain, program.lanes)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_number_of_seeds_changes_no_run(layouts, plain, layout):
    program = layouts[layout]
    same(train(program, [tiny.NET.knobs], [0]), plain, program.lanes)
    last = {c: v[SEEDS - 1 :] for c, v in plain.items()}
    same(train(program, [tiny.NET.knobs], [SEEDS - 1]), last, program.lanes)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_other_settings_change_no_run(layouts, plain, layout):
    program = layouts[layout]
    other = tiny.NetKnobs(lr=0.5, scale=3.0)
    runs = train(program, [other, tiny.NET.knobs] * 2 + [other], [0, 0, 1, 1, 2])
    same({c: v[[1, 3]] for c, v in runs.items()}, plain, program.lanes)
    assert not np.array_equal(runs["loss"][0], runs["loss"][1])


@pytest.mark.parametrize("stops", [range(1, 12), [1, 2, 7, 11], [10, 11]], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS[1:3], ids=str)
def test_chunks_change_no_bit(layouts, layout, stops):
    program, knobs, seeds = layouts[layout], [tiny.NET.knobs] * SEEDS, list(range(SEEDS))
    assert len(program.schedule) == 11
    whole, parts = train(program, knobs, seeds), train(program, knobs, seeds, stops=list(stops))
    assert all(np.array_equal(whole[c], parts[c]) for c in whole)


@pytest.mark.parametrize("fixed", [1, 2, 3, 7])
def test_loops_of_a_fixed_length_change_no_bit(plain, fixed, monkeypatch):
    monkeypatch.setattr(one_run, "fixed_loop", lambda schedule: fixed)  # records are three steps apart
    program = compile_program(replace(tiny.NET), tiny.NET.static, width=SEEDS, lanes=1)
    same(train(program, [tiny.NET.knobs] * SEEDS, list(range(SEEDS))), plain, 1)


def test_a_fixed_loop_takes_the_steps_between_records(monkeypatch):
    assert one_run.fixed_loop(np.arange(0, 100, 10)) == 0
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert one_run.fixed_loop(np.append(np.arange(0, 100, 10), 93)) == 10
    assert one_run.fixed_loop(log_schedule(tiny.Steps(100_000))) == one_run.FIXED
    assert one_run.fixed_loop(np.array([0])) == one_run.FIXED


def test_root_changes_every_run(layouts, plain):
    other = train(layouts[LAYOUTS[0]], [tiny.NET.knobs] * SEEDS, list(range(SEEDS)), root=1)
    assert not {run.tobytes() for run in other["loss"]} & {run.tobytes() for run in plain["loss"]}


def test_devices_exchange_nothing(layouts):
    for shape, program in layouts.items():
        assert collectives(program) == [], shape


EIGHT = """
import sys, jax, layouts, numpy as np, tiny
from jax.sharding import Mesh, PartitionSpec as P
from bestiary.train.trainer import compile_program

assert jax.local_device_count() == 8
arrays = {}
for lanes in (1, 2):
    program = compile_program(tiny.NET, tiny.NET.static, width=16, lanes=lanes, devices=8)
    runs = layouts.train(program, [tiny.NET.knobs] * 16, list(range(16)))
    arrays |= {f"{c}{lanes}": v for c, v in runs.items()}
    assert layouts.collectives(program) == []
# What the search finds where devices do exchange something.
mesh = Mesh(np.array(jax.devices()), ("runs",))
total = jax.shard_map(lambda x: jax.lax.psum(x, "runs"), mesh=mesh, in_specs=P("runs"), out_specs=P())
assert "all-reduce" in jax.jit(total).lower(np.ones(8, np.float32)).compile().as_text()
np.savez(sys.argv[1], **arrays)
"""


def test_eight_devices_change_no_run(plain, tmp_path):
    env = {"JAX_NUM_CPU_DEVICES": "8", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", EIGHT, str(tmp_path / "runs.npz")]
    done = subprocess.run(command, env=os.environ | env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "runs.npz") as saved:
        for lanes in (1, 2):
            same({c: saved[f"{c}{lanes}"][:SEEDS] for c in plain}, plain, lanes)


def test_a_diverging_run_touches_no_other():
    program, n = compile_program(tiny.BOWL, tiny.BOWL.static), 24
    assert program.lanes > 1  # neighbours in one vector, not only one after the other
    knobs = [tiny.BOWL.knobs._replace(lr=0.01 * (i + 1)) for i in range(n)]
    wild = [k._replace(lr=1e30) if i == 2 else k for i, k in enumerate(knobs)]
    calm, mixed = (train(program, some, list(range(n)))["w"] for some in (knobs, wild))
    assert np.isfinite(calm).all() and not np.isfinite(mixed[2, -1])
    others = np.arange(n) != 2
    assert np.array_equal(calm[others], mixed[others])


@pytest.mark.parametrize("shape", LAYOUTS, ids=str)
def test_only_the_blocks_of_runs_that_go_on_are_advanced(layouts, shape):
    program, n = layouts[shape], SEEDS
    rows = program.run(program.start([tiny.NET.knobs] * n, list(range(n)), 0), 0, 4, range(n))
    rows = program.run(rows, 4, 11, [1])
    loss, steps = np.asarray(rows[1]["loss"])[program.positions(n)], np.asarray(rows[0].state.step)
    neighbours = np.arange(n) // program.lanes == 1 // program.lanes
    assert (loss[neighbours, -1] > 0).all() and (loss[~neighbours, 4:] == 0).all() and (loss[:, :4] > 0).all()
    ran = steps[program.positions(n)]
    assert (ran[neighbours] == 30).all() and (ran[~neighbours] == 12).all()
    empty = np.setdiff1d(np.arange(program.width), program.positions(-(-n // program.lanes) * program.lanes))
    assert (steps[empty] == 0).all()  # rows that nobody asked for have not even begun


@pytest.mark.parametrize("lanes", [1, 2])
def test_numbers_in_python_are_taken(lanes):
    """Of what a setup returns, with a row by itself or beside others."""
    plain = {
        "data": lambda key, knobs, static: {"shift": 0.0},
        "init": lambda key, knobs, static: 2.0,
        "calibrate": lambda params, data, knobs, static: knobs._replace(lr=0.25),
    }
    program = compile_program(replace(tiny.BOWL, **plain), tiny.BOWL.static, width=2, lanes=lanes, devices=1)
    curve = train(program, [tiny.BOWL.knobs] * 2, [0, 1])["w"]
    want = 2.0 * (1 - 0.25 * tiny.BOWL.knobs.curvature) ** program.schedule
    np.testing.assert_allclose(curve, [want, want], rtol=1e-5)


# Arithmetic.


def test_gradient_descent_on_a_bowl_is_geometric():
    settings = [tiny.BowlKnobs(lr, h) for lr in (0.01, 0.1, 0.6) for h in (0.5, 2.0)]
    ds = campaign.simulate(tiny.BOWL, settings, seeds=3)
    assert (ds["step"].values == log_schedule(tiny.BOWL.static)).all()
    factor = 1 - (ds["lr"] * ds["curvature"]).values[:, None, None]
    want = ds["w0"].values * factor ** ds["step"].values
    np.testing.assert_allclose(ds["w"].values, want, rtol=1e-5)
    assert len(np.unique(ds["w0"].values[0, :, 0])) == 3
    assert (ds["w0"].values == ds["w"].values[..., :1]).all()  # `start` stays what it was at step 0


def test_knobs_may_be_given_in_natural_units():
    settings = [tiny.BowlKnobs(lr, h) for lr in (0.05, 0.9) for h in (0.01, 40.0)]
    ds = campaign.simulate(replace(tiny.NATURAL, settled=None), settings, seeds=2)
    lr, h = (ds[name].values[:, None, None] for name in ("lr", "curvature"))
    np.testing.assert_allclose(ds["rate"].values, np.broadcast_to(2 * lr / h, ds["rate"].shape), rtol=1e-6)
    want = ds["w0"].values * (1 - 2 * lr) ** ds["step"].values
    np.testing.assert_allclose(ds["w"].values, want, rtol=1e-4)


def test_two_players_spiral_outwards():
    settings = [tiny.PlayersKnobs(lr) for lr in (0.01, 0.1, 0.5)]
    r2 = campaign.simulate(tiny.PLAYERS, settings, seeds=2)["r2"]
    growth = 1 + r2["lr"].values[:, None, None] ** 2
    np.testing.assert_allclose(r2.values, r2.values[..., :1] * growth ** r2["step"].values, rtol=1e-5)


def run_key(seed, root, purpose):
    key = jax.random.fold_in(jax.random.key(root, impl="threefry2x32"), seed)
    return jax.random.fold_in(key, purpose)


def test_a_sweep_without_training():
    ds = campaign.simulate(tiny.SUM, [tiny.SumKnobs(2.0)], seeds=2, root=7)
    assert ds["step"].values.tolist() == [0, 5, 10, 12]
    for seed in range(2):
        numbers = np.asarray(jax.random.uniform(run_key(seed, 7, 0), (12,))) ** 2
        want = [numbers[:n].sum() for n in ds["step"].values]
        np.testing.assert_allclose(ds["sum"].values[0, seed], want, rtol=1e-6)


@pytest.fixture(scope="module")
def subtracted():
    """(seeds, steps): what each step of KEYS drew."""
    ds = campaign.simulate(tiny.KEYS, seeds=3, root=5)
    return -np.diff(ds["w"].values[0].astype(float), axis=1)


def test_a_step_draws_from_the_key_of_its_number(subtracted):
    for seed in range(3):
        keys = jax.vmap(lambda t, seed=seed: jax.random.fold_in(run_key(seed, 5, 2), t))(jnp.arange(6))
        np.testing.assert_allclose(subtracted[seed], jax.vmap(jax.random.uniform)(keys), atol=1e-6)


def test_draws_do_not_depend_on_what_is_recorded(subtracted):
    ds = campaign.simulate(tiny.KEYS, seeds=3, root=5, static=tiny.Steps(steps=6, log_every=4))
    got = (ds["w"].values[0, :, :1] - ds["w"].values[0]).astype(float)
    want = [subtracted[:, :n].sum(1) for n in (0, 4, 6)]
    np.testing.assert_allclose(got.T, want, atol=1e-6)


def test_costly_channels_have_their_own_axis():
    ds = campaign.simulate(tiny.BOWL, seeds=2)
    assert ds["when"].dims == ("setting", "seed", "probe_step") and ds["w"].dims == ("setting", "seed", "step")
    assert ds["probe_step"].values.tolist() == ds["step"].values[::3].tolist()
    assert (ds["when"].values == ds["probe_step"].values).all()


# Schedules.


@pytest.mark.parametrize("steps, every, want", [(10, 5, [0, 5, 10]), (12, 5, [0, 5, 10, 12]), (3, 9, [0, 3])])
def test_linear_schedule(steps, every, want):
    assert linear_schedule(tiny.Steps(steps, every)).tolist() == want


def test_log_schedule():
    marks = log_schedule(tiny.Steps(100_000))
    assert marks[0] == 0 and marks[-1] == 100_000
    assert (np.diff(marks) > 0).all() and 100 < len(marks) <= 201
    late = marks[marks > 1000]
    np.testing.assert_allclose(late[1:] / late[:-1], 100_000 ** (1 / 199), rtol=2e-3)


# Compilation.


def test_sweeping_every_knob_compiles_once():
    campaign.simulate(tiny.BOWL, seeds=2)
    programs, calls = trainer.compiled.total(), len(built)
    assert calls > 0  # the listener hears
    settings = [tiny.BowlKnobs(lr, h) for lr in np.linspace(0.01, 0.3, 5) for h in np.linspace(1, 3, 5)]
    campaign.simulate(tiny.BOWL, settings, seeds=3, root=1)
    campaign.simulate(tiny.BOWL, settings[:1], seeds=20)
    assert trainer.compiled.total() == programs
    assert len(built) == calls


def test_another_static_part_is_another_program_compiled_once():
    before, static = trainer.compiled.total(), tiny.Steps(steps=7)
    with ThreadPoolExecutor(4) as pool:
        programs = list(pool.map(lambda _: compile_program(tiny.PLAYERS, static), range(4)))
    assert trainer.compiled.total() == before + 1
    assert all(p is programs[0] for p in programs)


def test_too_many_rows_are_named():
    program = compile_program(tiny.PLAYERS, tiny.PLAYERS.static)
    n = program.width + 1
    with pytest.raises(ValueError, match=rf"{n} seeds do not fit a program of {program.width} rows"):
        program.start([tiny.PLAYERS.knobs] * n, list(range(n)), 0)


def test_a_setup_without_a_way_to_step_is_refused():
    with pytest.raises(TypeError, match="either loss and optimizer, or a step"):
        replace(tiny.BOWL, optimizer=None)


class Square(NamedTuple):
    n: int
    steps: int = 1
    log_every: int = 1


@jax.jit
def inside(w):
    return jnp.sum((w[:, None] * w) ** 2)


def square_loss(w, data, knobs, static):
    return jnp.sum(w) * inside(jax.lax.stop_gradient(w))


def squares(n: int, **changes) -> tuple[Phenomenon, Square]:
    """A setup whose step holds an array (n, n), but only inside a jitted function."""
    given = {"init": lambda key, knobs, static: jnp.ones(static.n), "loss": square_loss}
    return replace(tiny.BOWL, **given, **changes), Square(n)


def test_lanes_fit_the_cache():
    p, static = squares(100)
    assert layout.working_set(p, static) == 4 * 100**2
    lanes = [layout.default_lanes(*squares(n)) for n in (1, 80, 120, 1000)]
    assert lanes[0] == layout.CPU.lanes and lanes[-1] == 1
    assert layout.CPU.lanes > lanes[1] > lanes[2] > 1
    assert all(n & (n - 1) == 0 for n in lanes)
    p, static = squares(1, lanes=1)
    assert layout.default_lanes(p, static) == 1


def test_on_an_accelerator_what_a_run_begins_with_fits_too(monkeypatch):
    def many(key, knobs, static):
        return jnp.sum(jnp.ones((2**21, static.n)))

    small, large = squares(1), squares(1, data=many)
    assert layout.beginning(*large) == 4 * 2**21
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert layout.default_lanes(*small) == layout.ACCELERATOR.lanes
    assert layout.default_lanes(*large) == layout.ACCELERATOR.lane_bytes // (4 * 2**21)


@pytest.mark.parametrize("devices", [1, 2, 10, 12, 28])
@pytest.mark.parametrize("lanes", [1, 8, 16])
def test_a_program_has_room_for_a_cell_and_for_little_more_than_it_may_hold(devices, lanes):
    for size in (10, 10**4, 10**6, 10**9):
        width = layout.default_width(size, lanes, devices)
        assert width % (devices * lanes) == 0 and width >= layout.ROWS
        assert width <= max(layout.MOST, layout.ROWS + devices * lanes)
        assert width * size <= max(layout.HELD, (layout.ROWS + devices * lanes) * size)


@pytest.mark.parametrize(
    ("observe", "text"),
    [
        (
            lambda state, data, knobs, static: jnp.zeros(()),
            "observe returns a scalar of shape (); want {channel: scalar}",
        ),
        (
            lambda state, data, knobs, static: {"loss": jnp.zeros(3)},
            "observe: channel 'loss' has shape (3,); want a scalar",
        ),
    ],
)
def test_a_setup_that_cannot_be_recorded_is_refused_by_name(observe, text):
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        campaign.simulate(replace(tiny.BOWL, observe=observe), seeds=2)
