"""Evidence with the record of its session, while that is kept."""

from acs.db.tenancy import DEFAULT_TENANT
from acs.recorder import service as recorder
from acs.recorder.service import RecordIn


def test_evidence_links_to_the_record_of_the_very_session(services, db, learned, device_id, clock):
    with db.write() as unit:
        records = [RecordIn(DEFAULT_TENANT, device_id, epoch, clock(), 5, "ok", "", "", ()) for epoch in (2, 3, 4)]
        recorder.apply_records(unit.connection, records, 20, 1000)
    entry = services.quirks.listed(DEFAULT_TENANT)[0]
    (one,) = services.quirks.evidence(DEFAULT_TENANT, entry.id)
    with db.read() as session:
        assert recorder.of_sessions(session, DEFAULT_TENANT, [(device_id, 3)]) == {(device_id, 3): one.record_id}


def test_evidence_outlives_its_record(services, learned):
    entry = services.quirks.listed(DEFAULT_TENANT)[0]
    (one,) = services.quirks.evidence(DEFAULT_TENANT, entry.id)
    assert one.record_id is None


def test_a_device_is_found_by_its_serial_number(services, learned, head):
    assert services.quirks.of_named(DEFAULT_TENANT, head.serial_number).quirks.read_batch == 32
