"""The text that an entry leads to is hashed without importing it."""

import ast
import subprocess
import sys

import pytest

from bestiary.catalog.setups.source_files import source_file
from bestiary.files import PACKAGE, modules
from bestiary.train.source import text
from bestiary.train.source.parsed import bare, bare_text
from bestiary.train.source.text import text_hash

GROKKING = source_file("phenomena", "grokking")


def test_every_entry_has_a_hash_of_its_own():
    keys = modules("phenomena")
    assert len({text_hash(source_file("phenomena", key)) for key in keys}) == len(keys)


def test_it_is_written_as_a_copy_would_be():
    for file in [source_file("phenomena", key) for key in modules("phenomena")] + [*(PACKAGE / "train").glob("*.py")]:
        source = file.read_text("utf-8")
        assert bare_text(ast.parse(source)) == ast.unparse(bare(ast.parse(source))), file.name


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("init_scale / (2", "init_scale / (3", False),
        ('"""', '""" Other words. ', True),
        ("class Knobs", "# a remark\nclass Knobs", True),
        ("lr: float = 0.01", "lr: int = 0.01", True),
        ("lr: float = 0.01", "lr: float = 0.02", False),
    ],
)
def test_code_counts_and_prose_does_not(tmp_path, before, after, same):
    source = GROKKING.read_text("utf-8")
    assert before in source
    file = tmp_path / "grokking.py"
    file.write_text(source.replace(before, after, 1))
    assert (text_hash(file) == text_hash(GROKKING)) is same


def test_what_is_imported_counts_by_whatever_way(tmp_path, monkeypatch):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "trainer.py").write_text("x = 1\n")
    for name, source in (("a", "from bestiary.b import y\n"), ("b", "y = 1\n"), ("log", "z = 1\n")):
        (tmp_path / f"{name}.py").write_text(source)
    file = tmp_path / "setup.py"
    file.write_text("import bestiary.a\nfrom bestiary import log\nfrom bestiary.log import Log\n")
    monkeypatch.setattr(text, "PACKAGE", tmp_path)
    before = text_hash(file)
    (tmp_path / "log.py").write_text("z = 2\n")
    assert text_hash(file) == before
    (tmp_path / "b.py").write_text("y = 2\n")
    other = text_hash(file)
    (tmp_path / "train" / "trainer.py").write_text("x = 2\n")
    assert len({before, other, text_hash(file)}) == 3


def test_nothing_is_imported():
    code = "import sys\nfrom bestiary.catalog.setups.source_files import source_file\n"
    code += "from bestiary.train.source.text import text_hash\ntext_hash(source_file('phenomena', 'grokking'))\n"
    code += "sys.exit(', '.join({'jax', 'numpy', 'bestiary.phenomena.grokking'} & sys.modules.keys()) or 0)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
