"""The catalogues are complete for the shell, and compiled from what is written."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

CARE = Path(__file__).parent.parent.parent / "care"
CATALOGUES = sorted((CARE / "translations").glob("*/LC_MESSAGES/messages.po"))
SHELL = ("security", "api", "users", "jobs", "audit", "signin", "templates", "devices", "operations", "firmware", "sessions", "onboarding")
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "_l": None, "lazy_gettext": None}


def sentences() -> Iterator[tuple[str, object]]:
    """Every sentence of the shell, by file."""
    for filename, _line, message, _comments, _context in extract_from_dir(str(CARE), METHODS, {}, KEYWORDS):
        top, _slash, rest = filename.partition("/")
        if not rest or top in SHELL:
            yield filename, message[0] if isinstance(message, tuple) else message


def translated(message: Message | None) -> bool:
    return message is not None and bool(all(message.string) if isinstance(message.string, tuple) else message.string)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_no_sentence_of_the_shell_is_untranslated(path: Path):
    with path.open("rb") as file:
        catalogue = read_po(file)
    missing = sorted({f"{filename}: {text}" for filename, text in sentences() if not translated(catalogue.get(text))})
    assert not missing


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_compiled_catalogue_is_that_of_the_text(path: Path):
    with path.open("rb") as file:
        wanted = BytesIO()
        write_mo(wanted, read_po(file))
    with path.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    wanted.seek(0)
    assert {str(m.id): m.string for m in compiled if m.id} == {str(m.id): m.string for m in read_mo(wanted) if m.id}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_placeholders_are_the_same_in_every_language(path: Path):
    with path.open("rb") as file:
        catalogue = read_po(file)
    assert [str(error) for message in catalogue for error in message.check(catalogue)] == []
