"""`--on`: where the commands train; whatever is wrong there is one line and status 2, before anything is trained."""

import pytest

from bestiary.cli import main as cli
from bestiary.train.executors import opening

COMMANDS = {
    "check": ["check", "period_doubling"],
    "run": ["run", "period_doubling", "--seeds", "1", "--set", "steps=50"],
    "map": ["map", "period_doubling", "--over", "lr=0.9,1.2", "--seeds", "1", "--set", "steps=50"],
    "path": ["path", "grokking_transformer"],
    "measure": ["measure", "period_doubling"],
}


@pytest.fixture
def bestiary(capsys, monkeypatch, tmp_path):
    """words -> (exit status, standard output, standard error), in this process."""
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("bestiary.train.session.prepare", lambda folder: None)  # the tests have set JAX up
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    monkeypatch.setattr(opening, "PATIENCE", 0.2)

    def run(*words):
        try:
            cli.main([str(word) for word in words])
            status = 0
        except SystemExit as end:
            status = end.code or 0
        return status, *capsys.readouterr()

    return run


def last(err):
    """The last line, after what a command says of the size of what it is going to train."""
    lines = err.strip().splitlines()
    assert len(lines) <= 2 and "Traceback" not in err
    return lines[-1]


@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
def test_every_command_that_trains_takes_a_place_and_refuses_what_is_none(bestiary, words, tmp_path):
    status, out, err = bestiary(*words, "--on", "dask:/local")
    assert (status, out) == (2, "")
    assert last(err).startswith("--on dask:/local: want local, dask, dask://local:4, tcp://host:port")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
def test_nothing_is_trained_where_nobody_answers(bestiary, words, tmp_path):
    more = ["--to", tmp_path] if words[0] == "measure" else []
    status, out, err = bestiary(*words, *more, "--on", "tcp://127.0.0.1:1")
    assert (status, out) == (2, "")
    assert last(err) == "--on tcp://127.0.0.1:1: nobody answers there within 0.2 s"
    assert list(tmp_path.glob("**/*.nc")) == list(tmp_path.glob("*.json")) == []


def test_without_the_extra(bestiary, monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    status, _, err = bestiary(*COMMANDS["run"], "--on", "dask://local:2")
    assert (status, last(err)) == (
        2,
        "--on dask://local:2: needs what is not installed; pip install 'bestiary[cluster]'",
    )


def test_no_scheduler_is_configured(bestiary):
    status, _, err = bestiary(*COMMANDS["run"], "--on", "dask")
    assert status == 2 and last(err).startswith(
        "--on dask: no scheduler is configured; set DASK_SCHEDULER_ADDRESS=tcp://"
    )


def test_this_process_is_the_default(bestiary, capsys):
    status, here, _ = bestiary(*COMMANDS["run"], "--on", "local")
    assert status == 0 and bestiary(*COMMANDS["run"])[:2] == (0, here)
