"""What is run again when a source changes."""

from pathlib import Path

import pytest

from bestiary.train import sources, trainer


@pytest.mark.parametrize("part", ["grokking", "trainer", "entry", "initial", "observables"])
def test_code_of_an_entry_is_its_own_file_and_the_numerical_part(monkeypatch, tmp_path, part):
    from bestiary.phenomena import grokking

    before = sources.code_of("grokking")
    for file in [Path(grokking.__file__), *Path(trainer.__file__).parent.glob("*.py")]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    for module in (grokking, trainer):
        monkeypatch.setattr(module, "__file__", str(tmp_path / Path(module.__file__).name))
    assert sources.code_of("grokking") == before
    with (tmp_path / f"{part}.py").open("a") as file:
        file.write("\n# changed\n")
    assert sources.code_of("grokking") != before


def test_the_hash_of_an_entry_covers_what_it_imports_and_no_more(tmp_path):
    file = tmp_path / "x.py"
    file.write_text("from bestiary.single_location import last\nfrom bestiary.log import Log\nimport numpy\n")
    names = {path.name for path in sources.sources(file)}
    assert names == {"trainer.py", "entry.py", "single_location.py", "initial.py"}  # initial by way of the first
    file.write_text("from bestiary.detectors.spikes import spikes\n")
    assert {path.name for path in sources.sources(file)} == {"trainer.py", "entry.py"}
