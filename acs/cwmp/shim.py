"""Makes spyne 2.14 importable on Python 3.11 to 3.13; imported before any spyne module, changes nothing on disk.

Its bundled six 1.14 has an importer without `find_spec` (gone from importlib since 3.12), and it asks Twisted for a module that
left in 24.11. spyne has had no release since 2022: keep it pinned and replaceable (ARCHITECTURE.md, decisions).
"""

import importlib.util
import sys
import types
import warnings
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any


def install() -> None:
    if "spyne" in sys.modules:
        return
    found = importlib.util.find_spec("spyne")
    if found is None or not found.submodule_search_locations:
        raise ImportError("spyne is not installed")
    try:
        import constantly

        alias = types.ModuleType("twisted.python.constants")
        alias.__dict__.update(
            {name: getattr(constantly, name) for name in ("NamedConstant", "Names", "FlagConstant", "Flags", "ValueConstant", "Values")}
        )
        sys.modules.setdefault("twisted.python.constants", alias)
    except ImportError:  # pragma: no cover - Twisted brings it
        pass
    path = Path(next(iter(found.submodule_search_locations))) / "util" / "six.py"
    spec = importlib.util.spec_from_file_location("spyne.util.six", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"spyne's six is not at {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["spyne.util.six"] = module
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spec.loader.exec_module(module)
    for importer in sys.meta_path:
        if type(importer).__name__ == "_SixMetaPathImporter" and not hasattr(importer, "find_spec"):
            _give_find_spec(type(importer))


def _give_find_spec(importer: Any) -> None:
    def find_spec(self: Any, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name in self.known_modules else None

    importer.find_spec = find_spec
    if not hasattr(importer, "create_module"):
        importer.create_module = lambda self, spec: self.load_module(spec.name)
        importer.exec_module = lambda self, module: None
