"""What is read of a stranger's file is bounded in time and memory, and what is beyond a bound has one line."""

import json
import resource
import sqlite3
import struct
import time
from contextlib import closing, contextmanager

import numpy as np
import pytest
from log_files import asked, read_all, read_one, reads
from wandb_files import history, written

from bestiary.logs import mlflow, parts
from bestiary.logs.formats import read
from bestiary.logs.run_table import Unreadable
from bestiary.train import runs


def refused(path):
    with pytest.raises(Unreadable) as caught, frugal():
        read(path)
    line = str(caught.value)
    assert line.startswith(str(path)) and len(line) <= 300 and "\n" not in line
    return line


@contextmanager
def frugal():
    """Fail if what is done takes more than 200 MB or ten seconds of processor time."""
    since, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - since < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.fixture
def base(tmp_path):
    """An mlflow.db with one active run, `a`, and no table of metrics yet."""
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as made:
        made.execute("create table runs (run_uuid, name, lifecycle_stage)")
        made.execute("insert into runs values ('a', 'first', 'active')")
        yield made


METRICS = "create table metrics (run_uuid, key, timestamp, step, value, is_nan)"
ENDLESS = "with recursive t(n) as (select 1 union all select n + 1 from t) select {} from t"


def test_a_view_that_never_ends_is_not_read(base, tmp_path):
    columns = "'a' as run_uuid, 'loss' as key, n as timestamp, n as step, n as value, 0 as is_nan"
    base.execute(f"create view metrics as {ENDLESS.format(columns)}")
    base.commit()
    assert "`metrics` is a view, and only tables are read" in refused(tmp_path / "mlflow.db")


def test_runs_may_be_no_view_and_no_column_computed(base, tmp_path):
    base.execute(METRICS)
    base.execute("alter table metrics add slow as (length(key))")
    base.commit()
    assert "`metrics` has computed columns" in refused(tmp_path / "mlflow.db")
    base.execute("alter table runs rename to others")
    base.execute("create view runs as select * from others")
    base.commit()
    assert "`runs` is a view" in refused(tmp_path / "mlflow.db")


def test_a_virtual_table_is_not_read(base, tmp_path):
    base.execute("create virtual table metrics using fts5(run_uuid, key, timestamp, step, value, is_nan)")
    base.commit()
    assert "`metrics` is a virtual table" in refused(tmp_path / "mlflow.db")


def test_a_database_without_metrics(base, tmp_path):
    base.commit()
    assert "it has no table `metrics`" in refused(tmp_path / "mlflow.db")


def test_records_without_a_number_are_left_out_and_counted(base, tmp_path):
    base.execute(METRICS)
    rows = [("a", "loss", 9 - i, i, 1 / (1 + i), 0) for i in range(10)]  # in an order of their own
    odd = [
        ("a", "loss", 0, 0, None, 0),
        ("a", "loss", 0, None, 1.0, 0),
        ("a", None, 0, 0, 1.0, 0),
        ("a", b"\xff", 0, 0, 1, 0),
    ]
    odd += [("a", "loss", 0, "x", 1.0, 0), ("a", "loss", 0, 0, b"\xff", 0)]
    foreign = [(None, "loss", 0, 0, 1.0, 0), ("b", "loss", 0, 0, 1.0, 0), (b"a", "loss", 0, 0, 1.0, 0)]
    gone = [("a", "val_loss", i, i, None, 1) for i in range(5)] + [
        ("a", "big", i, i, 1.7976931348623157e308, 0) for i in (0, 1)
    ]
    base.executemany("insert into metrics values (?, ?, ?, ?, ?, ?)", [*rows, *odd, *foreign, *gone])
    base.commit()
    (run,) = read(tmp_path / "mlflow.db")
    assert run.name == "first a" and run.notes == ["6 records without a number left out"]
    assert run.columns["loss"].at.tolist() == list(range(9, -1, -1))  # by time, as they were logged
    assert np.isnan(run.columns["val_loss"].values).all() and np.isinf(run.columns["big"].values).all()


def test_a_database_has_a_minute_and_so_many_records(base, tmp_path, monkeypatch):
    base.execute(METRICS)
    base.executemany("insert into metrics values ('a', 'loss', ?, ?, 1.0, 0)", [(i, i) for i in range(20_000)])
    base.commit()
    monkeypatch.setattr(mlflow, "RECORDS", 19_999)
    assert "has more than 19,999 records" in refused(tmp_path / "mlflow.db")
    monkeypatch.setattr(mlflow, "RECORDS", 20_000)
    assert read(tmp_path / "mlflow.db")[0].rows == 20_000
    monkeypatch.setattr(mlflow, "SECONDS", -1.0)
    assert "it takes more than -1 s" in refused(tmp_path / "mlflow.db")


def test_a_database_is_not_written_to(base, tmp_path):
    base.execute(METRICS)
    base.execute("create trigger t after insert on metrics begin delete from runs; end")
    base.executemany("insert into metrics values ('a', 'loss', ?, ?, 1.0, 0)", [(i, i) for i in range(3)])
    base.execute("insert into runs values ('a', 'first', 'active')")
    base.commit()
    before = (tmp_path / "mlflow.db").read_bytes()
    read(tmp_path / "mlflow.db")
    assert (tmp_path / "mlflow.db").read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["mlflow.db"]


class TestParquet:
    """Files of kilobytes that hold gigabytes."""

    @pytest.fixture(autouse=True)
    def _pyarrow(self):
        pytest.importorskip("pyarrow")

    @staticmethod
    def write(path, columns, **options):
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.table(columns), path, compression="zstd", **options)
        return path

    def test_many_rows_are_refused_by_what_the_file_declares(self, tmp_path):
        import pyarrow
        from pyarrow import parquet

        schema = pyarrow.schema([("loss", pyarrow.float64()), ("step", pyarrow.int64())])
        with parquet.ParquetWriter(tmp_path / "x.parquet", schema, compression="zstd") as file:
            block = pyarrow.table({"loss": np.zeros(500_000), "step": np.zeros(500_000, np.int64)})
            for _ in range(80):
                file.write_table(block)
        assert (tmp_path / "x.parquet").stat().st_size < 1_000_000
        assert "40000000 rows of 2 columns are 1.2 GiB when decoded, and 1 GiB" in refused(tmp_path / "x.parquet")

    @pytest.mark.parametrize("dictionary", [True, False])
    def test_one_long_word_that_comes_again(self, dictionary, tmp_path):
        import pyarrow

        path = tmp_path / "x.parquet"
        word = pyarrow.array(["x" * 100_000])
        words = pyarrow.DictionaryArray.from_arrays(np.zeros(700, np.int32), word)
        columns = {"s": words if dictionary else words.cast("string"), "loss": np.arange(700.0)}
        self.write(path, columns, use_dictionary=dictionary)
        assert path.stat().st_size < 200_000
        with frugal():
            reading = read_one(path)
        assert reads(reading) == {"train_loss": "loss"}
        if not dictionary:
            assert "1 column of long text, such as s, left out" in reading.notes

    def test_words_that_are_short_name_runs(self, tmp_path):
        import pyarrow

        words = {"seed": ["a", "b"] * 40, "step": np.arange(80) // 2, "loss": 1 / (1 + np.arange(80.0))}
        for n, columns in enumerate((words, words | {"seed": pyarrow.array(words["seed"]).dictionary_encode()})):
            found = read_all(self.write(tmp_path / f"{n}.parquet", columns))
            assert [(reading.run, reading.log["train_loss"].steps.size) for reading in found] == [("a", 40), ("b", 40)]

    def test_numbers_of_every_type(self, tmp_path):
        import pyarrow

        kinds = {"half": pyarrow.float16(), "decimal": pyarrow.decimal128(30, 2), "int": pyarrow.uint64()}
        values = [np.float16(v) for v in (0.5, 1.0)], [1, 2], [2**63, 2**63 + 4096]
        columns = {
            n: pyarrow.array(v).cast(k) if n == "decimal" else pyarrow.array(v, k)
            for (n, k), v in zip(kinds.items(), values, strict=True)
        }
        (table,) = read(self.write(tmp_path / "x.parquet", columns))
        assert {n: c.values.tolist() for n, c in table.columns.items()} == {
            "half": [0.5, 1.0],
            "decimal": [1.0, 2.0],
            "int": [2.0**63, 2.0**63 + 4096],
        }


def header(dims, begin=200, variables=1):
    """netCDF of version 3 with a header that declares what is not there."""
    text = lambda name: struct.pack(">i", len(name)) + name + bytes(-len(name) % 4)  # noqa: E731
    made = b"CDF\x02" + struct.pack(">iii", 0, 10, 1) + text(b"step") + struct.pack(">i", dims)
    made += struct.pack(">iiii", 0, 0, 11, variables)
    for i in range(variables):
        made += text(b"v%03d" % i) + struct.pack(">iiiiiIq", 1, 0, 0, 0, 6, 0, begin)
    return made


@pytest.mark.parametrize(
    "content, says",
    [
        (header(2**31 - 1) + bytes(400), "the header declares 17,179,869,376 bytes"),
        (header(-5) + bytes(400), "the header is damaged"),
        (header(5, 2**60) + bytes(400), "the header declares 1,152,921,504,606,847,016 bytes"),
        (header(50, 0, 900), "the header declares 360,000 bytes"),  # each of them may be there, all together not
        (b"CDF\x02" + struct.pack(">iiii", 0, 10, 2**30, 2**30), "the header is damaged"),
        (b"\x89HDF\r\n\x1a\n" + bytes(1000), "not a netCDF file of version 3"),
    ],
)
def test_a_netcdf_header_that_declares_more_than_there_is(content, says, tmp_path):
    (tmp_path / "x.nc").write_bytes(content)
    assert says in refused(tmp_path / "x.nc")


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda ds: ds.transpose("seed", "setting", "step"), "has the dimensions (seed, setting"),
        (lambda ds: ds.isel(seed=0), "has the dimensions ()"),
        (lambda ds: ds.drop_vars("last_step"), "has no variable `last_step`"),
        (lambda ds: ds.drop_vars("seed"), "has no variable `seed`"),
        (lambda ds: ds.assign(words=("step", np.array(["x"] * 100))), "has the dimensions (step)"),
    ],
)
def test_sealed_netcdf_of_other_dimensions(change, says, tmp_path):
    from written_logs import netcdf

    netcdf(tmp_path / "x.nc")
    assert len(read(tmp_path / "x.nc")) == 2
    runs.write(runs.seal(change(runs.read(tmp_path / "x.nc"))), tmp_path / "x.nc")
    assert says in refused(tmp_path / "x.nc")


def test_a_wide_table_is_read_in_time(tmp_path):
    """Sixty thousand names are each compared with no other."""
    names = ",".join(f"c{i}" for i in range(60_000))
    (tmp_path / "x.csv").write_text("\n".join([names, *[",".join("1" * 60_000)] * 2]) + "\n")
    with frugal():
        assert len(read(tmp_path / "x.csv")[0].columns) == 60_000


def test_a_header_with_one_name_many_times(tmp_path):
    (tmp_path / "x.csv").write_text("loss,loss (3),loss\n1,2,3\n4,5,6\n")
    (table,) = read(tmp_path / "x.csv")
    assert [column.values[0] for column in table.columns.values()] == [1, 2, 3]


def seeds(path, many, rows):
    lines = [f"{seed},{t},{1 / (1 + t)}" for seed in range(many) for t in range(rows)]
    path.write_text("\n".join(["seed,step,loss", *lines]) + "\n")
    return path


def test_a_table_has_a_thousand_runs_at_most(tmp_path):
    path = seeds(tmp_path / "x.csv", parts.RUNS, 3)
    with frugal():
        assert len(read_all(path)) == parts.RUNS
    path = seeds(tmp_path / "x.csv", parts.RUNS + 1, 3)
    done = asked(path)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "has 1,001 runs, told apart by seed, and 1,000 is the most of one table" in done.stderr


def test_runs_too_short_for_any_detector_are_told_in_one_line(tmp_path):
    done = asked(seeds(tmp_path / "x.csv", 300, 3))
    assert done.exit_code == 0 and done.stdout.splitlines()[-1] == "300 runs: 0 found, 0 undecided"
    assert done.stdout.count("300 runs with fewer than 5 records in every channel: no detector was asked") == 1
    assert len(done.stdout.splitlines()) < 20


def test_a_short_run_that_diverged_is_told_all_the_same(tmp_path):
    rows = ["run,step,loss"] + [f"a,{t},{1 / (1 + t)}" for t in range(20)] + ["b,0,1", "b,1,nan", "b,2,nan"]
    (tmp_path / "x.csv").write_text("\n".join(rows) + "\n")
    done = asked(tmp_path / "x.csv")
    assert done.exit_code == 1 and "diverged" in done.stdout


def test_a_run_of_one_record_hides_no_other(tmp_path):
    rows = ["run,step,loss", "b,0,1"] + [f"a,{t},{1 / (1 + t)}" for t in range(20)] + [f"c,{t},1" for t in range(20)]
    (tmp_path / "x.csv").write_text("\n".join(rows) + "\n")
    assert [reading.run for reading in read_all(tmp_path / "x.csv")] == ["a", "c"]


def test_rows_of_runs_that_alternate_count_from_zero(tmp_path):
    rows = ["run,loss"] + [f"{'ab'[t % 2]},{1 / (1 + t)}" for t in range(20)]
    (tmp_path / "x.csv").write_text("\n".join(rows) + "\n")
    assert [reading.log["train_loss"].steps.tolist() for reading in read_all(tmp_path / "x.csv")] == [
        list(range(10))
    ] * 2


def test_integers_of_thousands_of_digits_are_infinite(tmp_path):
    long = "1" * 5000
    (tmp_path / "trainer_state.json").write_text(
        f'{{"log_history": [{{"loss": {long}}}, {{"loss": 1}}, {{"loss": NaN}}]}}'
    )
    (tmp_path / "x.jsonl").write_text(f'{{"loss": {long}}}\n{{"loss": 1}}\n{{"loss": -Infinity}}\n')
    (tmp_path / "history.json").write_text(f'{{"loss": [-{long}, 1, 0]}}')
    first = [
        read(tmp_path / name)[0].columns["loss"].values[0] for name in ("trainer_state.json", "x.jsonl", "history.json")
    ]
    assert first == [np.inf, np.inf, -np.inf]


def test_what_is_nested_very_deep_is_no_metric(tmp_path):
    deep = json.loads('{"a":' * 200 + "1" + "}" * 200)
    (tmp_path / "x.jsonl").write_text("".join(json.dumps({"step": t, "loss": 1.0, **deep}) + "\n" for t in range(3)))
    assert set(read(tmp_path / "x.jsonl")[0].columns) == {"step", "loss"}


def test_tensors_of_no_known_type_are_left_out_and_counted(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(tmp_path))
    for step in range(20):
        loss, odd = (
            summary_pb2.Summary.Value(tag="loss", simple_value=1 / (1 + step)),
            summary_pb2.Summary.Value(tag="odd"),
        )
        odd.tensor.dtype = (21, 0, 99, 3)[step % 4]
        writer.add_event(event_pb2.Event(step=step, summary=summary_pb2.Summary(value=[odd, loss])))
    writer.close()
    reading = read_one(next(tmp_path.iterdir()))
    assert reading.log["train_loss"].steps.size == 20
    assert any(
        "20 values left out, each a tensor that cannot be read, the first of odd" in note for note in reading.notes
    )


def test_a_long_record_of_wandb_is_put_together_in_one_pass(tmp_path):
    pytest.importorskip("google.protobuf")
    rows = [history(t, {"loss": 1.0, "text": "x" * (60_000_000 if t == 1 else 1)}) for t in range(3)]
    path, since = written(tmp_path / "run-a.wandb", rows), time.process_time()
    assert read_one(path).log["train_loss"].steps.size == 3
    assert time.process_time() - since < 5
