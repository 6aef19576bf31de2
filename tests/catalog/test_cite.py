"""The bibliography is well formed, and what is cited comes out as BibTeX that can be read back."""

import ast
import re
import subprocess
import sys
from itertools import pairwise

import pytest
from bibtexparser.entrypoint import parse_string
from click.testing import CliRunner

from bestiary.catalog import cite
from bestiary.catalog.checks import CITED
from bestiary.catalog.read import read_catalog
from bestiary.files import locate

REFERENCES = cite.references()


def test_keys_are_sorted_and_say_author_and_year():
    early = [key for before, key in pairwise(REFERENCES) if key < before]
    assert not early, f"references.bib is sorted by key: move {', '.join(early)} further up"
    for key, work in REFERENCES.items():
        fields = work.fields_dict
        surname = re.sub(r"[^a-z]", "", fields["author"].value.split(",")[0].lower())
        start = f"{surname}{fields['year'].value}"
        assert re.fullmatch(rf"{start}[a-z]+", key), f"{key}: want {start} and a word of the title, as in {start}word"


@pytest.mark.parametrize("work", REFERENCES.values(), ids=REFERENCES)
def test_every_work_can_be_found(work):
    fields = {name: field.value for name, field in work.fields_dict.items()}
    assert {"author", "title", "year"} <= set(fields)
    if "eprint" in fields:
        assert re.fullmatch(r"\d{4}\.\d{4,5}", fields["eprint"])
        assert fields["archivePrefix"] == "arXiv"
        submitted = 2000 + int(fields["eprint"][:2])
        assert submitted <= int(fields["year"]) <= submitted + 1
    else:
        assert fields["url"].startswith("https://")


def test_no_work_twice():
    eprints = [work.fields_dict["eprint"].value for work in REFERENCES.values() if "eprint" in work.fields_dict]
    assert len(set(eprints)) == len(eprints)


def test_every_work_is_cited():
    """By an entry: among its references, or where a number of it comes from."""
    cited = set()
    for entry in read_catalog().values():
        cited |= {*entry.references, *CITED.findall(entry.model_dump_json())}
    assert set(REFERENCES) - cited == set()


@pytest.mark.parametrize("entry", read_catalog().values(), ids=lambda entry: entry.key)
def test_what_an_entry_names_is_among_its_references(entry):
    """A key in the words of its block, or an arXiv number in the docstring of its setup."""
    docstring = ast.get_docstring(ast.parse(locate(f"phenomena/{entry.key}.py").read_text("utf-8"))) or ""
    numbers = {
        work.fields_dict["eprint"].value: key for key, work in REFERENCES.items() if "eprint" in work.fields_dict
    }
    named = {numbers.get(number, number) for number in re.findall(r"arXiv:(\d{4}\.\d{4,5})", docstring)}
    assert named | set(CITED.findall(entry.model_dump_json())) <= set(entry.references)


def test_what_is_cited_reads_back_the_same():
    keys = ["zucchet2025emergence", "chizat2018lazy", "power2022grokking"]
    text = cite.bibtex(keys)
    again = parse_string(text)
    assert not again.failed_blocks
    assert list(again.entries_dict) == keys
    for key in keys:
        fields = {name: field.value for name, field in again.entries_dict[key].fields_dict.items()}
        assert fields == {name: field.value for name, field in REFERENCES[key].fields_dict.items()}
    assert text.startswith("@misc{zucchet2025emergence,\n  author = {Zucchet, Nicolas and ")
    assert text == cite.bibtex(keys)


def test_each_work_comes_once():
    assert cite.bibtex(["power2022grokking"] * 3).count("@misc") == 1


def test_unknown_keys_are_all_named():
    with pytest.raises(ValueError) as caught:
        cite.bibtex(["power2022groking", "power2022grokking", "xyz"])
    assert str(caught.value).splitlines() == [
        "no 'power2022groking' in references.bib; did you mean 'power2022grokking'?",
        "no 'xyz' in references.bib",
    ]


def test_a_work_twice_in_the_file_is_refused(tmp_path):
    file = tmp_path / "twice.bib"
    file.write_text("@misc{a2020b,\n  title = {T},\n}\n\n@misc{a2020b,\n  title = {U},\n}\n")
    with pytest.raises(ValueError, match=r"^twice\.bib:5: .*a2020b"):
        cite.references(file)


def test_a_broken_file_is_refused(tmp_path):
    file = tmp_path / "broken.bib"
    file.write_text("@misc{a2020b,\n  title = {T,\n")
    with pytest.raises(ValueError, match=r"^broken\.bib:1: "):
        cite.references(file)


def test_every_entry_of_the_catalog_can_be_cited():
    for entry in read_catalog().values():
        assert cite.bibtex(entry.references).count("\n@") == len(entry.references) - 1


def test_citing_imports_no_jax():
    code = "import sys; from bestiary.catalog.cite import bibtex; bibtex(['gromov2023grokking']); "
    code += "sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_catalog_itself_can_be_cited():
    from bestiary.catalog.cite import own
    from bestiary.cli.main import cli
    from bestiary.version import __version__

    ran = CliRunner().invoke(cli, ["cite", "bestiary", "catapult"])
    assert ran.exit_code == 0 and ran.stdout.startswith(own()) and "lewkowycz2020" in ran.stdout
    assert f"version = {{{__version__}}}" in own() and list(parse_string(own()).entries_dict) == ["bestiary"]
