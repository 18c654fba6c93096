"""Several CWMP workers on one socket: sessions whose every message may reach another one, real processes and all."""

import re

import pytest

from simulators.bench.cpe import key_of
from simulators.bench.house import House
from simulators.bench.run import Player
from simulators.bench.tree import ROOT

pytestmark = [pytest.mark.soak]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_sessions_go_from_worker_to_worker_by_their_cookie(database: str):
    house = House(database, {"CWMP_WORKERS": "2"})
    try:
        house.start()
        assert len(house.pids_of("cwmp")) == 3
        played = Player().play("--url", house.url, "--devices", 40, "--event", "0 BOOTSTRAP,1 BOOT", "--reconnect", "--concurrency", 8)
        assert (played["sessions_done"], played["failures"]) == (40, {})
        pages = [house.metrics(10 + number) for number in range(2)]
        informs = [sum(float(value) for value in re.findall(r"^hearthline_informs_total\{.*\} (\S+)", page, re.M)) for page in pages]
        assert all(informs)
        assert sum(informs) == 40
        taken = [sum(float(value) for value in re.findall(r'^hearthline_sessions_total\{outcome="taken_over"\} (\S+)', page, re.M)) for page in pages]
        assert all(taken), "nothing was taken over: every message reached its own worker"
        for number in (0, 39):
            house.api.ask(key_of(number), "read", {"paths": [f"{ROOT}DeviceInfo.UpTime"]})
        again = Player().play("--url", house.url, "--devices", 40, "--reconnect", "--concurrency", 8)
        assert (again["sessions_done"], again["failures"]) == (40, {})
        told = house.api.get("/operations", kind="read")["items"]
        assert [operation["state"] for operation in told] == ["done", "done"]
    finally:
        house.stop()
