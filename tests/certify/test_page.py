"""docs/certify.md from top to bottom: its files are written, its commands run, and what it says of them is so."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from bestiary.certify.certificate import ESTIMATORS
from bestiary.certify.kinds import KINDS
from bestiary.cli import main as cli

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "certify.md").read_text("utf-8")
FILES = {
    code.split("\n", 1)[0][2:]: code for code in re.findall(r"^```(?:python|yaml)\n(# .*?)^```$", PAGE, re.M | re.S)
}
COMMANDS = re.findall(r"^    (bestiary certify .*)$", PAGE, re.M)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name, code in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(code)
    return tmp_path


def ends(line):
    """The exit status of a command of the page."""
    with pytest.raises(SystemExit) as end:
        cli.main([*shlex.split(line)[1:]])
    return end.value.code


def test_the_page_has_its_files_and_its_commands():
    assert list(FILES) == [
        *("my_rule.py", "test_my_rule.py", ".github/workflows/certify.yml"),
        *("my_estimator.py", "lightning_rule.py", "ruptures_rule.py"),
    ]
    assert FILES["my_rule.py"].count("\n") <= 15 and len(COMMANDS) == 7


def test_the_first_five_minutes(folder, capsys):
    measured, recorded, compared = COMMANDS[:3]
    assert ends(f"{measured} --json") == 0
    made = json.loads(capsys.readouterr().out)
    alarms = {name: part["false_alarms"]["rate"] for name, part in made["by_shape"].items()}
    assert made["score"]["hits"]["rate"] > 0.98
    assert {name for name, rate in alarms.items() if rate and rate > 0.3} == {"jump", "minibatch"}
    assert ends(recorded) == 0 and ends(compared) == 0
    assert "no answer changed" in capsys.readouterr().out
    names: dict = {}
    exec(compile((folder / "test_my_rule.py").read_text(), "test_my_rule.py", "exec"), names)
    names["test_my_rule"]()
    rule = folder / "my_rule.py"
    rule.write_text(rule.read_text().replace("height=2.0", "height=6.0"))
    assert ends(compared) == 1
    assert "worse than recorded: with the event, answers" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(AssertionError, match="worse than recorded"):
        names["test_my_rule"]()


def test_the_workflow_runs_the_command_of_the_page():
    from ruamel.yaml import YAML

    steps = YAML(typ="safe").load(FILES[".github/workflows/certify.yml"])["jobs"]["certify"]["steps"]
    assert steps[3]["run"].strip() == f"{COMMANDS[2]} --html certificate.html --badge certificate.svg"


def test_the_estimator_of_the_page(folder, capsys):
    (line,) = [line for line in COMMANDS if "my_estimator" in line]
    assert ends(f"{line} --json --seeds 4") == 0
    assert json.loads(capsys.readouterr().out)["score"]["right"]["rate"] == 1


def test_the_example_in_python(capsys):
    (code,) = re.findall(r"^```python\n(from bestiary\.certify import certify\n.*?)^```$", PAGE, re.M | re.S)
    exec(compile(code, "docs/certify.md", "exec"), {})
    right, of, total = capsys.readouterr().out.split()
    assert of == "of" and 0 < int(right) < int(total)


def test_every_kind_has_its_row_with_what_it_is_given():
    rows = dict(re.findall(r"^\| (`[a-z_`, ]+`) \| (.*) \|$", PAGE, re.M))
    for name, kind in KINDS.items():
        assert set(kind.channels) <= set(re.findall(r"`([a-z_]+)`", rows[f"`{name}`"].split(" | ")[-1]))
    for name, kind in ESTIMATORS.items():
        (row,) = [row for names, row in rows.items() if f"`{name}`" in names]
        assert set(re.findall(r"`([a-z_]+)`", row.split(" | ")[1])) == set(kind.fields)
