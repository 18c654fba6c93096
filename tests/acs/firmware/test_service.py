"""The firmware library, files from devices and the links they are told: acs/firmware/service.py."""

import hashlib
import io
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs import audit
from acs.devices.models import DeviceTag
from acs.errors import Conflict, Invalid, NotFound, TooLarge
from acs.firmware import service as firmware
from acs.secrets import Vault
from tests.acs.kit import add_device

SHA = hashlib.sha256(b"image").hexdigest()
VAULT = Vault(bytes(range(32)))


def do(database, call, *args, **given):
    with database.write() as unit:
        return call(unit, *args, **given)


def ask(database, call, *args, **given):
    with database.read() as session:
        return call(session, *args, **given)


@pytest.fixture
def add(any_database, actor, now):
    def enter(version="2.0", model="G240", **given):
        facts = {"sha256": SHA, "size": 5, "file_name": "g240-2.0.bin", **given}
        return do(any_database, firmware.add, facts.pop("actor", actor), now, version=version, model=model, **facts)

    return enter


# ---- uploads -------------------------------------------------------------------------------------------------------


def test_upload_is_kept_under_its_hash(tmp_path):
    place, sha256, size = firmware.store_upload(io.BytesIO(b"image"), tmp_path, 100)
    assert (sha256, size, place) == (SHA, 5, tmp_path / "firmware" / SHA)
    assert place.read_bytes() == b"image"
    assert firmware.store_upload(io.BytesIO(b"image"), tmp_path, 100)[0] == place


@pytest.mark.parametrize(("content", "error"), [(b"x" * 101, TooLarge), (b"", Invalid)])
def test_upload_that_is_refused_leaves_nothing(tmp_path, content, error):
    with pytest.raises(error):
        firmware.store_upload(io.BytesIO(content), tmp_path, 100)
    assert list((tmp_path / "firmware").iterdir()) == []


def test_upload_that_breaks_off_leaves_nothing(tmp_path):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        firmware.store_upload(Broken(b"x"), tmp_path, 100)
    assert list((tmp_path / "firmware").iterdir()) == []


def test_upload_is_compared_with_the_hash_its_maker_gives(tmp_path):
    spelled = ":".join(SHA[i : i + 2] for i in range(0, 64, 2)).upper()
    assert firmware.store_upload(io.BytesIO(b"image"), tmp_path, 100, spelled)[1] == SHA
    for wrong, told in (("0" * 64, "damaged on its way"), ("12ab", "no SHA-256")):
        with pytest.raises(Invalid, match=told) as caught:
            firmware.store_upload(io.BytesIO(b"another"), tmp_path, 100, wrong)
        assert caught.value.field == "sha256"
    assert [path.name for path in (tmp_path / "firmware").iterdir()] == [SHA]


def test_uploads_at_once_do_not_mix(tmp_path):
    contents = [bytes([n]) * (3 << 20) for n in range(4)]
    got = {}

    def upload(content):
        got[content[:1]] = firmware.store_upload(io.BytesIO(content), tmp_path, 1 << 30)

    threads = [threading.Thread(target=upload, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for content in contents:
        place, sha256, _ = got[content[:1]]
        assert hashlib.sha256(place.read_bytes()).hexdigest() == sha256 == hashlib.sha256(content).hexdigest()


# ---- the library ---------------------------------------------------------------------------------------------------


def test_image_is_entered_with_an_audit_line(any_database, add, now):
    image = ask(any_database, firmware.get, 1, add(oui="00d09e", notes="fixes DFS"))
    assert (image.version, image.model, image.oui, image.size, image.sha256, image.notes) == ("2.0", "G240", "00D09E", 5, SHA, "fixes DFS")
    assert (image.uploaded_at, image.uploaded_by, image.withdrawn_at) == (now, "user:anna", None)
    assert ask(any_database, audit.lines, 1)[0].action == "firmware.add"


def test_same_image_is_entered_once_but_may_fit_two_models(any_database, add):
    first = add()
    with pytest.raises(Conflict, match=f"number {first}"):
        add()
    assert add(model="G250") != first


def test_withdrawn_image_can_be_entered_again(any_database, add, actor, now):
    first = add()
    do(any_database, firmware.withdraw, actor, first, now)
    assert ask(any_database, firmware.listed, 1) == ()
    assert [image.id for image in ask(any_database, firmware.listed, 1, with_withdrawn=True)] == [first]
    assert add() == first
    assert [line.action for line in ask(any_database, audit.lines, 1)] == ["firmware.restore", "firmware.withdraw", "firmware.add"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"file_name": "a b.bin"}, "file"), ({"file_name": ""}, "file"), ({"file_name": "x" * 200}, "file"), ({"file_name": ".hidden"}, "file"),
        ({"version": ""}, "version"), ({"version": "<b>"}, "version"), ({"oui": "xyz"}, "oui"),
        ({"from_versions": "<b>"}, "from_versions"), ({"from_versions": ">="}, "from_versions"), ({"models": ["m" * 65]}, "models"),
        ({"hardware": [str(n) for n in range(201)]}, "hardware"), ({"vendor": "v" * 65}, "vendor"), ({"state": firmware.ImageState.WITHDRAWN}, "state"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_image_is_named(add, given, field):
    with pytest.raises(Invalid) as caught:
        add(**given)
    assert caught.value.field == field


def test_draft_is_released_once_and_by_somebody(any_database, add, actor, now):
    image = add(state=firmware.ImageState.DRAFT)
    assert ask(any_database, firmware.listed, 1, with_drafts=False) == ()
    do(any_database, firmware.release, actor, image, now)
    view = ask(any_database, firmware.get, 1, image)
    assert (view.state, view.released_at, view.released_by) == (firmware.ImageState.RELEASED, now, "user:anna")
    with pytest.raises(Conflict, match="only a draft"):
        do(any_database, firmware.release, actor, image, now)


def test_what_an_image_is_for_can_be_changed_and_the_trail_says_from_what(any_database, add, actor, now):
    image = add(model="G240", notes="one")
    do(any_database, firmware.describe, actor, image, now, models=["G250 ", "G250", ""], hardware=["A*"], from_versions=">=1.5, <2")
    do(any_database, firmware.describe, actor, image, now, notes="one")
    view = ask(any_database, firmware.get, 1, image)
    assert (view.all_models, view.hardware, view.from_versions, view.notes) == (("G240", "G250"), ("A*",), ">=1.5, <2", "one")
    line, first = ask(any_database, audit.lines, 1)
    assert (line.action, first.action) == ("firmware.describe", "firmware.add")
    assert (line.before["models"], line.after["models"]) == ([], ["G250"])


def test_path_is_found_from_what_the_device_runs(any_database, add, now):
    step, goal = add(version="2.0", sha256="b" * 64), add(version="3.0", from_versions=">=2.0")
    device = add_device(any_database, software_version="1.0")

    def path(**given):
        return ask(any_database, lambda session: firmware.path(session, 1, firmware.runs(session, 1, device), goal, now, **given))

    assert [image.id for image in path().steps] == [step, goal]
    with pytest.raises(NotFound):
        ask(any_database, firmware.runs, 2, device)


def test_query_of_an_image_is_checked_and_asked(any_database, add, now):
    with pytest.raises(Invalid) as caught:
        add(query="model = ")
    assert caught.value.field == "query"
    goal, device = add(version="3.0", query="tag:lab"), add_device(any_database, software_version="1.0")

    def path():
        return ask(any_database, lambda session: firmware.path(session, 1, firmware.runs(session, 1, device), goal, now))

    assert path().reason.endswith("is for devices with tag:lab; this one is not among them.")
    with any_database.write() as unit:
        unit.session.add(DeviceTag(device_id=device, tag="lab", tenant_id=1))
    assert [image.id for image in path().steps] == [goal]


def test_census_says_how_many_devices_run_what(any_database, add, now, monkeypatch):
    for number, (model, version) in enumerate([("G240", "1.0"), ("G240", "1.0"), ("G240", "2.0"), ("R110", "1.0"), ("G240", "")]):
        add_device(any_database, f"C{number}", model=model, software_version=version)
    add_device(any_database, "theirs", tenant_id=2, model="G240", software_version="9")

    def told(tenant=1):
        return [(each.model, each.version, each.devices) for each in ask(any_database, firmware.census, tenant, now)]

    live = told()
    assert live == [("G240", "1.0", 2), ("G240", "", 1), ("G240", "2.0", 1), ("R110", "1.0", 1)]
    monkeypatch.setattr(firmware, "LIVE_MOST", 3)
    assert told() == []
    assert do(any_database, firmware.keep_census, 1, ask(any_database, firmware.count_running, 1), now) == 4
    assert told() == live
    assert do(any_database, firmware.keep_census, 1, [("G240", "3.0", 7)], now) == 1
    assert told() == [("G240", "3.0", 7)]
    image = ask(any_database, firmware.get, 1, add(model="R110"))
    assert [each.devices for each in firmware.running(ask(any_database, firmware.census, 1, now), image)] == []


def test_folder_in_a_file_name_is_left_out(any_database, add):
    assert ask(any_database, firmware.get, 1, add(file_name="../../etc/g240.bin")).file_name == "g240.bin"


def test_images_are_listed_newest_first_and_by_model(any_database, add):
    ids = [add(version="1"), add(version="2", model=""), add(version="3", model="R110")]
    assert [image.id for image in ask(any_database, firmware.listed, 1)] == ids[::-1]
    assert [image.id for image in ask(any_database, firmware.listed, 1, for_model="G240")] == [ids[1], ids[0]]


def test_images_of_another_tenant_do_not_exist(any_database, add, other_actor, now):
    image = add()
    with pytest.raises(NotFound):
        ask(any_database, firmware.get, 2, image)
    with pytest.raises(NotFound):
        do(any_database, firmware.withdraw, other_actor, image, now)
    assert ask(any_database, firmware.listed, 2) == ()
    assert add(actor=other_actor) != image


# ---- files from devices --------------------------------------------------------------------------------------------


def test_file_of_an_operation_is_entered_once_and_the_later_counts(any_database, now):
    device = add_device(any_database)
    first = do(any_database, firmware.keep_file, 1, device, 7, "config", "a" * 64, 10, "1.0", now)
    assert do(any_database, firmware.keep_file, 1, device, 7, "config", "b" * 64, 20, "1.0", now) == first
    file = ask(any_database, firmware.file_of_operation, 7)
    assert (file.id, file.sha256, file.size, file.kind, file.software_version) == (first, "b" * 64, 20, "config", "1.0")
    assert ask(any_database, firmware.file_of_operation, 8) is None


def test_files_are_listed_by_device_counted_and_kept_apart(any_database, now):
    devices = [add_device(any_database, serial) for serial in ("A", "B")]
    ids = [do(any_database, firmware.keep_file, 1, devices[n % 2], n, "config", "a" * 64, 10 + n, "1", now) for n in range(3)]
    assert [file.id for file in ask(any_database, firmware.files_of, 1, devices[0])] == [ids[2], ids[0]]
    assert (ask(any_database, firmware.stored_bytes, 1), ask(any_database, firmware.stored_bytes, 2)) == (33, 0)
    with pytest.raises(NotFound):
        ask(any_database, firmware.get_file, 2, ids[0])
    assert ask(any_database, firmware.files_of, 2, devices[0]) == ()


@pytest.mark.parametrize("content", [b"", b"<cfg>\x00\xff\x80 secret</cfg>", bytes(range(256)) * 100])
def test_file_is_sealed_at_rest_and_opens_to_itself(tmp_path, content):
    sha256, size = firmware.write_sealed(VAULT, tmp_path, content)
    assert (sha256, size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert b"secret" not in firmware.file_path(tmp_path, sha256).read_bytes()
    assert firmware.read_sealed(VAULT, tmp_path, sha256) == content
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [""]
    with pytest.raises(ValueError):
        firmware.read_sealed(Vault(bytes(32)), tmp_path, sha256)


# ---- links ---------------------------------------------------------------------------------------------------------


def parts_of(link):
    return link.partition("/f/")[2].split("/")


def test_link_opens_to_what_it_was_made_for():
    link = firmware.link("http://files:7567", VAULT, "get", 12, 7, "g240.bin")
    assert firmware.opened(VAULT, parts_of(link)) == ("get", 12, 7)
    assert link.endswith("/g240.bin")
    assert len(firmware.link("http://files:7567", VAULT, "down", 2**63, 2**63, "n" * 300)) <= 256


@pytest.mark.parametrize("change", [("put", 1, 2), ("get", 9, 2), ("get", 1, 9)])
def test_link_of_one_operation_opens_no_other(change):
    verb, operation, device, signature, name = parts_of(firmware.link("", VAULT, "get", 1, 2, "x"))
    assert firmware.opened(VAULT, [verb, operation, device, signature, name]) == ("get", 1, 2)
    assert firmware.opened(VAULT, [change[0], str(change[1]), str(change[2]), signature, name]) is None


def test_link_of_another_installation_does_not_open():
    assert firmware.opened(Vault(bytes(32)), parts_of(firmware.link("", VAULT, "get", 1, 2, "x"))) is None


@given(st.lists(st.from_regex(r"[ -~ä-ü]{0,32}", fullmatch=True) | st.sampled_from(["get", "1", "2", "A" * 32]), max_size=6))
def test_guessed_links_do_not_open(parts):
    assert firmware.opened(VAULT, parts) is None


def test_odd_digits_in_a_link_are_no_number():
    assert firmware.opened(VAULT, ["get", "²", "1", "A" * 32, "x"]) is None
