"""`bestiary certify` as a user types it: what it prints and writes, how it ends, and what it says of bad input."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bestiary.certify.certificate import ESTIMATORS
from bestiary.certify.kinds import KINDS
from bestiary.cli import certify as command
from bestiary.cli import completion
from bestiary.cli import main as cli

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "command-line.md").read_text("utf-8")
RULE = '''
def spike(step, loss, height=2.0, window=50):
    """Fire where the loss is twice the median before it."""
    past = [sorted(loss[i - window : i])[window // 2] for i in range(window, len(loss))]
    return [s for s, y, m in zip(step[window:], loss[window:], past) if y > height * m]

def deaf(step, loss):
    return []

def crash(loss):
    raise ValueError("no")

def _hidden(loss):
    return None
'''


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """words -> (exit status, standard output, standard error), in a folder with a rule."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "rule.py").write_text(RULE)

    def run(*words):
        with pytest.raises(SystemExit) as end:
            cli.main(["certify", *map(str, words)])
        return end.value.code, *capsys.readouterr()

    return run


def test_the_kinds_of_the_command_are_those_there_are():
    assert list(command.DETECTORS) == list(KINDS) and set(command.ESTIMATORS) == set(ESTIMATORS)
    assert all(name in (command.certify.help or "") for name in command.DETECTORS + command.ESTIMATORS)


def test_a_rule_is_measured_beside_others(run):
    status, out, _ = run("rule.py:spike", "--as", "spike", "--seeds", 2, "--wide")
    assert status == 0
    first = out.splitlines()[0]
    assert first.startswith("rule.py:spike as spike (does the loss spike?): 80 logs of root 1")
    assert re.search(r"^rule.py:spike +100% \(32/32\) +89% to 100%", out, re.M)
    assert all(name in out for name in ("bestiary detect", "lightning spike detection", "slow spike", "thousandfold"))


def test_json_has_the_keys_that_are_documented(run):
    status, out, _ = run("rule.py:spike", "--as", "spike", "--seeds", 1, "--json", "--alone")
    made = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    (row,) = re.findall(r"^\| `certify` \| (.*) \|$", PAGE, re.M)
    assert status == 0 and made["beside"] == {}
    baseline = {"baseline", "level", "worse", "changes"}
    estimated = {"right", "covered", "bias", "rms"}
    keys = made.keys() | made["score"].keys() | made["score"]["hits"].keys()
    assert keys == set(re.findall(r"`([a-z_]+)`", row)) - baseline - estimated


def test_an_estimator_is_measured(run):
    status, out, _ = run("bestiary.certify.estimators:lanczos", "--as", "sharpness", "--seeds", 1, "--json")
    made = json.loads(out)
    assert status == 0 and made["score"]["right"]["k"] == 6 and set(made["beside"]) == {"power_iteration", "lanczos"}


def test_a_baseline_is_recorded_kept_and_told_of(run, tmp_path):
    asked = ("--as", "spike", "--seeds", 4, "--alone", "--baseline", "b/rule.json")
    status, _, err = run("rule.py:spike", *asked, "--write-baseline")
    assert status == 0 and "wrote b/rule.json" in err
    status, out, _ = run("rule.py:spike", *asked)
    assert status == 0 and "not worse than recorded, at a level of 0.01 over all groups; no answer changed" in out
    status, out, _ = run("rule.py:deaf", *asked, "--badge", "b.svg", "--html", "b.html", "--json")
    told = json.loads(out)["baseline"]
    assert status == 1 and told["worse"] and told["level"] == 0.01
    assert told["changes"][0]["worse"] > 40 and told["changes"][0]["adjusted"] < 0.01
    assert "worse than recorded" in (tmp_path / "b.svg").read_text() and "#e05d44" in (tmp_path / "b.svg").read_text()
    assert "class=worse" in (tmp_path / "b.html").read_text()
    assert run("rule.py:deaf", *asked, "--level", "1e-300")[0] == 0


def test_a_target_that_gives_no_answer_at_all_fails_and_records_nothing(run, tmp_path):
    status, out, err = run("rule.py:crash", "--as", "spike", "--seeds", 1, "--alone")
    assert status == 1 and "no answer in 40: ValueError: no" in out and "Traceback" not in out + err
    words = ("rule.py:crash", "--as", "spike", "--seeds", 1, "--alone", "--baseline", "x.json", "--write-baseline")
    assert run(*words)[0] == 2 and not (tmp_path / "x.json").exists()


def test_a_page_needs_nothing_else_and_a_badge_is_a_picture(run, tmp_path):
    status, _, _ = run("rule.py:spike", "--as", "spike", "--seeds", 1, "--html", "a.html", "--badge", "a.svg")
    assert status == 0
    page, open_tags = (tmp_path / "a.html").read_text(), []

    class Closed(HTMLParser):
        def handle_starttag(self, tag, attrs):
            assert not {"src", "href"} & dict(attrs).keys()
            open_tags.append(tag) if tag not in ("meta", "link") else None

        def handle_endtag(self, tag):
            while open_tags.pop() != tag:
                assert tag in ("svg", "g", "text", "circle", "tr", "td")

    Closed().feed(page)
    assert open_tags == [] and "script" not in page and page.count("<table>") == 3
    badge = ElementTree.fromstring((tmp_path / "a.svg").read_text())
    assert re.fullmatch(r"bestiary certify: spike: 100% hits, \d+% false alarms", badge.attrib["aria-label"])
    run("rule.py:spike", "--as", "spike", "--seeds", 1, "--badge", "a.json", "--alone")
    endpoint = json.loads((tmp_path / "a.json").read_text())
    assert endpoint.keys() == {"schemaVersion", "label", "message", "color"} and endpoint["color"] == "blue"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as", "spike"), "name one target"),
        (("rule.py:spike", "--command", "cat", "--as", "spike"), "name one target"),
        (("rule.py:spike",), "say with --as what it is to tell: spike, grokking"),
        (("rule.py:spike", "--as", "spikes"), "'spikes' is not one of"),
        (("rule.py:none", "--as", "spike"), "no 'none' there; it has spike, deaf, crash"),
        (("none.py:spike", "--as", "spike"), "no such file"),
        (("rule.py", "--as", "spike"), "want package.module:function"),
        (("rule.py:spike", "--as", "grokking"), "wants loss; a parameter without a default is a channel"),
        (("rule.py:spike", "--as", "sharpness"), "an estimator of sharpness is given loss, grad, hvp"),
        (("--command", "no-such-program", "--as", "spike"), "no such program"),
        (("--command", sys.executable, "--as", "sharpness"), "is given functions"),
        (("rule.py:spike", "--as", "spike", "--write-baseline"), "--write-baseline: needs --baseline FILE"),
        (("rule.py:spike", "--as", "spike", "--level", "0.1"), "--level: needs --baseline FILE"),
        (("rule.py:spike", "--as", "spike", "--baseline", "none.json"), "no such file; --write-baseline records"),
        (("rule.py:spike", "--as", "spike", "--baseline", "rule.py"), "rule.py: cannot be read"),
        (("rule.py:spike", "--as", "spike", "--html", "page.txt"), "name it .html"),
        (("rule.py:spike", "--as", "spike", "--badge", "/proc/b.svg"), "cannot be written"),
        (("rule.py:spike", "--as", "spike", "--timeout", "nan"), "--timeout"),
        (("rule.py:spike", "--as", "spike", "--runs", "grokking"), "it shows delayed generalization, not spike"),
        (("rule.py:spike", "--as", "spike", "--runs", "grokkin"), "grokking"),
        (("rule.py:spike", "--as", "sharpness", "--runs", "grokking"), "is given loss"),
    ],
)
def test_bad_input_is_one_line_and_exit_status_2(run, words, said):
    status, out, err = run(*words, "--seeds", 1)
    assert status == 2 and out == "" and err.count("\n") == 1 and said in err, err


def test_files_are_written_also_where_nobody_reads_what_is_printed(run, tmp_path):
    words = "certify rule.py:spike --as spike --seeds 1 --alone --html a.html --badge a.svg"
    ran = subprocess.Popen([sys.executable, "-m", "bestiary", *words.split()], stdout=subprocess.PIPE)
    assert ran.stdout is not None
    ran.stdout.close()
    assert ran.wait() == 141 and (tmp_path / "a.html").exists() and (tmp_path / "a.svg").exists()


def test_functions_of_files_are_offered(run, tmp_path):
    (tmp_path / "broken.py").write_text("def f(:")
    offered = completion.functions(None, None, "ru")  # pyright: ignore[reportArgumentType]
    assert [(one.value, one.help) for one in offered] == [
        ("rule.py:spike", "Fire where the loss is twice the median before it."),
        ("rule.py:deaf", None),
        ("rule.py:crash", None),
    ]
    assert completion.functions(None, None, "none/x") == []  # pyright: ignore[reportArgumentType]


def test_it_starts_without_jax(tmp_path):
    (tmp_path / "rule.py").write_text(RULE)
    code = "import sys\nfrom bestiary.cli.main import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    words = ("certify", "rule.py:spike", "--as", "spike", "--seeds", "1", "--html", "a.html")
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not {"jax", "xarray", "pandas", "matplotlib"} & set(done.stderr.splitlines()[-1].split())


@pytest.mark.slow
def test_runs_of_the_catalog_are_asked_about_beside_the_generated_ones(run, tmp_path, monkeypatch):
    monkeypatch.setattr("bestiary.train.jax_setup.prepare", lambda folder: None)  # the tests have set JAX up
    (tmp_path / "edge.py").write_text("def edge(edge_ratio):\n    return bool((edge_ratio[-100:] > 0.8).all())\n")
    words = ("edge.py:edge", "--as", "edge", "--seeds", 1, "--alone", "--json", "--cache", tmp_path / "cache")
    status, out, err = run(*words, "--runs", "edge_of_stability")
    made = json.loads(out)
    runs = {name: part for name, part in made["by_shape"].items() if name.startswith("edge_of_stability/")}
    assert status == 0 and made["runs"] == sorted(runs), err
    assert sum(part["hits"]["n"] + part["false_alarms"]["n"] for part in runs.values()) == len(runs) >= 3
    assert all(part["onset_error"] is None for part in runs.values())
