"""Each knob of the quirk registry in plain words: its name, what an entry says, and where it came from."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from acs.provisioning.quirks import KNOBS, Shape, State

KNOB_WORDS: Mapping[str, Any] = {
    "read_batch": _l("Names read at once"),
    "read_batch_fails": _l("Too many names at once"),
    "refused_names": _l("Listed, but cannot be read"),
    "root_names_refused": _l("Lists no names at its root"),
    "deep_names_refused": _l("Lists no whole tree"),
    "next_level_refused": _l("Lists no single level"),
    "lists_itself": _l("Names the object itself in its list"),
    "partial_reads_refused": _l("Reads no partial path"),
    "write_batch": _l("Values written at once"),
    "not_kept": _l("Value not kept"),
    "normalised": _l("Value comes back in another form"),
    "hidden": _l("Value is shown as stars"),
    "boolean_literal": _l("Spelling of yes and no"),
    "types": _l("Type of a value"),
    "time_form": _l("Spelling of instants"),
    "needs_restart": _l("Values count after a restart"),
    "parameter_key_lost": _l("ParameterKey is not kept"),
    "instance_unusable": _l("Does not say which row it made"),
    "instances_reused": _l("Row numbers are used again"),
    "boot_s": _l("Slow to start"),
    "not_ready_s": _l("Not ready after the start"),
    "no_transfer_complete": _l("Never reports a transfer"),
    "second_boot": _l("New firmware runs after a second start"),
    "files_http_only": _l("Fetches over http only"),
    "files_need_name": _l("Fetches from host names only"),
    "files_exact_size": _l("Needs the exact size of a file"),
    "request_basic": _l("Calls with Basic login only"),
    "request_https": _l("Call address is https"),
    "udp_sorted": _l("Sorted signature in UDP calls"),
    "scales": _l("Reading in another unit"),
    "inverted": _l("Yes and no are swapped"),
    "three_empties": _l("Ends a session with three empty posts"),
}
STATE_WORDS: Mapping[str, tuple[str, Any]] = {
    State.PROPOSED: ("info", _l("Proposed")),
    State.ACTIVE: ("ok", _l("In use")),
    State.OFF: ("idle", _l("Turned off")),
}
ORIGIN_WORDS: Mapping[str, Any] = {
    "hand": _l("set by hand"),
    "learned": _l("learned"),
    "import": _l("imported"),
    "seed": _l("known of the field"),
}
CHOICE_WORDS: Mapping[str, Any] = {
    "digits": _l("0 and 1"), "words": _l("false and true"), "utc": _l("with Z"), "offset": _l("with +00:00"), "local": _l("without a zone"),
}  # fmt: skip


def sentence(knob: str, item: str, value: Any) -> str:
    """What an entry says and what we do about it, in one or two sentences."""
    yes = value is True
    match knob:
        case "read_batch":
            return _("At most %(count)s names are read at once.", count=value)
        case "read_batch_fails":
            return _("%(count)s names at once were refused. We stay below.", count=value)
        case "refused_names":
            return _("The device lists %(path)s and refuses to read it. It is left out of large reads.", path=item)
        case "not_kept":
            wrote, shows = (value.get("wrote", "?"), value.get("shows", "?")) if isinstance(value, Mapping) else ("?", "?")
            return _("%(path)s takes no new value: wrote “%(wrote)s” twice, it showed “%(shows)s”.", path=item, wrote=wrote, shows=shows)
        case "normalised":
            return _("%(path)s comes back in another form, like “%(form)s”. That counts as kept.", path=item, form=value)
        case "hidden":
            return _("%(path)s is shown as stars. It is not read back after a write.", path=item)
        case "types":
            return _("%(path)s is written as %(type)s.", path=item, type=value)
        case "boolean_literal" | "time_form":
            return _("%(label)s: %(choice)s.", label=str(KNOB_WORDS[knob]), choice=str(CHOICE_WORDS.get(value, value)))
        case "write_batch":
            return _("At most %(count)s values are written in one call.", count=value)
        case "scales" if value == "tenth_microwatt_to_dbm":
            return _("%(name)s comes in tenths of a microwatt and is turned into dBm.", name=item)
        case "scales":
            return _("%(name)s: the device's number times %(scale)s is the value, when reading and when writing.", name=item, scale=value)
        case "inverted":
            return _("%(name)s means the opposite on this device. It is turned round when reading and when writing.", name=item)
        case "boot_s":
            return _("It informs %(count)s s after it was asked to restart. Deadlines follow.", count=value)
        case "not_ready_s":
            return _("For %(count)s s after its start it may refuse everything. We try again until then.", count=value)
    told = _FLAGS.get(knob, ("", ""))
    return str(told[0] if yes else told[1]) or str(KNOB_WORDS.get(knob, knob))


_FLAGS: Mapping[str, tuple[Any, Any]] = {
    "root_names_refused": (_l("It refuses to list names at its root. Names come with the values."), _l("It lists names at its root.")),
    "deep_names_refused": (_l("It refuses to list a whole tree. It is walked level by level."), _l("It lists a whole tree at once.")),
    "next_level_refused": (_l("It lists nothing level by level. Trees are listed at once."), _l("It lists level by level.")),
    "lists_itself": (
        _l("Its list of a level names the object itself, too. Nothing has to be done about it."),
        _l("Its lists are in order."),
    ),
    "partial_reads_refused": (_l("It cannot read a partial path. Values are read by their names."), _l("It reads partial paths.")),
    "needs_restart": (_l("It says that written values count after a restart."), _l("Written values count at once.")),
    "parameter_key_lost": (_l("It does not keep the ParameterKey: its values tell whether it is in step."), _l("It keeps the ParameterKey.")),
    "instance_unusable": (
        _l("It does not say which row it made. The table is looked at before and after."),
        _l("It says which row it made."),
    ),
    "instances_reused": (
        _l("It uses the number of a deleted row again. A row we delete is forgotten, and one we add is read whole."),
        _l("Row numbers are new."),
    ),
    "no_transfer_complete": (_l("It never reports a transfer. The version that runs settles it."), _l("It reports transfers.")),
    "second_boot": (
        _l("It reports new firmware as done and runs it after one more start. We wait for that."),
        _l("New firmware runs at once."),
    ),
    "files_http_only": (
        _l("It cannot fetch files over https. Such a download is not sent to it."),
        _l("It fetches files over https, too."),
    ),
    "files_need_name": (
        _l("It cannot fetch files from a bare address. Such a download is not sent to it."),
        _l("It fetches from addresses, too."),
    ),
    "files_exact_size": (_l("It needs the exact size of a file. We always tell it."), _l("It takes files without their size.")),
    "request_basic": (
        _l("It knows only Basic for our calls. Our login goes to it in clear text; that is never learned, a person sets it."),
        _l("It knows Digest for our calls."),
    ),
    "request_https": (
        _l("It gives an https address for our calls. It is called there, whatever the setting says; a person sets it."),
        _l("It gives an http address for our calls."),
    ),
    "udp_sorted": (
        _l("It checks our UDP calls over fields sorted by name. They are signed so."),
        _l("It checks our UDP calls as the standard says."),
    ),
    "three_empties": (_l("It ends a session with three empty posts. We answer each of them."), _l("It ends sessions in order.")),
}


def scope_words(oui: str, product_class: str, firmware: str) -> str:
    """Which devices: "Norvik-G240 02A5C1, firmware 2.9.*"."""
    device = " ".join(part for part in (product_class, oui) if part)
    return (
        _("%(device)s, firmware %(firmware)s", device=device, firmware=firmware)
        if firmware
        else _("%(device)s, any firmware", device=device)
    )


def parsed(knob: str, text: str) -> Any:
    """What a form's text means for a knob; checked by the service. ValueError with a sentence for what is no value of its kind."""
    known = KNOBS.get(knob)
    text = text.strip()
    match known.shape if known is not None else None:
        case Shape.COUNT:
            if not text.isdecimal():
                raise ValueError(_("%(label)s is a whole number, not “%(text)s”.", label=str(KNOB_WORDS[knob]), text=text[:40]))
            return int(text)
        case Shape.FLAG:
            if text not in ("yes", "no"):
                raise ValueError(_("%(label)s is yes or no.", label=str(KNOB_WORDS[knob])))
            return text == "yes"
        case Shape.NAMES:
            if knob == "refused_names":
                return int(text) if text.isdecimal() else 9005
            if knob in ("hidden", "inverted"):
                return True
            if knob == "not_kept":
                wrote, _sep, shows = text.partition("→")
                return {"wrote": wrote.strip(), "shows": shows.strip()}
            return text
        case _:
            return text


def typed(knob: str, value: Any) -> str:
    """The value as the form shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return f"{value.get('wrote', '')} → {value.get('shows', '')}"
    return str(value)
