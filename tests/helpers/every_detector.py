"""The detectors that the package has, found by file name, and what each reads."""

import inspect
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(find_spec("bestiary.detectors").origin).parent
DETECTORS = sorted(file.stem for file in FOLDER.glob("[!_]*.py"))


def module_of(name):
    return import_module(f"bestiary.detectors.{name}")


def detector(name):
    return getattr(module_of(name), name)


def about(name):
    return module_of(name).ABOUT


def needed(name):
    """The channels a detector reads: the text defaults of what it takes besides the log and thresholds."""
    found = []
    for parameter in list(inspect.signature(detector(name)).parameters.values())[1:]:
        if parameter.kind is not parameter.KEYWORD_ONLY:
            found += [parameter.default] if isinstance(parameter.default, str) else list(parameter.default or ())
    return found


OF_ENTRIES = [name for name in DETECTORS if not about(name).everyday]  # paired with an entry of the catalog
