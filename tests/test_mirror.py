"""Names every module of 30 lines or more that has no test file where one looks for it.

`acs/db/bulk.py` is tested in `tests/acs/db/test_bulk.py`, or in a folder `tests/acs/db/bulk/` when one file is not enough. A package's
own `__init__.py` or `__main__.py` is tested in `test_init.py` or `test_main.py` beside the rest, or under the package's name one level up.
"""

import ast
from pathlib import Path

import pytest

from tests.test_layering import ROOT, modules

LINES = 30

ELSEWHERE: dict[str, str] = {
    "acs/db/migrations/versions": "tests/acs/db/test_migrations.py runs every one of them up, down and up again",
    "acs/db/migrations/env.py": "run by every migration in tests/acs/db/test_migrations.py",
    "simulators/conformance/cases": "tests/simulators/conformance/test_defects.py on ACSs with defects, tests/integration/test_conformance.py on ours",
}
"""Where a module is tested in another place, and which."""


def only_declares(source: str) -> bool:
    """Whether a module holds tables, dataclasses and constants only: no function, and no method but properties of one return."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Lambda):
            return False
        if isinstance(node, ast.FunctionDef):
            is_property = any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)
            if not is_property or len(node.body) > 1 or not isinstance(node.body[0], ast.Return):
                return False
    return True


def places(path: Path) -> list[Path]:
    """Where a module's tests may be, relative to the root."""
    folder = Path("tests") / path.parent
    if path.name in ("__init__.py", "__main__.py"):
        return [folder / f"test_{path.stem.strip('_')}.py", folder.parent / f"test_{path.parent.name}.py"]
    return [folder / f"test_{path.stem}.py", folder / path.stem]


def is_tested(path: Path) -> bool:
    return any((ROOT / place).is_file() or any((ROOT / place).glob("test_*.py")) for place in places(path))


def needs_test(path: Path, source: str) -> bool:
    if source.count("\n") < LINES or any(path.is_relative_to(place) for place in ELSEWHERE):
        return False
    # Tables are compared with the migrations (tests/acs/db/test_migrations.py), views are frozen (tests/test_layering.py).
    return not (path.stem in ("models", "views") and only_declares(source))


def test_every_module_has_its_tests_where_one_looks_for_them():
    missing = []
    for file in modules().values():
        path, source = file.relative_to(ROOT), file.read_text()
        if needs_test(path, source) and not is_tested(path):
            missing.append(f"{path} ({source.count(chr(10))} lines): {places(path)[0]}")
    assert not missing, f"{len(missing)} modules without tests:\n" + "\n".join(missing)


@pytest.mark.parametrize("place", ELSEWHERE)
def test_exceptions_are_of_things_that_exist(place):
    assert (ROOT / place).exists()


def test_tests_folders_are_packages():
    """Without an __init__.py at every level tests/care would hide care."""
    folders = {file.parent for file in (ROOT / "tests").rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_declarations_are_told_from_code():
    assert only_declares("class A:\n    x: int = 1\n    @property\n    def y(self):\n        return 1\n")
    assert not only_declares("def f():\n    return 1\n")
    assert not only_declares("class A:\n    def f(self):\n        return 1\n")
