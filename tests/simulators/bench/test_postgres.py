import pytest

from acs.errors import WrongEnvironment
from simulators.bench import postgres
from simulators.bench.house import free_ports
from simulators.bench.postgres import Postgres


@pytest.mark.soak
def test_a_server_of_its_own_answers_and_leaves_nothing_behind(tmp_path_factory):
    if postgres.programs() is None:
        pytest.skip("PostgreSQL's programs are not installed")
    import tempfile
    from pathlib import Path

    folder = Path(tempfile.mkdtemp(prefix="hearthline-test-pg-"))
    folder.rmdir()  # not below the tests' folder, which the user postgres cannot enter
    own = Postgres(folder, free_ports(1)[0])
    try:
        own.start()
        assert own.ask("SELECT 40 + 2") == "42"
        assert own.ask("SHOW synchronous_commit") == own.ask("SHOW fsync") == "on"
        assert int(own.version.partition(".")[0]) >= 12
        with pytest.raises(WrongEnvironment, match="nonsense"):
            own.ask("SELECT nonsense")
    finally:
        own.stop()
    assert not folder.exists()


def test_missing_programs_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(postgres, "programs", lambda: None)
    with pytest.raises(WrongEnvironment, match="initdb"):
        Postgres(tmp_path, 1)
