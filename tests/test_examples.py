"""Every `>>>` in a docstring of the package runs and prints what it says; every detector has one."""

import ast
import doctest
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from every_detector import DETECTORS

import bestiary


def docstrings(file):
    """Docstrings of a file; a template of a file is a string and none."""
    documented = ast.Module, ast.ClassDef, ast.FunctionDef
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return [ast.get_docstring(node) or "" for node in nodes if isinstance(node, documented)]


def modules_with_examples():
    """Names of modules, read off the files so that those without an example are not imported."""
    names = set()
    for package in ("bestiary", "bestiary.detectors", "bestiary.phenomena"):
        folder = Path(find_spec(package).origin).parent
        for file in folder.rglob("*.py"):
            if any(">>>" in text for text in docstrings(file)):
                parts = file.relative_to(folder).with_suffix("").parts
                names.add(".".join((package, *parts)).removesuffix(".__init__"))
    return sorted(names)


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples(name):
    failed, tried = doctest.testmod(import_module(name))
    assert tried and not failed


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_has_an_example(name):
    module = import_module(f"bestiary.detectors.{name}")
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(module, name), name, module)
    assert f"{name}(" in "".join(example.source for example in test.examples)
    assert test.examples[-1].want.startswith("found "), f"{name}: its example prints the state and the onset"


@pytest.mark.parametrize("name", sorted(set(bestiary.__all__) - {"__version__"}))
def test_every_public_name_has_an_example(name):
    thing = getattr(bestiary, name)
    thing = thing if isinstance(thing, type) or callable(thing) else type(thing)
    tests = doctest.DocTestFinder(recurse=False).find(thing, name)
    assert any(test.examples for test in tests), name
