"""What is read of a stranger's file is bounded in time and memory, and what is beyond a bound has one line."""

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from bounded import frugal, refused
from log_files import read_all, read_one, reads
from wandb_files import varint

from bestiary.logs import console, formats, mlflow, packed, parquet, parts
from bestiary.logs.formats import read
from bestiary.logs.run_table import Unreadable
from bestiary.train import runs
from bestiary.watch.detect import FEW


def test_the_bounds_are_documented():
    text = (Path(__file__).resolve().parents[2] / "docs" / "detect.md").read_text("utf-8")
    said = " ".join(text[text.index("What is read is bounded") :].split("\n\n")[0].split())
    assert f"{parquet.MOST >> 30} GiB of decoded Parquet; {parts.RUNS:,} runs of one table" in said
    assert f"{mlflow.RECORDS:,} records and one minute" in said and mlflow.SECONDS == 60
    assert f"{formats.STREAM >> 20} MiB of a pipe, of a compressed file when unpacked, and of a text log" in said
    assert formats.STREAM == packed.MOST == console.MOST and f"of that {console.ROWS:,} lines with numbers" in said
    assert "fewer than five records" in said and FEW == 5


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
        from pyarrow import parquet as pq

        pq.write_table(pyarrow.table(columns), path, compression="zstd", **options)
        return path

    def test_many_rows_are_refused_by_what_the_file_declares(self, tmp_path):
        import pyarrow
        from pyarrow import parquet as pq

        schema = pyarrow.schema([("loss", pyarrow.float64()), ("step", pyarrow.int64())])
        with pq.ParquetWriter(tmp_path / "x.parquet", schema, compression="zstd") as file:
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

    def test_a_file_that_declares_less_than_it_holds(self, tmp_path):
        from pyarrow import parquet as pq

        words = [f"{i}{'x' * 150_000}" for i in range(1000)]
        path = self.write(tmp_path / "x.parquet", {"s": words, "loss": np.arange(1000.0)}, use_dictionary=False)
        size = pq.ParquetFile(path).metadata.row_group(0).column(0).total_uncompressed_size
        assert size > parquet.TEXT
        told, small = varint(2 * size), bytearray(varint(2 * 1000))
        while len(small) < len(told):  # the same number in more bytes
            small[-1] |= 128
            small.append(0)
        raw = path.read_bytes()
        assert raw.count(told) == 1
        path.write_bytes(raw.replace(told, bytes(small)))
        with pytest.raises(Unreadable, match="holds more than it declares"):
            read(path)

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
