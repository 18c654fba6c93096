"""Which entries hold for a device: matching by identity and firmware, who wins, what is taken back. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.provisioning.quirks import (
    KNOBS,
    STANDARD,
    DeviceQuirks,
    Entry,
    Scope,
    Shape,
    State,
    agreed,
    checked,
    corrections,
    exactly,
    file_url_problem,
    firmware,
    fitting,
    literal,
    merged,
    taught,
    time_as,
    version_key,
)
from datamodels import canonical
from datamodels.canonical import Correction

VERSIONS = st.text("0123456789.-rcv_ <>=*", max_size=12)


def entry(value, oui="", product_class="", version="", knob="read_batch", item="", **given):
    return Entry(Scope(oui, product_class, firmware(version)), knob, item, value, **given)


def quirks(*entries, oui="02A5C1", product_class="Box", version="1.2.3", own=()):
    return merged(fitting(entries, oui, product_class, version), own)


@pytest.mark.parametrize(
    ("text", "fits", "not_these"),
    [
        ("", ["", "1", "anything"], []),
        ("1.2.3", ["1.2.3"], ["1.2.30", "1.2", ""]),
        ("=1.2*", ["1.2*"], ["1.2.3"]),
        ("1.2.*", ["1.2.3", "1.2.30-rc1"], ["1.20", "1.2", ""]),
        (">=1.2 <2.0", ["1.2", "1.10.9", "1.99"], ["1.1.9", "2.0", "2.0.1", ""]),
        (">1.9", ["1.10"], ["1.9", "1.2"]),
        ("<=2.1b", ["2.1a", "2.1b"], ["2.1c", "2.1.1"]),
        ("*", ["", "x"], []),
    ],
)  # fmt: skip
def test_a_firmware_is_one_version_a_beginning_or_a_range(text, fits, not_these):
    known = firmware(text)
    assert [version for version in (*fits, *not_these) if known.fits(version)] == fits


@pytest.mark.parametrize("text", [">=", ">1 <2 >3", ">1 or so", "=", "x" * 81, "> ..."])
def test_what_is_no_firmware_is_refused_in_words(text):
    with pytest.raises(ValueError, match=r"\w"):
        firmware(text)


@given(VERSIONS)
def test_a_version_said_exactly_fits_itself_alone(version):
    known = firmware(exactly(version))
    assert known.fits(version.strip())
    if version.strip():
        assert not known.fits(version.strip() + "0")


@given(st.lists(st.integers(0, 99), min_size=1, max_size=5), st.lists(st.integers(0, 99), min_size=1, max_size=5))
def test_versions_compare_part_by_part_as_numbers(a, b):
    assert (version_key(".".join(map(str, a))) < version_key(".".join(map(str, b)))) == (a < b)


SCOPES = [
    {"oui": "02A5C1"}, {"product_class": "B*"}, {"product_class": "Box"}, {"oui": "02A5C1", "product_class": "Box"},
    {"oui": "02A5C1", "product_class": "Box", "version": ">=1.0"}, {"oui": "02A5C1", "product_class": "Box", "version": "1.*"},
    {"oui": "02A5C1", "product_class": "Box", "version": "1.2.*"}, {"oui": "02A5C1", "product_class": "Box", "version": "1.2.3"},
]  # fmt: skip


@given(st.permutations(list(enumerate(SCOPES, 10))))
def test_the_most_specific_entry_wins_whatever_the_order(order):
    known = [entry(value, **scope) for value, scope in order]
    assert quirks(*known).read_batch == 17
    assert quirks(*known, version="1.3").read_batch == 15
    assert quirks(*known, version="0.9").read_batch == 13
    assert quirks(*known, oui="000000").read_batch == 12
    assert quirks(*known, oui="000000", product_class="Bax").read_batch == 11
    assert quirks(*known, oui="000000", product_class="X") is STANDARD


def test_a_pinned_entry_wins_over_all_and_a_hand_over_what_was_learned():
    assert (
        quirks(entry(5, oui="02A5C1", pinned=True), entry(7, product_class="Box", version="1.2.3"), own=[("read_batch", "", 9)]).read_batch
        == 5
    )
    assert quirks(entry(5, oui="02A5C1", by_hand=True), entry(7, oui="02A5C1")).read_batch == 5


def test_what_a_device_taught_us_is_more_specific_than_its_model_unless_a_person_turned_it_off():
    model = entry(30, oui="02A5C1", version="1.2.3")
    assert quirks(model, own=[("read_batch", "", 12)]).read_batch == 12
    off = entry(30, oui="02A5C1", version="1.2.3", state=State.OFF)
    assert quirks(off, own=[("read_batch", "", 12), ("boot_s", "", 300)]) == DeviceQuirks(boot_s=300)


def test_a_proposal_counts_for_nothing():
    assert quirks(entry(5, oui="02A5C1", state=State.PROPOSED)) is STANDARD


def test_names_of_all_entries_that_fit_come_together():
    found = quirks(
        entry(9005, oui="02A5C1", knob="refused_names", item="Device.A"), entry(9002, product_class="Box", knob="refused_names", item="Device.R.*.B"),
        own=[("refused_names", "Device.C", 9005)],
    )  # fmt: skip
    assert {path: found.of("refused_names", path) for path in ("Device.A", "Device.R.7.B", "Device.C", "Device.R.7.X.B", "Device.R.B")} == {
        "Device.A": 9005, "Device.R.7.B": 9002, "Device.C": 9005, "Device.R.7.X.B": None, "Device.R.B": None,
    }  # fmt: skip


KNOWN = st.sampled_from(list(KNOBS.values()))
PATHS = st.sampled_from(["Device.A", "Device.B.1.C", "Device.B.*.C"])


def value_of(knob):
    return {
        Shape.FLAG: st.booleans(), Shape.COUNT: st.integers(knob.low, knob.high), Shape.CHOICE: st.sampled_from(knob.choices or ("-",)),
        Shape.NAMES: st.sampled_from(knob.choices or (9005, "Shown", True)),
    }[knob.shape]  # fmt: skip


@given(st.data())
def test_every_knob_takes_its_values_and_they_turn_up_on_the_device(data):
    knob = data.draw(KNOWN)
    paths = st.sampled_from([name for name in canonical.names() if canonical.describe(name).type in knob.meant]) if knob.meant else PATHS
    item = data.draw(paths) if knob.shape is Shape.NAMES else ""
    value = data.draw(value_of(knob))
    assert checked(knob.name, item, value) == (item, value)
    found = quirks(entry(value, oui="02A5C1", knob=knob.name, item=item))
    assert (found.of(knob.name, item) if item else getattr(found, knob.name)) == value
    assert taught(found, knob.name, item, value) is found, "what is known already is not news"
    assert taught(found, knob.name, item, None) == STANDARD


@pytest.mark.parametrize(
    ("knob", "item", "value"),
    [
        ("read_batch", "", 0), ("read_batch", "", "10"), ("read_batch", "", True), ("read_batch", "Device.X", 10), ("boot_s", "", 10**6), ("nothing", "", 1),
        ("refused_names", "", 9005), ("refused_names", "Device.", 9005), ("refused_names", "two words", 9005), ("deep_names_refused", "", 1),
        ("boolean_literal", "", "yes"), ("types", "Device.A", "number"), ("not_kept", "Device.A", "x" * 700), ("not_kept", "Device.A", [1]),
        ("scales", "Device.Optical.Interface.1.RxPower", "10"), ("scales", "wifi.2g.enabled", "10"), ("scales", "optical.voltage_v", "3"),
        ("inverted", "optical.voltage_v", True),
    ],
)  # fmt: skip
def test_a_value_that_no_knob_takes_is_refused(knob, item, value):
    with pytest.raises(ValueError, match=r"\w"):
        checked(knob, item, value)


def test_devices_agree_on_what_all_of_them_can():
    assert agreed("read_batch", [40, 32, 50]) == 32
    assert agreed("boot_s", [60, 190, 80]) == 190
    assert agreed("boolean_literal", ["digits", "words"]) == "words"


@pytest.mark.quirk("K-43", "K-44")
def test_what_a_model_means_by_its_values_becomes_corrections_by_canonical_name():
    odd = DeviceQuirks(
        scales={"optical.voltage_v": "0.001", "optical.rx_power_dbm": "tenth_microwatt_to_dbm"}, inverted={"wifi.2g.enabled": True}
    )
    assert corrections(odd) == {
        "optical.voltage_v": Correction(0.001), "optical.rx_power_dbm": Correction(convert="tenth_microwatt_to_dbm"),
        "wifi.2g.enabled": Correction(inverted=True),
    }  # fmt: skip
    assert corrections(STANDARD) == {}
    assert not any(KNOBS[name].learned for name in ("request_basic", "request_https")), "to send secrets in clear is never learned"


@pytest.mark.quirk("K-40")
@pytest.mark.parametrize(
    ("form", "value", "sent"),
    [("words", "1", "true"), ("words", "0", "false"), ("digits", "True", "1"), ("", "1", "1"), ("words", "maybe", "maybe")],
)
def test_booleans_are_spelled_as_the_device_wants_them(form, value, sent):
    assert literal("boolean", value, DeviceQuirks(boolean_literal=form)) == sent
    assert literal("string", value, DeviceQuirks(boolean_literal=form)) == value


@pytest.mark.quirk("K-37")
@pytest.mark.parametrize(
    ("form", "sent"), [("utc", "2026-03-01T09:00:00Z"), ("offset", "2026-03-01T09:00:00+00:00"), ("local", "2026-03-01T09:00:00")]
)
def test_instants_are_spelled_as_the_device_wants_them(form, sent):
    assert literal("dateTime", "2026-03-01T09:00:00.250Z", DeviceQuirks(time_form=form)) == sent
    assert time_as(form, "yesterday") == "yesterday"


@pytest.mark.quirk("K-65")
@pytest.mark.parametrize(
    ("url", "http_only", "name_only"),
    [
        ("http://files.isp.example/x", False, False), ("https://files.isp.example/x", True, False), ("http://192.0.2.1:7567/x", False, True),
        ("http://[2001:db8::1]/x", False, True), ("https://192.0.2.1/x", True, True),
    ],
)  # fmt: skip
def test_where_a_model_cannot_fetch_from_is_said_before_it_is_asked(url, http_only, name_only):
    assert bool(file_url_problem(url, DeviceQuirks(files_http_only=True))) is http_only
    assert bool(file_url_problem(url, DeviceQuirks(files_need_name=True))) is name_only
    assert file_url_problem(url, STANDARD) == ""
