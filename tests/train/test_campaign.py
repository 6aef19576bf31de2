"""Jobs run whole, in any batches and chunks, interrupted or not, and only what is not on disk."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny
import xarray as xr

import bestiary
from bestiary.train import batches, jobs, runs, trainer
from bestiary.train.campaign import execute, simulate
from bestiary.train.jobs import Job
from bestiary.train.store import NoStore, Store


def job(p=tiny.PLAYERS, settings=None, seeds=(3,), root=0, code="c0de", **changes):
    return Job("some", p, p.static._replace(**changes), tuple(settings or [p.knobs]), tuple(seeds), root, code)


def often(monkeypatch):
    """Chunks of one record, a checkpoint after each."""
    monkeypatch.setattr(batches, "CHUNK", 0.0)
    monkeypatch.setattr(batches, "SAVING", np.inf)


def content(ds):
    """A dataset without its attributes: dates and addresses differ."""
    return ds.drop_attrs(deep=False)


@pytest.fixture
def windows(monkeypatch):
    """(first, last) of every call of a compiled program."""
    calls, run = [], trainer.Program.run

    def spy(program, rows, first, last, runs=None):
        calls.append((first, last))
        return run(program, rows, first, last, runs)

    monkeypatch.setattr(trainer.Program, "run", spy)
    return calls


# Cells.


def test_seeds_come_in_blocks_and_the_last_has_what_is_left():
    few, many = (job(seeds=(n,)).cells()[0] for n in (20, 50))
    assert [len(cell.seeds) for cell in few] == [16, 4] and [len(cell.seeds) for cell in many] == [16, 16, 16, 2]
    assert few[0] == many[0] and [s for cell in many for s in cell.seeds] == list(range(50))


def test_a_knob_counts_as_the_float_that_is_computed_with():
    one, same, other = (job(settings=[tiny.PlayersKnobs(lr)]).cells()[0][0] for lr in (0.1, np.float32(0.1), 0.11))
    assert one.address == same.address != other.address


def test_job_decides_the_cells():
    cells = [j.cells()[0][0] for j in (job(), job(root=1), job(code="else"), job(steps=5))]
    assert len({cell.address for cell in cells}) == 4
    assert cells[0].entry == "some" and dict(cells[3].static) == {"steps": 5, "log_every": 4}


# Runs.


def test_simulate_gives_settings_by_seeds_by_steps():
    settings = [tiny.PlayersKnobs(lr) for lr in (0.1, 0.3, 0.2)]
    ds = simulate(tiny.PLAYERS, settings, seeds=18)
    assert dict(ds.sizes) == {"setting": 3, "seed": 18, "step": 11}
    np.testing.assert_array_equal(ds["lr"], [0.1, 0.3, 0.2])  # not 0.10000000149
    assert ds["seed"].values.tolist() == list(range(18)) and (ds["last_step"] == 40).all()
    assert np.isfinite(ds["r2"]).all() and ds["r2"].dtype == np.float32


def test_a_run_does_not_depend_on_its_companions():
    settings = [tiny.PlayersKnobs(lr) for lr in (0.1, 0.3, 0.2)]
    together = simulate(tiny.PLAYERS, settings, seeds=18)
    for i, knobs in enumerate(settings):
        alone = simulate(tiny.PLAYERS, [knobs], seeds=3)
        np.testing.assert_array_equal(alone["r2"].values[0], together["r2"].values[i, :3])


def test_settings_may_differ_in_seeds():
    ((i, ds),) = execute([job(settings=[tiny.PlayersKnobs(lr) for lr in (0.1, 0.3)], seeds=(2, 5))], NoStore())
    assert i == 0 and ds.sizes["seed"] == 5
    assert [np.isfinite(log["r2"].values).all() and len(log["r2"].steps) for log in runs.logs(ds, 0)] == [
        11,
        11,
        0,
        0,
        0,
    ]
    assert [len(log["r2"].steps) for log in runs.logs(ds, 1)] == [11] * 5


@pytest.mark.parametrize("chunk", [0.0, 1e9])
def test_chunks_change_no_bit(monkeypatch, windows, chunk):
    whole = simulate(tiny.KEYS, seeds=3)
    del windows[:]
    monkeypatch.setattr(batches, "CHUNK", chunk)
    assert content(simulate(tiny.KEYS, seeds=3)).identical(content(whole))
    assert [b for _, b in windows[:-1]] == [a for a, _ in windows[1:]]  # no window is left out or done twice
    assert (windows[0][0], windows[-1][1]) == (0, 7)
    assert len(windows) == (7 if chunk == 0 else 3)  # of 1, 4 and 2 records: a chunk grows at most fourfold


def test_provenance():
    ds = simulate(tiny.KEYS, seeds=2, root=2**32 - 1)
    assert ds.attrs["bestiary"] == bestiary.__version__ and ds.attrs["stopped"] == "end of schedule"
    assert ds.attrs["root"] == str(2**32 - 1) and ds.attrs["steps_planned"] == 6
    assert json.loads(ds.attrs["static"]) == {"steps": 6, "log_every": 1}
    assert {"jax", "jaxlib", "platform"} <= set(json.loads(ds.attrs["machine"]))
    assert json.loads(ds.attrs["fingerprint"])["seeds"] == [0, 1]


def test_any_root_can_be_saved(tmp_path):
    ((_, ds),) = execute([job(root=2**32 - 1)], Store(tmp_path))
    ((_, again),) = execute([job(root=2**32 - 1)], Store(tmp_path, pytest.fail))
    assert again.identical(ds)


def test_several_jobs_each_come_once():
    jobs = [job(), job(p=tiny.KEYS), job(root=1)]
    got = dict(execute(jobs, NoStore()))
    assert sorted(got) == [0, 1, 2] and "w" in got[1]
    assert not np.array_equal(got[0]["r2"], got[2]["r2"])


# What is on disk.


def test_what_is_known_is_not_run_again(tmp_path, windows):
    settings = [tiny.PlayersKnobs(lr) for lr in (0.1, 0.3)]
    ((_, first),) = execute([job(settings=settings, seeds=(16, 16))], Store(tmp_path))
    del windows[:]
    ((_, again),) = execute([job(settings=settings, seeds=(16, 16))], Store(tmp_path, pytest.fail))
    assert again.identical(first) and windows == []
    compiled = trainer.compiled.total()
    ((_, more),) = execute([job(settings=[*settings, tiny.PlayersKnobs(0.2)], seeds=(16, 16, 2))], Store(tmp_path))
    assert content(more.isel(setting=[0, 1])).identical(content(first)) and len(windows) > 0
    assert trainer.compiled.total() == compiled
    saved = sorted(p.suffix for p in tmp_path.glob("**/*.*"))
    assert saved == [".nc"] * 3  # and no checkpoint is left


def test_what_is_known_compiles_nothing(tmp_path):
    static = {"steps": 9}  # of its own
    list(execute([job(**static)], Store(tmp_path)))
    trainer._compile.cache_clear()
    before = trainer.compiled.total()
    list(execute([job(**static)], Store(tmp_path)))
    assert trainer.compiled.total() == before


def test_a_damaged_cell_is_told_and_run_again(tmp_path):
    told = []
    ((_, first),) = execute([job()], Store(tmp_path))
    (path,) = tmp_path.glob("**/*.nc")
    sound = path.read_bytes()
    path.write_bytes(sound[: len(sound) // 2])
    ((_, again),) = execute([job()], Store(tmp_path, told.append))
    assert len(told) == 1 and str(path) in told[0] and "\n" not in told[0]
    assert content(again).identical(content(first))
    ((_, third),) = execute([job()], Store(tmp_path, pytest.fail))
    assert third.identical(again)


class Interrupted(Exception):
    pass


def interrupt_at(step):
    """A listener that stops the campaign once a batch has come to `step`."""

    def tell(progress):
        if progress.phase == "train" and progress.done >= step * progress.seeds:
            raise Interrupted

    return tell


@pytest.mark.parametrize("step", [8, 20, 40])
def test_an_interrupted_campaign_goes_on_where_it_was(tmp_path, monkeypatch, windows, step):
    often(monkeypatch)
    one = job(p=tiny.NATURAL, settings=[tiny.NATURAL.knobs._replace(lr=0.01)], steps=40, log_every=4)
    ((_, whole),) = execute([one], NoStore())
    with pytest.raises(Interrupted):
        list(execute([one], Store(tmp_path), interrupt_at(step)))
    assert [p.suffix for p in tmp_path.glob("**/*.*")] == [".part"]
    del windows[:]
    ((_, resumed),) = execute([one], Store(tmp_path, pytest.fail))
    assert windows[0][0] == step // 4 and content(resumed).identical(content(whole))
    assert [p.suffix for p in tmp_path.glob("**/*.*")] == [".nc"]


# Runs that have settled.

FAST, SLOW = tiny.BowlKnobs(lr=0.4), tiny.BowlKnobs(lr=0.001)  # w shrinks by 0.2 or 0.998 a step
# 41 records, asked about at 6, 11, ..., 41 of them: 2 (1 - 2 lr)^t < 1e-3 after 5 steps, at record 6, step 10.
SETTLED, ENDED = 10, 20


def ends(ds):
    return ds["last_step"].values.tolist()


def test_a_settled_cell_ends_at_a_boundary(windows):
    ds = simulate(tiny.NATURAL, [FAST], seeds=3)
    assert ds.attrs["stopped"] == "settled" and ends(ds) == [[ENDED] * 3]
    assert ds["step"].values.tolist() == list(range(0, ENDED + 1, 2)) and windows[-1][1] == ENDED // 2 + 1
    for log in runs.logs(ds):
        assert tiny.small(log) and log["w"].steps[-1] == ENDED and np.isfinite(log["w"].values).all()
    assert ds.attrs["steps_planned"] == 80


def test_a_cell_whose_runs_never_settle_ends_with_its_schedule():
    ds = simulate(tiny.NATURAL, [SLOW], seeds=3)
    assert ds.attrs["stopped"] == "end of schedule" and ends(ds) == [[80] * 3] and ds.sizes["step"] == 41


def smaller(log):
    """Whether |w| < 1.5 x 0.2^10: w starts between 1 and 2, so about half of the seeds are there at the boundary."""
    return bool(abs(log["w"].values[-1]) < 1.5 * 0.2**10)


HALF = replace(tiny.NATURAL, settled=smaller)


def test_a_run_ends_twice_as_late_as_it_has_settled_and_its_cell_goes_on():
    ds = simulate(HALF, [FAST], seeds=8)
    at_first = abs(ds["w"].sel(step=SETTLED).values[0]) < 1.5 * 0.2**10
    assert at_first.any() and not at_first.all()
    assert ends(ds) == [[ENDED if there else 2 * ENDED for there in at_first]]
    assert ds.attrs["stopped"] == "settled"
    beyond = ds["w"].sel(step=slice(ENDED + 1, None)).values[0]
    assert (np.isnan(beyond).all(axis=1) == at_first).all() and np.isfinite(beyond[~at_first]).all()


@pytest.mark.parametrize("p", [HALF, replace(HALF, probe=tiny.bowl_probe, probe_every=3)], ids=["plain", "probed"])
def test_a_seed_is_the_same_run_whatever_the_number_of_seeds(tmp_path, p):
    def logs_of(n):
        ((_, ds),) = execute([job(p=p, settings=[FAST, SLOW], seeds=(n, n))], Store(tmp_path / str(n)))
        ((_, stored),) = execute([job(p=p, settings=[FAST, SLOW], seeds=(n, n))], Store(tmp_path / str(n), pytest.fail))
        assert stored.identical(ds)
        return [list(runs.logs(ds, k)) for k in range(2)]

    many = logs_of(50)
    assert {log["w"].steps[-1] for log in many[0]} == {ENDED, 2 * ENDED}
    for n in (1, 2, 4, 20):
        for few, same in zip(logs_of(n), many, strict=True):
            for log, other in zip(few, same, strict=False):
                for c in other.channels:
                    np.testing.assert_array_equal(log[c].steps, other[c].steps)
                    np.testing.assert_array_equal(log[c].values, other[c].values)


@pytest.mark.parametrize("step", [8, 14, 30])
def test_an_interrupted_run_ends_where_it_would_have(tmp_path, monkeypatch, step):
    often(monkeypatch)
    two = job(p=HALF, settings=[FAST, SLOW], seeds=(4, 4))
    ((_, whole),) = execute([two], NoStore())
    assert {ENDED, 2 * ENDED, 80} == {last for row in ends(whole) for last in row}
    with pytest.raises(Interrupted):
        list(execute([two], Store(tmp_path), interrupt_at(step)))
    ((_, resumed),) = execute([two], Store(tmp_path, pytest.fail))
    assert content(resumed).identical(content(whole))


def test_a_run_that_settles_late_is_taken_to_the_end():
    def late(log):
        return bool(log["w"].steps[-1] >= 50)

    assert ends(simulate(replace(HALF, settled=late), [FAST], seeds=2)) == [[80, 80]]


def test_when_a_run_ends_decides_the_address_of_what_can_settle_alone():
    never = replace(HALF, settled=None)
    codes = {}
    for rule in ("each run by itself", "with its cell"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jobs, "ENDS", rule)
            codes[rule] = [jobs.Setup.of("some", p).code for p in (HALF, never)]
    (one, plain), (other, same) = codes.values()
    assert one != other and plain == same


@pytest.mark.parametrize("settings", [[FAST], [FAST, SLOW], [SLOW, FAST], [SLOW, FAST, SLOW]], ids=len)
def test_where_a_cell_ends_does_not_depend_on_its_companions(settings):
    alone = simulate(tiny.NATURAL, [FAST], seeds=3)
    ds = simulate(tiny.NATURAL, settings, seeds=3)
    assert ends(ds) == [[ENDED if knobs is FAST else 80] * 3 for knobs in settings]
    logs = list(runs.logs(ds, settings.index(FAST)))
    for log, lone in zip(logs, runs.logs(alone), strict=True):
        for c in log.channels:  # and nothing is padded
            assert np.array_equal(log[c].steps, lone[c].steps) and np.array_equal(log[c].values, lone[c].values)


def test_settled_cells_differ_in_length_on_disk_too(tmp_path):
    two = job(p=tiny.NATURAL, settings=[FAST, SLOW], seeds=(3, 3))
    ((_, ds),) = execute([two], Store(tmp_path))
    ((_, again),) = execute([two], Store(tmp_path, pytest.fail))
    assert again.identical(ds)
    saved = {xr.load_dataset(p, engine="scipy").sizes["step"] for p in tmp_path.glob("**/*.nc")}
    assert saved == {11, 41}


def test_an_interrupted_campaign_ends_its_cells_where_they_had_settled(tmp_path, monkeypatch, windows):
    often(monkeypatch)
    two = job(p=tiny.NATURAL, settings=[FAST, SLOW], seeds=(3, 3))
    ((_, whole),) = execute([two], NoStore())
    with pytest.raises(Interrupted):
        list(execute([two], Store(tmp_path), interrupt_at(50)))
    del windows[:]
    ((_, resumed),) = execute([two], Store(tmp_path, pytest.fail))
    assert windows[0][0] * 2 > ENDED  # the boundary lies behind
    assert content(resumed).identical(content(whole)) and ends(resumed) == [[ENDED] * 3, [80] * 3]


# What the host is told.


def test_progress_adds_up(monkeypatch):
    often(monkeypatch)
    heard = []
    many = job(settings=[tiny.PlayersKnobs(lr) for lr in (0.1, 0.2)], seeds=(20, 16))
    list(execute([many], NoStore(), heard.append))
    assert [p.phase for p in heard[:2]] == ["compile", "train"] and heard[-1].phase == "done"
    assert {p.phase for p in heard[1:-1]} == {"train"}
    assert {(p.entry, p.root, p.total, p.seeds, p.job) for p in heard} == {("some", 0, 36 * 40, 36, many)}
    done = [p.done for p in heard]
    assert done[0] == 0 and done == sorted(done) and done[-1] == 36 * 40


def test_progress_counts_what_was_known(tmp_path):
    two = [tiny.PlayersKnobs(lr) for lr in (0.1, 0.2)]
    list(execute([job(settings=two[:1], seeds=(16,))], Store(tmp_path)))
    heard = []
    list(execute([job(settings=two, seeds=(16, 16))], Store(tmp_path), heard.append))
    assert heard[0].done == 16 * 40 and heard[-1].done == heard[-1].total == 32 * 40
    del heard[:]
    list(execute([job(settings=two, seeds=(16, 16))], Store(tmp_path), heard.append))
    assert [p.phase for p in heard] == ["compile", "done"]
