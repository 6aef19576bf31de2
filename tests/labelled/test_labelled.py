"""Labelled runs: what is known of each, packed and read back; a build that goes on; the small pack."""

import json

import numpy as np
import pytest

import bestiary
from bestiary.catalog.read import read_catalog
from bestiary.judge.setup import load
from bestiary.labelled import small
from bestiary.labelled.build import build, label
from bestiary.labelled.pack import Pack, packed, read
from bestiary.labelled.run import split_of
from bestiary.train.store import NoStore, Store


@pytest.fixture(scope="module")
def setup():
    return load(read_catalog()["period_doubling"])


@pytest.fixture(scope="module")
def some(setup):
    return list(label(setup, 1000, NoStore(), seeds=2))


def test_a_run_is_labelled_by_its_case(setup, some):
    cases = setup.entry.cases
    assert [(r.case, r.seed) for r in some] == [(name, seed) for name in cases for seed in range(2)]
    for r in some:
        assert r.present == (cases[r.case].control is None) and r.split == "train" and r.detector == setup.detector
        assert r.present or r.cause == cases[r.case].control
        assert r.knobs | cases[r.case].knobs == r.knobs
        assert (r.state == "found") == bool(np.isfinite(r.onset))


def test_what_is_packed_is_read_back_as_it_was(some, tmp_path):
    from bestiary.train import runs

    runs.write(runs.seal(packed(some)), tmp_path / "some.nc")
    back = read(tmp_path / "some.nc")
    assert len(back) == len(some)
    for a, b in zip(some, back, strict=True):
        assert {k: v for k, v in vars(a).items() if k not in ("log", "onset")} == {
            k: v for k, v in vars(b).items() if k not in ("log", "onset")
        }
        np.testing.assert_equal(a.onset, b.onset)
        assert a.log.channels.keys() == b.log.channels.keys()
        for name in a.log.channels:
            np.testing.assert_array_equal(a.log[name].steps, b.log[name].steps)
            np.testing.assert_array_equal(np.float32(a.log[name].values), b.log[name].values)
    assert back.curves.groupby(["run", "channel"]).size().sum() == back.dataset.sizes["value"]
    whole = back.curves.query("run == 3 and channel == 'weight'")
    np.testing.assert_array_equal(whole["value"], back[3].log["weight"].values)
    np.testing.assert_array_equal(whole["step"], back[3].log["weight"].steps)


def test_a_damaged_pack_is_refused(some, tmp_path):
    from bestiary.train import runs

    file = tmp_path / "some.nc"
    runs.write(runs.seal(packed(some)), file)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match="digest"):
        read(file)


def test_the_roots_on_which_the_catalog_is_judged_are_no_labels(setup):
    for root in (0, 21, 999, 2000):
        with pytest.raises(ValueError, match="labelled runs have roots 1000 to 1999"):
            next(label(setup, root, NoStore(), seeds=1))


def test_roots_are_split_three_to_one_to_one():
    splits = [split_of(root) for root in range(1000, 2000)]
    assert {name: splits.count(name) for name in set(splits)} == {"train": 600, "validation": 200, "test": 200}


def test_thinning_keeps_every_kth_record(setup, some):
    thin = list(label(setup, 1000, NoStore(), seeds=2, records=10))
    whole, few = some[0].log["weight"], thin[0].log["weight"]
    every = -(-whole.steps.size // 10)
    np.testing.assert_array_equal(few.steps, whole.steps[::every])
    assert few.steps.size <= 10 and thin[0].onset == some[0].onset  # what is known is of the whole run


def test_a_build_that_was_stopped_goes_on(setup, tmp_path):
    made = []
    store = Store(tmp_path / "cache")
    first = build([setup], tmp_path / "out", seconds=60, most=1, seeds=1, store=store, on_shard=made.append)
    file = tmp_path / "out" / first[0].file
    before = file.stat().st_mtime_ns
    again = build([setup], tmp_path / "out", seconds=60, most=len(setup.entry.cases) + 1, seeds=1, store=store)
    assert again[0] == first[0] == made[0] and file.stat().st_mtime_ns == before
    assert [shard.root for shard in again] == [1000, 1001]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["runs"] == 2 * len(setup.entry.cases)
    assert [one["digest"] for one in manifest["files"]] == [shard.digest for shard in again]
    file.write_bytes(file.read_bytes()[:-8])  # cut short: made again, the same
    assert build([setup], tmp_path / "out", seconds=60, most=1, seeds=1, store=store)[0] == first[0]
    other = build([setup], tmp_path / "out", seconds=60, most=1, seeds=2, store=store)[0]  # asked for otherwise
    assert other.runs == 2 * first[0].runs


def test_no_time_makes_nothing(setup, tmp_path):
    assert build([setup], tmp_path, seconds=0, store=NoStore()) == []


def test_the_small_pack_has_every_entry_and_split():
    pack = bestiary.labelled_runs()
    finished = {key for key, entry in read_catalog().items() if not entry.draft}
    assert set(pack.table["entry"]) == finished, "stale: run `bestiary data small`"
    assert set(pack.table["split"]) == {"train", "validation", "test"}
    assert small.FILE.stat().st_size < 3e6
    codes = dict(part.split(":") for part in pack.dataset.attrs["code"].split())
    assert codes.keys() == finished
    present = pack.table[pack.table["present"]]
    assert (present["state"] == "found").mean() > 0.9  # what is there by construction is found in most runs
    absent = pack.table[~pack.table["present"]]
    assert (absent["state"] == "found").mean() < 0.1


def test_runs_are_chosen_by_what_is_known():
    pack = bestiary.labelled_runs()
    chosen = pack.where(entry="grokking", split="test")
    assert isinstance(chosen, Pack) and {r.entry for r in chosen} == {"grokking"} and chosen[-1].split == "test"
    assert len(chosen[:2]) == 2 and len(pack.where(present=True)) + len(pack.where(present=False)) == len(pack)
    with pytest.raises(ValueError, match="no run has entry 'nobody'"):
        pack.where(entry="nobody")
    with pytest.raises(ValueError, match="want one of entry, case"):
        pack.where(nothing=1)


def test_bad_sources_are_one_line(tmp_path):
    with pytest.raises(ValueError, match="this version has the edition 2026"):
        bestiary.labelled_runs("1999")
    with pytest.raises(FileNotFoundError):
        bestiary.labelled_runs(tmp_path / "none.nc")
