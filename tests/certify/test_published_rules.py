"""Each rule of bestiary.certify.published_rules fires where its original would, by hand or by a plain loop."""

import sys
import time
from collections import deque

import numpy as np
import pytest

from bestiary.certify.published_rules import RULES
from bestiary.files import modules
from bestiary.log import Log, Span, State

EXTRA = {"metaseq_ewm_ratio": {"ratio": 1.25}, "ruptures_breaks": {"penalty": 50.0}}  # no published value
SPIKE_RULES = [
    "lightning_spike_detection",
    "llm_foundry_kill_loss_spike",
    "megatron_spiky_loss",
    "metaseq_ewm_ratio",
    "llm_c_outlier",
    "olmo_core_stability",
    "wandb_z_score",
    "ruptures_breaks",
]
GROKKING_RULES = ["accuracy_once", "both_accuracies_now", "liu_phases", "accuracy_jump"]
STEP = 10  # steps are not indices, so a rule that mixes them up is found out


def judge(name, log, **thresholds):
    if name == "ruptures_breaks":
        pytest.importorskip("ruptures")
    return RULES[name].judge(log, **EXTRA.get(name, {}) | thresholds)


def record(values, **others):
    values = np.asarray(values, float)
    return Log.of(STEP * np.arange(values.size), loss=values, **others)


def accuracies(train, test, step=STEP):
    return Log.of(step * np.arange(len(test)), train_acc=np.asarray(train, float), test_acc=np.asarray(test, float))


def fired(finding, n):
    """(n,) the records inside the finding's spans."""
    steps = STEP * np.arange(n)
    return np.array([any(s.start <= t <= s.stop for s in finding.spans) for t in steps])


def rough(n=700, seed=0, bad=False):
    """A decaying loss with heavy-tailed noise, on which every rule has something to say."""
    rng = np.random.default_rng(seed)
    y = np.exp(-np.arange(n) / 300) * np.exp(0.3 * rng.standard_t(3, n))
    y[400:420] *= 20
    if bad:
        y[150], y[500] = np.nan, np.inf
    return y


def test_every_rule_is_listed_and_rivals_a_detector():
    assert list(RULES) == SPIKE_RULES + GROKKING_RULES
    for name, rule in RULES.items():
        assert rule.rival in modules("detectors")
        default = (rule.judge.__kwdefaults__ or {}).get(rule.threshold)
        assert default == rule.published, name


@pytest.mark.parametrize("name", SPIKE_RULES + GROKKING_RULES)
def test_a_missing_channel_is_not_applicable(name):
    assert judge(name, Log({})).state is State.NOT_APPLICABLE


@pytest.mark.parametrize("name", SPIKE_RULES)
def test_silent_on_a_constant_and_on_a_short_loss(name):
    for n in (1, 20, 400):
        finding = judge(name, record(np.ones(n)))
        assert finding.state is State.ABSENT and np.isnan(finding.onset) and finding.effects["count"].value == 0


@pytest.mark.parametrize("name", [n for n in SPIKE_RULES if n != "ruptures_breaks"])
def test_finds_a_large_excursion_and_says_where(name):
    y = 2 + 0.01 * np.random.default_rng(0).uniform(-1, 1, 400)  # never three deviations out
    y[300:310] = 100.0
    finding = judge(name, record(y))
    late = 4 if name == "llm_foundry_kill_loss_spike" else 0  # it waits for a fifth
    assert finding.found and finding.onset == finding.spans[-1].start == STEP * (300 + late)


def test_lightning_compares_with_the_last_loss_and_the_running_mean():
    #    mean of up to 2 kept:  -  1  1  (3 out)  1  1.5  (4.5 out)  1.5  falls  3.5
    finding = judge("lightning_spike_detection", record([1, 1, 3, 1, 2, 4.5, 5, 2, 1]), window=2)
    assert finding.spans == (Span(20, 20, "fires"), Span(50, 60, "fires")) and finding.onset == 20
    assert [judge("lightning_spike_detection", record([4, 1, 1, 3]), window=w).found for w in (2, 3)] == [True, False]
    assert judge("lightning_spike_detection", record([1, 2.99])).state is State.ABSENT
    assert judge("lightning_spike_detection", record([1, 3]), atol=2.5).state is State.ABSENT
    assert judge("lightning_spike_detection", record([1, 3]), warmup=2).state is State.ABSENT
    assert judge("lightning_spike_detection", record([1, np.inf, 1, np.nan])).effects["count"].value == 2


def test_lightning_does_not_call_a_fall():
    high = [*[1.0] * 9, 20.0]  # the last one within the warm-up, so it enters the mean, 2.9
    for value, state in ((19.0, State.ABSENT), (21.0, State.FOUND)):
        assert judge("lightning_spike_detection", record([*high, value]), warmup=10).state is state


def test_llm_foundry_waits_for_five_in_a_row_after_a_window():
    quiet = [1.0] * 100
    rule = "llm_foundry_kill_loss_spike"
    assert judge(rule, record([*quiet, *[9.0] * 4, 1, *[9.0] * 4])).state is State.ABSENT
    found = judge(rule, record([*quiet, *[9.0] * 6, 1.0]))
    assert found.spans == (Span(1040, 1050, "fires"),)
    assert judge(rule, record([*quiet[1:], *[9.0] * 5])).state is State.ABSENT  # the window's last is the first spike
    assert judge(rule, record([*quiet, *[2.0] * 5]), patience=0).onset == 1000  # at the threshold counts
    long = np.ones(4000)
    long[150:170] = 9.0  # before 5 % of the run
    assert judge(rule, record(long)).state is State.ABSENT and judge(rule, record(long), share=0.0).found


def test_llm_foundry_is_its_loop():
    for bad in (False, True):
        y, width, counter, want = rough(2500, bad=bad), 125, 0, []
        recent = deque(maxlen=width)
        for value in y:
            counter = counter + 1 if len(recent) == width and value >= 1.5 * np.mean(recent) else 0
            want.append(counter > 2)
            recent.append(value)
        got = fired(judge("llm_foundry_kill_loss_spike", record(y), multiplier=1.5, patience=2), y.size)
        np.testing.assert_array_equal(got, want)
        assert got.any()


def test_megatron_takes_its_measure_from_the_first_hundred():
    y = np.ones(110)
    y[50], y[105], y[106] = -2.0, 19.9, 20.0
    assert judge("megatron_spiky_loss", record(y)).spans == (Span(1060, 1060, "fires"),)
    y[20], y[100] = np.nan, 50.0  # one of the first hundred is passed over, so record 100 is the hundredth
    assert judge("megatron_spiky_loss", record(y)).state is State.ABSENT
    y[108] = np.inf
    assert judge("megatron_spiky_loss", record(y), factor=0.3).onset == 1050
    nothing = np.zeros(105)
    nothing[102] = np.nan  # passed over; the zeros are ten times zero
    assert judge("megatron_spiky_loss", record(nothing)).spans == (Span(1000, 1010, "fires"), Span(1030, 1040, "fires"))


def test_metaseq_freezes_its_mean_in_a_spike():
    # the mean stays 1 through the spike, then 1.04 = 0.8 + 0.2 * 1.2
    finding = judge("metaseq_ewm_ratio", record([1, 1.3, 1.3, 1.2, 1.29, 1.31]))
    assert finding.spans == (Span(10, 20, "fires"),)
    follow = judge("metaseq_ewm_ratio", record([1, 1.2, 1.3001, 1.2]), ratio=1.25)
    assert follow.onset == 20  # 1.3001 / 1.04 = 1.2501
    assert judge("metaseq_ewm_ratio", record([1, 1.25])).state is State.ABSENT
    assert judge("metaseq_ewm_ratio", record([1, np.nan, 100.0])).state is State.ABSENT
    assert judge("metaseq_ewm_ratio", record([0, 0, 1.0])).state is State.ABSENT


@pytest.mark.parametrize(
    ("name", "window", "z", "itself"),
    [("llm_c_outlier", 128, 3.0, True), ("olmo_core_stability", 128, 6.0, False), ("wandb_z_score", 30, 3.0, False)],
)
@pytest.mark.parametrize("bad", [False, True])
def test_z_scores_are_their_loop(name, window, z, itself, bad):
    y, want = rough(bad=bad), []
    for i, value in enumerate(y):
        among = y[i + itself - window : i + itself] if i >= window else np.empty(0)
        if name == "llm_c_outlier" and not np.isfinite(y[: i + 1]).all():
            among = np.empty(0)
        if among.size and np.isfinite(among).all():
            score = (value - among.mean()) / among.std()
            want.append(abs(score) >= z if name == "wandb_z_score" else score > z)
        else:
            want.append(False)
    got = fired(judge(name, record(y)), y.size)
    np.testing.assert_array_equal(got, want)
    assert got.any() or (bad and name == "llm_c_outlier")


def test_a_z_score_with_itself_is_bounded():
    y = np.r_[np.random.default_rng(0).normal(size=200), 1e9]
    assert judge("llm_c_outlier", record(y), z=127**0.5 - 1e-6).onset == 2000
    assert judge("llm_c_outlier", record(y), z=127**0.5 + 1e-6).state is State.ABSENT
    assert judge("olmo_core_stability", record(y), z=1e6).onset == 2000


def test_at_the_threshold_one_calls_and_the_other_does_not():
    swing = np.where(np.arange(128) % 2, 1.0, -1.0)  # mean 0, deviation 1
    assert judge("wandb_z_score", record(np.r_[swing[:30], 3.0])).onset == 300
    assert judge("olmo_core_stability", record(np.r_[swing, 6.0])).state is State.ABSENT
    assert judge("olmo_core_stability", record(np.r_[swing, 6.001])).onset == 1280


def test_the_automation_looks_both_ways_and_the_others_up():
    y = np.random.default_rng(0).normal(size=200)
    y[190] = -100.0
    assert [judge(n, record(y)).found for n in SPIKE_RULES[4:6]] == [False, False]
    assert Span(1900, 1900, "fires") in judge("wandb_z_score", record(y)).spans


def test_olmo_says_nothing_of_a_deviation_that_is_rounding():
    y = np.ones(200)
    y[::2] += 1e-11
    y[199] = 2.0
    assert judge("olmo_core_stability", record(y)).state is State.ABSENT
    y[::2] += 1e-8
    assert judge("olmo_core_stability", record(y)).onset == 1990


def test_ruptures_finds_breaks_by_penalty_whatever_the_unit():
    pytest.importorskip("ruptures")
    y = np.random.default_rng(0).normal(size=300)
    y[200:] += 10
    for unit in (1.0, 1e-6):
        finding = judge("ruptures_breaks", record(unit * np.r_[np.nan, y]))
        assert finding.spans == (Span(2010, 2010, "fires"),)
    assert judge("ruptures_breaks", record(y), penalty=300.0).state is State.ABSENT
    assert judge("ruptures_breaks", record(y), kernel="rbf", penalty=30.0).onset == 2000


def test_without_ruptures_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ruptures", None)
    with pytest.raises(ImportError, match="rules"):
        RULES["ruptures_breaks"].judge(record(np.ones(10)), penalty=1.0)


def test_grokking_rules_on_one_run():
    train = np.r_[np.linspace(0, 1, 11), np.ones(190)]
    test = np.r_[np.zeros(150), [0.1, 0.5, 0.9, 0.9, 0.96], np.full(46, 0.97)]
    log = accuracies(train, test)
    found = {name: judge(name, log) for name in GROKKING_RULES}
    assert {n: f.onset for n, f in found.items()} == {
        "accuracy_once": 1520,
        "both_accuracies_now": 1540,
        "liu_phases": 1520,
        "accuracy_jump": 1510,
    }
    assert found["liu_phases"].phase == "grokking" and found["liu_phases"].spans == (Span(1520, 1520, "fires"),)
    assert found["accuracy_jump"].spans == (Span(1510, 1520, "fires"),)


@pytest.mark.parametrize(
    ("train", "test", "phase"),
    [
        ([0, 0.9, 1], [0, 0, 0.9], "comprehension"),  # 10 steps later
        ([0, 0.9, 1], [0, 0.5, 0.8], "memorisation"),
        ([0, 0.5, 0.8], [0, 0.5, 0.8], "confusion"),
    ],
)
def test_liu_names_the_other_phases(train, test, phase):
    finding = judge("liu_phases", accuracies(train, test))
    assert finding.phase == phase and finding.state is State.ABSENT
    if phase == "comprehension":
        assert judge("liu_phases", accuracies(train, test), gap=10.0).state is State.ABSENT  # not more than the gap
        assert judge("liu_phases", accuracies(train, test), gap=9.9).phase == "grokking"


def test_both_now_takes_the_latest_train_accuracy_and_needs_one():
    log = Log({"train_acc": ([5, 30, 35], [1.0, 0.5, 1.0]), "test_acc": ([0, 10, 20, 30], [1.0, 1.0, 0.9, 1.0])})
    assert judge("both_accuracies_now", log).spans == (Span(10, 10, "fires"),)


def test_a_jump_needs_four_evaluations_and_more_than_the_threshold():
    assert judge("accuracy_jump", accuracies([0] * 3, [0, 0.5, 1])).state is State.ABSENT
    assert judge("accuracy_jump", accuracies([0] * 4, [0, 0.25, 0.25, 0.5]), jump=0.25).state is State.ABSENT
    assert judge("accuracy_jump", accuracies([0] * 4, [0, 0.25, 0.25, 0.5])).effects["count"].value == 2


@pytest.mark.parametrize("name", [n for n in SPIKE_RULES + GROKKING_RULES if n != "ruptures_breaks"])
def test_five_thousand_records_take_less_than_fifty_milliseconds(name):
    y = rough(5000)
    log = record(y, train_acc=1 - np.clip(y, 0, 1), test_acc=1 - np.clip(y, 0, 1))
    judge(name, log)  # imports
    spent = []
    for _ in range(5):
        start = time.process_time()
        judge(name, log)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.05
