"""Runs Babel over care/: extract, or compile."""

import sys
import tempfile
from pathlib import Path

from babel.messages.frontend import CommandLineInterface

HERE = Path(__file__).parent
CARE = HERE.parent
MAPPING = """
[python: **.py]
[jinja2: **/templates/**.html]
trimmed = true
"""


def extract() -> None:
    """Sentences of the code into the catalogues; what is translated stays, what is gone goes."""
    with tempfile.TemporaryDirectory() as folder:
        mapping, template = Path(folder) / "babel.cfg", Path(folder) / "messages.pot"
        mapping.write_text(MAPPING)
        _babel("extract", "-F", mapping, "-k", "_l", "-k", "lazy_gettext", "--no-location", "--sort-output", "--project=Hearthline",
               "--copyright-holder=Hearthline", "-o", template, CARE)  # fmt: skip
        for catalogue in sorted(HERE.glob("*/LC_MESSAGES/messages.po")):
            locale = catalogue.parent.parent.name
            _babel("update", "-i", template, "-o", catalogue, "-l", locale, "--no-fuzzy-matching", "--ignore-obsolete")


def compile_all() -> None:
    for catalogue in sorted(HERE.glob("*/LC_MESSAGES/messages.po")):
        _babel("compile", "-i", catalogue, "-o", catalogue.with_suffix(".mo"), "-l", catalogue.parent.parent.name)


def _babel(*arguments: object) -> None:
    CommandLineInterface().run(["pybabel", "-q", *map(str, arguments)])


if __name__ == "__main__":
    commands = {"extract": extract, "compile": compile_all}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        raise SystemExit("usage: python -m care.translations extract|compile")
    commands[sys.argv[1]]()
