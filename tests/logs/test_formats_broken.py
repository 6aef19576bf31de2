"""Whatever is in a file, the answer is a report, or one line that says which file, what is wrong, and exit status 2."""

import bz2
import gzip
import lzma
import random
import sqlite3
import zipfile

import numpy as np
import pytest
from log_files import LOGS, asked, read_one
from written_logs import event_files, netcdf

GOOD = "step,loss\n" + "".join(f"{i},{1 / (1 + i)}\n" for i in range(300))
JSONL = "".join(f'{{"step": {i}, "loss": {1 / (1 + i)}}}\n' for i in range(300))
SUFFIXES = [".csv", ".tsv", ".jsonl", ".json", ".parquet", ".nc", ".db", ".wandb", ".log", "", ".tfevents.1.host"]


def one_line(done, path, said=""):
    """Refused: one line on standard error, which names the file."""
    assert done.exit_code == 2, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.stderr.count("\n") == 1 and done.stderr.startswith(str(path)), done.stderr
    assert said in done.stderr, done.stderr


def survived(done, path):
    """Either read, or refused in one line."""
    if done.exit_code == 2:
        one_line(done, path)
    else:
        assert done.exit_code in (0, 1) and (done.exception is None or isinstance(done.exception, SystemExit)), done


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One good file of each format, by its ending."""
    folder = tmp_path_factory.mktemp("good")
    made = {".csv": GOOD.encode(), ".tsv": GOOD.replace(",", "\t").encode(), ".jsonl": JSONL.encode()}
    made[".json"] = (LOGS / "trainer_state.json").read_bytes()
    (folder / "events").mkdir()
    made[".tfevents.1.host"] = event_files(folder / "events")[0].read_bytes()
    netcdf(folder / "runs.nc")
    made[".nc"] = (folder / "runs.nc").read_bytes()
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"step": list(range(50)), "loss": [0.5] * 50}), folder / "a.parquet")
    made[".parquet"] = (folder / "a.parquet").read_bytes()
    with sqlite3.connect(folder / "a.db") as base:
        base.execute("create table runs (run_uuid text, name text, lifecycle_stage text)")
        base.execute("create table metrics (key text, value real, timestamp int, run_uuid text, step int, is_nan int)")
    base.close()
    made[".db"] = (folder / "a.db").read_bytes()
    made[".wandb"] = next(LOGS.glob("real/wandb/**/*.wandb")).read_bytes()
    return made


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"\n\n \n", bytes(range(256)) * 300, b"\0" * 5000, b"\xff\xfe\x00"])
def test_what_is_no_log_is_refused_in_one_line(suffix, content, tmp_path):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    one_line(asked(path), path)


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s not in (".log", "")])
def test_truncated_and_damaged_files(suffix, files, tmp_path):
    whole, rng = files[suffix], random.Random(0)
    path = tmp_path / f"x{suffix}"
    for _ in range(25):
        path.write_bytes(whole[: rng.randrange(1, len(whole))])
        survived(asked(path), path)
        damaged = bytearray(whole)
        for _ in range(rng.randrange(1, 20)):
            damaged[rng.randrange(len(whole))] = rng.randrange(256)
        path.write_bytes(bytes(damaged))
        survived(asked(path), path)


@pytest.mark.parametrize(
    "suffix, text, said",
    [
        (".csv", 'step,loss\n1,"' + "x" * 200_000 + "\n", "near line 2: field larger than field limit"),
        (".csv", "step,loss\n", "has a header and no row"),
        (
            ".csv",
            "0,1.5\n1,0.5\n2,0.25\n",
            "line 1 has numbers where names belong: which is the step, and which",
        ),
        (".csv", "step,loss\n1,2\n3,4,5\n6,7,8\n9,1\n", "line 3 has 3 cells, the header 2"),
        (".csv", "step,name\n1,a\n2,b\n", "no column of numbers beside the steps"),
        (".csv", "step,loss\n1,0.5\n", "no curve"),
        (".csv", "# nothing\n", "has no row"),
        (".jsonl", "[1, 2]\n[3, 4]\n", "line 1 is no JSON object (a list, not an object)"),
        (".jsonl", JSONL + '{"step": 300}}\n' + "oops\n" * 4, "line 301 is no JSON object (Extra data)"),
        (".jsonl", '{"step": ' + "[" * 100_000, "is no JSON object"),
        (".json", "[" * 100_000, "JSON nested too deep"),
        (".json", '{"a": 1}', "is JSON, but no log"),
        (".json", '{"log_history": []}', "is JSON, but no log"),
        (".json", '{"log_history": [{"step": 1,', "line 1, column"),
        (".json", '{"loss": [[1], [2]], "step": [1, 2]}', "no column of numbers beside the steps"),
    ],
)
def test_the_line_says_where_and_what(suffix, text, said, tmp_path):
    path = tmp_path / f"x{suffix}"
    path.write_text(text)
    one_line(asked(path), path, said)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json"])
def test_text_of_another_encoding(suffix, tmp_path):
    path = tmp_path / f"x{suffix}"
    path.write_bytes((GOOD if suffix == ".csv" else JSONL).encode() + "été, é\n".encode("latin-1") * 3)
    one_line(asked(path), path, "not utf-8 text")


@pytest.mark.parametrize("pack", [bz2.compress, gzip.compress, lzma.compress], ids=["bz2", "gz", "xz"])
def test_a_compressed_file_that_is_damaged(pack, tmp_path):
    path, whole = tmp_path / "log.csv.packed", pack(GOOD.encode())
    for at in 4, 12, len(whole) // 2, len(whole) - 3:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        survived(asked(path), path)


def test_an_archive_is_to_be_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("x.csv", GOOD)
    one_line(asked(tmp_path / "x.zip"), tmp_path / "x.zip", "is an archive, which may hold many files; unpack it first")


def test_a_path_that_does_not_exist(tmp_path):
    one_line(asked(tmp_path / "gone.csv"), tmp_path / "gone.csv", "no such file or folder")
    one_line(asked(tmp_path), tmp_path, "has no log; want CSV")


def test_one_bad_file_does_not_hide_the_others(tmp_path):
    (tmp_path / "bad.csv").write_bytes(b"\0\1\2")
    done = asked(LOGS / "nested.jsonl", tmp_path / "bad.csv", LOGS / "lightning_metrics.csv")
    one_line(done, tmp_path / "bad.csv", "is binary")
    assert "nested.jsonl" in done.stdout and "lightning_metrics.csv" in done.stdout


@pytest.mark.parametrize("suffix, text, noted", [(".csv", GOOD + "300,0.0", ""), (".csv", GOOD + "300", "cut off")])
def test_a_csv_that_is_still_being_written(suffix, text, noted, tmp_path):
    (tmp_path / f"x{suffix}").write_text(text)
    reading = read_one(tmp_path / f"x{suffix}")
    assert reading.log["train_loss"].steps.size == (300 if noted else 301)
    assert noted in " ".join(reading.notes)


def test_json_lines_that_are_still_being_written(tmp_path):
    (tmp_path / "x.jsonl").write_text(JSONL + '{"step": 300, "lo')
    reading = read_one(tmp_path / "x.jsonl")
    assert reading.log["train_loss"].steps.size == 300 and "cut off" in reading.notes[0]


def test_a_line_that_a_killed_run_left_is_left_out_and_said(tmp_path):
    (tmp_path / "x.jsonl").write_text(JSONL + '{"step": 300, "lo{"step": 301, "loss": 1}\n{"step": 302, "loss": 1}\n')
    (tmp_path / "x.csv").write_text(GOOD + "300,0.5301,0.5\n" + "step,loss\n" + "302,0.5\n")
    for name, line in ("x.jsonl", "line 301 is no JSON object"), ("x.csv", "line 302 has 3 cells, the header 2"):
        reading = read_one(tmp_path / name)
        assert any(line in note for note in reading.notes), reading.notes
        assert reading.log["train_loss"].steps[-1] == 302
    assert any("header is repeated 1 time" in note for note in reading.notes)


def test_blank_cells_are_not_logged_and_nan_is(tmp_path):
    rows = ["step,loss,val_loss", "0,1,", "1,nan,0.5", "2,inf,n/a", "3,-Infinity,null", "4,0.5,0.25"]
    (tmp_path / "x.csv").write_text("\n".join(rows) + "\n")
    reading = read_one(tmp_path / "x.csv")
    np.testing.assert_array_equal(reading.log["train_loss"].values, [1, np.nan, np.inf, -np.inf, 0.5])
    assert reading.log["test_loss"].steps.tolist() == [1, 4]
    assert "loss: 3 records not finite, left out" in reading.notes


def test_a_word_among_many_numbers_is_left_out_and_said(tmp_path):
    (tmp_path / "x.csv").write_text(GOOD.replace("\n150,", "\n150,oops"))
    reading = read_one(tmp_path / "x.csv")
    assert reading.log["train_loss"].steps.size == 299
    assert reading.notes == ("loss: 1 cell such as 'oops0.00662251655629', row 151, left out",)
