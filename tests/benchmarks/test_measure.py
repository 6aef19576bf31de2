"""benchmarks/detectors/measure.py: who is asked, what counts as a hit, and that the tables say what was measured."""

import importlib
import inspect
import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from every_detector import OF_ENTRIES

from bestiary.catalog.read import read_catalog
from bestiary.certify.published_rules import RULES
from bestiary.log import Log

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
READS = ("train_acc", "test_acc")  # by the entry `grokking`
MEASURED = BENCHMARKS / "measured" / "detectors.json"


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS / "detectors")


def module(name):
    return importlib.import_module(name)


def measured():
    return json.loads(MEASURED.read_text("utf-8"))


SCRATCH = """
from bestiary.log import Finding, State


def scratch(log, first="train_acc", others=("test_acc", "test_loss"), extra=None, *, least=0.5):
    return Finding(State.FOUND, "always", float(log[first].steps[0]))
"""


def rise(t, at, width):
    return 1 / (1 + np.exp(-(t - at) / width))


def groks(at=1500.0):
    t = 10.0 * np.arange(301)
    return Log.of(
        t, train_acc=rise(t, 60, 8), test_acc=rise(t, at, 30), test_loss=1 + 2 * rise(t, 60, 8) - rise(t, at, 9)
    )


def task(logs, positive=True, declared=("hump",), **more):
    return module("runs").Task(
        "grokking", "a case", 0, "delayed_generalization", frozenset(declared), positive, tuple(logs), READS, 1, **more
    )


def pick(rows, **wanted):
    return [row for row in rows if all(getattr(row, k) == v for k, v in wanted.items())]


@pytest.mark.parametrize("n", range(10))
def test_bisection_finds_the_strictest_value(n):
    grid, asked = np.arange(9.0), []

    def fires(value):
        asked.append(value)
        return value < n

    assert module("runs").strictest(fires, grid) == n - 1
    assert len(asked) <= 4


def test_the_middle_of_a_dial_is_the_detectors_default():
    judges = module("judges")
    assert set(judges.detectors()) == set(OF_ENTRIES)
    dialled = {name: of for name, of in judges.detectors().items() if of.dial is not None}
    assert dialled
    for name, of in dialled.items():
        default = inspect.signature(of.function).parameters[of.dial.threshold].default
        values = judges.values(name)
        assert values[values.size // 2] == pytest.approx(default) and values.size % 2, name
        assert (np.diff(values) > 0).all() or (np.diff(values) < 0).all()


@pytest.fixture
def dropped(tmp_path, monkeypatch):
    """A detector without ABOUT or a dial, in a file of its own beside the others; asked of nobody but here."""
    import bestiary.detectors as package

    (tmp_path / "scratch.py").write_text(SCRATCH, "utf-8")
    folders = [*package.__path__, str(tmp_path)]
    monkeypatch.setattr(package, "__path__", folders)
    monkeypatch.setattr(package.__spec__, "submodule_search_locations", folders)
    judges = module("judges")
    judges.detectors.cache_clear()
    yield "scratch"
    judges.detectors.cache_clear()
    sys.modules.pop("bestiary.detectors.scratch", None)


def test_a_detector_without_a_dial_is_measured_at_its_defaults(dropped, tmp_path):
    judges, measure, pages = module("judges"), module("measure"), module("pages")
    assert judges.detectors()[dropped].channels == ("train_acc", ("test_acc", "test_loss"))
    rows = module("runs").judged(task([groks()], sweep=True))
    theirs = pick(rows, judge=dropped)
    assert [row.condition for row in pick(theirs, fired=True)] == list(module("runs").CONDITIONS)
    assert all(row.strictest is None for row in theirs)
    made = {"conditions": list(module("runs").CONDITIONS), "overlaps": []}
    made["detectors"] = measure.record(rows, rows, {})
    of = made["detectors"][dropped]
    assert of["recorded"]["false_alarm"] == [1, 1] and not {"tuning", "threshold", "default"} & set(of)
    assert "tuning" in made["detectors"]["delayed_generalization"]
    assert "| scratch | -" in pages.detectors_table(made) and "scratch: hits 0/0" in "".join(pages.summary(made))
    module("figures").draw(made, tmp_path)
    assert (tmp_path / "detectors-thresholds.png").is_file()


def test_a_run_without_the_phenomenon_is_laid_over_nothing():
    """One run in a few of a positive case does not show it: there is no overlap then, and nobody has missed one."""
    overlaps = module("overlaps")
    t = np.arange(300.0)
    flat = Log.of(t, **dict.fromkeys(("train_acc", "test_acc", "loss", "train_loss", "test_loss"), np.full(300, 0.5)))
    (composed,) = [o for o in overlaps.OVERLAPS if o.name == "spikes while grokking"]
    assert list(overlaps.answers(composed, {case: [flat] for case in composed.cases})) == []


def test_the_published_values_are_within_the_range_that_is_tried():
    judges = module("judges")
    assert set(judges.RULE_VALUES) == set(RULES)
    for name, rule in RULES.items():
        low, high = judges.RULE_VALUES[name][[0, -1]]
        assert rule.published is None or low <= rule.published <= high, name


@pytest.mark.parametrize(
    ("entry", "channels"),
    [
        ("edge_of_stability", ("edge_ratio", "loss")),  # the detector itself
        ("rotational_equilibrium", ("angle", "angle_in_theory")),  # a partial of it
        ("adam_loss_spikes", ("loss",)),  # `cause` is optional
        ("dirac_gan", ("generator",)),  # a function that calls it
        ("spectral_bias", (("error_1", "error_3", "error_5", "error_8"),)),
        ("grokking_diagonal_linear", ("train_acc", "test_acc")),  # calls it twice
    ],
)
def test_what_an_entry_reads_is_seen_in_the_entry(entry, channels):
    assert module("judges").reads(entry, read_catalog()[entry].detector) == channels


@pytest.mark.parametrize("entry", read_catalog())
def test_every_entrys_channels_are_of_its_setup(entry):
    source = inspect.getsource(import_module(f"bestiary.phenomena.{entry}"))
    p = import_module(f"bestiary.phenomena.{entry}").PHENOMENON
    reads = module("judges").reads(entry, read_catalog()[entry].detector)
    flat = [n for c in reads for n in (c if isinstance(c, tuple) else (c,))]
    assert flat and all(n in {*p.units, *p.figure} or f'"{n}"' in source or f"{n}=" in source for n in flat)


def test_a_positive_is_found_and_its_onset_follows_the_clock():
    rows = pick(module("runs").judged(task([groks()])), judge="delayed_generalization", calibrated=False)
    assert len(rows) == len(module("runs").CONDITIONS) and all(row.positive for row in rows)
    assert pick(rows, condition="as_recorded")[0].fired
    for condition in ("epochs", "tokens", "bits"):
        (row,) = pick(rows, condition=condition)
        assert row.fired and row.error == pytest.approx(0, abs=1e-6), condition
    late = pick(rows, condition="moving_average")[0]
    assert late.fired and late.error > 3  # a mean over some ten records lags


def test_controls_and_others_are_negatives_and_declared_detectors_are_not_asked():
    rows = module("runs").judged(task([groks()], positive=False))
    rules = {"accuracy_once", "both_accuracies_now", "liu_phases", "accuracy_jump"}
    assert {row.judge for row in rows} == {"delayed_generalization", "decline", *rules}  # decline reads train_acc
    assert not any(row.positive for row in rows)
    rows = module("runs").judged(task([groks()], declared=()))
    assert pick(rows, judge="hump", condition="as_recorded")[0].positive is False
    assert pick(rows, judge="accuracy_once", condition="as_recorded")[0].positive


def test_others_are_asked_about_other_runs_under_each_transformation():
    rows = module("runs").judged(task([groks(), groks(1600.0), groks(1700.0)], declared=()))
    assert len(pick(rows, judge="hump", condition="as_recorded")) == 3
    assert {len(pick(rows, judge="hump", condition=c)) for c in module("runs").CONDITIONS[1:]} == {1}
    own = pick(rows, judge="delayed_generalization", calibrated=False)
    assert {len(pick(own, condition=c)) for c in module("runs").CONDITIONS} == {3}


def test_a_calibrated_rule_is_asked_at_both_thresholds():
    rows = module("runs").judged(task([groks()], calibrated={"liu_phases": 1e6}))
    fired = {row.calibrated: row.fired for row in pick(rows, judge="liu_phases", condition="as_recorded")}
    assert fired == {False: True, True: False}


def test_a_detector_is_asked_again_with_what_is_known_of_the_data():
    runs, judges, log = module("runs"), module("judges"), groks()
    guessed = 0.5 + 0.5 * log["test_acc"].values
    guessed[0] = 0.0  # the untrained network scored zero, which was counted as wrong: the log does not show chance
    half = Log({**log.channels, "test_acc": (log["test_acc"].steps, guessed)})
    args = ("a case", 0, "delayed_generalization", frozenset({"hump"}), True, (half,), READS, 1)
    for entry, told in (("grokking_diagonal_linear", True), ("grokking", False)):
        rows = pick(runs.judged(runs.Task(entry, *args)), judge="delayed_generalization", condition="as_recorded")
        assert {row.calibrated: row.fired for row in rows} == {False: False, True: told}
    for key, facts in judges.FACTS.items():
        assert set(facts) <= set(inspect.signature(judges.detectors()[read_catalog()[key].detector][0]).parameters)


def test_scores_count_and_a_limit_is_exact():
    runs, scores = module("runs"), module("scores")
    row = runs.Row("spikes", False, True, "bits", "e", "c", 0, True, 2.0, 3)
    rows = [row, row._replace(fired=False, error=np.nan, strictest=-1), row._replace(positive=False, error=np.nan)]
    told = scores.by_condition([*rows, row._replace(condition="as_recorded", error=np.nan)])
    assert told["hit"] == [2, 3] and told["false_alarm"] == [1, 1]
    assert told["transformed"]["bits"]["hit"] == [1, 2] and told["recorded"]["hit"] == [1, 1]
    assert told["onset_error"] == {"median": 2.0, "q05": 2.0, "q95": 2.0, "n": 1}
    assert scores.Rate(0, 64).at_most == pytest.approx(1 - 0.05 ** (1 / 64))
    curve = scores.curve(rows, "spikes")
    assert [r.k for r in curve.hit] == [1] * 4 + [0] * 5 and [r.n for r in curve.hit] == [2] * 9


def test_calibration_takes_the_laxest_value_that_is_quiet_enough():
    scores = module("scores")
    rates = [scores.Rate(k, 10) for k in (9, 4, 1, 0)]
    curve = scores.Curve([1.0, 2.0, 3.0, 4.0], rates, rates)
    assert [scores.calibrate(curve, limit) for limit in (1.0, 0.4, 0.1, 0.0)] == [1, 2, 3, 4]
    assert scores.calibrate(scores.Curve([1.0, 2.0], rates[:2], rates[:2]), 0.0) is None


def test_a_slower_run_keeps_its_onset_on_the_new_clock():
    overlaps = module("overlaps")
    log, (part,) = overlaps.slower_from_then_on(groks(), detector="delayed_generalization", factor=3.0, early=0.5)
    was = overlaps.ask("delayed_generalization", groks()).onset
    assert part.onset == pytest.approx(was / 2 + 3 * was / 2)
    assert overlaps.ask("delayed_generalization", log).onset == part.onset
    told = overlaps.table({overlaps.GROKS: [groks(), groks(1600.0)]})
    slow = next(row for row in told if row["overlap"].startswith("a third"))
    assert slow["found"] == [2, 2] and slow["onset_error"]["median"] == 0
    assert {row["overlap"] for row in told} == {o.name for o in overlaps.OVERLAPS if set(o.cases) == {overlaps.GROKS}}


def test_where_a_rule_leads_is_said():
    def part(hit, false):
        return {"hit": hit, "false_alarm": false}

    def told(hit, false):
        return {"recorded": part(hit, false), "transformed": {"bits": part([5, 10], [0, 10])}}

    rule = {"threshold": "z", "published": 3.0, "calibrated": None, "at_published": told([9, 10], [0, 10])}
    ours = {"threshold": "height", "default": 2.0, "rules": {"wandb_z_score": rule}}
    made = {"detectors": {"spikes": told([9, 10], [1, 10]) | ours}}
    ((detector, _, name, leads),) = module("pages").beaten(made)
    assert detector == "spikes" and name.startswith("wandb z score")
    assert leads == {"as_recorded": (0.9, pytest.approx(0.8))}  # under bits they are even


def test_the_page_says_what_was_measured():
    page, pages, made = (ROOT / "docs" / "detectors.md").read_text("utf-8"), module("pages"), measured()
    assert {m[2] for m in pages.MARK.finditer(page)} == set(pages.TABLES)
    for m in pages.MARK.finditer(page):
        assert m[0] == f"{m[1]}{pages.TABLES[m[2]](made)}{m[3]}", f"stale: {m[2]}"


def test_every_detector_was_measured_off_the_tuning_root():
    made = measured()
    assert set(made["detectors"]) == set(OF_ENTRIES)
    assert made["tuning_root"] not in made["roots"]
    for name, of in made["detectors"].items():
        assert of["hit"][1] and of["false_alarm"][1], name
        assert set(of["transformed"]) == set(made["conditions"][1:])


@pytest.mark.slow
def test_the_command_measures_an_entry(tmp_path):
    tracked = {file: file.read_bytes() for file in (ROOT / "docs" / "detectors.md", MEASURED)}
    where = ["--out", tmp_path / "out", "--cache", tmp_path / "cache"]
    few = ["--roots", "3", "--seeds", "2", "--per", "1", "--workers", "1", "dirac_gan"]
    done = CliRunner().invoke(module("measure").main, [*map(str, where), *few], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    made = json.loads((tmp_path / "out" / "detectors.json").read_text("utf-8"))
    cycling = made["detectors"]["cycling"]
    assert made["roots"] == [3] and cycling["recorded"] == {"hit": [10, 10], "false_alarm": [0, 4]}
    assert cycling["as_its_entries_set_it"]["hit"] == [10, 10]
    assert "cycling: hits" in done.stdout
    page = (tmp_path / "out" / "detectors.md").read_text("utf-8")
    assert page.startswith("# How right the detectors are\n") and "| cycling | 10/10 |" in page
    drawn = {file.name for file in (tmp_path / "out" / "figures").glob("*.png")}
    assert drawn == {"detectors-transformations.png", "detectors-thresholds.png"}
    assert all(file.read_bytes() == content for file, content in tracked.items())


def test_tracked_files_are_never_rewritten_from_a_part():
    done = CliRunner().invoke(module("measure").main, ["--write", "dirac_gan"])
    assert done.exit_code == 2 and "leave the entries out" in done.output


def test_publishing_replaces_the_tables_and_keeps_the_words_between(tmp_path, monkeypatch):
    measure = module("measure")
    text = "# Page\n<!-- table provenance: x -->\nold\n<!-- end of table -->\nkept\n"
    monkeypatch.setattr(measure, "PAGE", tmp_path / "detectors.md")
    measure.PAGE.write_text(text, "utf-8")
    measure.publish(measured(), tmp_path / "rates.json", measure.PAGE, tmp_path / "figures")
    page = measure.PAGE.read_text("utf-8")
    assert "old" not in page and page.startswith("# Page\n") and page.endswith("<!-- end of table -->\nkept\n")
    assert json.loads((tmp_path / "rates.json").read_text("utf-8")) == measured()
    assert (tmp_path / "figures" / "detectors-rules-spikes.png").is_file()


def test_what_is_tuned_is_not_measured():
    done = CliRunner().invoke(module("measure").main, ["--tuning", "3", "--roots", "3,4"])
    assert done.exit_code == 2 and "what is tuned is not measured" in done.output
    done = CliRunner().invoke(module("measure").main, ["--roots", "three"])
    assert done.exit_code == 2 and "no list of root seeds" in done.output
