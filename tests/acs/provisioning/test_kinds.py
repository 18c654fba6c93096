"""The catalogue of operations says everything that is asked of it."""

import inspect

import pytest

from acs.provisioning.desired import Desired, KnownTree
from acs.provisioning.kinds import KINDS
from acs.provisioning.procedure import Wait
from acs.provisioning.procedures.configuring import Order
from tests.acs.provisioning.scripted import Device, context, play

ARGS = {
    "paths": ["Device.A.X"], "values": [["Device.A.X", "1", "string"]], "table": "Device.T.", "path": "Device.A.", "prefixes": ["Device.A."],
    "notification": 1, "file": 9, "host": "h", "count": 1, "timeout_ms": 1000, "size": 1, "max_hops": 5, "bytes": 1,
    "delay_s": 60, "windows": [{"start_s": 0, "end_s": 60, "mode": "any", "message": "", "retries": 0}], "command_key": "k", "name": "",
    "vouchers": ["Zm9v"], "xml": "<X_A_B/>", "url": "http://acs.example/", "uuid": "", "version": "", "username": "", "password": "",
    "environment": "", "activate": True, "port": 7, "hosts": ["h"], "protocol": "ICMP", "interface": "", "interval_s": 300,
}  # fmt: skip
BRIEFS = {
    "kind": {"names": ["Device.A.X"]},
    "image": {"url": "u", "size": 1, "version": "2", "file_name": "f"}, "upload": {"url": "u"}, "file": {"url": "u", "size": 1},
    "scheduled": {"url": "u", "size": 1, "version": "2", "file_name": "f"}, "speed": {"download_url": "d", "upload_url": "u"},
    "credentials": {"request_username": "a", "request_secret": "b"}, "desired": {"order": Order(Desired(), KnownTree("Device"))},
    "reach": {
        "request_username": "a", "request_secret": "b", "stun_host": "s", "stun_port": 3478, "stun_username": "a", "stun_secret": "b",
        "xmpp_username": "a", "xmpp_secret": "b", "xmpp_jid": "acs@x", "xmpp_domain": "x", "xmpp_host": "x", "xmpp_port": 5222, "xmpp_tls": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_has_phases_a_permission_words_and_limits(name):
    kind = KINDS[name]
    assert kind.name == name
    assert kind.phases
    assert kind.first_phase == next(iter(kind.phases))
    assert all(inspect.isgeneratorfunction(phase) for phase in kind.phases.values())
    assert kind.permission == kind.permission.lower() != ""
    assert kind.label[0].isupper()
    assert 0 < kind.usual_s < kind.expiry_s
    assert 0 <= kind.priority <= 100
    assert kind.briefing <= set(BRIEFS)


@pytest.mark.parametrize("name", KINDS)
def test_what_cannot_be_taken_back_has_a_phase_that_settles_it(name):
    kind = KINDS[name]
    assert bool(kind.settle) == kind.irreversible
    assert not kind.settle or kind.settle in kind.phases


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_runs_on_what_it_is_briefed_on_and_waits_only_for_its_own_phases(name):
    kind = KINDS[name]
    brief = {key: value for wanted in kind.briefing for key, value in BRIEFS[wanted].items()}
    outcome = play(
        kind.phases[kind.first_phase](context(args=dict(ARGS, values=[] if name == "add_object" else ARGS["values"]), brief=brief)),
        Device({"Device.A.X": "1"}),
    )
    assert (len(kind.phases) == 1) or isinstance(outcome, Wait)
    if isinstance(outcome, Wait):
        assert outcome.phase in kind.phases


def test_kinds_cannot_be_changed():
    with pytest.raises(TypeError):
        KINDS["read"] = KINDS["write"]
