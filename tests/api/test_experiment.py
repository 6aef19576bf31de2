"""An entry from Python: its runs as a data set, findings as a table, another part as another setup."""

import copy
import inspect
import json
import math
import pickle
from dataclasses import replace
from functools import partial

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import tiny
import xarray as xr

import bestiary
from bestiary.log import Finding, State
from bestiary.train import runs
from bestiary.train.store import Store

SCALE = 1.0


def scaled(params, batch, knobs, static):
    return tiny.bowl_loss(params, batch, knobs, static) * SCALE


def with_steps(state, data, knobs, static):
    return tiny.bowl_observe(state, data, knobs, static) | {"steps": jnp.float32(static.steps)}


def test_turned_knobs_are_dims_and_the_others_coordinates(entry, ds):
    assert ds["weight"].dims == ("lr", "seed", "step") and ds["state"].dims == ("lr", "seed")
    assert ds.sizes["lr"] == 2 and ds.sizes["seed"] == 3 and ds["step"].values[-1] == 300
    assert float(ds["scatter"]) == entry.phenomenon.knobs.scatter
    assert ds["weight"].attrs["units"] == entry.phenomenon.units["weight"]
    assert (ds["state"].sel(lr=1.2) == "found").all() and (ds["state"].sel(lr=0.9) == "absent").all()
    one = entry.run(seeds=2, steps=300, progress=False)
    assert one["weight"].dims == ("seed", "step") and one["state"].dims == ("seed",)


def test_where_to_train_is_a_place_or_a_client(entry):
    ask = {"steps": 100, "progress": False}
    assert entry.run(seeds=1, executor="local", **ask).sizes["seed"] == 1
    for call in (
        entry.run,
        entry.check,
        partial(entry.map, lr=[0.9, 1.2]),
        partial(bestiary.simulate, entry.phenomenon),
    ):
        with pytest.raises(ValueError, match=r"^nowhere: want local, dask, dask://local:4, tcp://host:port"):
            call(executor="nowhere")
        with pytest.raises(TypeError, match="executor: want a place as a string or a distributed"):
            call(executor=4)


def test_a_knob_is_a_float_however_it_is_given(entry):
    whole = entry.run(lr=[1, 2], seeds=1, steps=100, progress=False)
    assert whole["lr"].dtype == np.float64
    assert entry.run(lr=1, seeds=1, steps=100, progress=False)["lr"].dtype == np.float64
    assert entry.run(steps=[100, 200], seeds=1, progress=False)["steps"].dtype == np.int64


@pytest.mark.parametrize("scalar", [np.float32(1.1), np.array(1.1), jnp.float32(1.1), jnp.array(1.1)])
def test_scalars_and_arrays_of_any_library(entry, scalar):
    one = entry.run(lr=scalar, seeds=1, root=np.int64(1), steps=100, progress=False)
    assert one["weight"].dims == ("seed", "step") and float(one["lr"]) == pytest.approx(1.1)
    several = entry.run(lr=jnp.array([0.9, 1.1]), seeds=np.int64(1), steps=np.int64(100), progress=False)
    assert several["lr"].values.tolist() == [0.9, 1.1]  # so that .sel(lr=1.1) finds it


def test_roots_of_a_check_in_any_form(entry):
    for roots in (np.int64(1), range(1, 2), np.array([1])):
        assert entry.check(root=roots, seeds=2, progress=False).to_frame()["root"].unique().tolist() == [1]


def test_a_constant_that_a_function_reads_is_read_again(cache, monkeypatch):
    """A cell of a notebook that sets it and runs again must not get the runs of before."""
    mine = bestiary.Experiment(replace(tiny.BOWL, loss=scaled), "scaled", cache=cache)
    ran = [mine.run(seeds=1, progress=False)["w"].values]
    for value in (2.0, 1.0):
        monkeypatch.setitem(globals(), "SCALE", value)
        ran.append(mine.run(seeds=1, progress=False)["w"].values)
    assert not np.array_equal(ran[0], ran[1])
    np.testing.assert_array_equal(ran[0], ran[2])


def test_runs_are_the_trainers_own(entry, ds):
    p = entry.phenomenon
    plain = bestiary.simulate(p, [p.knobs._replace(lr=1.2)], seeds=3, static=p.static._replace(steps=300))
    np.testing.assert_array_equal(ds["weight"].sel(lr=1.2), plain["weight"].isel(setting=0))


def test_findings_stand_beside_the_curves(entry, ds):
    told = entry.detect(ds)
    assert len(told) == 6 and told.rate() == 0.5
    frame = told.to_frame()
    assert frame.index.names == ["lr", "seed"] and list(frame.loc[1.2]["state"]) == ["found"] * 3
    kept = ds.bestiary.findings
    assert [f.state for f in kept] == [f.state for f in told]
    np.testing.assert_allclose([f.onset for f in kept], [f.onset for f in told])
    period = ds["effects"].sel(effect="period", lr=1.2).values
    np.testing.assert_allclose(period, [f.effects["period"].value for f in told[3:]])
    assert json.loads(ds["effects"].attrs["units"])["period"] == "step"
    assert "3 found" in repr(told) and "<table" in told._repr_html_()


def test_a_detector_of_ones_own_is_asked_about_every_run(entry, ds):
    seen = []

    def mine(log):
        seen.append(log)
        return Finding(State.FOUND if log["weight"].values[-1] > 1 else State.ABSENT, "the weight ends above 1")

    told = entry.detect(ds, mine)
    assert len(seen) == len(told) == 6
    assert [log["weight"].values[-1] for log in seen] == [log["weight"].values[-1] for log in ds.bestiary.logs()]


def test_undecided_runs_come_with_a_hint():
    told = bestiary.load("grokking", keep=False).detect(
        xr.Dataset(coords={"seed": np.arange(0), "last_step": ("seed", np.zeros(0, np.int32))})
    )
    assert len(told) == 0 and np.isnan(told.rate())
    from bestiary.api.findings import Findings

    some = Findings([Finding(State.UNDECIDED, "it ends too early")], [(0,)], ["seed"])
    assert "more steps" in some.summary() and "more steps" not in Findings([], [], ["seed"]).summary()


def test_the_same_call_trains_nothing(entry, ds, monkeypatch):
    monkeypatch.setattr("bestiary.train.trainer.compile_program", pytest.fail)
    assert entry.run(seeds=3, lr=[0.9, 1.2], steps=300, progress=False)["weight"].identical(ds["weight"])


def test_nothing_is_kept_where_that_is_asked(tmp_path):
    bestiary.load("period_doubling", cache=tmp_path, keep=False).run(seeds=2, steps=50, progress=False)
    assert list(tmp_path.glob("**/*.nc")) == []


def test_a_changed_part_is_another_setup_with_other_runs(entry):
    """The runs of a changed optimiser are never those of the entry's own, through the store or not."""
    g = bestiary.load("catapult", cache=entry._cache)
    static = {"steps": 20, "log_every": 5, "seeds": 2, "progress": False}
    own = g.run(**static)
    other = g.replace(optimizer=lambda knobs, static: optax.sgd(0.0)).run(**static)
    assert not np.allclose(own["loss"][:, -1], other["loss"][:, -1])
    np.testing.assert_array_equal(other["loss"][:, 0], other["loss"][:, -1])
    assert own.attrs["code"] != other.attrs["code"]
    assert g.run(**static)["loss"].identical(own["loss"])
    told = g.replace(detect=lambda log: Finding(State.ABSENT, "never")).run(**static)
    assert told["loss"].identical(own["loss"]) and (told["state"] == "absent").all()


def test_static_values_can_be_turned(entry):
    made = entry.run(seeds=2, steps=[50, 100], progress=False)
    assert made["weight"].dims == ("steps", "seed", "step") and made["last_step"].dims == ("steps", "seed")
    assert np.isnan(made["weight"].sel(steps=50, step=80)).all()
    assert np.isfinite(made["weight"].sel(steps=100, step=80)).all()
    short = made.sel(steps=50).bestiary.logs()[0]
    assert short["weight"].steps[-1] == 50


def test_a_case_of_the_catalog(entry):
    made = entry.run(case="two_at_once", seeds=2, steps=50, progress=False)
    assert float(made["lr"]) == 1.05 and made.attrs["label"] == "two_at_once steps=50"


def still(knobs, static):
    return optax.sgd(0.0)


def fourth(log):
    return Finding(State.FOUND, "", 4.0, phase="fourth")


def yes(log):
    return True


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda g: g.run(lrr=3), ValueError, "lrr: period_doubling has no knob 'lrr'; did you mean 'lr'"),
        (lambda g: g.run(lr="x"), ValueError, "lr: want a number, not 'x'"),
        (lambda g: g.run(lr=True), ValueError, "lr: want a number, not True"),
        (lambda g: g.run(steps=1.5), ValueError, "steps: want an integer, not 1.5"),
        (lambda g: g.run(lr=[]), ValueError, "lr: no value in the list"),
        (lambda g: g.run(lr=np.ones((2, 2))), ValueError, r"lr: want one value or a list .* of shape \(2, 2\)"),
        (lambda g: g.run(seeds=0), ValueError, "seeds: want 1 to 100000, not 0"),
        (lambda g: g.run(seeds=10**12), ValueError, "seeds: want 1 to 100000, not 1000000000000"),
        (lambda g: g.run(seeds=[1, 2]), ValueError, r"seeds: want a whole number, 1 to 100000, not \[1, 2\]"),
        (lambda g: g.run(seeds=2.0), ValueError, "seeds: want a whole number, 1 to 100000, not 2.0"),
        (lambda g: g.run(root=-1), ValueError, "root: want 0 to 4294967295, not -1"),
        (lambda g: g.run(root=2**32), ValueError, "root: want 0 to 4294967295, not 4294967296"),
        (lambda g: g.run(root="1"), ValueError, "root: want a whole number, 0 to 4294967295, not '1'"),
        (lambda g: g.map(lr=(0.9, 1.2, 2), seeds=0), ValueError, "seeds: want 1 to 100000, not 0"),
        (lambda g: g.map(lr=(0.9, 1.2, 2), root=[1]), ValueError, "root: want a whole number"),
        (lambda g: g.check(root=[]), ValueError, "root: no value in the list"),
        (lambda g: g.check(root="1"), ValueError, "root: want a whole number"),
        (lambda g: g.check(seeds=0), ValueError, "seeds: want 1 to 100000, not 0"),
        (lambda g: g.check(alpha=2), ValueError, "alpha: want a rate between 0 and 1, not 2"),
        (lambda g: g.detect(None), TypeError, "detect: want runs, as `run` returns them, not NoneType"),
        (lambda g: bestiary.Experiment(g), TypeError, "want a bestiary.Phenomenon, not CatalogEntry"),
        (lambda g: bestiary.Experiment(tiny.BOWL, "../up"), ValueError, "name: want letters, .* not '../up'"),
        (lambda g: bestiary.Experiment(tiny.BOWL, "a/b"), ValueError, "name: want letters, .* not 'a/b'"),
        (lambda g: bestiary.Experiment(tiny.BOWL, ""), ValueError, "name: want letters"),
        (lambda g: g.replace(lr=3), TypeError, r"'lr' is a value, not a part; say run\(lr=...\)"),
        (lambda g: g.replace(knobs={"lr": 1.0}), TypeError, "knobs is a dict; want a NamedTuple of floats"),
        (
            lambda g: g.replace(detect=yes).run(seeds=1, steps=50, progress=False),
            TypeError,
            "yes: a detector answers with a Finding, not with True",
        ),
        (lambda g: g.run(case="tow"), ValueError, "tow: period_doubling has no such case; did you mean 'two'"),
        (lambda g: g.replace(optimiser=1), TypeError, "no 'optimiser'; did you mean 'optimizer'"),
        (lambda g: g.map(), ValueError, "map: 0 axes; want one to three"),
        (lambda g: g.map(lr=(1, 2)), ValueError, r"lr=\(1, 2\): want \(lo, hi, n\)"),
        (lambda g: g.map(lr=(1, 2, 0)), ValueError, "0 points make an empty range"),
        (lambda g: g.map(width=(1, 2, 2)), ValueError, "width: no such knob"),
        (
            lambda g: g.map(lr=(1, 2, 2), of="onst"),
            ValueError,
            "of: period_doubling has no effect 'onst'; did you mean",
        ),
        (lambda g: g.map(lr=(1, 2, 2), of="xyzzy"), ValueError, "has no effect 'xyzzy'; there are onset, "),
        (
            lambda g: g.map(lr=(1, 2, 2), scatter=(0.01, 0.1, 2), boundary_of="fond"),
            ValueError,
            "boundary_of: period_doubling has no state or phase 'fond'; did you mean 'found'",
        ),
        (
            lambda g: g.replace(optimizer=still).map(lr=(1, 2, 2), boundary_of="fond"),
            ValueError,
            "boundary_of: period_doubling has no state or phase 'fond'",
        ),
        (lambda g: g.map(lr=(1, 2, 2), of=None), ValueError, "of: want a name, not None"),
        (lambda g: g.map(lr=(1, 2, 2), boundary_of=3), ValueError, "boundary_of: want a name, not 3"),
        (
            lambda g: g.map(lr=(1, 2, 2), resolution="fine"),
            ValueError,
            "resolution: want a finite number .* not 'fine'",
        ),
        (lambda g: g.map(lr=(1, 2, 2), resolution=0), ValueError, "resolution: want a finite number above 0, not 0"),
        (lambda g: g.map(lr=(1, 2, 2), resolution=math.nan), ValueError, "resolution: want a finite number above 0"),
        (
            lambda g: g.map(lr=(1, 2, 2), scatter=(0.01, 0.1, 2), resolution=0.1),
            ValueError,
            "resolution: only the boundaries along one knob are refined",
        ),
        (lambda g: setattr(g, "lr", 2), AttributeError, r"say run\(lr=...\) or replace"),
    ],
)
def test_a_mistake_is_one_line(entry, call, error, text):
    with pytest.raises(error, match=text) as caught:
        call(entry)
    assert "\n" not in str(caught.value)


def test_editors_and_help_know_the_knobs(entry):
    known = inspect.signature(entry.run).parameters
    assert {"seeds", "root", "case", "lr", "scatter", "steps"} <= set(known) and known["lr"].default == 1.2
    assert "becomes a dim" in entry.run.__doc__
    assert {"run", "detect", "replace", "map", "check", "cite", "knobs", "cases", "claims"} <= set(dir(entry))


def test_an_entry_prints_as_a_table(entry):
    text = repr(entry)
    for part in ("period_doubling", "lr", "step size, in units of the stable one", "two_at_once", "zone 1"):
        assert part in text
    assert "<details" in entry._repr_html_() and entry.cite().startswith("@")
    assert set(entry.claims["case"]) == set(entry.cases.index) == set(entry.catalog.cases)


def test_the_order_of_dims_decides_nothing(entry, ds):
    turned = ds.transpose("effect", "step", "seed", "lr")
    assert turned.bestiary.findings.to_frame().equals(ds.bestiary.findings.to_frame())
    assert entry.detect(turned).to_frame().equals(entry.detect(ds).to_frame())
    for a, b in zip(turned.bestiary.logs(), ds.bestiary.logs(), strict=True):
        np.testing.assert_array_equal(a["weight"].values, b["weight"].values)


def test_runs_without_seeds_or_findings_say_what_is_missing(ds):
    with pytest.raises(ValueError, match=r"one seed stays a dim with isel\(seed=\[0\]\)"):
        assert ds.isel(seed=0).bestiary.findings
    for ask in (lambda some: some.bestiary.findings, lambda some: some.bestiary.plot()):
        with pytest.raises(ValueError, match="these runs come without findings"):
            ask(ds[["weight"]])


def test_an_entry_can_be_copied_and_sent_to_another_process(entry, ds):
    for other in (pickle.loads(pickle.dumps(entry)), copy.deepcopy(entry)):
        assert other.run.__closure__[0].cell_contents.__self__ is other
        xr.testing.assert_identical(other.run(seeds=3, lr=[0.9, 1.2], steps=300, progress=False), ds)


def test_a_turned_value_that_a_curve_is_called_after(cache):
    """As a dim it would take the place of the curve, and the detector would miss it."""
    mine = bestiary.Experiment(replace(tiny.BOWL, observe=with_steps), "with_steps", cache=cache)
    assert "steps" in mine.run(steps=10, seeds=1, progress=False).data_vars
    with pytest.raises(ValueError, match="steps: a curve has that name too"):
        mine.run(steps=[10, 20], seeds=1, progress=False)


def test_a_cache_in_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    bestiary.Experiment(tiny.BOWL, "bowl", cache="~/mine").run(seeds=1, progress=False)
    assert list((tmp_path / "mine").rglob("*.nc"))


def test_a_setup_of_ones_own(cache, tmp_path):
    mine = bestiary.Experiment(tiny.BOWL, "bowl", cache=cache)
    made = mine.run(seeds=2, lr=[0.1, 0.2], progress=False)
    assert made.sizes["lr"] == 2 and made.attrs["entry"] == "bowl" and made.attrs["code"]
    assert "lr" in mine.knobs.index and "unit" not in mine.knobs.columns
    cells = list((cache / "runs" / "bowl").glob("*.nc"))
    assert len(cells) == 2
    calmer = mine.replace(loss=lambda params, batch, knobs, static: 0.5 * tiny.BOWL.loss(params, batch, knobs, static))
    assert not np.allclose(calmer.run(seeds=2, progress=False)["w"], mine.run(seeds=2, progress=False)["w"])
    assert "lr" in repr(mine) and "<table" in mine._repr_html_()


def test_what_cannot_be_followed_is_not_kept_and_a_warning_says_so(tmp_path):
    made = {"bowl": tiny.BOWL.loss}
    exec("def loss(params, batch, knobs, static):\n    return bowl(params, batch, knobs, static)", made)
    mine = bestiary.Experiment(replace(tiny.BOWL, loss=made["loss"]), "typed", cache=tmp_path)
    with pytest.warns(UserWarning, match="typed: not kept, since .*loss") as told:
        mine.run(seeds=2, progress=False)
    assert told[0].filename == __file__  # the line of whoever called, not one of the machine
    assert list(tmp_path.glob("**/*.nc")) == []


def test_a_file_comes_back_as_it_was(entry, tmp_path):
    made = entry.run(seeds=2, steps=100, progress=False)
    file = made.bestiary.save(tmp_path / "x.nc")
    assert bestiary.open_runs(file).identical(made)
    report = bestiary.detect(file)
    assert [run.reading.run for run in report] == ["seed 0", "seed 1"]
    assert {"weight", "loss"} <= set(report.runs[0].reading.log.channels)
    (tmp_path / "other.nc").write_bytes(b"no netCDF")
    with pytest.raises(ValueError, match="not a readable netCDF file"):
        bestiary.open_runs(tmp_path / "other.nc")


def test_files_with_several_settings_and_of_maps_open(entry, tmp_path):
    p = entry.phenomenon
    both = bestiary.simulate(p, [p.knobs._replace(lr=lr) for lr in (1.2, 0.9)], seeds=2)
    runs.write(runs.seal(both), tmp_path / "both.nc")
    opened = bestiary.open_runs(tmp_path / "both.nc")
    assert list(opened["lr"].values) == [0.9, 1.2] and opened["weight"].dims == ("lr", "seed", "step")
    grid = entry.map(lr=[0.9, 1.2], seeds=2, steps=300, progress=False)
    words = bestiary.open_runs(grid.save(tmp_path / "map.nc"))
    assert (words["state"].sel(lr=1.2) == "found").all() and words.identical(grid.data)


def test_runs_are_drawn_without_their_setup(ds, entry, tmp_path):
    figure = ds.bestiary.plot()
    text = " ".join(t.get_text() for t in figure.texts)
    assert "lr = 0.9" in text and "3/3 found" in text and "root seed 0" in text
    assert len(figure.axes) == 2 * 2
    with pytest.raises(ValueError, match="want runs, with dims seed and step"):
        xr.Dataset({"x": ("a", [1, 2])}).bestiary.plot()
    wide = xr.concat([ds.isel(lr=[0])] * 13, "lr", coords=["last_step"], compat="override")
    with pytest.raises(ValueError, match="13 settings; a figure has room for 12"):
        wide.bestiary.plot()


def test_a_map_tells_rates_boundaries_and_laws(entry):
    found = entry.map(lr=(0.9, 1.3, 5), seeds=8, steps=300, progress=False)
    frame = found.to_frame()
    assert list(frame["rate"]) == [0, 0.0, 1, 1, 1] or frame["rate"].iloc[-1] == 1
    assert found.data["state"].dtype.kind == "U" and found.boundaries[0].direction == "appears"
    assert "found appears at lr" in repr(found) and "<table" in found._repr_html_()
    assert len(found.plot().axes) >= 1
    two = entry.map(lr=[0.9, 1.2], scatter=(0.01, 0.1, 2, "log"), seeds=2, steps=300, progress=False)
    assert dict(two.data.sizes) == {"lr": 2, "scatter": 2, "seed": 2} and two.boundaries == ()


def test_what_a_detector_of_ones_own_finds_may_be_named(entry):
    grid = entry.replace(detect=fourth).map(lr=[0.9, 1.2], seeds=2, steps=100, boundary_of="fourth", progress=False)
    assert set(grid.to_frame()["commonest"]) == {"fourth"}


def test_verdicts_as_a_table(entry, tmp_path):
    told = entry.check(root=1, seeds=4, progress=False)
    frame = told.to_frame()
    assert len(told) == len(frame) == sum(len(c.claims) for c in entry.catalog.cases.values())
    assert set(frame["case"]) == set(entry.catalog.cases) and told.holds
    assert "12 claims" in repr(told) and "<table" in told._repr_html_()
    (picture,) = told.save_figures(tmp_path)
    assert picture.stat().st_size > 10_000


def test_the_store_is_the_one_of_the_command_line(entry, ds, cache):
    """What `bestiary run` trained is there for Python, and the other way round."""
    cells = list((cache / "runs" / "period_doubling").glob("*.nc"))
    assert cells and isinstance(entry._store(), Store)
