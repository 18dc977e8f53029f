"""Which test modules a change concerns: those that import what has changed, directly or not."""

import ast
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import grimp

from tests.checks.readers import readers_of

_ROOTS = ("trailsearch", "tests")
_FUNCTIONS = "functions"


class Concerned(NamedTuple):
    """Paths of test modules that a change concerns, and of changed files that no test is known to read."""

    tests: list[str]
    unknown: list[str]


class Imports:
    """Which modules of the repository import which: the library, the handlers and the tests."""

    def __init__(self, repository: Path) -> None:
        """Read the imports of everything in ``functions`` and ``tests``, which ``sys.path`` leads to."""
        self._repository = repository
        self._graph = grimp.build_graph(*_ROOTS, include_external_packages=True, cache_dir=None)
        for handler in sorted((repository / _FUNCTIONS).glob("*.py")):
            self._add_handler(handler)

    def tests_that_import(self, changed: Iterable[str]) -> set[str]:
        """The test modules that import one of these modules, or are one of them.

        A conftest is imported by the tests beside and below it. What it takes from the library for their fixtures
        does not make each of them a test of that: those that test it import it themselves.
        """
        reached = set()
        for module in self._graph.modules.intersection(changed):
            reached |= {module, *self._graph.find_downstream_modules(module)}
            if module.startswith("tests."):
                for conftest in [each for each in reached if each.endswith(".conftest")]:
                    package = conftest.removesuffix(".conftest")
                    reached |= self._graph.find_descendants(package)
        return {module for module in reached if is_test(module)}

    def modules_of(self, name: str) -> set[str]:
        """A module, or a package and all modules in it.

        Raises:
            KeyError: there is no such module.
        """
        if name not in self._graph.modules:
            raise KeyError(name)
        return {name, *self._graph.find_descendants(name)}

    def _add_handler(self, path: Path) -> None:
        """Add a handler, which is a module outside all packages: grimp knows only who imports it."""
        handler = path.stem
        importers = set()
        if handler in self._graph.modules:
            importers = self._graph.find_modules_that_directly_import(handler)
            self._graph.remove_module(handler)
        self._graph.add_module(handler)
        for importer in importers:
            self._graph.add_import(importer=importer, imported=handler)
        for imported in imported_by(path) & self._graph.modules:
            self._graph.add_import(importer=handler, imported=imported)


def imported_by(path: Path) -> set[str]:
    """The modules that a file imports, and each name that it takes from one, in full: ``package.module.name``."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return names


def is_test(module: str) -> bool:
    """Tell whether pytest takes the tests of a module."""
    return module.startswith("tests.") and module.rpartition(".")[2].startswith("test_")


def module_of(path: str) -> str | None:
    """The module that a file of the repository is, if it is one."""
    file = PurePosixPath(path)
    if file.suffix != ".py" or file.parts[0] not in {_FUNCTIONS, "tests"}:
        return None
    parts = file.with_suffix("").parts[file.parts[0] == _FUNCTIONS :]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def concerned(repository: Path, changed: Iterable[str]) -> Concerned:
    """Find the test modules that changed files concern."""
    imports = Imports(repository)
    modules: set[str] = set()
    unknown = []
    for path in changed:
        if module := module_of(path):
            modules.add(module)
            continue
        try:
            readers = readers_of(path)
        except KeyError:
            unknown.append(path)
        else:
            modules = modules.union(*map(imports.modules_of, readers))
    tests = imports.tests_that_import(modules)
    return Concerned(sorted(f"{module.replace('.', '/')}.py" for module in tests), sorted(unknown))
