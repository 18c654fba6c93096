"""The live card: which station, what it waits for, why waking failed, how it ended."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from acs.operations.views import OperationId, OperationState, OperationView
from acs.provisioning.kinds import KINDS
from care.operations import stations
from care.operations.words import KIND_WORDS, STATE_WORDS, wake_failure

NOW = datetime(2026, 11, 21, 20, 52, tzinfo=UTC)
ASKED = NOW - timedelta(seconds=24)


def view(**given) -> OperationView:
    plain = OperationView(
        OperationId(12), 7, "NV1", "G240", "wifi_scan", "Scan WiFi neighbours", {}, OperationState.QUEUED, "", "", {"queued": ASKED}, "queued", 20, ASKED,
        NOW + timedelta(days=1), "hl1", 0, False, {}, "", None, "user:anna", "", ASKED, ASKED, None, 30, "", "", "online", NOW + timedelta(minutes=6),
    )  # fmt: skip
    return replace(plain, **given)


def looks(card):
    return {station.key: station.look for station in card.stations}


def test_queued_operation_says_that_the_device_is_called_next():
    card = stations.live(view(), NOW)
    assert looks(card) == {"queued": "current", "waking": "todo", "session": "todo", "device": "todo", "done": "todo"}
    assert card.message == "The device is called next."
    assert card.next_contact_at is None


def test_silent_device_is_waited_for_until_it_should_speak_and_until_the_end():
    card = stations.live(view(presence="silent"), NOW)
    assert card.message == "Waiting for the router."
    assert card.next_contact_at == NOW + timedelta(minutes=6)
    assert card.kept_until == NOW + timedelta(days=1)


def test_contact_that_is_overdue_is_not_promised():
    assert stations.live(view(presence="silent", next_contact_at=NOW - timedelta(minutes=1)), NOW).next_contact_at is None


@pytest.mark.parametrize("result", ["refused", "timeout", "unauthorized", "not_found", "busy", "forbidden_address", "no_url", "unreachable", "odd"])
def test_failed_call_is_told_in_plain_words(result):
    card = stations.live(view(station="waking", stations={"queued": ASKED, "waking": ASKED}, wake_result=result, wake_detail="detail"), NOW)
    assert card.message == wake_failure(result, "detail")
    assert card.message.endswith(".") or card.message.endswith(").")
    assert card.kept_until is not None


def test_each_station_keeps_how_long_it_took():
    reached = {"queued": ASKED, "waking": ASKED + timedelta(seconds=0.1), "session": ASKED + timedelta(seconds=1.5), "device": ASKED + timedelta(seconds=2.1)}
    card = stations.live(view(state=OperationState.WAITING, station="device", stations=reached, progress="The device measures"), NOW)
    assert [(s.key, s.took) for s in card.stations if s.took] == [("queued", "0.1\xa0s"), ("waking", "1.4\xa0s"), ("session", "0.6\xa0s")]
    assert (card.message, card.usual) == ("The device measures", "usually 30\xa0s")


def test_station_that_was_not_needed_is_passed_over():
    reached = {"queued": ASKED, "session": ASKED + timedelta(seconds=3)}
    assert looks(stations.live(view(state=OperationState.RUNNING, station="session", stations=reached), NOW))["waking"] == "skipped"


def test_wish_to_cancel_what_was_sent_is_answered_honestly():
    card = stations.live(view(state=OperationState.WAITING, station="device", cancel_wanted=True), NOW)
    assert card.message.startswith("Too late to call back")


def test_failure_is_a_sentence_with_the_fault_after_it():
    fault = {"code": 9003, "text": "Invalid arguments", "parameters": [{"name": "Device.WiFi.Radio.1.Channel", "code": 9007}]}
    card = stations.live(view(state=OperationState.FAILED, station="done", error="The device refused.", fault=fault, finished_at=NOW), NOW)
    assert (card.told, card.state) == ("The device refused.", "bad")
    assert card.fault == "Fault 9003: Invalid arguments (Device.WiFi.Radio.1.Channel 9007)"
    assert looks(card)["done"] == "failed"


@pytest.mark.parametrize(
    ("kind", "result", "told"),
    [
        ("discover", {"parameters": 900, "values": 890, "missing": [{}]}, "890 values read. 1 could not be read."),
        ("read", {"count": 1, "values": {"a": "b"}}, "1 value read."),
        ("write", {"written": ["a", "b"], "needs_restart": True}, "2 values written and read back. It counts after a restart."),
        ("firmware", {"version": "3.2.4", "already": True}, "The device runs 3.2.4 already."),
        ("firmware", {"version": "3.2.4"}, "The device now runs 3.2.4."),
        ("ping", {"received": 19, "lost": 1, "average_ms": 11}, "19 of 20 packets came back, 11 ms on average."),
        ("download_test", {"mbps": 88.9}, "89\xa0Mbit/s measured."),
        ("download_test", {"mbps": None}, "Done."),
        ("backup", {"size": 20480}, "The file arrived, 20.5\xa0kB."),
    ],
)
def test_result_is_told_in_one_sentence(kind, result, told):
    assert stations.live(view(kind=kind, state=OperationState.DONE, station="done", result=result, finished_at=NOW), NOW).told == told


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_words_and_an_end(kind):
    assert kind in KIND_WORDS
    assert stations.live(view(kind=kind, state=OperationState.DONE, station="done", finished_at=NOW), NOW).told


def test_every_state_has_words():
    assert set(STATE_WORDS) == set(OperationState)


def test_stamp_changes_with_what_is_seen_and_only_then():
    first = stations.live(view(), NOW).stamp
    assert stations.live(view(), NOW + timedelta(seconds=9)).stamp == first
    assert stations.live(view(progress="12 of 40"), NOW).stamp != first
    assert stations.live(view(wake_result="timeout"), NOW).stamp != first


def test_screen_readers_hear_the_station_not_the_seconds():
    assert stations.live(view(), NOW).spoken == "Scan WiFi neighbours: The device is called next."


# ---- transfers, appointments, modules ------------------------------------------------------------------------------


def waiting(kind, **given):
    return view(kind=kind, state=OperationState.WAITING, station="device", stations={"queued": ASKED, "session": ASKED, "device": ASKED}, **given)


@pytest.mark.cwmp("C-133")
def test_a_transfer_that_is_called_off_says_who_must_agree_and_then_that_it_was_dropped():
    assert "asked to call it off" in stations.live(waiting("schedule_download", cancel_wanted=True), NOW).message
    assert "Too late" in stations.live(waiting("reboot", cancel_wanted=True), NOW).message
    dropped = replace(waiting("backup"), state=OperationState.CANCELLED, finished_at=NOW)
    assert stations.live(dropped, NOW).told == "Called off: the device dropped it. Nothing was changed."
    stopped = replace(waiting("ping"), state=OperationState.CANCELLED, finished_at=NOW, error="Cancelled; the device may still finish what it began.")
    assert stations.live(stopped, NOW).told == "Cancelled; the device may still finish what it began."


@pytest.mark.cwmp("E-50")
def test_a_fault_that_may_pass_says_so():
    assert stations.fault_words({"code": 9015, "transient": True}).endswith("It may work if it is tried again later.")
    assert stations.fault_words({"code": 9018, "transient": False}) == "Fault 9018"


@pytest.mark.parametrize(
    ("kind", "result", "told"),
    [
        ("schedule_inform", {"reported": True}, "The device came at the appointed time."),
        ("schedule_download", {"version": "2"}, "The device now runs 2."),
        ("schedule_download", {"version": "2", "already": True}, "The device runs 2 already."),
        ("schedule_download", {"file": 3, "reported": True}, "The device took its settings back."),
        ("queued_transfers", {"transfers": [{}]}, "1 transfer in its queue."), ("cancel_transfer", {}, "The device dropped the transfer."),
        ("rpc_methods", {"methods": ["A", "B"]}, "It knows 2 methods."), ("options", {"options": []}, "0 options."),
        ("vouchers", {"count": 2}, "2 vouchers were taken."), ("attributes", {"attributes": [{}]}, "1 value told how it is watched."),
        ("raw_rpc", {"method": "X_A"}, "The device answered X_A."),
        ("move_acs", {"url": "http://o/", "needs_restart": True}, "The device was told to go to http://o/. It counts after a restart."),
        ("stored_image", {"version": "2", "active": False}, "2 is stored beside what the device runs."),
        ("stored_image", {"version": "2", "active": True}, "The device now runs 2."),
        ("install_module", {"units": [{"unit": "DU.1.", "version": "2"}]}, "1 unit was changed: DU.1. 2."),
    ],
)  # fmt: skip
def test_what_came_of_it_is_one_sentence(kind, result, told):
    done = view(kind=kind, state=OperationState.DONE, result=result, finished_at=NOW)
    assert stations.live(done, NOW).told == told
