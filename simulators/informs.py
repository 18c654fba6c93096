"""Informs as odd devices send them: each word of the knob `inform` is a function here (K-22, K-33 to K-37, K-58, R-4, R-21).

Tests: tests/simulators/test_informs.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from acs.cwmp import events
from acs.cwmp.messages import EventStruct, Inform
from simulators.cpe import Cpe
from simulators.profile import PADDING


def distorted(inform: Inform, words: Sequence[str], cpe: Cpe) -> Inform:
    """The Inform as a device with these words sends it."""
    for each in words:
        word, _, argument = each.partition(" ")
        inform = WORDS[word](inform, argument, cpe)
    return inform


def _spelled(write: Callable[[str], str]) -> Callable[[Inform, str, Cpe], Inform]:
    def respell(inform: Inform, _argument: str, _cpe: Cpe) -> Inform:
        return replace(inform, event=tuple(replace(event, event_code=write(event.event_code)) for event in inform.event))

    return respell


def _blank(inform: Inform, sign: str, _cpe: Cpe) -> Inform:
    return replace(inform, event=tuple(replace(event, event_code=event.event_code.replace(" ", sign)) for event in inform.event))


def _event(inform: Inform, code: str, _cpe: Cpe) -> Inform:
    return replace(inform, event=tuple(dict.fromkeys((*inform.event, EventStruct(code)))))


def _without_event(inform: Inform, code: str, _cpe: Cpe) -> Inform:
    left = tuple(event for event in inform.event if event.event_code != code)
    return replace(inform, event=left or (EventStruct(events.PERIODIC),))


def _many_keys(inform: Inform, count: str, _cpe: Cpe) -> Inform:
    return replace(inform, event=(*inform.event, *(EventStruct(events.M_REBOOT, f"key-{n}") for n in range(int(count)))))


def _transfer_as_periodic(inform: Inform, _argument: str, _cpe: Cpe) -> Inform:
    hidden = (events.TRANSFER_COMPLETE, events.M_DOWNLOAD, events.M_UPLOAD)
    left = tuple(event for event in inform.event if event.event_code not in hidden)
    return replace(inform, event=left or (EventStruct(events.PERIODIC),))


def _device(name: str) -> Callable[[Inform, str, Cpe], Inform]:
    return lambda inform, text, _cpe: replace(inform, device_id=replace(inform.device_id, **{name: text}))


def _serial_end(inform: Inform, text: str, _cpe: Cpe) -> Inform:
    return replace(inform, device_id=replace(inform.device_id, serial_number=inform.device_id.serial_number + text))


def _oui_changes(inform: Inform, _argument: str, cpe: Cpe) -> Inform:
    return replace(inform, device_id=replace(inform.device_id, oui="ffffff" if cpe.boots % 2 else "000000"))


def _names(change: Callable[[str, Cpe], str]) -> Callable[[Inform, str, Cpe], Inform]:
    def rename(inform: Inform, _argument: str, cpe: Cpe) -> Inform:
        return replace(inform, parameter_list=tuple(replace(item, name=change(item.name, cpe)) for item in inform.parameter_list))

    return rename


def _other_root(inform: Inform, _argument: str, cpe: Cpe) -> Inform:
    """The software version once more, under the root of the other data model."""
    other = "InternetGatewayDevice." if cpe.tree.root == "Device." else "Device."
    mine = next(item for item in inform.parameter_list if item.name.endswith("SoftwareVersion"))
    return replace(inform, parameter_list=(*inform.parameter_list, replace(mine, name=other + mine.name.removeprefix(cpe.tree.root))))


def _clock_form(inform: Inform, form: str, cpe: Cpe) -> Inform:
    return replace(inform, current_time=datetime.fromtimestamp(cpe.facts.now(), UTC).strftime(form))


def _padding(inform: Inform, _argument: str, cpe: Cpe) -> Inform:
    extra = tuple(cpe.value_struct(path) for path in cpe.tree.under(cpe.tree.root + PADDING))
    return replace(inform, parameter_list=(*inform.parameter_list, *extra))


def parameter_key(text: str, length: str) -> str:
    return text[: int(length)]


def _parameter_key(inform: Inform, length: str, cpe: Cpe) -> Inform:
    path = cpe.management("ParameterKey")
    items = (replace(item, value=parameter_key(item.value, length)) if item.name == path else item for item in inform.parameter_list)
    return replace(inform, parameter_list=tuple(items))


def _udp_address(inform: Inform, _argument: str, cpe: Cpe) -> Inform:
    path = cpe.management("UDPConnectionRequestAddress")
    return replace(inform, parameter_list=(*inform.parameter_list, replace(cpe.value_struct(path), value="not:an:address:99999")))


WORDS: dict[str, Callable[[Inform, str, Cpe], Inform]] = {
    "max-envelopes": lambda inform, number, _cpe: replace(inform, max_envelopes=int(number)),
    "padding": _padding,
    "no-events": lambda inform, _argument, _cpe: replace(inform, event=()),
    "event-blank": _blank,
    "double-blanks": _spelled(lambda code: code.replace(" ", "  ")),
    "bare-numbers": _spelled(lambda code: code.split(" ")[0] if code[0].isdigit() else code),
    "event": _event,
    "without-event": _without_event,
    "many-keys": _many_keys,
    "events-twice": lambda inform, _argument, _cpe: replace(inform, event=inform.event * 2),
    "transfer-as-periodic": _transfer_as_periodic,
    "manufacturer": _device("manufacturer"),
    "oui": _device("oui"),
    "product-class": _device("product_class"),
    "serial": _device("serial_number"),
    "serial-end": _serial_end,
    "oui-changes": _oui_changes,
    "names-without-root": _names(lambda name, cpe: name.removeprefix(cpe.tree.root)),
    "other-root": _other_root,
    "clock": lambda inform, text, _cpe: replace(inform, current_time=text),
    "clock-form": _clock_form,
    "parameter-key": _parameter_key,
    "udp-address": _udp_address,
}
