"""A file that cannot be read, whatever its reader raises, has one line, and hides nothing of its neighbours."""

import json

import numpy as np
import pytest
from log_files import asked
from written_logs import netcdf

from bestiary.logs import formats
from bestiary.logs.run_table import Unreadable
from bestiary.train import runs
from bestiary.watch import detect
from bestiary.watch.follow import Follower, News, Remark

DIVERGED = "step,loss\n" + "".join(f"{t},{1 / (1 + t) if t < 30 else 'nan'}\n" for t in range(60))


@pytest.fixture
def folder(tmp_path):
    """Two runs that diverged, and between them what no reader expects."""
    for name in ("a", "c"):
        (tmp_path / f"{name}.csv").write_text(DIVERGED)
    (tmp_path / "b.jsonl").write_text('{"loss": 1}\n')
    return tmp_path


@pytest.mark.parametrize(
    "error", [IndexError("list index"), RecursionError(), MemoryError(), KeyError("x"), OverflowError("y" * 4000)]
)
def test_whatever_a_reader_raises(error, folder, monkeypatch):
    def fails(path):
        raise error

    monkeypatch.setitem(formats.READERS, ".jsonl", fails)
    done = asked(folder)
    assert done.exit_code == 2 and "diverged in 2 of 2 runs" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{folder / 'b.jsonl'}: cannot be read ({type(error).__name__}") and len(line) <= 300
    said = list(Follower(folder).poll())
    assert [event.read.path.name for event in said if isinstance(event, News)] == ["a.csv", "c.csv"]
    assert [event.text for event in said if isinstance(event, Remark) and event.failed] == [line]


def test_whatever_reading_columns_as_channels_raises(folder, monkeypatch):
    readings = detect.naming.readings

    def fails(table, columns, path, own=()):
        if path.suffix == ".jsonl":
            raise ZeroDivisionError("of steps")
        return readings(table, columns, path, own)

    monkeypatch.setattr(detect.naming, "readings", fails)
    done = asked(folder)
    assert done.exit_code == 2 and "diverged in 2 of 2 runs" in done.stdout
    assert done.stderr.startswith(f"{folder / 'b.jsonl'}: cannot be read (ZeroDivisionError: of steps)")


def test_a_damaged_file_of_our_own_beside_others(folder):
    netcdf(folder / "b.nc")
    runs.write(runs.seal(runs.read(folder / "b.nc").transpose("seed", "setting", "step")), folder / "b.nc")
    done = asked(folder)
    assert done.exit_code == 2 and "diverged in 2 of 2 runs" in done.stdout
    assert len(done.stderr.splitlines()) == 1 and "b.nc: `" in done.stderr


def test_one_line_for_many_runs_without_a_curve(tmp_path):
    netcdf(tmp_path / "x.nc")
    ds = runs.read(tmp_path / "x.nc").isel(step=slice(0, 1))
    many = ds.isel(seed=[0] * 16).assign_coords(seed=np.arange(16, dtype=np.int32))
    runs.write(runs.seal(many.assign(last_step=many["last_step"] * 0)), tmp_path / "x.nc")
    done = asked(tmp_path / "x.nc")
    assert done.exit_code == 2
    assert done.stderr == f"{tmp_path / 'x.nc'}: has no curve: every column has one record at most\n"


def test_a_line_is_short_whatever_a_file_says(tmp_path):
    (tmp_path / "meta.yaml").write_text("run_name: a\n")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "loss").write_text("x" * 4000 + " 1 2\n")
    done = asked(tmp_path)
    (line,) = done.stderr.splitlines()
    assert done.exit_code == 2 and len(line) <= 300 and "want lines of `time value step`" in line
    assert str(Unreadable("x: a\nb" + "c" * 1000 + "; do this")).endswith("; do this")


def test_extreme_numbers_warn_nobody(tmp_path, recwarn):
    rows = [{"step": t, "loss": (1e308, -1e308, 5e-324)[t % 3], "acc": 1e308} for t in range(40)]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    done = asked(tmp_path / "x.jsonl")
    assert (done.stderr, done.exception is None or isinstance(done.exception, SystemExit)) == ("", True)
    assert not recwarn.list


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "mlflow.db", "x.nc", "run-1.wandb", "trainer_state.json"])
def test_a_file_that_is_not_there_is_told_alike_whatever_its_format(name, tmp_path):
    done = asked(tmp_path / name)
    assert done.exit_code == 2 and done.stderr == f"{tmp_path / name}: no such file or folder\n"
