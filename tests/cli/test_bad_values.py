"""A wrong value is one line and exit status 2, before JAX is imported and before anything is trained."""

import subprocess
import sys
from functools import cache

import pytest
from click.testing import CliRunner

from bestiary.catalog.parsed import catalog_path
from bestiary.catalog.read import read_catalog
from bestiary.catalog.setups.knobs import knobs_of
from bestiary.cli.asked import listed
from bestiary.cli.main import cli

READ = cache(read_catalog)  # some hundred commands read it


@pytest.fixture
def bestiary(monkeypatch, tmp_path):
    """words -> (exit status, what is said); fails if the store is opened, which is where JAX would be set up."""

    def opened(*args, **how):
        raise AssertionError("a bad value reached the store")

    monkeypatch.setattr("bestiary.cli.main.start", opened)
    monkeypatch.setattr("bestiary.cli.maps.start", opened)

    monkeypatch.setattr("bestiary.catalog.read.read_catalog", READ)

    def run(*words):
        ran = CliRunner().invoke(cli, list(words))
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return ran.exit_code, ran.output

    return run


ADAM = ("run", "adam_loss_spikes")
GROK = ("run", "grokking")
MAP = ("map", "grokking", "--over")

BAD = {
    # Numbers that are none, or out of range.
    (*GROK, "--set", "weight_decay=nan"): "--set weight_decay=nan: want a finite number, not nan",
    (*GROK, "--set", "lr=inf"): "--set lr=inf: want a finite number, not inf",
    (*GROK, "--set", "lr=-inf"): "--set lr=-inf: want a finite number, not -inf",
    (*GROK, "--set", "weight_decay=1e400"): "--set weight_decay=1e400: want a finite number, not inf",
    (*GROK, "--set", "lr=1e39"): "--set lr=1e39: want a number of at most 3.4e+38",
    (*GROK, "--set", "modulus=0"): "--set modulus=0: want >= 2, not 0",
    (*GROK, "--set", "modulus=-5"): "--set modulus=-5: want >= 2, not -5",
    (*GROK, "--set", "log_every=0"): "--set log_every=0: want 1 to steps (600), not 0",
    (*GROK, "--set", "log_every=601"): "--set log_every=601: want 1 to steps (600), not 601",
    (*GROK, "--set", "steps=0"): "--set steps=0: want >= 1, not 0",
    (*GROK, "--set", "steps=-5"): "--set steps=-5: want >= 1, not -5",
    (*GROK, "--set", "steps=1"): "--set steps=1: does not fit log_every=2: want 1 to steps (1)",
    (*GROK, "--set", "steps=1e3"): "--set steps=1e3: want an integer, not '1e3'",
    (*GROK, "--set", "steps=99999999999"): "--set steps=99999999999: want an integer of at most 2,147,483,647",
    (*GROK, "--set", "fraction=2"): "--set fraction=2: want 0 to 1, not 2",
    (*GROK, "--set", "fraction=-0.1"): "--set fraction=-0.1: want 0 to 1, not -0.1",
    (*GROK, "--set", "lr=0"): "--set lr=0: want > 0, not 0",
    (*GROK, "--set", "shuffled=0.5"): "--set shuffled=0.5: want 0 or 1, not 0.5",
    (*GROK, "--set", "lr="): "--set lr=: want a number, not ''",
    (*GROK, "--set", "width=0"): "--set width=0: want >= 1, not 0",
    ("run", "catapult", "--set", "width=64.0"): "--set width=64.0: want an integer, not '64.0'",
    ("run", "lazy_to_rich", "--set", "width=7"): "--set width=7: want even, not 7",
    ("run", "lazy_to_rich", "--set", "width=-2"): "--set width=-2: want >= 1, not -2",
    ("run", "saddle_to_saddle", "--set", "layers=3"): "--set layers=3: want 1 or 2, not 3",
    ("run", "saddle_to_saddle", "--set", "dim=3"): "--set dim=3: want >= 4, not 3",
    ("run", "superposition", "--set", "density=0"): "--set density=0: want > 0 and <= 1, not 0",
    (*ADAM, "--set", "beta2=1"): "--set beta2=1: want >= 0 and < 1, not 1",
    ("run", "sparse_parity", "--set", "relevant=51"): "--set relevant=51: want 1 to bits (50), not 51",
    ("run", "sparse_parity", "--set", "bits=2"): "--set bits=2: does not fit relevant=3: want 1 to bits (2)",
    ("run", "grokking_transformer", "--set", "heads=3"): "does not fit width=64: want a multiple of heads (3)",
    ("run", "associative_recall", "--set", "pairs=5"): "--set pairs=5: want 1 to pairs (4), not 5",
    # Words.
    (*ADAM, "--set", "optimizer=adm"): "--set optimizer=adm: want adam or sgd, not 'adm'; did you mean 'adam'?",
    (*ADAM, "--set", "network=mpl"): "want pair or mlp or embedding or transformer, not 'mpl'; did you mean 'mlp'?",
    (*ADAM, "--set", "optimizer=ADAM"): "want adam or sgd, not 'ADAM'",
    (*ADAM, "--set", "optimizer="): "want adam or sgd, not ''",
    ("run", "edge_of_stability", "--set", "network=lniear"): "did you mean 'linear'?",
    ("run", "sparse_attention_transformer", "--set", "optimizer=adamw"): "did you mean 'adam'?",
    ("run", "grokking_digits", "--set", "rule=product"): "want first or sum, not 'product'",
    ("run", "grokking_digits", "--set", "activation=gelu"): "want relu or quadratic, not 'gelu'",
    # Names.
    (*GROK, "--set", "weight_deacy=1"): "grokking has no knob 'weight_deacy'; did you mean 'weight_decay'?",
    (*GROK, "--set", "lr"): "--set lr: want NAME=VALUE",
    (*GROK, "--set", "=1"): "--set =1: want NAME=VALUE",
    (*GROK, "--case", "groking"): "--case groking: grokking has no such case; did you mean 'grokking'?",
    (*GROK, "--case", "xyz"): "--case xyz: grokking has no such case; it has grokking, ",
    ("run", "groking"): "no entry 'groking'; did you mean 'grokking'?",
    # Twice.
    (*GROK, "--set", "lr=1", "--set", "lr=2"): "--set lr=2: lr is set twice, first by --set lr=1",
    (*GROK, "--set", "lr=1", "--set", "lr=1"): "--set lr=1: lr is set twice",
    (*MAP, "lr=0.1:1:3", "--set", "lr=1"): "--over lr: it is turned, and --set lr=1 fixes it; give one of them",
    (*MAP, "lr=0.1:1:3", "--over", "lr=1,2"): "--over lr: an axis is there twice",
    # Axes.
    (*MAP, "lr=0:1:3"): "--over lr=0: want > 0, not 0",
    (*MAP, "fraction=0.5:1.5:3"): "--over fraction=1.5: want 0 to 1, not 1.5",
    (*MAP, "steps=0,1,2"): "--over steps=0: want >= 1, not 0",
    (*MAP, "steps=1,2,3"): "--over steps=1: does not fit log_every=2: want 1 to steps (1)",
    (*MAP, "steps=100,200", "--over", "log_every=100,150"): "--over log_every=150: want 1 to steps (100), not 150",
    (*MAP, "lr=nan,1"): "--over lr=nan,1: want finite numbers",
    (*MAP, "lr=1,1e39"): "--over lr=1e+39: want a number of at most 3.4e+38",
    (*MAP, "lr=0.1:1:3", "--set", "fraction=2"): "--set fraction=2: want 0 to 1, not 2",
    ("map", "adam_loss_spikes", "--over", "optimizer=adam,sdg"): "--over optimizer=sdg: want adam or sgd, not 'sdg'",
    ("map", "adam_loss_spikes", "--over", "optimizer=1,2"): "wants words, such as optimizer=adam,sgd",
    ("map", "sparse_parity", "--over", "relevant=40:60:3"): "--over relevant=60: want 1 to bits (50), not 60",
    # Effects, states and phases.
    (*MAP, "lr=0.1:1:3", "--of", "onst"): "--of onst: grokking has no effect 'onst'; did you mean 'onset'?",
    (*MAP, "lr=0.1:1:3", "--of", "xyzzy"): "grokking has no effect 'xyzzy'; there are onset, t_train, t_test, ",
    (
        "map",
        "catapult",
        "--over",
        "lr=1:2:3",
        "--boundary-of",
        "catapul",
    ): "catapult has no state or phase 'catapul'; did",
    (*MAP, "lr=0.1:1:3", "--boundary-of", "fond"): "grokking has no state or phase 'fond'; did you mean 'found'?",
    (
        *MAP,
        "lr=0.1:1:3",
        "--boundary-of",
        "xyzzy",
    ): "there are found, absent, undecided, not applicable, diverged, conf",
}


@pytest.mark.parametrize("words, says", BAD.items(), ids=[" ".join(words) for words in BAD])
def test_a_bad_value_is_one_line_and_status_2(bestiary, words, says):
    status, said = bestiary(*words)
    assert status == 2
    assert says in said
    assert len(said.strip().splitlines()) == 1


OPTIONS = {
    ("run", "grokking", "--seeds", "1000000000000"): "1000000000000 is not in the range 1<=x<=100000",
    ("check", "grokking", "--seeds", "1000000000000"): "1000000000000 is not in the range 1<=x<=100000",
    ("path", "grokking_digits", "--seeds", "100001"): "100001 is not in the range 1<=x<=100000",
    (*MAP, "lr=0.1:1:3", "--seeds", "100001"): "100001 is not in the range 1<=x<=100000",
    (*MAP, "lr=0.1:1:3", "--resolution", "nan"): "'--resolution': nan is not a finite number",
    (*MAP, "lr=0.1:1:3", "--resolution", "inf"): "'--resolution': inf is not a finite number",
    ("check", "grokking", "--alpha", "nan"): "'--alpha': nan is not a finite number",
    ("watch", "log.csv", "--interval", "nan"): "'--interval': nan is not a finite number",
    ("watch", "log.csv", "--interval", "1e300"): "'--interval': 1e+300 is not in the range",
    ("watch", "log.csv", "--exec-timeout", "nan"): "'--exec-timeout': nan is not a finite number",
}


@pytest.mark.parametrize("words, says", OPTIONS.items(), ids=[" ".join(words) for words in OPTIONS])
def test_a_number_that_an_option_cannot_mean_is_refused(bestiary, words, says):
    status, said = bestiary(*words)
    assert status == 2
    assert says in said


def test_an_unknown_knob_near_to_none_is_answered_with_all(bestiary):
    status, said = bestiary(*ADAM, "--set", "colour=1")
    first, *rest = said.strip().splitlines()
    assert status == 2
    assert first.endswith("--set colour=1: adam_loss_spikes has no knob 'colour'; it has")
    assert [line.split("=")[0].strip() for line in rest] == [knob.name for knob in knobs_of("adam_loss_spikes")]
    assert any(line.split() == "lr=0.1 [1] > 0 step size of either optimiser".split() for line in rest)
    assert any(line.split()[:4] == ["optimizer=adam", "adam", "or", "sgd"] for line in rest)


@pytest.mark.parametrize("key", ["grokking", "associative_recall"])
def test_a_list_of_knobs_tells_ranges_once(key):
    for line, knob in zip(listed(knobs_of(key)), knobs_of(key), strict=True):
        assert line.count(knob.allowed) == 1 or knob.allowed == ">= 1"


@pytest.mark.parametrize(
    "words",
    [
        (*GROK, "--set", "fraction=2"),
        (*ADAM, "--set", "optimizer=adm"),
        (*GROK, "--case", "xyz"),
        (*MAP, "lr=0:1:3"),
        (*MAP, "lr=0.1:1:3", "--of", "onst"),
        ("path", "grokking_transformer", "xyz"),
        ("check", "groking"),
    ],
    ids=lambda words: " ".join(words),
)
def test_jax_is_not_imported_for_it(words):
    """Whatever imports JAX fails here, as loudly as a missing module does."""
    code = "import sys\nsys.modules['jax'] = None\nfrom bestiary.cli.main import main\nmain(sys.argv[1:])\n"
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 2
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "jax" not in ran.stderr


MISFITS = {
    "{weight_decay: 0.0} -> {weight_decay: -1.0}": "no_weight_decay.knobs.weight_decay: want >= 0, not -1",
    "over: fraction=0.2:0.45:6 -> over: fraction=0.2:1.4:2": "over: fraction=1.4: want 0 to 1, not 1.4",
    "detector: delayed_generalization -> detector: plateau_escape": (
        "grokking.detector: phenomena/grokking.py calls delayed_generalization, not 'plateau_escape'"
    ),
    "of: fourier_ipr, -> of: fourier_irp,": "no effect 'fourier_irp'; did you mean 'fourier_ipr'?",
    "of: comprehension, rate -> of: comprehensoin, rate": "no state, phase or effect 'comprehensoin'; did you mean",
    "of: t_test\n -> of: t_tset\n": "no effect 't_tset'; did you mean 't_test'?",
    "of: confusion\n -> of: confusoin\n": "no state or phase 'confusoin'; did you mean 'confusion'?",
    "of: t_test\n -> censored: [memorization]\n      of: t_test\n": (
        "no state or phase 'memorization'; did you mean 'memorisation'?"
    ),
}


@pytest.mark.parametrize("command", [("run", "grokking"), ("check", "grokking"), ("measure", "grokking")], ids=" ".join)
@pytest.mark.parametrize("edit, says", MISFITS.items(), ids=MISFITS)
def test_a_mistake_of_the_catalog_is_told_with_its_place(bestiary, monkeypatch, tmp_path, command, edit, says):
    monkeypatch.setattr("bestiary.cli.measuring.start", None)
    text = catalog_path().read_text("utf-8")
    begin = text.index("\ngrokking:\n") + 1
    old, new = edit.split(" -> ")
    assert old in text[begin:]
    line = text[:begin].count("\n") + text[begin:].split(old)[0].count("\n") + 1
    (tmp_path / "catalog.yaml").write_text(text[:begin] + text[begin:].replace(old, new, 1), "utf-8")
    status, said = bestiary(*command, "--catalog", str(tmp_path / "catalog.yaml"))
    assert status == 2
    assert f"catalog.yaml:{line}:" in said and says in said
    assert len(said.strip().splitlines()) == 1
