"""run-ID.wandb: records over the borders of blocks, files that are cut off or damaged, and what a row may hold."""

import sys

import pytest
from log_files import asked, read_one, reads
from wandb_files import field, history, written

from bestiary.logs.formats import read
from bestiary.logs.run_table import NotALog, Unreadable

pytest.importorskip("google.protobuf")


RUN = field(17, field(1, b"abc") + field(8, "été-1".encode()))
ROWS = [history(t, {"loss": 1 / (1 + t), ("val", "loss"): 0.5}) for t in range(2000)]


def test_rows_over_several_blocks_and_a_record_over_three(tmp_path):
    long = field(4, b"x" * 70_000)
    path = written(tmp_path / "run-abc.wandb", [RUN, *ROWS[:700], long, *ROWS[700:]])
    assert path.stat().st_size > 5 * 32768
    reading = read_one(path)
    assert (reading.run, reading.steps) == ("été-1", "`_step`")
    assert reads(reading) == {"train_loss": "loss", "test_loss": "val.loss"}
    assert reading.log["train_loss"].values.tolist() == [1 / (1 + t) for t in range(2000)]


@pytest.mark.parametrize("room", range(14))
def test_a_block_that_ends_near_a_record(room, tmp_path):
    """A piece of 7 bytes or less does not begin in it; one without content does in the last 7."""
    filler = field(4, b"x" * (32768 - 7 - 7 - 4 - room))
    assert read_one(written(tmp_path / "a.wandb", [filler, *ROWS[:9]])).log["train_loss"].steps.size == 9


def test_the_name_does_not_matter(tmp_path):
    assert reads(read_one(written(tmp_path / "log", ROWS[:9])))["train_loss"] == "loss"


@pytest.mark.parametrize("lost", [1, 5, 60])
def test_a_file_that_is_still_being_written(lost, tmp_path):
    path = written(tmp_path / "a.wandb", ROWS[:9])
    path.write_bytes(path.read_bytes()[:-lost])
    reading = read_one(path)
    assert reading.log["train_loss"].steps.size == 8 and "cut off" in reading.notes[0]


def test_what_is_no_number_is_no_column(tmp_path):
    """A picture or a table is a dict with a _type, nested or not; nan is logged, and is the end of the run."""
    odd = {"x": {"_type": "image", "width": 1}, ("val", "t", "_type"): "table", ("val", "t", "size"): 1}
    rows = [history(t, {"loss": 1.0 if t < 5 else float("nan"), ("val", "top"): t, **odd}) for t in range(9)]
    reading = read_one(written(tmp_path / "a.wandb", rows))
    assert [use.column for use in reading.uses] == ["loss", "val.top"] and reading.log["train_loss"].diverged_at == 5


def test_without_protobuf_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.protobuf.empty_pb2", None)
    with pytest.raises(Unreadable, match=r"needs protobuf, which is not installed: pip install 'bestiary\[logs\]'"):
        read(written(tmp_path / "a.wandb", ROWS[:9]))


def test_refused_in_one_line(tmp_path):
    path = written(tmp_path / "a.wandb", ROWS[:9])
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=r"near byte \d+: a checksum is wrong; is the file damaged\?"):
        read(path)
    with pytest.raises(NotALog, match=r"has no history; log with run\.log\(\)"):
        read(written(path, [RUN]))
    for record in b"\x13", b"\x12\x09x", b"\x80":  # a group without end, a field beyond the record, half a number
        with pytest.raises(Unreadable, match="a record is no protocol buffer; is the file damaged"):
            read(written(path, [record]))
    path.write_bytes(b"step,loss\n1,2\n")
    done = asked(path)
    assert done.exit_code == 2 and "not a run of Weights & Biases" in done.stderr and done.stderr.count("\n") == 1
