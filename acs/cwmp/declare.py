"""The CWMP messages, declared once, as spyne models: names, order, types, occurrence, the version that introduced each.

messages.py turns the declarations into frozen dataclasses and into the tables that drive the codec; spyne's own decoder reads
the same declarations as the reference in tests/acs/cwmp/test_declare.py. The roles are ours: "acs" is called by the CPE, "cpe" by us.

To add an RPC: declare its structs and its two messages here, add it to RPCS, run `make stubs`. CONTRIBUTING.md has the list.
A dateTime is declared as text: devices send `0000-00-00` and worse, and what they sent is kept (conformance B-68).
Follows the BBF schemas cwmp-1-0 to cwmp-1-4; lengths and order are theirs.
"""

from dataclasses import dataclass
from typing import Any, Literal

from acs.cwmp import shim

shim.install()

from spyne import Boolean, ComplexModel, Integer32, Unicode, UnsignedInteger32, XmlAttribute, XmlData  # noqa: E402

XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class Rpc:
    """One method: who answers it, since which protocol version, and whether a device may lack it."""

    name: str
    callee: Literal["cpe", "acs", "both"]
    since: str = "1.0"
    optional: bool = False


RPCS = (
    Rpc("GetRPCMethods", "both"),
    Rpc("SetParameterValues", "cpe"),
    Rpc("GetParameterValues", "cpe"),
    Rpc("GetParameterNames", "cpe"),
    Rpc("SetParameterAttributes", "cpe"),
    Rpc("GetParameterAttributes", "cpe"),
    Rpc("AddObject", "cpe"),
    Rpc("DeleteObject", "cpe"),
    Rpc("Reboot", "cpe"),
    Rpc("FactoryReset", "cpe", optional=True),
    Rpc("Download", "cpe"),
    Rpc("Upload", "cpe", optional=True),
    Rpc("ScheduleInform", "cpe", optional=True),
    Rpc("ScheduleDownload", "cpe", since="1.2", optional=True),
    Rpc("CancelTransfer", "cpe", since="1.2", optional=True),
    Rpc("GetQueuedTransfers", "cpe", optional=True),
    Rpc("GetAllQueuedTransfers", "cpe", since="1.1", optional=True),
    Rpc("SetVouchers", "cpe", optional=True),
    Rpc("GetOptions", "cpe", optional=True),
    Rpc("ChangeDUState", "cpe", since="1.2", optional=True),
    Rpc("Inform", "acs"),
    Rpc("TransferComplete", "acs"),
    Rpc("AutonomousTransferComplete", "acs", since="1.1"),
    Rpc("DUStateChangeComplete", "acs", since="1.2", optional=True),
    Rpc("AutonomousDUStateChangeComplete", "acs", since="1.2", optional=True),
    Rpc("RequestDownload", "acs", optional=True),
    Rpc("Kicked", "acs", optional=True),
)


def _text(max_len: int | None = None) -> Any:
    return Unicode(sub_ns="", max_len=max_len) if max_len else Unicode(sub_ns="")


def _maybe(max_len: int | None = None) -> Any:
    """Text that is left out when it is empty: the schema lets it be absent and its type has no empty value."""
    kind = _text(max_len).customize(min_occurs=0)
    kind.LeftOutEmpty = True
    return kind


def _uint() -> Any:
    return UnsignedInteger32(sub_ns="")


def _int() -> Any:
    return Integer32(sub_ns="")


def _flag() -> Any:
    return Boolean(sub_ns="")


_time = _text


def declare(namespace: str) -> dict[str, type[ComplexModel]]:
    """All structs and messages as spyne models in one CWMP namespace, by name."""
    models: dict[str, type[ComplexModel]] = {}

    def model(name: str, *fields: tuple[str, Any], **attributes: Any) -> Any:
        body = {"__namespace__": namespace, "__type_name__": name, "_type_info": list(fields), **attributes}
        models[name] = type(name, (ComplexModel,), body)
        return models[name]

    def one(struct: Any) -> Any:
        return struct.customize(sub_ns="")

    def array(item: str, kind: Any, of: str) -> Any:
        """A SOAP-ENC array: `item` is the element name of a member, `of` the type its arrayType names (conformance B-40)."""
        many = kind.customize(sub_ns="", max_occurs="unbounded", min_occurs=0)
        return one(type(f"{of}List", (ComplexModel,), {"__namespace__": namespace, "_type_info": [(item, many)], "ArrayType": of}))

    def many(struct: Any, *choices: Any) -> Any:
        """A repeated element, no array (conformance B-44). With `choices` its xsi:type says which of them an item is."""
        repeated = struct.customize(sub_ns="", min_occurs=1, max_occurs="unbounded")
        repeated.Repeated, repeated.Choices = True, choices
        return repeated

    value = type(
        "AnySimpleValue",
        (ComplexModel,),
        {"__namespace__": namespace, "_type_info": [("text", XmlData(Unicode)), ("type", XmlAttribute(Unicode(sub_ns=XSI)))]},
    )
    strings = array("string", Unicode, "xsd:string")

    device_id = model(
        "DeviceIdStruct", ("Manufacturer", _text(64)), ("OUI", _text(6)), ("ProductClass", _text(64)), ("SerialNumber", _text(64))
    )
    event = model("EventStruct", ("EventCode", _text(64)), ("CommandKey", _text(32)))
    parameter_value = model("ParameterValueStruct", ("Name", _text(256)), ("Value", one(value)))
    parameter_info = model("ParameterInfoStruct", ("Name", _text(256)), ("Writable", _flag()))
    set_attributes = model(
        "SetParameterAttributesStruct", ("Name", _text(256)), ("NotificationChange", _flag()), ("Notification", _int()),
        ("AccessListChange", _flag()), ("AccessList", strings),
    )  # fmt: skip
    attributes = model("ParameterAttributeStruct", ("Name", _text(256)), ("Notification", _int()), ("AccessList", strings))
    fault = model("FaultStruct", ("FaultCode", _uint()), ("FaultString", _text(256)))
    values = array("ParameterValueStruct", parameter_value, "cwmp:ParameterValueStruct")

    model("GetRPCMethods")
    model("GetRPCMethodsResponse", ("MethodList", strings))

    model(
        "Inform", ("DeviceId", one(device_id)), ("Event", array("EventStruct", event, "cwmp:EventStruct")), ("MaxEnvelopes", _uint()),
        ("CurrentTime", _time()), ("RetryCount", _uint()), ("ParameterList", values),
    )  # fmt: skip
    model("InformResponse", ("MaxEnvelopes", _uint()))

    model("SetParameterValues", ("ParameterList", values), ("ParameterKey", _text(32)))
    model("SetParameterValuesResponse", ("Status", _int()))
    model("GetParameterValues", ("ParameterNames", strings))
    model("GetParameterValuesResponse", ("ParameterList", values))
    model("GetParameterNames", ("ParameterPath", _text(256)), ("NextLevel", _flag()))
    model("GetParameterNamesResponse", ("ParameterList", array("ParameterInfoStruct", parameter_info, "cwmp:ParameterInfoStruct")))
    model(
        "SetParameterAttributes",
        ("ParameterList", array("SetParameterAttributesStruct", set_attributes, "cwmp:SetParameterAttributesStruct")),
    )
    model("SetParameterAttributesResponse")
    model("GetParameterAttributes", ("ParameterNames", strings))
    model(
        "GetParameterAttributesResponse", ("ParameterList", array("ParameterAttributeStruct", attributes, "cwmp:ParameterAttributeStruct"))
    )
    model("AddObject", ("ObjectName", _text(256)), ("ParameterKey", _text(32)))
    model("AddObjectResponse", ("InstanceNumber", _uint()), ("Status", _int()))
    model("DeleteObject", ("ObjectName", _text(256)), ("ParameterKey", _text(32)))
    model("DeleteObjectResponse", ("Status", _int()))
    model("Reboot", ("CommandKey", _text(32)))
    model("RebootResponse")
    model("FactoryReset")
    model("FactoryResetResponse")
    model(
        "Download", ("CommandKey", _text(32)), ("FileType", _text(64)), ("URL", _text(256)), ("Username", _text(256)),
        ("Password", _text(256)), ("FileSize", _uint()), ("TargetFileName", _text(256)), ("DelaySeconds", _uint()),
        ("SuccessURL", _text(256)), ("FailureURL", _text(256)),
    )  # fmt: skip
    model("DownloadResponse", ("Status", _int()), ("StartTime", _time()), ("CompleteTime", _time()))
    model(
        "Upload", ("CommandKey", _text(32)), ("FileType", _text(64)), ("URL", _text(256)), ("Username", _text(256)),
        ("Password", _text(256)), ("DelaySeconds", _uint()),
    )  # fmt: skip
    model("UploadResponse", ("Status", _int()), ("StartTime", _time()), ("CompleteTime", _time()))
    model("TransferComplete", ("CommandKey", _text(32)), ("FaultStruct", one(fault)), ("StartTime", _time()), ("CompleteTime", _time()))
    model("TransferCompleteResponse")

    model("ScheduleInform", ("DelaySeconds", _uint()), ("CommandKey", _text(32)))
    model("ScheduleInformResponse")
    window = model(
        "TimeWindowStruct", ("WindowStart", _uint()), ("WindowEnd", _uint()), ("WindowMode", _text(64)), ("UserMessage", _text(256)),
        ("MaxRetries", _int()),
    )  # fmt: skip
    model(
        "ScheduleDownload", ("CommandKey", _text(32)), ("FileType", _text(64)), ("URL", _text(256)), ("Username", _text(256)),
        ("Password", _text(256)), ("FileSize", _uint()), ("TargetFileName", _text(256)),
        ("TimeWindowList", array("TimeWindowStruct", window, "cwmp:TimeWindowStruct")),
    )  # fmt: skip
    model("ScheduleDownloadResponse")
    model("CancelTransfer", ("CommandKey", _text(32)))
    model("CancelTransferResponse")
    queued = model("QueuedTransferStruct", ("CommandKey", _text(32)), ("State", _int()))
    model("GetQueuedTransfers")
    model("GetQueuedTransfersResponse", ("TransferList", array("QueuedTransferStruct", queued, "cwmp:QueuedTransferStruct")))
    any_queued = model(
        "AllQueuedTransferStruct", ("CommandKey", _text(32)), ("State", _int()), ("IsDownload", _flag()), ("FileType", _text(64)),
        ("FileSize", _uint()), ("TargetFileName", _text(256)),
    )  # fmt: skip
    model("GetAllQueuedTransfers")
    model("GetAllQueuedTransfersResponse", ("TransferList", array("AllQueuedTransferStruct", any_queued, "cwmp:AllQueuedTransferStruct")))
    model("SetVouchers", ("VoucherList", array("base64", Unicode, "SOAP-ENC:base64")))
    model("SetVouchersResponse")
    option = model(
        "OptionStruct", ("OptionName", _text(64)), ("VoucherSN", _uint()), ("State", _uint()), ("Mode", _int()), ("StartDate", _time()),
        ("ExpirationDate", _maybe()), ("IsTransferable", _int()),
    )  # fmt: skip
    model("GetOptions", ("OptionName", _text(64)))
    model("GetOptionsResponse", ("OptionList", array("OptionStruct", option, "cwmp:OptionStruct")))

    operation = model("OperationStruct")
    install = model(
        "InstallOpStruct", ("URL", _text(1024)), ("UUID", _maybe()), ("Username", _maybe(256)), ("Password", _maybe(256)),
        ("ExecutionEnvRef", _maybe(256)),
    )  # fmt: skip
    update = model(
        "UpdateOpStruct", ("UUID", _maybe()), ("Version", _maybe(32)), ("URL", _maybe(1024)), ("Username", _maybe(256)),
        ("Password", _maybe(256)),
    )  # fmt: skip
    uninstall = model("UninstallOpStruct", ("UUID", _text()), ("Version", _maybe(32)), ("ExecutionEnvRef", _maybe(256)))
    model("ChangeDUState", ("Operations", many(operation, install, update, uninstall)), ("CommandKey", _text(32)))
    model("ChangeDUStateResponse")
    unit_fault = model("DeploymentUnitFaultStruct", ("FaultCode", _uint()), ("FaultString", _text()))
    result = (
        ("UUID", _text()), ("DeploymentUnitRef", _text()), ("Version", _text(32)), ("CurrentState", _text()), ("Resolved", _flag()),
        ("ExecutionUnitRefList", _text()), ("StartTime", _time()), ("CompleteTime", _time()), ("Fault", one(unit_fault)),
    )  # fmt: skip
    results = model("OpResultStruct", *result)
    model("DUStateChangeComplete", ("Results", many(results)), ("CommandKey", _text(32)))
    model("DUStateChangeCompleteResponse")
    autonomous = model("AutonOpResultStruct", *result, ("OperationPerformed", _text()))
    model("AutonomousDUStateChangeComplete", ("Results", many(autonomous)))
    model("AutonomousDUStateChangeCompleteResponse")
    model(
        "AutonomousTransferComplete", ("AnnounceURL", _text(1024)), ("TransferURL", _text(1024)), ("IsDownload", _flag()),
        ("FileType", _text(64)), ("FileSize", _uint()), ("TargetFileName", _text(256)), ("FaultStruct", one(fault)), ("StartTime", _time()),
        ("CompleteTime", _time()),
    )  # fmt: skip
    model("AutonomousTransferCompleteResponse")
    argument = model("ArgStruct", ("Name", _text(64)), ("Value", _text(256)))
    model("RequestDownload", ("FileType", _text(64)), ("FileTypeArg", array("ArgStruct", argument, "cwmp:ArgStruct")))
    model("RequestDownloadResponse")
    model("Kicked", ("Command", _text(32)), ("Referer", _text(64)), ("Arg", _text(256)), ("Next", _text(1024)))
    model("KickedResponse", ("NextURL", _text(1024)))
    return models
