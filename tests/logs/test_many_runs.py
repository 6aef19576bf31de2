"""Tables that are wide, of many runs, or of odd cells: read in one pass, or refused in one line."""

import json
import time

import numpy as np
import pytest
from bounded import frugal
from log_files import asked, read_all, read_one
from wandb_files import history, written

from bestiary.logs import parts, run_table
from bestiary.logs.formats import read


def test_a_wide_table_is_read_in_time(tmp_path):
    """Sixty thousand names are each compared with no other."""
    names = ",".join(f"c{i}" for i in range(60_000))
    (tmp_path / "x.csv").write_text("\n".join([names, *[",".join("1" * 60_000)] * 2]) + "\n")
    with frugal():
        assert len(read(tmp_path / "x.csv")[0].columns) == 60_000


def test_long_words_are_kept_in_part():
    """Ten thousand of a hundred thousand characters would be a gigabyte."""
    block = run_table.Gather()
    with frugal():
        for t in range(3000):
            block.block({"prompt": (None, [f"{t}{'x' * 100_000}"])}, 1)
    (words,) = block.table().words.values()
    assert len(words.words) == 3000 and {len(word) for word in words.words} == {run_table.WORD}


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
    assert done.exit_code == 0 and done.stdout.splitlines()[-1] == "300 runs: 0 found"
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
