"""Events_Informs, first half: what an Inform may hold (conformance D.1, D.3, quirks K-20, K-33 to K-39)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acs.cwmp.messages import ParameterValueStruct
from simulators.conformance.case import CaseFailed, case, check
from simulators.conformance.cpe import WireCpe

GROUP = "Events_Informs"


def _taken(
    name: str, cites: tuple[str, ...], title: str, *, change: Callable[[bytes], bytes] = bytes, should: bool = False, **changes: Any
) -> None:
    """An Inform that differs in one thing is taken, and the session goes on to its end."""

    @case(
        GROUP,
        *cites,
        name=name,
        title=title,
        does=f"Sends an Inform with this difference: {title[0].lower()}{title[1:]}; the session must go on.",
    )
    async def different(cpe: WireCpe) -> None:
        given = {key: value(cpe) if callable(value) else value for key, value in changes.items()}
        try:
            await cpe.informs(body=change(cpe.envelope(cpe.inform(**given))))
        except CaseFailed as error:
            if not should:
                raise
            cpe.should(False, str(error))
            return
        await cpe.finishes()


_taken("product-class-empty", ("D-2",), "An empty ProductClass", product_class="")
_taken("oui-lower-case", ("D-4",), "An OUI in lower case", oui="02a5c1", should=True)
_taken("oui-empty", ("R-21", "K-35"), "An empty OUI", oui="", should=True)
_taken("manufacturer-empty", ("K-35",), "An empty Manufacturer", manufacturer="")
_taken("serial-slash", ("K-35",), "A slash in the serial number", serial_number=lambda cpe: f"{cpe.serial}/2")
_taken("serial-dots", ("K-35",), "Dots and a percent sign in the serial number", serial_number=lambda cpe: f"{cpe.serial}.a%2Eb")
_taken("serial-blank", ("K-35",), "A blank in the serial number", serial_number=lambda cpe: f"{cpe.serial} B")
_taken("serial-dash", ("A-101",), "A dash in the serial number", serial_number=lambda cpe: f"{cpe.serial}-1")
_taken("serial-line-feed", ("K-35",), "A line feed after the serial number", serial_number=lambda cpe: f"{cpe.serial}\n", should=True)
_taken("serial-64", ("D-1",), "A serial number of 64 characters", serial_number=lambda cpe: f"{cpe.serial:x<64}")
_taken("product-class-unicode", ("L-25",), "Letters beyond ASCII and a blank in ProductClass", product_class="Büro Box/2000")
_taken("time-unknown", ("D-5", "B-66", "B-67"), "CurrentTime unknown", current_time="0001-01-01T00:00:00Z")
_taken("time-zero", ("B-68", "L-37"), "CurrentTime 0000-00-00", current_time="0000-00-00T00:00:00")
_taken("time-1970", ("K-37",), "CurrentTime in 1970", current_time="1970-01-01T00:00:12Z")
_taken("time-no-zone", ("B-68", "K-37", "R-17"), "CurrentTime without zone", current_time="2026-03-01T10:00:00")
_taken("time-offset", ("B-67", "L-37"), "CurrentTime with an offset", current_time="2026-03-01T10:00:00+01:00")
_taken("time-milliseconds", ("K-37", "R-17"), "CurrentTime with milliseconds", current_time="2026-03-01T10:00:00.123Z")
_taken("time-empty", ("R-17", "K-37"), "An empty CurrentTime", current_time="")
_taken("retry-count-1490", ("K-20", "D-6"), "RetryCount 1490", retry_count=1490)
_taken("retry-count-most", ("D-6", "K-20"), "RetryCount 4294967295", retry_count=2**32 - 1)
_taken("no-parameters", ("D-68",), "An empty ParameterList", values=())
_taken(
    "forced-missing",
    ("D-68",),
    "Only one parameter in the list",
    values=(ParameterValueStruct("InternetGatewayDevice.DeviceInfo.SoftwareVersion", "1", "string"),),
)
_taken(
    "duplicates",
    ("D-66",),
    "The same parameter twice",
    values=(ParameterValueStruct("InternetGatewayDevice.DeviceInfo.SoftwareVersion", "1", "string"),) * 2,
)
_taken(
    "no-parameter-list",
    ("D-68",),
    "No ParameterList at all",
    change=lambda b: b[: b.find(b"<ParameterList")] + b[b.find(b"</ParameterList>") + 16 :],
)
_taken(
    "vendor-parameters",
    ("cwmp:K-15",),
    "Vendor parameters",
    values={"InternetGatewayDevice.X_00A0C5_Speed": "fast", "InternetGatewayDevice.X_vendor-com_Y.1.Z": "1"},
)
_taken(
    "value-change-empty",
    ("cwmp:K-47",),
    "4 VALUE CHANGE without a changed parameter",
    change=lambda b: b.replace(b">2 PERIODIC<", b">4 VALUE CHANGE<"),
)
_taken("name-256", ("B-60",), "A parameter name of 256 characters", values={"InternetGatewayDevice." + "N" * 234: "1"})
_taken(
    "boolean-words",
    ("K-40",),
    "Booleans as words",
    values=(ParameterValueStruct("InternetGatewayDevice.ManagementServer.PeriodicInformEnable", "enabled", "boolean"),),
)


@case(GROUP, "D-67", "L-90", title="A device with the root Device. (TR-181)")
async def root_tr_181(cpe: WireCpe) -> None:
    """A device of TR-181 informs with all forced parameters."""
    other = cpe.another("Norvik G240")
    await other.informs("0 BOOTSTRAP")
    await other.finishes()


@case(GROUP, "D-67", "D-62", title="A device of TR-106 with the root Device. and DeviceSummary")
async def root_tr_106(cpe: WireCpe) -> None:
    """Informs with the parameters of TR-106."""
    names = ("Device.DeviceSummary", "Device.DeviceInfo.HardwareVersion", "Device.DeviceInfo.SoftwareVersion", "Device.ManagementServer.ParameterKey",
             "Device.ManagementServer.ConnectionRequestURL", "Device.LAN.IPAddress")  # fmt: skip
    await cpe.informs(values=tuple(ParameterValueStruct(name, "", "string") for name in names))
    await cpe.finishes()


@case(GROUP, "B-89", "E-43", title="An Inform whose arguments cannot be read is refused")
async def unreadable_argument(cpe: WireCpe) -> None:
    """RetryCount is a word: fault 8003 or 400, and no session."""
    body = cpe.envelope(cpe.inform()).replace(b"<RetryCount>0<", b"<RetryCount>many<")
    said = await cpe.post(body)
    check(said.name != "InformResponse", "an Inform whose RetryCount is a word was taken")
    check(said.code == 8003 or 400 <= said.status < 500, f"an unreadable argument was answered with {said}")


@case(GROUP, "D-1", "A-102", title="An Inform without a serial number is refused")
async def no_serial(cpe: WireCpe) -> None:
    """Nobody can be known without a serial number."""
    said = await cpe.post(cpe.envelope(cpe.inform(serial_number="")))
    check(said.name != "InformResponse", "an Inform without a serial number was taken")
    check(said.status < 500, f"an Inform without a serial number was answered with {said}")


@case("PeriodicInform", "D-22", "H-128", title="Three periodic sessions one after the other", wait_s=2.0)
async def three_periods(cpe: WireCpe) -> None:
    """Informs with 2 PERIODIC at an interval and finds the same ACS each time."""
    for _ in range(3):
        await cpe.informs("2 PERIODIC")
        await cpe.finishes()
        await cpe.pause(0.3)


@case("PeriodicInform", "A-115", "H-128", "B-51", title="The ACS sets the interval of periodic Informs", needs="write")
async def sets_the_interval(cpe: WireCpe) -> None:
    """The ACS is asked to write PeriodicInformInterval; the device takes it and comes again at it."""
    path = cpe.model.management("PeriodicInformInterval")
    await cpe.acquainted()
    handle = await cpe.wants("write", values=[[path, "600", "unsignedInt"]])
    await cpe.informs("6 CONNECTION REQUEST")
    await cpe.finishes()
    check((await cpe.outcome(handle)).state == "done", "the interval was not written")
    check(cpe.model.setting("PeriodicInformInterval") == "600", "the device's interval did not change")
    await cpe.informs("2 PERIODIC")
    await cpe.finishes()


@case("ACS_URL_Behavior", "D-20", "D-46", "D-49", title="A device that comes for the first time, and again after a factory reset")
async def bootstrap_twice(cpe: WireCpe) -> None:
    """Informs with 0 BOOTSTRAP and 1 BOOT, goes on with periods, and bootstraps again."""
    for _ in range(2):
        await cpe.informs("0 BOOTSTRAP", "1 BOOT")
        await cpe.finishes()
        await cpe.informs("2 PERIODIC")
        await cpe.finishes()
        cpe.model.factory_reset()


@case("ACS_URL_Behavior", "K-34", title="0 BOOTSTRAP at every boot, and no 1 BOOT")
async def bootstrap_each_time(cpe: WireCpe) -> None:
    """Informs with 0 BOOTSTRAP alone, four times."""
    for _ in range(4):
        await cpe.informs("0 BOOTSTRAP")
        await cpe.finishes()


@case("ACS_URL_Behavior", "A-18", title="The path and query of the URL reach the ACS unchanged")
async def path_and_query(cpe: WireCpe) -> None:
    """Adds a query to the ACS URL; the ACS serves it or says 404, but does not fall over."""
    target = (cpe.url.partition("://")[2].partition("/")[2] and "/" + cpe.url.partition("://")[2].partition("/")[2]) or "/"
    said = await cpe.post(cpe.envelope(cpe.inform()), target=f"{target}?model=box&x=%20", login=False)
    check(said.status in (200, 401, 403, 404), f"a query in the URL was answered with {said}")
