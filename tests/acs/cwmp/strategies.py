"""Hypothesis strategies for every message, made from the codec's own table: what can be declared can be generated."""

from typing import Any

from hypothesis import strategies as st

from acs.cwmp.messages import ARRAY, CLASSES, FIELDS, FLAG, INT, MANY, STRUCT, TEXT, UINT, VALUE, Field

XML_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="￾￿") | st.sampled_from("\t\n\r&<>'\"")

TYPES = st.sampled_from(("string", "int", "unsignedInt", "boolean", "dateTime", "base64", "base64Binary", "hexBinary", "long", "json"))


def _is_trimmed(text: str) -> bool:
    return text == text.strip()


def texts(limit: int = 40) -> st.SearchStrategy[str]:
    return st.text(XML_CHARACTERS, max_size=min(limit, 40))


NAMES = texts().filter(_is_trimmed)
"""Names of parameters: the codec trims them."""


def _values(struct: str, field: Field) -> st.SearchStrategy[Any]:
    if field.kind == TEXT:
        is_name = struct in ("ParameterValueStruct", "ParameterInfoStruct") and field.xml == "Name"
        return NAMES if is_name else texts(field.max_len or 40)
    if field.kind == UINT:
        return st.integers(0, 2**32 - 1)
    if field.kind == INT:
        return st.integers(-(2**31), 2**31 - 1)
    if field.kind == FLAG:
        return st.booleans()
    if field.kind == STRUCT:
        return messages(field.of.__name__)
    if field.kind == MANY:
        return st.lists(st.one_of([messages(of.__name__) for of in field.of]), max_size=3).map(tuple)
    assert field.kind == ARRAY
    item = texts() if field.of is str else messages(field.of.__name__)
    return st.lists(item, max_size=3).map(tuple)


def messages(name: str) -> st.SearchStrategy[Any]:
    """Any instance of one struct or message."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in FIELDS[name]:
        if field.kind == VALUE:
            fields |= {"value": texts(), "type": TYPES}
        else:
            fields[field.attribute] = _values(name, field)
    return st.builds(CLASSES[name], **fields)


RPC_NAMES = tuple(name for name in CLASSES if not name.endswith("Struct"))
ANY_MESSAGE = st.one_of([messages(name) for name in RPC_NAMES])
