"""Grids are trained cell by cell, whatever their size, and become tables with the knobs as dims."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from bowl_map import MAPPED, setup

from bestiary.catalog import axes as grid
from bestiary.judge.rounds import answer
from bestiary.maps.table import table
from bestiary.train import jobs, runs, trainer
from bestiary.train.jobs import Request
from bestiary.train.store import NoStore, Store

SETUP = setup()


def asked(*texts, seeds=3, **knobs):
    axes = [grid.fit(grid.parse(text), MAPPED) for text in texts]
    there = grid.points(axes, MAPPED.knobs._replace(**knobs), MAPPED.static)
    return axes, there, [Request(SETUP, p.knobs, p.static, seeds, 0) for p in there]


def steps_to_a_thousandth(lr, curvature=1.0):
    return int(np.ceil(np.log(1e3) / (-2 * np.log(abs(1 - lr * curvature)))))


def test_what_is_found_is_what_arithmetic_says():
    _, there, wanted = asked("lr=0.1,0.2,0.5")
    known = answer(wanted, NoStore())
    for point, request in zip(there, wanted, strict=True):
        onsets = {f.onset for f in known[request].findings}
        assert onsets == {steps_to_a_thousandth(point.knobs.lr)}
        assert known[request].last == (60.0,) * 3
        (onset,) = onsets
        for between, last in known[request].resolution:
            assert between["onset"] == (np.nextafter(onset - 1, np.inf), onset) and last == 60
        assert known[request].rate() == 3
        assert known[request].rate("falling") == 3
        assert known[request].rate("growing") == 0


def test_a_grid_over_knobs_is_one_program_and_one_over_static_values_is_one_for_each():
    before = trainer.compiled[MAPPED]
    answer(asked("lr=0.1:0.9:40", seeds=2)[2], NoStore())
    assert trainer.compiled[MAPPED] - before <= 1
    before = trainer.compiled[MAPPED]
    answer(asked("steps=11,12", "lr=0.1,0.2")[2], NoStore())
    assert trainer.compiled[MAPPED] - before == 2


def test_a_grid_beyond_a_slab_is_read_in_several(monkeypatch):
    wanted = asked("lr=0.1:0.9:10", seeds=4)[2]
    whole = answer(wanted, NoStore())
    monkeypatch.setattr(jobs, "SLAB", 9 * jobs.curve_bytes(MAPPED, MAPPED.static))
    made = list(jobs.jobs_of(wanted))
    assert [len(same) for _, same in made] == [2, 2, 2, 2, 2]
    assert answer(wanted, NoStore()) == whole


def test_the_bytes_of_a_run_are_those_of_its_curves():
    ((job, _),) = jobs.jobs_of(asked("lr=0.1", seeds=1)[2])
    from bestiary.train.campaign import execute

    ((_, ds),) = execute([job], NoStore())
    assert jobs.curve_bytes(MAPPED, MAPPED.static) == sum(ds[c].nbytes for c in ds.data_vars)


def test_a_request_twice_is_run_once():
    wanted = asked("lr=0.1", seeds=2)[2]
    curves = [replace(request, curves=True) for request in wanted]
    ((job, same),) = jobs.jobs_of([*wanted * 3, *curves])
    assert len(job.settings) == 1
    assert same == [[*wanted, *curves]]
    known = answer([*wanted, *curves], NoStore())
    assert known[wanted[0]].curves is None and known[curves[0]].curves.sizes["seed"] == 2


def test_what_is_in_the_store_is_not_run_again(tmp_path, monkeypatch):
    store = Store(tmp_path)
    first = answer(asked("lr=0.1:0.4:4")[2], store)
    monkeypatch.setattr(trainer, "compile_program", pytest.fail)
    assert answer(asked("lr=0.1:0.4:4")[2], store) == first


def test_a_table_has_the_knobs_as_dims(tmp_path):
    axes, there, wanted = asked("lr=0.1,0.5,2.5", "start=random,fixed", seeds=4)
    known = answer(wanted, NoStore())
    made = table(SETUP, axes, there, [known[r] for r in wanted], 0)
    assert dict(made.sizes) == {"lr": 3, "start": 2, "seed": 4}
    assert made["onset"].attrs["units"] == "step"
    assert made["rate"].attrs["units"] == "1 / step"
    states = np.array(made["state"].attrs["flag_meanings"].split())[made["state"].values]
    phases = np.array(made["phase"].attrs["flag_meanings"].split())[made["phase"].values]
    assert Counter(states[2].ravel()) == {"absent": 8}
    assert Counter(phases[2].ravel()) == {"growing": 8}
    assert (states[:2] == "found").all()
    assert (made["onset"].sel(lr=0.5) == steps_to_a_thousandth(0.5)).all()
    assert np.isnan(made["onset"].sel(lr=2.5)).all()
    assert '"curvature": 1.0' in made.attrs["fixed"]
    runs.write(runs.seal(made), tmp_path / "map.nc")
    back = runs.read(tmp_path / "map.nc")
    assert back.drop_attrs().identical(runs.seal(made).drop_attrs())
    assert [str(v) for v in back["start"].values] == ["random", "fixed"]
