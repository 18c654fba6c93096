"""The files server over real sockets: links that are good, links that are not, uploads, and both ends of a throughput test."""

import io
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from acs.db.tenancy import DEFAULT_TENANT
from acs.firmware import service as firmware
from acs.server.process import utc_now
from tests.acs.server.house import ACTOR, House
from tests.acs.server.kit import Answer, envelope, inform, post, sample

IMAGE = bytes(range(256)) * 40


async def known(house: House, serial: str = "S1") -> str:
    """A device that has informed once; its key."""
    raw = await house.connect()
    assert (await raw.ask(post(envelope(inform(serial))))).status == 200
    await raw.hang_up()
    return f"02A5C1-Box-{serial}"


def link(house: House, verb: str, number: int, device: str = "02A5C1-Box-S1", name: str = "f.bin") -> str:
    return firmware.link("", house.vault, verb, number, house.id_of(device), name)


async def image_operation(house: House, content: bytes = IMAGE) -> int:
    device = await known(house)

    def add() -> int:
        _, sha, size = firmware.store_upload(io.BytesIO(content), house.settings.files_dir, 10**8)
        with house.database.write() as unit:
            return firmware.add(unit, ACTOR, utc_now(), sha, size, "image.bin", "2.0")

    return await house.request(device, "firmware", {"image": await deferToThread(add)})


async def ask(house: House, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    raw = await house.connect(house.settings.files_port)
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    raw.send(post(body, target=path, method=method, headers={"Connection": "close", **said}))
    await raw.closed
    head, _, content = raw.received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = tuple((name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    return Answer(int(first.split()[1]), pairs, content)


# ---- down ------------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("I-16", "C-114")
@pytest_twisted.ensureDeferred
async def test_image_is_given_whole_and_as_often_as_asked(open_house: House):
    path = link(open_house, "get", await image_operation(open_house))
    for _ in range(2):
        answer = await ask(open_house, "GET", path)
        assert (answer.status, answer.body, answer.one("content-type")) == (200, IMAGE, "application/octet-stream")


@pytest.mark.quirk("K-65")
@pytest.mark.cwmp("I-16")
@pytest_twisted.ensureDeferred
async def test_head_tells_the_size_alone(open_house: House):
    answer = await ask(open_house, "HEAD", link(open_house, "get", await image_operation(open_house)))
    assert (answer.status, answer.one("content-length"), answer.body) == (200, str(len(IMAGE)), b"")


@pytest.mark.quirk("K-65")
@pytest.mark.cwmp("I-16")
@pytest.mark.parametrize(
    ("wanted", "part"),
    [("bytes=0-99", IMAGE[:100]), ("bytes=10000-", IMAGE[10000:]), ("bytes=-10", IMAGE[-10:]), ("bytes=5-5", IMAGE[5:6])],
)
@pytest_twisted.ensureDeferred
async def test_part_of_an_image_is_given(open_house: House, wanted: str, part: bytes):
    answer = await ask(open_house, "GET", link(open_house, "get", await image_operation(open_house)), Range=wanted)
    assert (answer.status, answer.body) == (206, part)


@pytest_twisted.ensureDeferred
async def test_part_beyond_the_end_is_refused(open_house: House):
    answer = await ask(open_house, "GET", link(open_house, "get", await image_operation(open_house)), Range="bytes=99999-")
    assert answer.status == 416


@pytest.mark.cwmp("J-12")
@pytest_twisted.ensureDeferred
async def test_link_that_was_touched_opens_nothing(open_house: House):
    number = await image_operation(open_house)
    path = link(open_house, "get", number)
    _, f, verb, operation, device, signature, name = path.split("/")
    before = sample("hearthline_files_total", verb="none", status="404")
    other = "A" if signature[0] != "A" else "B"
    touched = [
        [f, "put", operation, device, signature, name], [f, verb, str(int(operation) + 1), device, signature, name],
        [f, verb, operation, str(int(device) + 1), signature, name], [f, verb, operation, device, other + signature[1:], name],
        [f, verb, operation, device, signature[:-1], name], [f, verb, operation, device, "", name], [f, verb, operation], [f], ["etc", "passwd"],
        [f, verb, operation, device, "..", "..", "secret.key"], [f, verb, "x", device, signature, name],
    ]  # fmt: skip
    for parts in touched:
        answer = await ask(open_house, "GET", "/" + "/".join(parts))
        assert (answer.status, IMAGE in answer.body) == (404, False), parts
    assert sample("hearthline_files_total", verb="none", status="404") >= before + 9


@pytest.mark.cwmp("J-12")
@pytest_twisted.ensureDeferred
async def test_link_is_void_when_the_operation_has_ended(open_house: House):
    number = await image_operation(open_house)
    path = link(open_house, "get", number)
    await open_house.cancel(number)
    answer = await ask(open_house, "GET", path)
    assert (answer.status, answer.body) == (410, b"")


@pytest.mark.parametrize(
    ("method", "verb"), [("PUT", "get"), ("DELETE", "get"), ("POST", "get"), ("GET", "put"), ("PUT", "down"), ("GET", "up")]
)
@pytest_twisted.ensureDeferred
async def test_other_methods_are_refused(open_house: House, method: str, verb: str):
    path = link(open_house, verb, await image_operation(open_house))
    assert (await ask(open_house, method, path, b"x" if method in ("PUT", "POST") else b"")).status == 405


@pytest_twisted.ensureDeferred
async def test_operation_without_a_file_has_none(open_house: House):
    number = await open_house.request(await known(open_house), "ping", {"host": "192.0.2.1"})
    assert (await ask(open_house, "GET", link(open_house, "get", number))).status == 404
    assert (await ask(open_house, "PUT", link(open_house, "put", number), b"x")).status == 404


@pytest_twisted.ensureDeferred
async def test_image_that_is_missing_on_disk_is_answered(open_house: House):
    path = link(open_house, "get", await image_operation(open_house))
    for place in Path(open_house.settings.files_dir).rglob("*"):
        if place.is_file():
            place.unlink()
    assert (await ask(open_house, "GET", path)).status in (404, 500)


# ---- up --------------------------------------------------------------------------------------------------------


async def upload_operation(house: House, kind: str = "backup") -> int:
    return await house.request(await known(house), kind)


def sent_files(house: House) -> list[Any]:
    with house.database.read() as session:
        return list(firmware.files_of(session, DEFAULT_TENANT, house.id_of("02A5C1-Box-S1")))


@pytest.mark.cwmp("L-63", "I-32", "I-33")
@pytest.mark.parametrize(("kind", "named"), [("backup", "config"), ("log_upload", "log")])
@pytest_twisted.ensureDeferred
async def test_upload_is_kept_sealed_for_its_operation(open_house: House, kind: str, named: str):
    number = await upload_operation(open_house, kind)
    content = b"wpa_passphrase=correct horse\n" * 50
    assert (await ask(open_house, "PUT", link(open_house, "put", number), content)).status == 201
    (file,) = sent_files(open_house)
    assert (file.kind, file.size, file.operation_id) == (named, len(content), number)
    assert firmware.read_sealed(open_house.vault, open_house.settings.files_dir, file.sha256) == content
    for place in Path(open_house.settings.files_dir).rglob("*"):
        assert place.is_dir() or b"correct horse" not in place.read_bytes()


@pytest_twisted.ensureDeferred
async def test_upload_sent_twice_is_one_file(open_house: House):
    path = link(open_house, "put", await upload_operation(open_house))
    for content in (b"first", b"second"):
        assert (await ask(open_house, "POST", path, content)).status == 201
    (file,) = sent_files(open_house)
    assert file.size == 6


@pytest_twisted.ensureDeferred
async def test_empty_upload_is_refused(open_house: House):
    assert (await ask(open_house, "PUT", link(open_house, "put", await upload_operation(open_house)))).status == 400
    assert sent_files(open_house) == []


@pytest.mark.cwmp("L-63")
@pytest_twisted.ensureDeferred
async def test_upload_beyond_the_limit_is_refused(make_house: Any):
    house = await make_house(cpe_auth="none", upload_max=1000)
    path = link(house, "put", await upload_operation(house))
    assert (await ask(house, "PUT", path, b"x" * 1001)).status == 413
    chunks = b"3E8\r\n" + b"x" * 1000 + b"\r\n5\r\nmore!\r\n0\r\n\r\n"
    raw = await house.connect(house.settings.files_port)
    raw.send(f"PUT {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunks)
    await raw.closed
    assert raw.received.startswith(b"HTTP/1.1 413 ")
    assert sent_files(house) == []
    assert (await ask(house, "PUT", path, b"x" * 1000)).status == 201


@pytest.mark.cwmp("J-6")
@pytest_twisted.ensureDeferred
async def test_upload_beyond_the_quota_is_refused(make_house: Any):
    house = await make_house(cpe_auth="none", upload_quota=1500)
    number = await upload_operation(house)
    assert (await ask(house, "PUT", link(house, "put", number), b"x" * 1000)).status == 201
    other = await house.request("02A5C1-Box-S1", "log_upload")
    assert (await ask(house, "PUT", link(house, "put", other), b"y" * 1000)).status == 507


@pytest.mark.cwmp("J-12")
@pytest_twisted.ensureDeferred
async def test_upload_after_the_operation_ended_is_refused(open_house: House):
    number = await upload_operation(open_house)
    await open_house.cancel(number)
    assert (await ask(open_house, "PUT", link(open_house, "put", number), b"late")).status == 410
    assert sent_files(open_house) == []


@pytest.mark.cwmp("I-34")
@pytest_twisted.ensureDeferred
async def test_backup_is_given_back_whole_and_in_parts(open_house: House):
    number = await upload_operation(open_house)
    await ask(open_house, "PUT", link(open_house, "put", number), IMAGE)
    (file,) = sent_files(open_house)
    restore = await open_house.request("02A5C1-Box-S1", "restore", {"file": file.id})
    path = link(open_house, "get", restore)
    whole = await ask(open_house, "GET", path)
    assert (whole.status, whole.body) == (200, IMAGE)
    part = await ask(open_house, "GET", path, Range="bytes=100-199")
    assert (part.status, part.body) == (206, IMAGE[100:200])
    head = await ask(open_house, "HEAD", path)
    assert (head.one("content-length"), head.body) == (str(len(IMAGE)), b"")


# ---- throughput ------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_speed_test_gives_as_many_bytes_as_asked(open_house: House):
    number = await open_house.request(await known(open_house), "download_test", {"bytes": 1_234_567})
    answer = await ask(open_house, "GET", link(open_house, "down", number))
    assert (answer.status, answer.one("content-length"), len(answer.body)) == (200, "1234567", 1_234_567)


@pytest_twisted.ensureDeferred
async def test_speed_test_takes_bytes_and_keeps_none(open_house: House):
    number = await open_house.request(await known(open_house), "upload_test", {"bytes": 1_000_000})
    assert (await ask(open_house, "PUT", link(open_house, "up", number), bytes(1_000_000))).status == 201
    assert sent_files(open_house) == []
    assert not [place for place in Path(open_house.settings.files_dir).rglob("*") if place.is_file()]


@pytest_twisted.ensureDeferred
async def test_device_that_goes_away_in_the_middle_harms_nobody(open_house: House):
    number = await open_house.request(await known(open_house), "download_test", {"bytes": 100_000_000})
    path = link(open_house, "down", number)
    raw = await open_house.connect(open_house.settings.files_port)
    raw.send(post(target=path, method="GET"))
    while len(raw.received) < 100_000:
        from tests.acs.server.house import pause

        await pause(0.005)
    await raw.hang_up()
    assert (await ask(open_house, "HEAD", link(open_house, "get", 99_999))).status in (404, 410)


@pytest_twisted.ensureDeferred
async def test_speed_test_link_is_void_with_its_operation(open_house: House):
    number = await open_house.request(await known(open_house), "download_test", {"bytes": 1000})
    await open_house.cancel(number)
    assert (await ask(open_house, "GET", link(open_house, "down", number))).status == 410
    assert (await ask(open_house, "PUT", link(open_house, "up", number), b"x")).status == 410
