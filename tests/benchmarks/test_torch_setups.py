"""benchmarks/speed/torch_setups: PyTorch trains what JAX trains, one run after another and many at once."""

import importlib
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from bestiary.train import trainer

WITHOUT = "PyTorch is not installed: pip install 'bestiary[torch]'"
STEPS = 40
EARLY = 10  # [step] up to here a loss is the same to 1e-4; then rounding has grown
FLAX = ("params", "kernel")  # its words are in no name of ours
FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "speed"

ROWS = [
    "grokking",
    "grokking_transformer",
    "grokking_digits",
    "small_gpt",
    "sparse_attention_emergence",
    "adam_loss_spikes, two parameters",
    "adam_loss_spikes, mlp",
]


@pytest.fixture
def speed(monkeypatch):
    """Two modules of the benchmark, where PyTorch is installed."""
    pytest.importorskip("torch", reason=WITHOUT)
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("rows"), importlib.import_module("torch_contenders")


def start(rows, name, **static):
    """A row's setup in JAX, its knobs and static values, its setup in PyTorch and the values for it."""
    row = next(row for row in rows.ROWS if row.name == name)
    if row.needs:
        pytest.importorskip(row.needs[0])
    p, knobs, values = rows.setup(row)
    values = values._replace(**static)
    torch_setup = importlib.import_module(f"torch_setups.{row.key}").SETUP
    given = SimpleNamespace(**knobs._asdict()), SimpleNamespace(**values._asdict())
    return p, type(knobs)(*map(np.float32, knobs)), values, torch_setup, given


def tensors(tree):
    """{name: tensor} of a tree of arrays."""
    torch = importlib.import_module("torch")
    made = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        words = [key.key for key in path if key.key not in FLAX]
        kinds = {"f": np.float32, "i": np.int64}  # an index is 64 bits wide there
        made[".".join(words)] = torch.tensor(np.asarray(leaf, kinds[np.asarray(leaf).dtype.kind]))
    return made


def named(data, own):
    """{name: tensor} of a run's data, which may have one part without a name, or none of its own."""
    return tensors(data if isinstance(data, dict) else {"target": data} if own else {})


def own_data(setup, given, data, params):
    """A run's data as JAX drew it, as far as it is the run's own; the rest is what all runs share."""
    torch = importlib.import_module("torch")
    _, wanted = setup.begin(*given, torch.Generator())
    arrays = named(data, wanted)
    common = setup.shared(*given)
    for name in arrays.keys() & common.keys():
        torch.testing.assert_close(arrays[name], common[name])
    start = sum(p.square().sum() for p in params.values())
    return {name: start if name == "start" else arrays[name] for name in wanted}


def batches(p, carry, static, own):
    """What JAX draws at a step; None where every step sees all data."""
    fold = jax.random.fold_in
    drawn = p.batch(fold(jax.random.wrap_key_data(carry.key, impl="threefry2x32"), 0), carry.data, carry.knobs, static)
    if drawn is carry.data:
        return lambda step: own

    def draw(step):
        key = fold(jax.random.wrap_key_data(carry.key, impl="threefry2x32"), step)
        batch = p.batch(key, carry.data, carry.knobs, static)
        if hasattr(batch, "tokens"):
            return {**tensors({"tokens": batch.tokens}), **own}
        return tensors({"windows": batch})["windows"]

    return draw


def begun(p, static, knobs, seed):
    return trainer.begin_run(p, static, knobs, np.uint32(seed), np.uint32(0))


@pytest.mark.parametrize("name", ROWS)
def test_pytorch_trains_the_same(speed, name):
    """From equal weights and data every channel is the same to rounding, for as long as rounding stays small."""
    rows, contenders = speed
    p, knobs, static, setup, given = start(rows, name, steps=STEPS)
    carry = begun(p, static, knobs, 3)
    params = tensors(carry.state.params)
    own = own_data(setup, given, carry.data, params)
    seen = list(contenders.train(setup, *given, params, own, batches(p, carry, static, own)))

    step = jax.jit(partial(trainer.step_run, p, static))
    for t in range(STEPS + 1):
        if t % static.log_every == 0:
            want, got = p.observe(carry.state, carry.data, carry.knobs, static), seen.pop(0)
            assert set(got) == set(want)
            for channel, value in want.items():
                near = 1e-4 if "loss" in channel and t <= EARLY else 1e-3
                assert float(got[channel]) == pytest.approx(float(value), rel=near, abs=1e-5), (channel, t)
        carry = carry._replace(state=step(carry))
    assert seen == []


@pytest.mark.parametrize("name", ROWS)
def test_pytorch_begins_the_same(speed, name):
    """Its own draw has the names, shapes and sizes of ours."""
    torch = importlib.import_module("torch")
    rows, _ = speed
    p, knobs, static, setup, given = start(rows, name)
    ours = jax.jit(jax.vmap(partial(trainer.begin_run, p, static), (None, 0, None)))(
        knobs, np.arange(64, dtype=np.uint32), np.uint32(0)
    )
    theirs = [setup.begin(*given, torch.Generator().manual_seed(seed)) for seed in range(64)]

    def size(array):
        return np.sqrt(np.mean(np.float64(array) ** 2))

    weights = tensors(ours.state.params)
    assert set(weights) == set(theirs[0][0])
    for key, want in weights.items():
        got = np.stack([params[key].numpy() for params, _ in theirs])
        assert got.shape == tuple(want.shape), key
        assert size(got) == pytest.approx(size(want), rel=0.25, abs=1e-6), key
    data = named(ours.data, theirs[0][1])
    for key in theirs[0][1].keys() - {"start"}:
        got, want = np.stack([own[key].numpy() for _, own in theirs]), data[key].numpy()
        assert got.shape == want.shape, key
        assert np.mean(got) == pytest.approx(float(np.mean(want)), rel=0.02, abs=0.05), key
        assert size(got) == pytest.approx(size(want), rel=0.05), key


def together(contenders, setup, given, seeds, compiled):
    """(seeds of an ensemble, the same runs one by one) -> channels of both, (records, seeds) each."""
    torch = importlib.import_module("torch")
    begun = [setup.begin(*given, torch.Generator().manual_seed(seed)) for seed in range(seeds)]
    params, own = (contenders.stacked(part) for part in zip(*begun, strict=True))
    drawn = [setup.batch(own, *given, torch.Generator().manual_seed(t), (seeds,)) for t in range(given[1].steps + 1)]
    many = contenders.Ensemble(setup, *given, compiled=compiled)
    got = list(many.train({k: p.clone() for k, p in params.items()}, own, drawn.__getitem__))

    def alone(tree, seed):
        return {k: v[seed] for k, v in tree.items()} if isinstance(tree, dict) else tree[seed]

    one = [
        list(contenders.train(setup, *given, *map(dict, begun[seed]), lambda t, s=seed: alone(drawn[t], s)))
        for seed in range(seeds)
    ]
    return got, [{k: [float(run[i][k]) for run in one] for k in one[0][0]} for i in range(len(got))]


@pytest.mark.parametrize("name", ROWS)
def test_an_ensemble_makes_the_runs_of_the_loop(speed, name):
    """torch.func over stacked parameters, the fused optimiser on the stack."""
    rows, contenders = speed
    _, _, static, setup, given = start(rows, name)
    given[1].steps = 2 * static.log_every
    got, want = together(contenders, setup, given, 3, compiled=False)
    assert len(got) == len(want) == 3
    for many, one in zip(got, want, strict=True):
        assert set(many) == set(one)
        for channel, values in one.items():
            np.testing.assert_allclose(many[channel].expand(3).numpy(), values, rtol=1e-3, atol=1e-5, err_msg=channel)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # its compiler imports what it advises against
@pytest.mark.parametrize("name", ["adam_loss_spikes, two parameters", "sparse_attention_emergence"])
def test_a_compiled_ensemble_makes_them_too(speed, name, monkeypatch, tmp_path):
    """Under torch.compile, with the update as a function: of Adam, and of gradient descent."""
    if lacking := importlib.import_module("machine").compiler():
        pytest.skip(f"torch.compile needs {lacking}")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_COMPILE_THREADS", "1")
    rows, contenders = speed
    _, _, static, setup, given = start(rows, name)
    given[1].steps = 4 * static.log_every
    got, want = together(contenders, setup, given, 3, compiled=True)
    for many, one in zip(got, want, strict=True):
        for channel, values in one.items():
            np.testing.assert_allclose(many[channel].numpy(), values, rtol=1e-3, atol=1e-5, err_msg=channel)
