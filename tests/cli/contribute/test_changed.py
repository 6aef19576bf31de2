"""`check --changed`: exactly the entries whose runs or verdicts another revision would have decided otherwise."""

import json

import pytest
import saddle
from checkouts import checkout, git, saddles
from installed import bestiary, layout

from bestiary.cli.contribute.changed import changes

USER = saddle.SETUP.replace("import optax\n", "import optax\n\nfrom bestiary.initial import normals\n").replace(
    "knobs.start * (1 + 0.1 * jax.random.normal(key))", "knobs.start * (1 + 0.1 * normals(key, w=())['w'])"
)


def edit(root, file, old, new):
    text = (root / file).read_text()
    assert old in text, (file, old)
    (root / file).write_text(text.replace(old, new, 1))


def add(root, file, text):
    (root / file).write_text((root / file).read_text() + text)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three entries: two that share a detector alone, and one that also uses a piece of bestiary.initial."""
    blocks = {key: saddle.BLOCK.replace("saddle:", f"{key}:", 1) for key in ("saddle", "tother", "user")}
    setups = {"saddle": saddle.SETUP, "tother": saddle.SETUP, "user": USER}
    return checkout(tmp_path_factory.mktemp("changed") / "checkout", blocks, setups)


@pytest.fixture(autouse=True)
def as_committed(root):
    yield
    git(root, "checkout", "--quiet", ".")
    git(root, "clean", "--quiet", "--force", "-d")


def test_words_and_unused_functions_change_nothing(root):
    edit(root, "phenomena/saddle.py", "Escape from a saddle.", "Escape.")
    edit(root, "phenomena/saddle.py", "    lr: float = 0.1", "    lr: float = 0.1  # [1] step size; > 0")
    edit(root, "catalog.yaml", "title: Escape from a saddle", "title: Escape")
    edit(root, "catalog.yaml", "control: the saddle", "control: the slow start")
    edit(root, "detectors/plateau_escape.py", "Detect a long plateau", "Find a long plateau")
    add(root, "bestiary/initial.py", "\n\ndef unused():\n    return 0\n")
    add(root, "bestiary/train/tally.py", "\n\ndef unused():\n    return 0\n")
    assert changes(root, "HEAD").reasons == {}


def test_claims_values_and_setups_are_of_their_entry(root):
    edit(root, "catalog.yaml", "rate: [0.0, 0.05]", "rate: [0.0, 0.04]")
    edit(root, "phenomena/tother.py", "lr: float = 0.1", "lr: float = 0.2")
    edit(root, "bestiary/initial.py", "def normals(key: jax.Array", "def normals(key: jax.Array, more: float = 1.0")
    seen = changes(root, "HEAD")
    assert seen.reasons == {
        "saddle": ["cases.far"],
        "tother": ["default values: phenomena/tother.py"],
        "user": ["setup: bestiary/initial.py"],
    }
    assert seen.commit == git(root, "rev-parse", "HEAD").strip() and seen.gone == [] and seen.judging == []


def test_a_detector_the_trainer_and_what_judges(root):
    edit(root, "detectors/plateau_escape.py", "ratio: float = 2.0", "ratio: float = 3.0")
    assert set(changes(root, "HEAD").reasons) == {"saddle", "tother", "user"}
    why = changes(root, "HEAD").reasons["saddle"]
    assert why == ["detector: detectors/plateau_escape.py"]
    git(root, "checkout", "--quiet", ".")
    add(root, "bestiary/judge/verdict.py", "\n\nMORE = 1\n")
    seen = changes(root, "HEAD")
    assert seen.reasons == {} and seen.judging == ["bestiary/judge/verdict.py"]


def test_new_entries_gone_ones_and_where_a_branch_left(root):
    text = (root / "catalog.yaml").read_text()
    (root / "phenomena" / "a_new_one.py").write_text(saddle.SETUP)
    (root / "catalog.yaml").write_text(text.replace("saddle:", "a_new_one:", 1))
    seen = changes(root, "HEAD...")
    assert seen.reasons == {"a_new_one": ["new"]} and seen.gone == ["saddle"]


def test_the_command_judges_them_alone(tmp_path):
    root = saddles(tmp_path / "checkout", "saddle", "tother")
    asked = lambda *words: bestiary("check", *words, site=root, cache=tmp_path / "cache")  # noqa: E731
    ran = asked("--changed", "HEAD")
    assert ran.returncode == 0 and ran.stdout == "nothing to judge: no entry has changed since HEAD\n", ran.stderr
    edit(root, "catalog.yaml", "rate: [0.0, 0.05]", "rate: [0.0, 0.06]")
    ran = asked("--changed", "HEAD", "--json")
    assert ran.returncode == 0 and "saddle: cases.far\n" in ran.stderr, ran.stderr
    made = json.loads(ran.stdout)
    assert {case["entry"] for case in made["cases"]} == {"saddle"}
    assert made["changed"]["entries"] == {"saddle": ["cases.far"]}
    for words, line in {
        ("--changed", "nowhere"): "--changed nowhere: no such revision",
        ("--changed", "HEAD", "saddle"): "--changed HEAD and saddle: name entries",
        ("--changed", "-x"): "want a revision of git",
        ("--changed", "HEAD", "--catalog", "catalog.yaml"): "--catalog catalog.yaml is another catalog",
    }.items():
        ran = asked(*words)
        assert ran.returncode == 2 and line in ran.stderr and ran.stderr.count("\n") == 1, ran.stderr
    site = layout(tmp_path, saddle.BLOCK, {"saddle": saddle.SETUP})
    ran = bestiary("check", "--changed", "HEAD", site=site, cache=tmp_path / "cache")
    assert ran.returncode == 2 and "an installed package has no revisions" in ran.stderr
