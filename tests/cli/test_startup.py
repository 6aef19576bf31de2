"""`list`, `show`, `cite` and completion start quickly, also when the catalog is twice as long as today's."""

import os
import resource
import subprocess
import sys

import pytest
from enlarged import enlarged

ENTRIES = 65
LISTS = {"list": ("list",), "list --json": ("list", "--json"), "cite": ("cite", "grokking")}
SHOWS = {"show": ("show", "grokking"), "show --json": ("show", "grokking", "--json")}
COMPLETE = {"COMP_WORDS": "bestiary show gro", "COMP_CWORD": "2", "_BESTIARY_COMPLETE": "bash_complete"}
ARRAYS = {"jax", "matplotlib", "numpy", "pandas", "scipy", "xarray"}
HEAVY = {"list": {"bibtexparser", "rich.table"}, "list --json": {"bibtexparser", "rich"}, "show": {"bibtexparser"}}
RUN = """
import sys
from bestiary.cli.main import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """(words, variables) -> (what it prints, the modules it imports, CPU seconds), of so many entries."""
    folder = tmp_path_factory.mktemp("enlarged")
    site = enlarged(folder, ENTRIES)
    env = os.environ | {"PYTHONPATH": str(site), "BESTIARY_CACHE_DIR": str(folder / "cache"), "COLUMNS": "100"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # what is compiled at every start would hide what is measured

    def run(*words, **more):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-c", RUN, *words]
        done = subprocess.run(command, cwd=site, env=env | more, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode in (0, 1), done.stderr  # click ends a completion with 1
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return done.stdout, {*done.stderr.splitlines()[-1].split()}, seconds

    return run


@pytest.fixture(scope="module")
def first(run):
    """The first reading of all, which parses the catalog."""
    return run("list", "--json")


def test_the_first_reading_parses_and_a_second_does_not(run, first):
    assert first[0].count('"entry"') == ENTRIES and {"ruamel.yaml", "pydantic"} <= first[1]
    out, imported, _ = run("list", "--json")
    assert out == first[0] and not {"ruamel.yaml", "pydantic"} & imported


@pytest.mark.parametrize("command", LISTS)
def test_a_list_imports_no_parser_no_models_and_no_arrays(run, first, command):
    _, imported, _ = run(*LISTS[command])
    assert imported & ({"ruamel.yaml", "pydantic"} | ARRAYS | HEAVY.get(command, set())) == set()


@pytest.mark.parametrize("command", SHOWS)
def test_a_page_of_an_entry_imports_no_parser_and_no_arrays(run, first, command):
    _, imported, _ = run(*SHOWS[command])
    assert imported & ({"ruamel.yaml", "bibtexparser"} | ARRAYS) == set()


def test_completion_imports_no_more_than_it_offers(run, first):
    out, imported, _ = run(**COMPLETE)
    assert "plain,grokking\n" in out
    assert imported & ({"ruamel.yaml", "pydantic", "bibtexparser", "rich"} | ARRAYS) == set()


@pytest.mark.parametrize("command", [*LISTS, *SHOWS, "completion"])
def test_a_start_is_a_small_part_of_a_parse(run, first, command):
    """CPU time, the least of three; where it is measured the first reading takes 1.5 s, a list 0.1 s, a page 0.25 s."""
    words, more = (LISTS | SHOWS).get(command, ()), COMPLETE if command == "completion" else {}
    least = min(run(*words, **more)[2] for _ in range(3))
    assert least < first[2] / (2 if command in SHOWS else 4)
