"""What procedures are told that only the store knows: acs/operations/briefing.py."""

import dataclasses
import hashlib

import pytest

from acs.devices.models import DeviceCredential
from acs.firmware import service as firmware
from acs.provisioning.kinds import KINDS
from acs.provisioning.spreading import inform_time

SHA = hashlib.sha256(b"image").hexdigest()


@pytest.fixture
def image(play):
    return play.do(firmware.add, play.actor, play.now, SHA, 5, "g240-2.0.bin", "2.0", "G240")


def opened(play, url):
    base, _, path = url.partition("/f/")
    assert base == "http://files.example:7567"
    return firmware.opened(play.briefing.vault, path.split("/"))


def test_every_need_of_a_kind_can_be_met(play):
    for need in {need for kind in KINDS.values() if not kind.late for need in kind.briefing}:
        assert need == "credentials" or callable(getattr(play.briefing, f"_{need}"))


def test_firmware_is_briefed_with_its_link_size_and_version(play, image):
    operation = play.request("firmware", {"image": image})
    brief = play.task(operation).brief
    assert (brief["size"], brief["version"], brief["file_name"]) == (5, "2.0", "g240-2.0.bin")
    assert opened(play, brief["url"]) == ("get", operation, play.device)
    assert len(brief["url"]) <= 256


def test_backup_is_briefed_with_where_to_put_it_and_later_what_came(play):
    operation = play.request("backup")
    assert set(play.task(operation).brief) == {"url"}
    assert opened(play, play.task(operation).brief["url"]) == ("put", operation, play.device)
    file = play.do(firmware.keep_file, 1, play.device, operation, "config", "0" * 64, 77, "1.0", play.now)
    assert (play.task(operation).brief["file_id"], play.task(operation).brief["size"]) == (file, 77)


def test_restore_is_briefed_with_the_file_of_this_device(play):
    file = play.do(firmware.keep_file, 1, play.device, 1, "config", "0" * 64, 77, "1.0", play.now)
    operation = play.request("restore", {"file": file})
    assert play.task(operation).brief["size"] == 77
    assert opened(play, play.task(operation).brief["url"]) == ("get", operation, play.device)


def test_speed_tests_are_briefed_with_links_both_ways(play):
    operation = play.request("download_test", {"bytes": 4000})
    brief = play.task(operation).brief
    assert opened(play, brief["download_url"]) == ("down", operation, play.device)
    assert opened(play, brief["upload_url"]) == ("up", operation, play.device)
    assert brief["download_url"].endswith("/4000.bin")


def credentials(play):
    with play.database.read() as session:
        row = session.get(DeviceCredential, play.device)
        return (row.username, row.secret, row.next_secret, row.request_username, row.request_secret)


def prepare(play, briefing=None):
    with play.database.write() as unit:
        (briefing or play.briefing).prepare_credentials(unit.connection, [(1, play.device, "00D09E-G240-NV1", play.now)])


def test_logins_are_briefed_in_clear_and_stored_sealed(play, vault):
    prepare(play)
    username, secret, next_secret, request_username, request_secret = credentials(play)
    brief = play.task(play.request("secure")).brief
    assert brief == {
        "username": username, "secret": vault.open(next_secret), "request_username": request_username, "request_secret": vault.open(request_secret),
        "inform_interval_s": 300, "inform_time": inform_time(username, 300),
    }  # fmt: skip
    assert secret == ""
    assert brief["secret"] not in (next_secret, request_secret)


def test_old_secret_counts_until_the_new_one_is_used(play, vault):
    prepare(play)
    with play.database.write() as unit:
        unit.session.get(DeviceCredential, play.device).secret = vault.seal("old")
    before = credentials(play)
    prepare(play)
    after = credentials(play)
    assert vault.open(after[1]) == "old"
    assert before[2] != after[2]
    assert (before[0], before[3:]) == (after[0], after[3:]), "we go on calling it by the login it knows"


def test_without_logins_of_their_own_devices_are_told_ours_only(play):
    shared = dataclasses.replace(play.briefing, cpe_auth="shared")
    prepare(play, shared)
    assert credentials(play)[2] == ""
    operation = play.request("secure")
    with play.database.read() as session:
        from acs.operations.models import Operation

        brief = shared.of(session, session.get(Operation, operation))
    assert set(brief) == {"request_username", "request_secret", "inform_interval_s", "inform_time"}


def test_device_without_credentials_is_briefed_with_nothing(play):
    assert play.task(play.request("secure")).brief == {}
    assert play.task(play.request("reboot")).brief == {}
