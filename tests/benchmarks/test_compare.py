"""benchmarks/speed/compare.py: what it counts, what it says of it, and that its machinery runs."""

import importlib
import json
import os
from pathlib import Path

import jax
import numpy as np
import pytest

from bestiary.train import trainer

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "speed"
WITHOUT = "PyTorch is not installed: pip install 'bestiary[torch]'"


@pytest.fixture
def speed(monkeypatch):
    """A module of the benchmark by its name."""
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module


def turns(rate, cpu, spent=1.0):
    """Of a contender that is as fast in every round."""
    return {"rate": rate, "cpu": cpu, "spent": [spent] * 3, "memory": [1, 3, 2]}


def summary_of(speed, **others):
    measured = {
        "trainer": turns([1000.0] * 3, [0.002] * 3),
        "scan cores": turns([200.0, 250.0, 125.0], [0.01] * 3),
        "scan threads": turns([500.0] * 3, [0.02] * 3),
        "product cores": turns([1e9] * 3, [1e-9] * 3),
    }
    facts = {"flops": 1e5, "rows": 4, "lanes": 1, "together": {}, "compile_cold": 1.0, "compile_warm": 0.5}
    return facts | {"others": 0.0, "load_before": 0.0} | others | speed("summary").summarise(measured, facts)


def test_a_ratio_is_the_median_within_rounds(speed):
    """The machine was three times slower in the second round: that is in no ratio."""
    assert speed("summary").ratio([30.0, 10.0, 30.0], [10.0, 10 / 3, 15.0]) == pytest.approx((3.0, 2.0, 3.0))


def test_the_better_way_counts(speed):
    got = summary_of(speed)
    assert got["faster"]["scan cores"] == {"wall": (5.0, 4.0, 8.0), "cpu": pytest.approx((5.0, 5.0, 5.0))}
    assert got["faster_than_better_way"] == {"scan": {"wall": (2.0, 2.0, 2.0), "cpu": pytest.approx((5.0, 5.0, 5.0))}}
    assert got["share_of_peak"] == {"wall": pytest.approx(0.1), "cpu": pytest.approx(0.05)}
    assert got["memory"]["trainer"] == 3


@pytest.mark.parametrize(
    ("others", "before", "said"),
    [(0.2, 3.0, ""), (0.9, 0.0, "others kept 0.9 cores busy"), (None, 1.2, "load average 1.2"), (None, 0.1, "")],
)
def test_a_row_says_that_the_machine_was_loaded(speed, others, before, said):
    """By what others did meanwhile; by the load average before where the system does not tell."""
    summary, got = speed("summary"), summary_of(speed, others=others, load_before=before)
    assert said in summary.loaded(got) and bool(said) == bool(summary.loaded(got))
    for text in (summary.report("some", got), summary.table({"some": got}, "wall")):
        assert ("loaded" in text) == bool(said)


def test_goals_are_told_beside_what_was_measured(speed):
    summary = speed("summary")
    got = summary_of(speed)
    assert summary.goals({"grokking": got}) == (
        "reached  grokking: x scan: 2, goal 1\nmissed   grokking: of peak: 0.1, goal 0.5"
    )
    named = {row.name for row in speed("rows").ROWS}
    assert set(summary.GOALS) <= named and set(summary.TITLES) == set(speed("contenders").BASELINES)


def test_others_are_what_these_cores_did_beside_idling(speed, tmp_path):
    """Columns of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, guests."""
    machine = speed("machine")
    tick, core = os.sysconf("SC_CLK_TCK"), machine.cores()[0]
    stat = tmp_path / "stat"
    stat.write_text(
        f"cpu  9 9 9 9 9 9 9 9 9 9\ncpu{core} {tick} 0 {tick} 77 77 0 0 {tick} 5 5\ncpu999 {tick} 0 0 0 0 0 0 0\n"
    )
    assert machine.busy(stat) == pytest.approx(3.0)
    assert machine.busy(tmp_path / "none") is None


def test_what_is_not_installed_is_said(speed, monkeypatch):
    compare, machine, rows = speed("compare"), speed("machine"), speed("rows")
    monkeypatch.setattr(compare.importlib.util, "find_spec", lambda name: None)
    kinds, lines = compare.available(["torch", "functorch", "scan"])
    assert kinds == ["scan"] and "pip install 'bestiary[torch]'" in lines[0]
    monkeypatch.setattr(compare.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setenv("CXX", "no-such-compiler")
    kinds, lines = compare.available(["torch", "functorch_compiled"])
    assert kinds == ["torch"] and "no-such-compiler" in lines[0]
    assert compare.available(["scan"]) == (["scan"], [])
    monkeypatch.setattr(rows.util, "find_spec", lambda name: None)
    kept, lines = rows.wanted(["grokking", "grokking_digits"])
    assert [row.name for row in kept] == ["grokking"] and "pip install 'bestiary[digits]'" in lines[0]
    assert machine.compiler() == "a C++ compiler (no-such-compiler)"


def test_every_row_can_be_trained(speed):
    """Its channels are the ones that the entry records at every step, and its runs are whole windows."""
    rows = speed("rows")
    for row in rows.ROWS:
        if row.needs:
            pytest.importorskip(row.needs[0])
        p, knobs, static = rows.setup(row)
        trainer.outline(p, static)
        assert static.steps == row.steps and set(knobs._fields) == set(p.knobs._fields)
        assert (FOLDER / "torch_setups" / f"{row.key}.py").exists()
    with pytest.raises(SystemExit, match="multiple of 2"):
        rows.setup(rows.ROWS[0], steps=5)


def test_flops_are_those_of_the_products(speed):
    """Three products of (p^2, n, p) a step; what goes element by element adds less than half of that."""
    rows = speed("rows")
    p, knobs, static = rows.setup(rows.ROWS[0])
    flops = speed("flops").flops(p, knobs, static)
    assert 1.0 <= flops / (3 * 2 * static.modulus**3 * static.width) < 1.5


def test_the_small_decoder_learns_its_words(speed):
    """From log 256 towards what a word of 8 bytes out of 64 has, log 64 / 8; no place sees the bytes after it."""
    gpt = speed("small_gpt")
    p, static = gpt.PHENOMENON, gpt.Static(batch=8, context=32, steps=150, log_every=150)
    carry = trainer.begin_run(p, static, gpt.Knobs(lr=np.float32(3e-3)), np.uint32(0), np.uint32(0))
    network = jax.jit(lambda params, tokens: gpt.network(params, tokens, static))
    tokens = carry.data["test"][:, :-1]
    changed = tokens.at[:, -1].add(1)
    first, second = (network(carry.state.params, t % 256).reshape(8, 32, 256) for t in (tokens, changed))
    np.testing.assert_array_equal(first[:, :-1], second[:, :-1])
    assert np.abs(first[:, -1] - second[:, -1]).max() > 0
    start = float(p.observe(carry.state, carry.data, carry.knobs, static)["test_loss"])
    one = jax.jit(lambda c: c._replace(state=trainer.step_run(p, static, c)))
    for _ in range(static.steps):
        carry = one(carry)
    end = float(p.observe(carry.state, carry.data, carry.knobs, static)["test_loss"])
    assert start == pytest.approx(np.log(256), abs=0.1) and np.log(64) / 8 < end < 0.7 * start


def test_contenders_take_turns(speed, monkeypatch, tmp_path, capsys):
    """In processes, on one core, with one baseline; the other baselines are in the next test."""
    compare, contenders = speed("compare"), speed("contenders")
    core = contenders.cores()[0]
    for module in (contenders, speed("machine")):
        monkeypatch.setattr(module, "cores", lambda: [core])
    monkeypatch.setattr(compare, "BASELINES", ("loop",))
    file = tmp_path / "speed.json"
    budget = ["--rounds", "2", "--seconds", "0.01", "--steps", "4"]
    compare.main(["--entries", "grokking", "--no-torch", *budget, "--json", str(file)])
    written = json.loads(file.read_text())
    row = written["rows"]["grokking"]
    assert set(row["turns"]) == {"trainer", "campaign", "product cores", "loop cores", "loop threads"}
    for told in row["turns"].values():
        assert len(told["rate"]) == 2 and min(told["rate"]) > 0 and min(told["cpu"]) > 0
        assert min(told["memory"]) > 1e7  # no process with JAX in it is smaller
    assert row["static"]["steps"] == 4 and row["knobs"]["weight_decay"] == 3.0
    assert row["compile_warm"] < row["compile_cold"]
    assert written["machine"]["cores"] == 1 and written["machine"]["versions"]["jax"] == jax.__version__
    out = capsys.readouterr().out
    assert "| grokking" in out and "grokking: of peak" in out


@pytest.mark.parametrize("kind", ["scan", "loop", "torch"])
def test_a_baseline_counts_its_steps(speed, kind):
    """Run after run: what it yields before its third beginning are the steps of two runs."""
    if kind == "torch":
        pytest.importorskip("torch", reason=WITHOUT)
    steps, _ = speed("worker").build(spec(speed, kind))
    counts = [next(steps) for _ in range({"scan": 2, "loop": 8, "torch": 8}[kind])]
    assert sum(counts) == 12 and max(counts) == {"scan": 6, "loop": 2, "torch": 2}[kind]


@pytest.mark.parametrize("kind", ["ensemble", "functorch"])
def test_an_ensemble_counts_all_its_seeds(speed, kind, monkeypatch):
    if kind == "functorch":
        pytest.importorskip("torch", reason=WITHOUT)
    monkeypatch.setattr(speed("worker"), "TRIAL", 0.0)
    module = {"ensemble": "jax_contenders", "functorch": "torch_contenders"}[kind]
    monkeypatch.setattr(speed(module), "TOGETHER", (3,))
    steps, facts = speed("worker").build(spec(speed, kind))
    assert facts == {"together": 3}
    counts = [next(steps) for _ in range({"ensemble": 2, "functorch": 8}[kind])]
    assert set(counts) == {"ensemble": {18}, "functorch": {0, 6}}[kind]


def spec(speed, kind):
    """Of a contender that trains the small tanh network for six steps."""
    rows = speed("rows")
    row = next(row for row in rows.ROWS if row.name == "adam_loss_spikes, mlp")
    _, knobs, static = rows.setup(row)
    values = {"knobs": knobs._asdict(), "static": static._replace(steps=6, log_every=2)._asdict()}
    return {"kind": kind, "core": None, "cores": 1, "row": row.name, **values}


def test_the_faster_width_is_taken(speed, monkeypatch):
    """32 together make three times as many in the same time; what comes first is not timed."""
    worker, clock = speed("worker"), [0.0]
    monkeypatch.setattr(worker.time, "perf_counter", lambda: clock[0])

    def make(width):
        clock[0] += 100.0  # it compiles
        yield 0
        while True:
            clock[0] += {8: 1.0, 32: 4.0 / 3}[width]
            yield width

    width, run = worker.fastest(make, (8, 32))
    assert width == 32 and next(run) == 32
    assert worker.fastest(make, (8,))[0] == 8


def test_a_worker_that_dies_is_named(speed, tmp_path):
    one = speed("contenders").Contender("trainer", row="no such row", steps=None, cache=str(tmp_path))
    with pytest.raises(SystemExit, match="'trainer' ended with status 1"):
        one.ready()
    one.close()


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--seconds", "-1"], ["--steps", "x"], ["--entries", "gork"]])
def test_bad_arguments(speed, arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        speed("compare").main(arguments)
    assert arguments[0] in capsys.readouterr().err
