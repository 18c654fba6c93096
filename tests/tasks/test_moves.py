"""Moving a group of devices: tasks/moves.py."""

import importlib

from acs import jobs
from acs.db.tenancy import DEFAULT_TENANT
from acs.operations import service as operations
from tasks import moves
from tasks.app import run_job
from tests.acs.kit import add_device

ARGS = {"tenant": 1, "tag": "", "model": "G240", "url": "https://acs2.example/", "reason": "new owner", "by": "user:anna"}


def run(house):
    importlib.reload(moves)  # other tests put their own works in place
    with house.database.write() as unit:
        job = jobs.enqueue(unit, DEFAULT_TENANT, "moves.group", ARGS, house.now(), by="user:anna")
    assert run_job(house, job) == "done", house.job(job).error
    return house.job(job).progress


def asked(house):
    with house.database.read() as session:
        return operations.listed(session, DEFAULT_TENANT, house.now(), kinds=("move_acs",), limit=500)


def test_each_device_of_the_group_is_asked_once_however_often_the_job_runs(house, monkeypatch):
    monkeypatch.setattr(moves, "PER_UNIT", 2)
    fitting = [add_device(house.database, f"A{n}", product_class="G240") for n in range(5)]
    add_device(house.database, "B1", product_class="R110")
    add_device(house.database, "A9", trust="blocked", product_class="G240")
    assert run(house) == "5 asked to move, 1 left out"
    run(house)
    assert sorted(op.device_id for op in asked(house)) == fitting
    (first, *_) = asked(house)
    assert (first.args, first.requested_by, first.reason) == ({"url": ARGS["url"]}, "user:anna", "new owner")


def test_a_group_of_nobody_is_done_at_once(house):
    assert run(house) == "0 asked to move, 0 left out"
