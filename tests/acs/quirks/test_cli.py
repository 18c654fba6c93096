"""`hearthline quirks export` and `import`."""

import tomllib

import pytest
from click.testing import CliRunner

from acs.cli import quirks as command
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Invalid
from acs.quirks import service

BOX = 'format = 1\n[[quirk]]\nproduct_class = "Box"\nknob = "boot_s"\nvalue = 90\n'


@pytest.fixture
def run(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTHLINE_HOME", str(tmp_path))
    monkeypatch.setenv("HEARTHLINE_DATABASE_URL", sqlite_url)

    def invoke(*args):
        return CliRunner().invoke(command, [str(arg) for arg in args])

    return invoke


@pytest.fixture
def entries(sqlite_url):
    def look():
        database = Database(sqlite_url)
        try:
            with database.read() as session:
                return [(e.knob, e.value, e.origin, e.author) for e in service.listed(session, DEFAULT_TENANT)]
        finally:
            database.close()

    return look


def test_a_file_is_looked_at_taken_in_and_written_again(run, entries, tmp_path):
    path = tmp_path / "q.toml"
    path.write_text(BOX)
    assert run("import", path, "--dry-run").output == "new      Box: boot_s  = 90\n"
    assert entries() == []
    assert run("import", path).exit_code == 0
    assert entries() == [("boot_s", 90, "import", "cli")]
    path.write_text(BOX.replace("90", "80"))
    assert "differs" in run("import", path).output
    assert entries()[0][1] == 90
    run("import", path, "--overwrite")
    assert entries()[0][1] == 80
    assert tomllib.loads(run("export").output)["quirk"][0]["value"] == 80
    run("export", tmp_path / "out.toml")
    assert tomllib.loads((tmp_path / "out.toml").read_text())["format"] == 1


def test_what_is_known_of_the_field_is_taken_in_on_demand(run, entries):
    assert run("import", "--field").exit_code == 0
    assert {origin for _, _, origin, _ in entries()} == {"seed"}


def test_wrong_use_and_wrong_files_are_told(run, entries, tmp_path):
    assert run("import").exit_code == 2
    path = tmp_path / "q.toml"
    path.write_text(BOX + '[[quirk]]\nknob = "odd"\n')
    assert isinstance(run("import", path).exception, Invalid)
    assert entries() == []
