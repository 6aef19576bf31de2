"""Read import statements: what a module imports, and what a function's own imports bind."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec


def imports(tree: ast.AST, module: str) -> set[str]:
    """Return the modules that a module imports, in whatever form, inside functions too; their packages are imported.

    Args:
        tree: the module's syntax.
        module: its dotted name, from which relative imports start.
    """
    return {name for name in imported_names(tree, module) if _exists(name)}


def imported_names(tree: ast.AST, module: str) -> set[str]:
    """Return what the import statements of a module name: modules, and what may be one or a name within one.

    Args:
        tree: the module's syntax.
        module: its dotted name, from which relative imports start.
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(module.split(".")[: -node.level]) if node.level else ""
            base = ".".join(filter(None, (base, node.module)))
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def imported_in(node: ast.AST, package: str) -> dict[str, tuple[str, str]]:
    """Return what the import statements within a definition bind.

    {name: (module, attribute)}; the attribute is "" for the module itself and "." for its top package.

    Args:
        node: the definition.
        package: the package from which relative imports start.
    """
    found: dict[str, tuple[str, str]] = {}
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            for alias in part.names:
                found[alias.asname or alias.name.partition(".")[0]] = (alias.name, "" if alias.asname else ".")
        elif isinstance(part, ast.ImportFrom):
            base = package.split(".")[: 1 - part.level or None] if part.level else []
            for alias in part.names:
                found[alias.asname or alias.name] = (".".join([*base, *filter(None, [part.module])]), alias.name)
    return found


@cache
def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):  # the parent is no package
        return False
