"""`bestiary detect` on logs of strangers: what it finds, what it keeps silent about, what it says and how it exits."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from curves import COMMON, bursts, null
from log_files import LOGS, asked, report
from written_logs import T, csv, spiky

from bestiary.about import About, Severity
from bestiary.log import Effect, Finding, Log, Series, State
from bestiary.logs.run_table import Unreadable
from bestiary.watch import detect, sentences
from bestiary.watch import report_schema as detect_schema

HEALTHY = [
    *("flat", "exponential", "power_law", "linear", "noisy_flat", "random_walk", "lr_decay_kink", "staircase"),
    *("start_transient", "minibatch", "autocorrelated", "heavy_tails", "comprehension", "slow_comprehension"),
]


def by_detector(run: dict) -> dict:
    return {finding["detector"]: finding for finding in run["findings"]}


def test_severity_and_strength_come_from_the_detectors_file():
    effects = {"height": Effect(2.5), "count": Effect(4.0)}
    found = detect.Answer("spikes", ("loss",), Finding(State.FOUND, "x", 1.0, effects))
    assert found.severity is Severity.WARNING and found.strength == ("height", 2.5, "1")
    assert found.about is import_module("bestiary.detectors.spikes").ABOUT
    absent = found._replace(finding=Finding(State.ABSENT, "x"))
    assert absent.severity is None and absent.strength is None
    gone = detect.Answer(detect.DIVERGED, ("loss",), Finding(State.DIVERGED, "x"))
    assert gone.severity is Severity.ERROR and gone.strength is None and gone.about.why


def test_channels_are_read_off_the_signatures():
    found = {name: reads for name, (_, reads) in detect.detectors().items()}
    assert found["delayed_generalization"] == ("train_acc", "test_acc")
    assert found["spikes"] == ("loss",) and found["edge_hover"] == ("edge_ratio", "loss")
    assert found["staggered_modes"] == ("mode_1", "mode_2", "mode_3")


def test_spikes_are_found_where_they_are(tmp_path):
    (run,) = report(spiky(tmp_path / "x.csv"))["runs"]
    spikes = by_detector(run)["spikes"]
    assert (spikes["state"], spikes["severity"], spikes["channels"]) == ("found", "warning", ["loss"])
    assert abs(spikes["onset"] - 1000) < 20 and len(spikes["spans"]) == 3
    assert spikes["strength"] == "height" and spikes["effects"]["height"]["value"] > 2


@pytest.mark.parametrize("name", HEALTHY)
def test_on_a_healthy_run_nothing_is_found(name, tmp_path):
    """As a stranger's log; the other nulls have an event for one detector or another, such as a level that shifts."""
    log = null(name)
    (run,) = report(csv(tmp_path / "x.csv", **{c: log[c].values for c in ("train_loss", *COMMON[2:])}))["runs"]
    assert {use["channel"] for use in run["columns"].values()} == {"train_loss", *COMMON[2:]}
    assert [f for f in run["findings"] if f["state"] != "undecided"] == []


def test_a_run_diverges_once(tmp_path):
    """Every detector that reads the loss says so; it is one finding."""
    loss = np.where(T < 700, np.exp(-T / 80), np.nan)
    (run,) = report(csv(tmp_path / "x.csv", loss=loss, val_loss=loss, grad_norm=np.ones(T.size)))["runs"]
    assert [f["detector"] for f in run["findings"]] == ["diverged"]
    found = run["findings"][0]
    assert found["state"] == "diverged" and found["severity"] == "error" and "step 700 to the end" in found["reason"]
    assert found["spans"] == [{"start": 700, "stop": 3999, "label": "not finite"}]


def found(log: Log) -> list[tuple[str, str]]:
    """What is told of a run: detector and severity."""
    return [(a.detector, str(a.severity)) for a in sentences.told(list(detect.answers(log)))]


def test_a_loss_that_blows_up_is_lost_and_no_detector_calls_it_diverged():
    loss = np.where(T < 2000, 1 + 9 * np.exp(-T / 300), np.exp((T - 2000) / 400))
    log = Log.of(T, loss=loss, train_loss=loss)
    assert found(log) == [("lost", "error")]
    assert all(a.finding.state is not State.DIVERGED for a in detect.answers(log))


def test_a_run_that_fits_within_some_records_is_not_said_to_diverge():
    """Its loss is many times the median of its first ten records, and a twelfth of the first."""
    loss = np.r_[3.1, 0.4, 0.01, np.full(2000, 0.006), np.full(1997, 0.25)]
    log = Log.of(T, loss=loss, train_acc=np.where(T < 3, 0.3, 1.0), test_acc=np.where(T < 500, 0.1, 0.99))
    assert ("delayed_generalization", "info") in found(log)
    assert not any(severity == "error" for _, severity in found(log))


def test_curves_beside_and_in_place_of_the_first_are_given(monkeypatch):
    asked_with = []

    def odd(log, loss="loss", accuracy=None, *, height=1.0):
        asked_with.append((loss, accuracy, height))
        return Finding(State.ABSENT, "x")

    of = About("x", beside={"accuracy": "train_acc"}, on={"test_loss": {"height": 3.0}}, asked={"height": 2.0})
    monkeypatch.setitem(detect.detectors(), "odd", (odd, ("loss",)))
    monkeypatch.setattr(detect, "about", lambda name: of)
    whole = Log.of(T, loss=T, train_acc=T, test_loss=T, test_acc=T)
    reads = [a.reads for a in detect.answers(whole, only=["odd"])]
    assert asked_with == [("loss", "train_acc", 2.0), ("test_loss", "test_acc", 3.0)]
    assert reads == [("loss",), ("test_loss",)]
    asked_with.clear()
    list(detect.answers(Log.of(T, loss=T), {"odd": {"height": 5.0}}, only=["odd"]))
    assert asked_with == [("loss", None, 5.0)]


def test_a_loss_that_falls_to_zero_has_escaped_no_plateau():
    loss = np.where(T < 2000, 1 + 0.01 * np.sin(T), 0.0)
    assert "plateau_escape" in {a.detector for a in detect.answers(Log.of(T, loss=loss)) if a.severity is not None}
    assert found(Log.of(T, loss=loss)) == [("zero_loss", "error")]


def test_an_accuracy_that_is_lost_is_told_where_no_loss_tells_it(tmp_path):
    accuracy = np.where(T < 2000, 1 - np.exp(-T / 100), 0.1)
    path = csv(tmp_path / "x.csv", train_acc=accuracy, val_acc=0.9 * accuracy)
    said = " ".join(asked(path).stdout.split())
    assert said.count("warning: accuracy lost, step 2000 to 3999: ") == 1 and "to the end; train_acc, too" in said
    loss = np.where(T < 2000, 2.3 * np.exp(-T / 100), 2.3)
    assert found(Log.of(T, loss=loss, train_acc=accuracy)) == [("lost", "error")]


def test_half_an_understanding_leaves_nothing_to_decide():
    k = np.arange(100.0)
    log = Log.of(k, train_acc=1 - 0.9 * np.exp(-k / 12), test_acc=0.78 - 0.6 * np.exp(-k / 15))
    assert found(log) == []


def test_severity_grows_with_an_effect():
    few, many = (
        detect.Answer("spike", ("loss",), Finding(State.FOUND, "x", 1.0, {"count": Effect(count)})) for count in (1, 9)
    )
    assert (few.severity, many.severity) == (Severity.INFO, Severity.WARNING)


def test_a_run_that_was_stopped_when_it_generalised_has_generalised():
    test = np.r_[np.full(27, 0.01), 0.62, 0.9, 0.997]
    log = Log.of(100.0 * np.arange(30), train_acc=np.r_[0.01, np.ones(29)], test_acc=test)
    (answer,) = detect.answers(log, only=["delayed_generalization"])
    assert answer.finding.found and answer.finding.onset == 2900


def test_what_nobody_has_to_decide_is_not_shown(tmp_path):
    k = np.arange(50)
    path = csv(tmp_path / "x.csv", train_loss=2.3 * np.exp(-k / 40), train_acc=0.3 + 0.009 * k, val_acc=0.3 + 0.008 * k)
    shown = asked(path).stdout
    assert "undecided" not in shown and "1 run: 0 found" in shown
    assert "delayed generalization, undecided" in asked(path, "-v").stdout


def test_every_finding_says_what_people_do(tmp_path):
    path = spiky(tmp_path / "x.csv")
    assert "what people do: lower the learning rate" in asked(path).stdout
    (run,) = report(path)["runs"]
    assert (
        by_detector(run)["spikes"]["do"].startswith("lower the learning rate") and by_detector(run)["spikes"]["source"]
    )
    assert all(detect.about(name).do for name in [*detect.detectors(), detect.DIVERGED])


def test_a_folder_of_mixed_logs_fits_one_screen(tmp_path):
    for i in range(3):
        csv(tmp_path / f"spiky{i}.csv", loss=bursts(T, [1000, 2000, 3000])["loss"].values)
        csv(tmp_path / f"lost{i}.csv", train_loss=np.where(T < 2000, 1 + np.exp(-T / 300), 1.9))
        csv(tmp_path / f"late{i}.csv", train_acc=np.where(T < 30, 0.1, 1.0), val_acc=np.where(T < 2000, 0.1, 1.0))
    csv(tmp_path / "nan.csv", loss=np.where(T < 700, 1.0, np.nan))
    lines = asked(tmp_path).stdout.splitlines()
    assert len(lines) < 24
    assert any(line.startswith("error: lost in 3 of 10 runs: lost0.csv (step 2000 to 3999)") for line in lines)
    assert lines[-1] == "10 runs: 10 found; -v says more"


def test_steps_that_are_epochs_are_called_so(tmp_path):
    y = np.r_[np.linspace(1, 0.5, 10), np.linspace(0.55, 1, 20)]
    rows = "\n".join(f"{i},{1 / (1 + i)},{v}" for i, v in enumerate(y))
    (tmp_path / "x.csv").write_text(f"epoch,loss,val_loss\n{rows}\n")
    shown = " ".join(asked(tmp_path / "x.csv").stdout.split())
    assert "validation loss lowest at epoch 9 (0.5), since then +" in shown and "best checkpoint: epoch 9" in shown


def test_a_rise_while_memorising_is_part_of_generalising_late():
    train, test = np.where(T < 20, 0.1, 1.0), np.where(T < 2000, 0.1, 1.0)
    rises = np.where(T < 2000, 4 + 4 * (1 - np.exp(-T / 100)), 8 * np.exp(-(T - 2000) / 100) + 0.01)
    log = Log.of(T, train_acc=train, test_acc=test, test_loss=rises, train_loss=5 * np.exp(-T / 5) + 1e-3)
    assert "hump" in {a.detector for a in detect.answers(log) if a.severity is not None}
    assert found(log) == [("delayed_generalization", "info")]


def cut(stop: int) -> Log:
    rise = 1 / (1 + np.exp(-(T - 2500) / 100))
    log = Log.of(T, train_acc=1 - np.exp(-T / 5), test_acc=0.02 + 0.98 * rise, test_loss=4 - 3.9 * rise)
    return Log({name: Series(t[:stop], y[:stop]) for name, (t, y) in log.channels.items()})


def test_a_run_that_will_generalise_is_not_called_overfitting_before_it_does(tmp_path):
    """The whole is grokking; cut before it generalises it is undecided, and the catalog says how long others took."""
    whole = {a.detector: a for a in detect.answers(cut(4000))}["delayed_generalization"]
    assert whole.finding.state is State.FOUND and 2500 < whole.finding.onset < 3000
    early = {a.detector: a for a in detect.answers(cut(150))}["delayed_generalization"]
    assert early.finding.state is State.UNDECIDED and early.severity is None
    entries = detect.delays()
    assert entries and all(1 < low < high for low, high in entries.values())
    assert "too early to call it overfitting" in early.finding.reason
    assert f"{max(high for _, high in entries.values()):.0f} times as late" in early.finding.reason
    logs = [name for name, curve in cut(150).channels.items()]
    path = csv(tmp_path / "x.csv", **{name: cut(150)[name].values for name in logs})
    done = asked(path, "--fail-on", "info")
    assert done.exit_code == 0 and "to decide: delayed generalization" in done.stdout


def test_the_hint_is_the_range_of_what_was_measured(tmp_path, monkeypatch):
    def root(found, low, high):
        return {
            "states": {"found": found} if found else {"absent": 3},
            "effects": {"delay_ratio": {"quantiles": [low, 5, high]}},
        }

    cases = {"a": {"root 1": root(3, 4, 9), "root 2": root(3, 3, 8)}, "control": {"root 1": root(0, 1, 90)}}
    others = {"a": {"root 1": {"states": {"found": 3}, "effects": {"height": {"quantiles": [1, 2, 3]}}}}}
    (tmp_path / "late_x.json").write_text(json.dumps({"entry": "late_x", "cases": cases}))
    (tmp_path / "spiky.json").write_text(json.dumps({"entry": "spiky", "cases": others}))
    (tmp_path / "detectors.json").write_text(json.dumps({"detectors": {}, "effects": ["delay_ratio"]}))
    monkeypatch.setattr(detect.files, "measured", lambda: tmp_path)
    assert detect.delays() == {"late_x": (3, 9)}


def test_records_of_what_was_measured_are_read_once(monkeypatch):
    """A monitor asks at every look."""
    detect.delays()
    monkeypatch.setattr(detect.json, "loads", lambda text: pytest.fail("read again"))
    assert detect.delays()


def test_measured_rates_are_shown_and_a_dash_where_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr(detect.files, "measured", lambda: tmp_path)
    path = spiky(tmp_path / "x.csv")
    (row,) = [line for line in asked(path, "-v").stdout.splitlines() if line.lstrip().startswith("spikes")]
    assert row.split()[-2:] == ["-", "-"]
    (tmp_path / "detectors.json").write_text(
        json.dumps({"detectors": {"spikes": {"hit": [47, 48], "false_alarm": [1, 999]}}})
    )
    shown = asked(path, "-v").stdout
    assert "47/48" in shown and "1/999" in shown
    (run,) = report(path)["runs"]
    assert by_detector(run)["spikes"]["hit"] == [47, 48] and by_detector(run)["spikes"]["false_alarm"] == [1, 999]


@pytest.mark.parametrize(
    "level, spikes, grokking, diverged",
    [("info", 1, 1, 1), ("warning", 1, 0, 1), ("error", 0, 0, 1), ("never", 0, 0, 0)],
)
def test_exit_status(level, spikes, grokking, diverged, tmp_path):
    flat = csv(tmp_path / "flat.csv", loss=np.exp(-T / 800))
    nan = csv(tmp_path / "nan.csv", loss=np.where(T < 700, 1.0, np.nan))
    grok = LOGS / "nested.jsonl"
    assert asked(flat, "--fail-on", level).exit_code == 0
    assert asked(spiky(tmp_path / "x.csv"), "--fail-on", level).exit_code == spikes
    assert asked(grok, "--fail-on", level).exit_code == grokking
    assert asked(flat, nan, "--fail-on", level).exit_code == diverged
    if level == "warning":
        assert [asked(p).exit_code for p in (flat, nan, grok)] == [0, 1, 0]
    assert asked(nan, tmp_path / "gone.csv", "--fail-on", level).exit_code == 2


def test_runs_read_alike_are_described_once(tmp_path):
    for i in range(9):
        csv(tmp_path / f"{i}.csv", loss=np.exp(-T / 800))
    shown = " ".join(asked(tmp_path).stdout.split())
    assert shown.count("train_loss: `loss`") == 1 and "and 3 runs more, all read alike" in shown
    assert "9 runs: 0 found" in shown


def test_verbose_lists_what_did_not_apply(tmp_path):
    path = csv(tmp_path / "x.csv", loss=np.exp(-T / 800))
    assert "cycling" not in asked(path).stdout
    shown = asked(path, "-v").stdout
    assert "cycling, not applicable" in shown and "spikes, absent" in shown


def test_the_schema_is_current_and_reports_obey_it(tmp_path):
    path = Path(__file__).resolve().parents[2] / "detect.schema.json"
    assert path.read_text("utf-8") == detect_schema.text(), "stale: run `make schema`"
    jsonschema = pytest.importorskip("jsonschema")
    csv(tmp_path / "nan.csv", loss=np.where(T < 700, 1.0, np.nan))
    spiky(tmp_path / "x.csv")
    (tmp_path / "bad.csv").write_bytes(b"\0\1")
    whole = report(tmp_path, LOGS)
    jsonschema.validate(whole, detect_schema.schema())
    assert len(whole["runs"]) > 8 and any("bad.csv" in line for line in whole["errors"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**whole, "extra": 1}, detect_schema.schema())


def test_effects_that_are_not_finite_are_null():
    finding = Finding(State.FOUND, "x", 1.0, {"height": Effect(float("inf"))})
    told = detect_schema._finding_record(detect.Answer("spikes", ("loss",), finding), {})
    assert told.effects["height"].value is None and json.loads(told.model_dump_json())["onset"] == 1.0


CODE = """
import sys
from bestiary.cli.logs import detect

try:
    detect(sys.argv[1:])
except SystemExit as done:
    assert not done.code
seen = {"jax", "xarray", "pandas", "scipy.stats", "matplotlib", "pyarrow", "tensorboard"} & set(sys.modules)
assert not seen, seen
"""


def test_it_imports_neither_jax_nor_what_the_files_do_not_need():
    words = [str(LOGS / name) for name in ("nested.jsonl", "lightning_metrics.csv", "trainer_state.json", "mlruns")]
    ran = subprocess.run([sys.executable, "-c", CODE, *words], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.slow
def test_a_large_log_is_read_within_a_few_times_its_size(tmp_path):
    """A few times the file, over what the imports take; a list of Python floats alone would be nine times."""
    n = 300_000
    path = csv(tmp_path / "x.csv", loss=np.exp(-np.arange(n) / 1e5), acc=np.ones(n), lr=np.ones(n))
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom bestiary.logs import formats\n"
        "import numpy\npeak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "before = peak()\ntables = formats.read(Path(sys.argv[1]))\nprint(peak() - before)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 6 * path.stat().st_size


@pytest.mark.parametrize("columns", [{}, {"step": "tokens"}, {"lr": "x"}, {"drift": "x"}])
def test_channels_that_are_read_may_be_named(columns):
    detect.check_channels(columns)


def test_a_channel_that_nothing_reads_is_refused_with_those_that_there_are():
    with pytest.raises(Unreadable, match=r"^--channel weather=x: no detector reads that; want step.*train_acc"):
        detect.check_channels({"loss": "y", "weather": "x"})
