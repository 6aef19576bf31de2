"""Whatever a target does, every case has a row, and bestiary no traceback."""

import re
import sys
import time
import warnings

import numpy as np
import pytest

from bestiary.certify import asking, commands
from bestiary.certify.answers import WANTED
from bestiary.certify.asking import ENOUGH, Asker, rows
from bestiary.certify.cases import cases
from bestiary.certify.certificate import ESTIMATORS
from bestiary.certify.kinds import KINDS
from bestiary.certify.problems import problems
from bestiary.certify.targets import NoTarget
from bestiary.log import Log

SPIKE = KINDS["spike"]
CASES = cases(SPIKE, 0, 1)


def failures(target, limit=10.0):
    return [row.answer.failure for row in rows(asking.function(target, SPIKE), CASES, limit)]


def test_an_exception_is_a_row_with_its_name():
    def crash(loss):
        raise ValueError("two\nlines")

    assert set(failures(crash)) == {"ValueError: two lines"}
    assert set(failures(lambda loss: sys.exit("bye"))) == {"SystemExit: bye"}
    assert set(failures(lambda loss: "yes")) == {f"returned str 'yes'; want {WANTED}"}


def test_what_it_prints_and_warns_of_goes_nowhere(capsys):
    def talk(loss):
        sys.stdout.write("hello")
        warnings.warn("odd", stacklevel=1)
        return bool(np.log(-loss[0]) > 0)

    assert set(failures(talk)) == {""} and capsys.readouterr().out == ""


def test_a_time_limit_ends_a_function_that_catches_every_exception_and_then_the_asking():
    def hang(loss):
        while True:
            try:
                time.sleep(5)
            except Exception:
                return False

    since = time.monotonic()
    told = failures(hang, 0.05)
    assert time.monotonic() - since < 5
    assert told[:ENOUGH] == ["more than 0.05 s"] * ENOUGH
    assert set(told[ENOUGH:]) == {f"not asked, after {ENOUGH} cases that took more than 0.05 s"}


def test_an_interrupt_is_nobodys_answer():
    def stop(loss):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failures(stop)


def test_our_detector_and_the_rules_are_asked_with_their_own_thresholds():
    ours = rows(asking.ours(SPIKE), CASES)
    rule = rows(asking.rule("wandb", SPIKE.rules["wandb_z_score"]), CASES)
    assert not any(row.answer.failure for row in (*ours, *rule))
    assert [row.right for row in ours if row.case.positive and row.case.condition == "as_recorded"] == [True] * 4
    assert any(row.answer.found != row.case.positive for row in rule)


SCRIPT = """
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1]) if len(sys.argv) > 1 else sys.stdin))
loss = [float(row["loss"]) for row in rows]
high = [i for i in range(50, len(loss)) if loss[i] > 2 * sorted(loss[i - 50 : i])[25]]
print(json.dumps({"found": bool(high), "step": float(rows[high[0]]["step"]) if high else None}))
"""


@pytest.mark.parametrize("how", ["{csv}", ""])
def test_a_command_is_asked_by_file_or_by_standard_input(tmp_path, how):
    (tmp_path / "rule.py").write_text(SCRIPT)
    asker = asking.command(f"'{sys.executable}' -S '{tmp_path}/rule.py' {how}", SPIKE)
    told = rows(asker, CASES[:8])

    def rule(step, loss):
        high = [i for i in range(50, loss.size) if loss[i] > 2 * np.sort(loss[i - 50 : i])[25]]
        return step[high[0]] if high else None

    want = rows(asking.function(rule, SPIKE), CASES[:8])
    assert not any(row.answer.failure for row in told)
    np.testing.assert_array_equal([r.answer.onset for r in told], [r.answer.onset for r in want])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('yes')", "printed 'yes'; want JSON"),
        ("import sys; print('bad luck', file=sys.stderr); sys.exit(3)", "exit status 3 .bad luck"),
        ("import time; time.sleep(60)", "more than 1 s"),
    ],
)
def test_a_command_that_fails_is_a_row(code, said):
    asker = asking.command(f'{sys.executable} -S -c "{code}"', SPIKE, 1.0)
    (row,) = rows(asker, CASES[:1], 1.0)
    assert re.match(said, row.answer.failure), row.answer.failure


def test_a_command_that_is_none_is_told():
    for text, said in (("no-such-program {csv}", "no such program"), ("'open", "quotation"), ("", "no such program")):
        with pytest.raises(NoTarget, match=said):
            asking.command(text, SPIKE)
    with pytest.raises(NoTarget, match="is given functions"):
        asking.command(sys.executable, ESTIMATORS["sharpness"])


def test_a_table_has_every_digit_and_blanks():
    log = Log({"loss": ([1e6 + 1, 1e6 + 2], [1 / 3, np.nan]), "lr": ([1e6 + 2], [0.1])})
    assert commands.table(log) == "step,loss,lr\n1000001,0.3333333333333333,\n1000002,nan,0.1\n"


@pytest.mark.parametrize("kind", [kind for kind in ESTIMATORS.values() if kind.table], ids=lambda kind: kind.name)
def test_problems_of_arrays_are_tables(kind):
    for problem in problems(kind, 0, 1):
        lines = commands.columns(problem.columns()).splitlines()
        assert len(lines) > 5 and len({line.count(",") for line in lines}) == 1


def test_an_asker_is_told_of_each_case():
    seen = []
    rows(Asker("x", lambda case: asking.Answer()), CASES, on_case=lambda done, total: seen.append((done, total)))
    assert seen == [(i + 1, len(CASES)) for i in range(len(CASES))]
