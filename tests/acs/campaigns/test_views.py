"""Sentences and sums of views."""

from acs.campaigns.states import Member
from acs.campaigns.views import GaugeView, Reason, WaveView


def test_a_reason_is_one_sentence():
    gate = Reason("gate", signal="offline", value=40, limit=10, bad=4, measured=10)
    assert gate.sentence == "4 of 10 devices among the canaries fell silent since the change: 40 %, it stops above 10 %."
    assert Reason("person", by="user:anna").sentence == "By user:anna."
    assert Reason("failures", value=3, limit=3).sentence == "3 devices failed; the campaign stops at 3."


def test_a_wave_counts_who_is_through():
    wave = WaveView(1, {Member.DONE: 3, Member.ISSUED: 2, Member.SKIPPED: 1}, (), None, None)
    assert (wave.members, wave.finished, wave.count(Member.DONE, Member.ISSUED)) == (6, 4, 5)


def test_what_is_not_measured_is_neither_good_nor_bad():
    assert GaugeView("offline", "", 10, 0, 0).share is None and GaugeView("offline", "", 10, 10, 2).is_within is False
