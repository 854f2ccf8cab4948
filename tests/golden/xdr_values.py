"""Writes XDR of any of the protocol's types from plain values, by the types as data.

A struct is a dict, and a union a pair of its case and its arm's value (or the case alone); a case
or an enum's value is a name or a number. What is left out is zero, empty, absent, or the first arm.
"""

import json
import pathlib
import struct

_TYPES = pathlib.Path(__file__).resolve().parent.parent.parent / "protocol/stellar-xdr-types.json"
DEFINITIONS = {one["name"]: one for one in json.loads(_TYPES.read_text())["definitions"]}
_NUMBERS = {"int": ">i", "unsigned_int": ">I", "hyper": ">q", "unsigned_hyper": ">Q"}


def _member(definition, value):
    names = {member["name"]: member["value"] for member in definition["members"]}
    value = names.get(value, value)
    assert value in names.values(), (definition["name"], value)
    return value


def _union(definition, value):
    arms = definition["arms"]
    first = arms[0]["cases"][0]["value"]
    case, value = value if isinstance(value, tuple) else (first if value is None else value, None)
    for arm in arms:
        for one in arm["cases"]:
            if case in (one["value"], one.get("name")):
                head = struct.pack(">i", one["value"])
                return head if arm["name"] is None else head + _any(arm["type"], value)
    raise AssertionError((definition["name"], case))


def encode(name, value=None):
    """The XDR of a value of the type `name`."""
    definition = DEFINITIONS[name]
    kind = definition["kind"]
    if kind == "typedef":
        return _any(definition["type"], value)
    if kind == "enum":
        first = definition["members"][0]["value"]
        return struct.pack(">i", _member(definition, first if value is None else value))
    if kind == "union":
        return _union(definition, value)
    value = dict(value or {})
    out = b"".join(_any(field["type"], value.pop(field["name"], None))
                   for field in definition["fields"])
    assert not value, (name, list(value))
    return out


def _padded(content):
    return content + bytes(-len(content) % 4)


def _any(kind_of, value):
    kind = kind_of["kind"]
    if kind == "ref":
        return encode(kind_of["name"], value)
    if kind in _NUMBERS:
        return struct.pack(_NUMBERS[kind], value or 0)
    if kind == "bool":
        return struct.pack(">I", bool(value))
    if kind == "optional":
        return bytes(4) if value is None else bytes(3) + b"\1" + _any(kind_of["element"], value)
    if kind == "opaque_fixed":
        value = value or b""
        assert len(value) in (0, kind_of["size"]), value
        return _padded(value.ljust(kind_of["size"], b"\0"))
    if kind in ("opaque_var", "string"):
        return struct.pack(">I", len(value or b"")) + _padded(value or b"")
    if kind == "var_array":
        return struct.pack(">I", len(value or ())) + b"".join(
            _any(kind_of["element"], one) for one in value or ())
    if kind == "array":
        values = value or [None] * kind_of["count"]
        assert len(values) == kind_of["count"]
        return b"".join(_any(kind_of["element"], one) for one in values)
    raise AssertionError(kind_of)
