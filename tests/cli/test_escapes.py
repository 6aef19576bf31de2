"""No text of a log, a catalog or a user's words is obeyed by a terminal: each command shows it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from rich.table import Table
from rich.text import Text

import bestiary
from bestiary.catalog.parsed import catalog_path
from bestiary.cli.main import cli
from bestiary.cli.output.console import Console
from bestiary.cli.output.shown import echo_json, line, shown
from bestiary.train.event import Progress
from bestiary.train.progress import bars

HOSTILE = "x\x1b]52;c;aGk=\x1b\\\x1b[2J\x07\x7f\x9b31m\u202e\u2066\r\x0by"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
ROOT = Path(__file__).resolve().parents[2]
unix = pytest.mark.skipif(os.name == "nt", reason="file names of Windows have no control characters")


def asked(*words):
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert not OBEYED.search(done.stdout) and not OBEYED.search(done.stderr), words
    return done


def curve(bad_from=1000):
    return [(t, "nan" if t >= bad_from else 1 / (t + 1)) for t in range(100)]


@pytest.fixture
def log(tmp_path):
    """A file of a hostile name, with hostile names of runs and columns, in which something is found."""
    path = tmp_path / f"{HOSTILE}.csv"
    header = ["run", "step", "loss", f"extra{HOSTILE}"]
    rows = [[name, t, y, 1] for name in (f"a{HOSTILE}", "b") for t, y in curve(80)]
    quoted = [",".join('"' + str(cell).replace('"', '""') + '"' for cell in row) for row in (header, *rows)]
    path.write_bytes("\n".join([*quoted, ""]).encode())
    return path


@unix
@pytest.mark.parametrize("words", [[], ["-v"], ["--json"]])
def test_detect(log, words):
    done = asked("detect", log, *words)
    assert done.exit_code == 1 and r"\x1b[2J" in done.stdout.replace("\\\\", "\\").replace("u001b", "x1b")
    if words == ["--json"]:
        told = json.loads(done.stdout)["runs"][0]
        assert HOSTILE.replace("\r", "").split("\x0b")[0] in told["path"] + told["run"]


@unix
@pytest.mark.parametrize("words", [[], ["--exec", sys.executable + " -c 1"]])
def test_watch(log, words):
    done = asked("watch", log, "--once", *words)
    assert done.exit_code == 1 and r"\x1b[2J" in done.stdout and r"\x1b[2J" in done.stderr


@unix
@pytest.mark.parametrize("command", [["detect"], ["watch", "--once"]])
def test_what_cannot_be_read_or_was_asked_wrongly(command, tmp_path, log):
    empty = tmp_path / f"empty{HOSTILE}.csv"
    empty.write_text("")
    assert r"\x1b" in asked(*command, empty).stderr
    for option in (["--channel", f"loss={HOSTILE}"], ["--channel", f"{HOSTILE}=x"], ["--set", f"{HOSTILE}.x=1"]):
        assert asked(*command, log, *option).exit_code in (1, 2)
    assert asked("watch", log, "--exec", f"{HOSTILE} x").exit_code == 2
    assert asked("detect", log, "--plot", HOSTILE).exit_code == 2


@unix
def test_a_name_that_is_no_text_is_told_and_is_json(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\x9b.csv"
    with open(path, "w") as file:
        file.write("step,loss\n" + "".join(f"{t},{y}\n" for t, y in curve(80)))
    assert asked("detect", tmp_path).exit_code == 1
    assert len(json.loads(asked("detect", tmp_path, "--json").stdout)["runs"]) == 1
    assert asked("watch", tmp_path, "--once", "--exec", f"{sys.executable} -c 1").exit_code == 1


@unix
def test_a_name_with_a_line_break_makes_no_line_of_ours(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text('step,loss,"x\n1 run: 0 found"\n' + "".join(f"{t},{y},1\n" for t, y in curve()))
    assert asked("detect", path).stdout.count("\n1 run: 0 found") == 1


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """A catalog of one quick entry, all of whose texts are hostile."""
    block = yaml.safe_load(catalog_path().read_text("utf-8"))["dirac_gan"]

    def spoilt(part, key=""):
        if isinstance(part, dict):
            return {k: spoilt(v, k) for k, v in part.items()}
        if isinstance(part, list):
            return [spoilt(v, key) for v in part]
        if key in ("title", "definition", "notes", "where", "by", "control", "also_fires"):
            return f"{part} [/b] {HOSTILE} [link=https://x.org]y[/link]"
        return part

    path = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    path.write_text(yaml.safe_dump({"dirac_gan": spoilt(block)}), "utf-8")
    (path.parent / "references.bib").write_bytes((catalog_path().parent / "references.bib").read_bytes())
    return path


@pytest.mark.parametrize(
    "words", [["list"], ["show", "dirac_gan"], ["cite", "dirac_gan"], ["cite", HOSTILE], [HOSTILE]]
)
def test_what_is_read_of_a_catalog(words, catalog):
    if words != [HOSTILE]:
        words = [*words, "--catalog", catalog]
    done = asked(*words)
    if words[0] in ("list", "show"):
        assert done.exit_code == 0 and r"\x1b[2J" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("words", [
    ["check", "dirac_gan", "--seeds", "2"],
    ["run", "dirac_gan", "--seeds", "2"],
    ["run", "dirac_gan", "--set", f"lr={HOSTILE}"],
    ["run", "dirac_gan", "--case", HOSTILE],
    ["map", "dirac_gan", "--over", "lr=0.05,0.1", "--seeds", "2"],
    ["map", "dirac_gan", "--over", HOSTILE],
    ["path", "dirac_gan", "--root", "0"],
    ["run", "dirac_gan", "--cache", f"/proc/{HOSTILE}"],
])  # fmt: skip
def test_what_is_trained(words, catalog, tmp_path):
    cache = [] if "--cache" in words else ["--cache", str(tmp_path)]
    assert asked(*words, "--catalog", catalog, *cache).exit_code in (0, 1, 2)


def test_mistakes_in_words_and_in_a_catalog(tmp_path):
    path = tmp_path / "catalog.yaml"
    path.write_text(yaml.safe_dump({"dirac_gan": {HOSTILE: HOSTILE}, HOSTILE: 1}), "utf-8")
    assert asked("list", "--catalog", path).exit_code == 2
    for words in (["show", HOSTILE], [HOSTILE], ["list", f"--{HOSTILE}"], ["check", HOSTILE]):
        command = [sys.executable, "-m", "bestiary", *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120)
        assert done.returncode == 2 and not OBEYED.search(done.stdout + done.stderr), words


@pytest.mark.parametrize("terminal", [False, True])
def test_progress(terminal, tmp_path):
    with (tmp_path / "out").open("w+", encoding="utf-8", newline="") as file:
        console = Console(file=file, force_terminal=terminal, width=200, color_system=None)
        with bars(console=console) as on_progress:
            for phase, done in (("train", 0), ("done", 100)):
                on_progress(Progress(HOSTILE, 0, "job", phase, done, 100, 1))  # type: ignore[arg-type]
        file.seek(0)
        text = file.read()
    assert r"\x1b[2J" in text
    assert not OBEYED.search(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text))  # what moves the bar itself


@pytest.mark.parametrize("terminal", [False, True])
def test_a_console_shows_strings_texts_and_tables(terminal, tmp_path):
    with (tmp_path / "out").open("w+", encoding="utf-8", newline="") as file:
        colours = "standard" if terminal else None
        console = Console(file=file, force_terminal=terminal, width=200, color_system=colours, highlight=False)
        table = Table(HOSTILE)
        table.add_row(HOSTILE)
        table.add_row(Text(HOSTILE, "red"))
        for part in (HOSTILE, Text(HOSTILE, "bold"), table):
            console.print(part)
        file.seek(0)
        text = file.read()
    assert text.count(r"\x1b[2J") == 5
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)  # the styles of the console itself
    assert not OBEYED.search(plain) and (plain != text) is terminal


def test_a_report_of_python_shows_them(log):
    report = bestiary.detect(log)
    assert not OBEYED.search(repr(report)) and r"\x1b" in repr(report)


def test_markup_of_notebooks_is_escaped(tmp_path):
    path = tmp_path / "<script>alert(1)<script>.csv"
    path.write_text("step,loss,<b>\n" + "".join(f"{t},{y},1\n" for t, y in curve(80)))
    report = bestiary.detect(path)
    assert "<script>" not in report._repr_html_() and "<b>" not in report._repr_html_()
    log = bestiary.Log.of(range(3), **{"<script>": [1.0, 2.0, 3.0]})
    assert "<script>" not in log._repr_html_()


def test_how_it_is_shown(capsys):
    assert shown("a\tb\nc\x1b\x7f\x9b\u202e\udc9b\U000e0041") == "a\tb\nc\\x1b\\x7f\\x9b\\u202e\\udc9b\\U000e0041"
    assert shown("Läufe δ, 損失, 👩\u200d🔬") == "Läufe δ, 損失, 👩\u200d🔬"
    assert line("a\nb\tc") == "a\\nb\\tc"
    echo_json(json.dumps({"a": "\x9b\u202e\udc9b\U000e0041\x1b"}, ensure_ascii=False))
    out = capsys.readouterr().out
    assert not OBEYED.search(out) and json.loads(out)["a"] == "\x9b\u202e\udc9b\U000e0041\x1b"


def test_nothing_prints_past_it():
    """A command that calls click or rich by itself would send what it prints."""
    calls = re.compile(r"click\.(echo|secho|style)\(|rich\.console|from rich\.(console|markup) import|\bprint\(")
    for file in (ROOT / "bestiary" / "cli").rglob("*.py"):
        if file.name not in ("shown.py", "console.py"):
            past = [
                text
                for text in file.read_text("utf-8").splitlines()
                if calls.search(text.replace("out.print(", "")) and not text.lstrip().startswith(">>> ")  # an example
            ]
            assert [text for text in past if "console().print(" not in text] == [], file.name
