"""The rules of data models and canonical names in the language of the page: which one a value breaks, and what is allowed beforehand.

datamodels says rules in codes and facets beside its English; here they become sentences that a translation can turn round.
"""

from collections.abc import Iterable

from flask_babel import gettext as _

from care.devices import words
from datamodels.canonical import Demand, Refused
from datamodels.check import Problem, Rule
from datamodels.entry import Entry, Range, Size


def broken(problem: Problem, label: str) -> str:
    """Why this value is refused, naming the parameter as the page does."""
    value = shown(problem.shown)
    match problem.rule:
        case Rule.IS_OBJECT:
            return _("%(label)s is an object and holds no value.", label=label)
        case Rule.READ_ONLY:
            return _("%(label)s is read only.", label=label)
        case Rule.WHOLE_NUMBER if problem.ranges:
            return _("%(label)s must be a whole number, %(limits)s; %(value)s is not.", label=label, limits=ranges(problem.ranges), value=value)
        case Rule.WHOLE_NUMBER:
            return _("%(label)s must be a whole number; %(value)s is none.", label=label, value=value)
        case Rule.NUMBER:
            return _("%(label)s must be a number; %(value)s is none.", label=label, value=value)
        case Rule.BOOLEAN:
            return _("%(label)s must be true or false; %(value)s is neither.", label=label, value=value)
        case Rule.DATE_TIME:
            return _("%(label)s must be a date and time such as 2024-05-31T08:00:00Z; %(value)s is none.", label=label, value=value)
        case Rule.HEX:
            return _("%(label)s must be an even number of hexadecimal digits; %(value)s is not.", label=label, value=value)
        case Rule.BASE64:
            return _("%(label)s must be base64; %(value)s is not.", label=label, value=value)
        case Rule.SIZE | Rule.LIST_SIZE | Rule.LIST_ITEMS:
            limits = sizes(problem.sizes, problem.unit)
            return _("%(label)s must have %(limits)s; %(value)s has %(length)d.", label=label, limits=limits, value=value, length=problem.length or 0)
        case Rule.RANGE:
            return _("%(label)s must be %(limits)s; %(value)s is outside.", label=label, limits=ranges(problem.ranges), value=value)
        case Rule.REPORTED_ONLY:
            return _("%(label)s can report %(value)s but not be set to it.", label=label, value=value)
        case Rule.ENUM:
            return _("%(label)s must be one of %(words)s; %(value)s is none of them.", label=label, words=", ".join(problem.words), value=value)
        case _:
            return _("%(label)s must have the form %(form)s; %(value)s has not.", label=label, form=problem.form, value=value)


def refused(error: ValueError, name: str) -> str:
    """Why a canonical value cannot be written."""
    label = words.full_label(name)
    if not isinstance(error, Refused):
        return str(error).replace(name, label)
    if error.problem is not None:
        return broken(error.problem, label)
    value, detail = shown(error.shown), error.detail
    match error.demand:
        case Demand.RANGE:
            limits = range_words(Range(_bound(error.low), _bound(error.high)))
            return _("%(label)s must be %(limits)s; %(value)s is outside.", label=label, limits=limits, value=value)
        case Demand.ONE_OF:
            return _("%(label)s must be one of %(words)s; %(value)s is none of them.", label=label, words=detail, value=value)
        case Demand.ONE_OF_HERE:
            return _("%(label)s must be one of those that this device takes (%(words)s); %(value)s is none of them.", label=label, words=detail, value=value)
        case Demand.LONGER:
            return _("%(label)s must have at least %(low)d characters.", label=label, low=int(error.low or 0))
        case Demand.SHORTER:
            return _("%(label)s must have at most %(high)d characters.", label=label, high=int(error.high or 0))
        case Demand.BOOLEAN:
            return _("%(label)s must be true or false; %(value)s is neither.", label=label, value=value)
        case Demand.WHOLE_NUMBER:
            return _("%(label)s must be a whole number; %(value)s is none.", label=label, value=value)
        case Demand.NUMBER:
            return _("%(label)s must be a number; %(value)s is none.", label=label, value=value)
        case Demand.LIST:
            return _("%(label)s must be a list; %(value)s is none.", label=label, value=value)
        case Demand.TEXT:
            return _("%(label)s must be a text; %(value)s is none.", label=label, value=value)
        case Demand.MAC:
            return _("%(label)s must be a MAC address such as 00:11:22:AA:BB:CC; %(value)s is none.", label=label, value=value)
        case Demand.ADDRESS:
            return _("%(label)s must be an IP address; %(value)s is none.", label=label, value=value)
        case Demand.ABSENT:
            return _("%(label)s cannot be set: the device has no parameter for it.", label=label)
        case Demand.READ_ONLY_HERE:
            return _("%(label)s can only be read on this device (%(path)s).", label=label, path=detail)
        case _:
            return _("%(label)s can only be read.", label=label)


def allowed(entry: Entry) -> str:
    """What may be written, beside a field; "" where anything of the type goes."""
    told = []
    if entry.enums:
        told.append(_("one of: %(words)s", words=", ".join(word.value for word in entry.enums if word.writable or not entry.writable)))
    if entry.ranges:
        told.append(ranges(entry.ranges))
    if entry.sizes:
        told.append(sizes(entry.sizes, "bytes" if entry.type in ("hexBinary", "base64") else "characters"))
    if entry.syntax.list_items is not None:
        told.append(sizes((entry.syntax.list_items,), "items"))
    return "; ".join(told)


def shown(value: str | None) -> str:
    return _("the value given") if value is None else _("an empty value") if not value else _("“%(value)s”", value=value)


def ranges(found: Iterable[Range]) -> str:
    return _(" or ").join(range_words(each) for each in found)


def range_words(limits: Range) -> str:
    low, high = limits.minimum, limits.maximum
    if low is not None and low == high:
        text = str(low)
    elif high is None:
        text = _("%(low)s or more", low=low)
    elif low is None:
        text = _("%(high)s or less", high=high)
    else:
        text = _("%(low)s to %(high)s", low=low, high=high)
    return _("%(range)s in steps of %(step)s", range=text, step=limits.step) if limits.step not in (None, "1") else text


def sizes(found: Iterable[Size], unit: str) -> str:
    return _(" or ").join(_size(each, unit) for each in found)


def _size(size: Size, unit: str) -> str:
    noun = {"bytes": _("bytes"), "items": _("items")}.get(unit, _("characters"))
    if size.maximum is None:
        return _("at least %(low)d %(unit)s", low=size.minimum, unit=noun)
    if size.minimum == size.maximum:
        return _("exactly %(high)d %(unit)s", high=size.maximum, unit=noun)
    if size.minimum:
        return _("%(low)d to %(high)d %(unit)s", low=size.minimum, high=size.maximum, unit=noun)
    return _("at most %(high)d %(unit)s", high=size.maximum, unit=noun)


def _bound(number: float | None) -> str | None:
    return None if number is None else f"{number:g}"
