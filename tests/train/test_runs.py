"""Recorded runs: to disk and back without a bit of loss, and to the Logs that detectors read."""

import json
import os
import stat

import numpy as np
import pytest
import tiny
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bestiary.train import runs

STEPS, PROBES = np.array([0, 1, 3, 10]), np.array([0, 3])
ODD = np.array([[np.nan, np.inf, -np.inf, 1e-45], [-0.0, 3.4e38, 1 / 3, 0.0]], np.float32)


def dataset(values=ODD, steps=STEPS, probe_steps=PROBES, lr=0.1, seeds=(0, 1), **attrs):
    probed = {"when": values[:, : len(probe_steps)]} if len(probe_steps) else {}
    seen = {"w": values, "other": 2 * np.sign(values)}
    return runs.dataset(tiny.BOWL, tiny.BowlKnobs(lr), seeds, steps, seen, probe_steps, probed, attrs)


def returned(ds, folder):
    """What is read after writing."""
    runs.write(runs.seal(ds), folder / "runs.nc")
    return runs.read(folder / "runs.nc")


def test_dims_coords_and_units():
    ds = dataset(root=3)
    assert dict(ds.sizes) == {"setting": 1, "seed": 2, "step": 4, "probe_step": 2}
    assert ds["w"].dims == ("setting", "seed", "step") and ds["when"].dims == ("setting", "seed", "probe_step")
    assert (ds["w"].attrs["units"], ds["other"].attrs["units"]) == ("m", "1")  # no unit given: dimensionless
    assert ds["lr"].dims == ds["curvature"].dims == ("setting",) and ds["lr"].item() == 0.1
    assert ds["last_step"].values.tolist() == [[10, 10]] and ds["last_step"].attrs == {"units": "step"}
    for axis in ("step", "probe_step"):
        assert ds[axis].attrs == {"long_name": "update", "units": "step"}
    assert "probe_step" not in dataset(probe_steps=PROBES[:0]).coords


def test_read_back_identical(tmp_path):
    ds = dataset(entry="bowl", root=3, static={"steps": 4, "µ": "∂"}, commit="", rate=1 / 3, machine={"jax": "0.10"})
    back = returned(ds, tmp_path)
    assert back.identical(runs.seal(ds))
    for name in ds.variables:
        assert back[name].dtype == ds[name].dtype and back[name].values.tobytes() == ds[name].values.tobytes(), name
    assert {k: type(v) for k, v in back.attrs.items()} == {k: type(v) for k, v in runs.seal(ds).attrs.items()}
    assert back["w"].values.dtype.isnative and back["w"].values.flags.writeable


@pytest.mark.parametrize("value", ["", "µ", 0, -1, 2**31 - 1, -(2**31), 1 / 3, 1e-300])
def test_text_and_numbers_come_back(value, tmp_path):
    got = returned(dataset(root=value), tmp_path).attrs["root"]
    assert got == value and type(got) is type(value)


@pytest.mark.parametrize("value", [2**31, 2**32 - 1, 2**70, True, None, [1, 2], {}], ids=repr)
def test_what_netcdf_cannot_hold_comes_back_as_json(value, tmp_path):
    assert json.loads(returned(dataset(root=value), tmp_path).attrs["root"]) == value


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
whole = st.integers(-(2**31), 2**31 - 1)
floats = hnp.arrays(np.uint32, st.tuples(st.integers(1, 4), st.just(4))).map(lambda bits: bits.view(np.float32))


@given(
    values=floats,
    attrs=st.dictionaries(st.sampled_from("abc"), text | whole | st.floats(allow_nan=False)),
    lr=st.floats(),
)
@settings(deadline=None, max_examples=60)
def test_any_bits_come_back(tmp_path_factory, values, attrs, lr):
    """Every bit pattern of a float, payloads of NaN included, and every attribute."""
    ds = dataset(np.zeros_like(values), seeds=range(len(values)), lr=lr, **attrs)
    ds = ds.assign(w=ds["w"].copy(data=values[None]))
    back = returned(ds, tmp_path_factory.mktemp("runs"))
    assert back["w"].values.tobytes() == values.tobytes()
    assert back["lr"].values.tobytes() == np.array([lr]).tobytes()
    assert {k: back.attrs[k] for k in attrs} == attrs


def test_digest_sees_everything():
    """Values, their type and place, names, units, attributes; not itself."""
    ds = dataset(root=3)
    changed = [
        ds.assign(w=ds["w"].copy(data=np.where(np.isinf(ds["w"]), 0, ds["w"]))),
        ds.assign(w=-ds["w"]),
        ds.assign(w=ds["w"].astype(np.float64)),
        ds.assign_coords(lr=("setting", [0.2])),
        ds.assign_coords(step=ds["step"] + 1),
        ds.rename(w="v"),
        ds.rename(setting="case"),
        ds.drop_vars("other"),
        ds.reset_coords("last_step"),
        ds.assign_attrs(root=4),
        ds.assign_attrs(more=""),
        ds.assign(w=ds["w"].assign_attrs(units="cm")),
    ]
    assert len({runs.digest(d) for d in [ds, *changed]}) == 1 + len(changed)
    assert runs.digest(runs.seal(ds)) == runs.digest(ds) == runs.seal(ds).attrs["digest"]


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "runs.nc"
    runs.write(runs.seal(dataset()), path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        runs.write(runs.seal(dataset(root=5)), path)
    assert path.read_bytes() == before
    assert [f.name for f in path.parent.iterdir()] == ["runs.nc"]


def test_content_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path, synced = tmp_path / "file", []

    def fsync(descriptor, real=os.fsync):
        assert stat.S_ISREG(os.fstat(descriptor).st_mode) and not path.exists()
        synced.append(os.fstat(descriptor).st_size)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    runs.replace_with(path, b"abc")
    assert synced == [3] and path.read_bytes() == b"abc"


def test_a_missing_file_is_not_a_damaged_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        runs.read(tmp_path / "none.nc")


def test_logs_are_the_rows():
    logs = list(runs.logs(dataset()))
    assert len(logs) == 2
    for log, row in zip(logs, ODD, strict=True):
        assert list(log.channels) == ["w", "other", "when"]
        assert np.array_equal(log["w"].steps, STEPS) and np.array_equal(log["w"].values, row, equal_nan=True)
        assert np.array_equal(log["when"].steps, PROBES) and np.array_equal(log["when"].values, row[:2], equal_nan=True)


def test_join_keeps_runs_of_different_length_apart():
    """Two settings; the second ends earlier, has more seeds, in two blocks."""
    one = dataset()
    short = dict(steps=STEPS[:2], probe_steps=PROBES[:1], lr=0.2)
    two = [dataset(ODD[:, 2:], seeds=(0, 1), **short), dataset(ODD[:1, :2], seeds=(2,), **short)]
    ds = runs.join([[one], two])
    assert dict(ds.sizes) == {"setting": 2, "seed": 3, "step": 4, "probe_step": 2}
    assert ds["lr"].values.tolist() == [0.1, 0.2] and ds["w"].dtype == np.float32
    first, second = list(runs.logs(ds, 0)), list(runs.logs(ds, 1))
    assert np.array_equal(first[0]["w"].values, ODD[0], equal_nan=True)  # a NaN that was recorded stays
    assert [len(log["w"].steps) for log in first] == [4, 4, 0]
    assert [len(log["w"].steps) for log in second] == [2, 2, 2]
    assert [len(log["when"].steps) for log in second] == [1, 1, 1]
    assert np.array_equal(second[0]["w"].values, ODD[0, 2:]) and np.array_equal(second[2]["w"].values, ODD[0, :2], True)
    assert np.isnan(ds["w"].values[1, :, 2:]).all()
    assert ds["step"].values.tolist() == STEPS.tolist() and ds["step"].dtype == np.int32


def test_join_claims_only_what_all_agree_on():
    parts = [[runs.seal(dataset(root=3, stopped=how))] for how in ("settled", "end of schedule")]
    assert runs.join(parts).attrs == {"root": 3}
    assert runs.join(parts[:1]).identical(parts[0][0])


def test_a_joined_dataset_comes_back(tmp_path):
    ds = runs.join([[dataset()], [dataset(ODD[:, :2], steps=STEPS[:2], probe_steps=PROBES[:1], lr=0.2)]])
    back = returned(ds, tmp_path)
    assert back.identical(runs.seal(ds)) and isinstance(back, xr.Dataset)
