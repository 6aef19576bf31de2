"""`bestiary watch` on logs that grow, are cut off, rotated, or not there yet."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner
from curves import bursts
from jsonschema import validate
from log_files import report as detected

from bestiary.cli.logs import watch
from bestiary.logs.run_table import Unreadable
from bestiary.watch import report_schema as detect_schema
from bestiary.watch.follow import Follower, News, Remark

T = np.arange(4000.0)
LOSS = bursts(T, [1000, 2000, 3000])["loss"].values
HEADER = "step,loss\n"


def rows(start, stop, loss=LOSS):
    return "".join(f"{step},{loss[step]:.8g}\n" for step in range(start, stop))


def add(path, text):
    with path.open("a") as file:
        file.write(text)


def found(events):
    return [event.notice.detector for event in events if isinstance(event, News)]


def remarks(events):
    return [event.text for event in events if isinstance(event, Remark)]


def asked(*words):
    return CliRunner().invoke(watch, [str(word) for word in words])


def test_each_finding_is_reported_once_however_the_log_grows(tmp_path):
    path, seen = tmp_path / "x.csv", []
    path.write_text(HEADER)
    follower = Follower(path)
    for start in range(0, 4000, 250):
        add(path, rows(start, start + 250))
        seen += found(follower.poll())
    assert seen == ["spike", "spikes"]  # the first by itself, and that they recur
    assert list(follower.poll()) == []


def test_a_file_that_is_not_there_yet(tmp_path):
    path = tmp_path / "later" / "x.csv"
    follower = Follower(path)
    (event,) = follower.poll()
    assert event == Remark(f"{path}: is not there yet", failed=True)
    assert list(follower.poll()) == []  # said once
    path.parent.mkdir()
    path.write_text(HEADER)
    assert ["header and no row" in text for text in remarks(follower.poll())] == [True]
    add(path, rows(0, 4000))
    events = list(follower.poll())
    assert remarks(events) == [f"{path}: step is `step`; train_loss is `loss`"] and found(events) == ["spikes"]


@pytest.mark.parametrize("rest", ["1", "100,", "100,0.0"])
def test_a_last_line_that_is_cut_off(rest, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(HEADER + rows(0, 100) + rest)
    follower = Follower(path)
    assert [(event.text, event.failed) for event in follower.poll()] == [
        (f"{path}: step is `step`; train_loss is `loss`", False)
    ]
    add(path, "00,1\n" if rest == "1" else "1\n")
    assert list(follower.poll()) == []


@pytest.mark.parametrize(("suffix", "line"), [(".csv", "100,nan"), (".jsonl", '{"step": 100, "loss": NaN}')])
def test_what_a_half_written_line_says_is_not_believed(suffix, line, tmp_path):
    """Two records that are not finite may pass; the third, half written, is not one yet."""
    path = tmp_path / f"x{suffix}"
    lines = [f"{step},{1 if step < 98 else 'nan'}" for step in range(100)]
    if suffix == ".jsonl":
        lines = [f'{{"step": {step}, "loss": {1 if step < 98 else "NaN"}}}' for step in range(100)]
    path.write_text((HEADER if suffix == ".csv" else "") + "\n".join(lines) + "\n" + line)
    follower = Follower(path)
    assert found(follower.poll()) == []
    add(path, "\n")
    assert found(follower.poll()) == ["diverged"]


def test_a_log_that_is_rotated_is_another(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(HEADER + rows(0, 4000))
    follower = Follower(path)
    assert found(follower.poll()) == ["spikes"]
    path.rename(tmp_path / "x.csv.1")
    path.write_text(HEADER + rows(0, 300))
    events = list(follower.poll())
    assert found(events) == [] and "shorter than it was" in remarks(events)[0]
    add(path, rows(300, 4000))
    assert found(follower.poll()) == ["spikes"]


def test_a_log_that_is_emptied_and_one_that_goes(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(HEADER + rows(0, 4000))
    follower = Follower(path)
    assert found(follower.poll()) == ["spikes"]
    path.write_text("")
    assert remarks(follower.poll()) == [f"{path}: is empty; a log has at least one row"]
    path.unlink()
    assert remarks(follower.poll()) == [f"{path}: is not there yet"]
    path.write_text(HEADER + rows(0, 4000))
    assert found(follower.poll()) == ["spikes"]


def test_a_folder_and_checkpoints_of_one_run(tmp_path):
    """Hugging Face writes the whole history anew with every checkpoint, into another folder."""
    follower = Follower(tmp_path)
    history = [{"step": step, "loss": float(y)} for step, y in enumerate(LOSS)]
    seen = []
    for stop in (3500, 4000):
        folder = tmp_path / f"checkpoint-{stop}"
        folder.mkdir()
        (folder / "trainer_state.json").write_text(json.dumps({"log_history": history[:stop], "global_step": stop}))
        seen.append(found(follower.poll()))
    (tmp_path / "other.csv").write_text(HEADER + "".join(f"{t},{1.1 * y}\n" for t, y in enumerate(LOSS)))
    seen.append(found(follower.poll()))
    assert seen == [["spikes"], [], ["spikes"]]


def test_a_run_that_two_loggers_write_is_told_once(tmp_path):
    follower = Follower(tmp_path)
    path = tmp_path / "z.csv"
    path.write_text(HEADER + rows(0, 4000))
    assert found(follower.poll()) == ["spikes"]
    history = [json.dumps({"step": step, "loss": round(float(y), 5)}) for step, y in enumerate(LOSS)]
    (tmp_path / "a.jsonl").write_text("\n".join(history) + "\n")
    assert found(follower.poll()) == []


def test_a_run_that_starts_anew_in_one_file(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(HEADER + rows(0, 4000))
    follower = Follower(path)
    assert found(follower.poll()) == ["spikes"]
    add(path, rows(0, 2000))
    assert found(follower.poll()) == ["spike"]  # the first part's name is another now, and its finding is not
    add(path, rows(2000, 4000))
    assert found(follower.poll()) == ["spikes"]


def test_the_report_is_that_of_detect(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(HEADER + rows(0, 4000))
    (news,) = (event for event in Follower(path).poll() if isinstance(event, News))
    told = json.loads(news.report())
    validate(told, detect_schema.schema())
    (run,), (whole,) = told["runs"], detected(path)["runs"]
    assert [f for f in whole["findings"] if f["detector"] == "spikes"] == run["findings"]
    assert "\n" not in news.report()


def test_channels_as_asked(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("step,objective/total\n" + rows(0, 4000))
    done = asked(path, "--once", "--channel", "train_loss=objective/total")
    assert done.exit_code == 1 and "warning: spikes" in done.stdout
    assert list(Follower(path, {"train_loss": "speed"}).poll())[-1].text.startswith(
        "--channel train_loss=speed: no such column yet; there are objective/total, step"
    )
    with pytest.raises(Unreadable, match="no detector reads that"):
        Follower(path, {"speed": "objective/total"})
    assert asked(path, "--channel", "speed=x").exit_code == 2


@pytest.mark.parametrize(("words", "status"), [
    ([], 1), (["--fail-on", "error"], 0), (["--fail-on", "never"], 0), (["--fail-on", "info"], 1),
])  # fmt: skip
def test_once_exits_as_detect_does(words, status, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(HEADER + rows(0, 4000))
    done = asked(path, "--once", *words)
    assert done.exit_code == status and done.stdout.count("\n") == 1
    assert done.stdout.startswith(f"{path}: step 3999: warning: spikes from step 1000")


def test_a_log_of_one_row_fails_no_look_at_others(tmp_path):
    add(tmp_path / "a.csv", HEADER + "0,1\n")
    assert asked(tmp_path, "--once").exit_code == 2
    add(tmp_path / "b.csv", HEADER + rows(0, 100))
    done = asked(tmp_path, "--once")
    assert done.exit_code == 0 and "a.csv: has no curve" in done.stderr


def test_once_on_nothing(tmp_path):
    done = asked(tmp_path / "no.csv", "--once")
    assert done.exit_code == 2 and done.stderr == f"{tmp_path / 'no.csv'}: is not there yet\n" and not done.stdout


def test_a_command_gets_the_report_of_each_finding(tmp_path):
    path, out = tmp_path / "x.csv", tmp_path / "told.json"
    path.write_text(HEADER + rows(0, 4000))
    code = f"import sys; open({str(out)!r}, 'a').write(sys.stdin.read())"
    done = asked(path, "--once", "--exec", f'{sys.executable} -c "{code}"')
    assert done.exit_code == 1 and done.stderr.count("\n") == 1
    (line,) = out.read_text().splitlines()
    assert [f["detector"] for f in json.loads(line)["runs"][0]["findings"]] == ["spikes"]


def test_a_command_that_fails_is_said_and_the_log_is_watched_on(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(HEADER + rows(0, 4000))
    done = asked(path, "--once", "--fail-on", "never", "--exec", f"{sys.executable} -c 'raise SystemExit(3)'")
    assert done.exit_code == 0 and done.stderr.endswith(f"--exec {sys.executable}: exit status 3\n")


@pytest.mark.parametrize(("command", "told"), [
    ("no_such_program --now", "no such command"),
    ("", "no such command"),
    ("sh -c 'mail me", "close every quotation mark"),
])  # fmt: skip
def test_a_bad_command_is_said_before_anything(command, told, tmp_path):
    done = asked(tmp_path / "x.csv", "--exec", command)
    assert done.exit_code == 2 and told in done.output and "not there" not in done.output


def started(*words):
    code = "import sys; from bestiary.cli.logs import watch; watch.main(sys.argv[1:], standalone_mode=True)"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # one that is ignored, as by nohup, is inherited
    try:
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)


def test_it_goes_on_until_it_is_interrupted(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(HEADER + rows(0, 200))
    run = started(path, "--interval", 0.05)
    try:
        assert run.stderr.readline() == f"{path}: step is `step`; train_loss is `loss`\n"
        add(path, rows(200, 4000))
        assert "warning: spikes" in run.stdout.readline()
        time.sleep(0.3)
        assert run.poll() is None
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
    finally:
        run.kill()
    assert (run.returncode, out, err) == (130, "", f"{path}: no longer watched; 1 found\n")


def test_it_stops_at_a_finding_that_is_severe_enough(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(HEADER + rows(0, 4000))
    run = started(path, "--interval", 0.05, "--fail-on", "error")
    try:
        assert "warning: spikes" in run.stdout.readline()
        assert run.poll() is None
        add(path, rows(0, 3).replace("0,", "4000,").splitlines()[0] + "\n4001,nan\n4002,nan\n4003,nan\n")
        out, _ = run.communicate(timeout=30)
    finally:
        run.kill()
    assert run.returncode == 1 and "error: diverged" in out
