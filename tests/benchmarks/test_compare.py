"""benchmarks/speed/compare.py: what it counts, that its machinery runs, and that PyTorch trains the same thing."""

import importlib
import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from bestiary.catalog.read import read_catalog
from bestiary.judge.setup import load
from bestiary.train import trainer

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks" / "speed"
STEPS = 40


CASES = [
    ("grokking", "grokking"),
    ("sparse_attention_emergence", "emergence"),
    ("adam_loss_spikes", "spikes"),
    ("adam_loss_spikes", "mlp"),
]


WITHOUT = "PyTorch is not installed: pip install 'bestiary[torch]'"


def setting(key, case, **static):
    """The setup of an entry's case, with changed static values."""
    entry = read_catalog()[key]
    p, block = load(entry).phenomenon, entry.cases[case]
    return p, p.knobs._replace(**block.knobs), p.static._replace(**{**block.static, **static})


@pytest.fixture
def speed(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("compare")


def test_a_ratio_is_the_median_within_rounds(speed):
    """The machine was three times slower in the second round: that is in neither ratio."""
    assert speed.ratio([30.0, 10.0, 30.0], [10.0, 10 / 3, 15.0]) == pytest.approx(3.0)


def test_the_better_way_counts(speed):
    def turns(rate, cpu):
        return {"rate": [rate] * 3, "cpu": [cpu] * 3, "memory": [1, 3, 2]}

    measured = {
        "trainer": turns(1000.0, 0.002),
        "scan cores": turns(200.0, 0.01),
        "scan threads": turns(500.0, 0.02),
        "product cores": turns(1e9, 1e-9),
    }
    got = speed.summarise(measured, {"flops": 1e5})
    assert got["faster"] == {"scan cores": {"wall": 5.0, "cpu": 5.0}, "scan threads": {"wall": 2.0, "cpu": 10.0}}
    assert got["faster_than_better_way"] == {"scan": {"wall": 2.0, "cpu": 5.0}}
    assert got["share_of_peak"] == {"wall": pytest.approx(0.1), "cpu": pytest.approx(0.05)}
    assert got["memory"]["trainer"] == 3


def test_flops_are_those_of_the_products(speed):
    """Three products of (p^2, n, p) a step; what goes element by element adds less than half of that."""
    worker = importlib.import_module("worker")
    p, knobs, static = setting("grokking", "grokking")
    assert 1.0 <= worker.flops(p, knobs, static) / (3 * 2 * static.modulus**3 * static.width) < 1.5


def test_contenders_take_turns(speed, monkeypatch, tmp_path, capsys):
    """In processes, on one core, with one baseline; the other baselines are in the next test."""
    core = speed.cores()[0]
    monkeypatch.setattr(speed, "cores", lambda: [core])
    monkeypatch.setattr(speed, "BASELINES", ("loop",))
    file = tmp_path / "speed.json"
    budget = ["--rounds", "2", "--seconds", "0.01", "--steps", "4"]
    speed.main(["--entries", "grokking", "--no-torch", *budget, "--json", str(file)])
    written = json.loads(file.read_text())
    case = written["cases"]["grokking"]
    assert set(case["turns"]) == {"trainer", "campaign", "product cores", "loop cores", "loop threads"}
    for turns in case["turns"].values():
        assert len(turns["rate"]) == 2 and min(turns["rate"]) > 0 and min(turns["cpu"]) > 0
        assert min(turns["memory"]) > 1e7  # no process with JAX in it is smaller
    assert case["static"]["steps"] == 4 and case["knobs"]["weight_decay"] == 3.0
    assert case["compile_warm"] < case["compile_cold"]
    assert written["machine"]["cores"] == 1 and written["machine"]["versions"]["jax"] == jax.__version__
    assert "| grokking |" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["scan", "loop", "torch"])
def test_a_baseline_counts_its_steps(speed, kind):
    """Run after run: what it yields before its third beginning are the steps of two runs."""
    if kind == "torch":
        pytest.importorskip("torch", reason=WITHOUT)
    worker = importlib.import_module("worker")
    _, knobs, static = setting("adam_loss_spikes", "mlp", steps=6, log_every=2)
    spec = {"kind": kind, "core": None, "cores": 1, "entry": "adam_loss_spikes"}
    steps, _ = worker.build(spec | {"knobs": knobs._asdict(), "static": static._asdict()})
    counts = [next(steps) for _ in range({"scan": 2, "loop": 8, "torch": 8}[kind])]
    assert sum(counts) == 12 and max(counts) == {"scan": 6, "loop": 2, "torch": 2}[kind]


def test_a_worker_that_dies_is_named(speed, tmp_path):
    one = speed.Contender("trainer", entry="no such entry", case="", steps=None, cache=str(tmp_path))
    with pytest.raises(SystemExit, match="'trainer' ended"):
        one.ready()
    one.close()


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--seconds", "-1"], ["--steps", "x"], ["--entries", "gork"]])
def test_bad_arguments(speed, arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        speed.main(arguments)
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize(("key", "case"), CASES)
def test_pytorch_trains_the_same(speed, key, case):
    """From the same weights and data, every channel is the same to rounding, for as long as rounding stays small."""
    torch = pytest.importorskip("torch", reason=WITHOUT)
    setup = importlib.import_module("torch_setups").SETUPS[key]
    assert (key, case) in speed.CASES
    p, knobs, static = setting(key, case, steps=STEPS)
    carry = trainer.begin_run(p, static, type(knobs)(*map(np.float32, knobs)), np.uint32(3), np.uint32(0))

    def tensors(tree):
        kinds = {"f": np.float32, "i": np.int64}  # an index is 64 bits wide there
        return jax.tree.map(lambda leaf: torch.tensor(np.asarray(leaf, kinds[leaf.dtype.kind])), tree)

    def batch(step):
        key = jax.random.fold_in(jax.random.wrap_key_data(carry.key, impl="threefry2x32"), step)
        return tensors(p.batch(key, carry.data, carry.knobs, static)[0])

    drawn = {"draw": batch} if key == "sparse_attention_emergence" else {}
    given = SimpleNamespace(**knobs._asdict()), SimpleNamespace(**static._asdict())
    rows = list(setup.train(*given, tensors(carry.state.params), tensors(carry.data), **drawn))

    step = jax.jit(partial(trainer.step_run, p, static))
    for t in range(STEPS + 1):
        if t % static.log_every == 0:
            want = p.observe(carry.state, carry.data, carry.knobs, static)
            got = rows.pop(0)
            assert set(got) == set(want)
            for channel, value in want.items():
                assert got[channel].item() == pytest.approx(float(value), rel=1e-3, abs=1e-5), (channel, t)
        carry = carry._replace(state=step(carry))
    assert rows == []


@pytest.mark.parametrize(("key", "case"), CASES)
def test_pytorch_begins_the_same(speed, key, case):
    """Its own draw has the names, shapes and sizes of ours."""
    torch = pytest.importorskip("torch", reason=WITHOUT)
    setup = importlib.import_module("torch_setups").SETUPS[key]
    p, knobs, static = setting(key, case)
    begin = jax.jit(jax.vmap(partial(trainer.begin_run, p, static), (None, 0, None)))
    ours = begin(type(knobs)(*map(np.float32, knobs)), np.arange(64, dtype=np.uint32), np.uint32(0))
    given = SimpleNamespace(**knobs._asdict()), SimpleNamespace(**static._asdict())
    theirs = [setup.begin(*given, torch.Generator().manual_seed(seed)) for seed in range(64)]
    for name, want in {**ours.state.params}.items():
        got = np.stack([params[name].numpy() for params, _ in theirs])
        assert got.shape == want.shape, name
        assert np.sqrt(np.mean(got**2)) == pytest.approx(float(np.sqrt(np.mean(want**2))), rel=0.25, abs=1e-6), name
    data = jax.tree.map(lambda *leaves: np.stack([leaf.numpy() for leaf in leaves]), *(data for _, data in theirs))
    for got, want in zip(jax.tree.leaves(data), jax.tree.leaves(ours.data), strict=True):
        assert got.shape == want.shape
        assert np.mean(got) == pytest.approx(float(np.mean(want)), abs=0.05)
        assert np.sqrt(np.mean(got**2.0)) == pytest.approx(float(np.sqrt(np.mean(want**2.0))), rel=0.05)
