"""Requests that must be refused, each for its own reason, whatever the source has."""

import json

T = "stellar_ledger"

# What each refusal must mention: the field that is wrong, or what the request is not.
_TEXTS = {
    "": "request is empty",
    # no table
    ":": "table", "::": "table", ":::": "table", ":1": "table", ":1:2": "table", "::2": "table",
    " ": "table", "\n": "table", "\0": "table",
    # an empty start
    f"{T}:": "start", f"{T}::": "start", f"{T}::5": "start", f"{T}::0": "start",
    # more parts
    f"{T}:1:2:3": "4 parts", f"{T}:1:2:": "4 parts", f"{T}:1::": "4 parts",
    f"{T}:1::2": "4 parts", f"{T}:::": "4 parts", f"{T}:0:0:0": "4 parts",
    f"{T}:1:2" + ":3" * 1000: "1003 parts",
    # no decimal digits
    f"{T}:abc": "start", f"{T}:abc:def": "start", f"{T}:1:def": "end", f"{T}:-1": "start",
    f"{T}:+1": "start", f"{T}: 1": "start", f"{T}:1 ": "start", f"{T}:1: 2": "end",
    f"{T}:1:2 ": "end", f"{T}:1:2\n": "end", f"{T}:1:2\0": "end", f"{T}:1.0": "start",
    f"{T}:1e3": "start", f"{T}:0x10": "start", f"{T}:1_000": "start", f"{T}:1,000": "start",
    f"{T}:1:-2": "end", f"{T}:1:+2": "end", f"{T}:1:2.5": "end", f"{T}:NaN": "start",
    f"{T}:inf": "start", f"{T}:null": "start", f"{T}:１２": "start", f"{T}:1:٣": "end",
    f"{T}:latest": "start", f"{T}:1-2": "start", f"{T}:1;2": "start", f"{T}:1/2": "start",
    f"{T}:'1'": "start", f'{T}:"1"': "start", f"{T}:\0": "start", f"{T}:1\0:2": "start",
    f"{T}:\r\nx-header: 1": "start", f"{T}:%31": "start", f"{T}:1:2#": "end", f"{T}:1:?": "end",
    # above uint32
    f"{T}:4294967296": "start", f"{T}:1:4294967296": "end", f"{T}:18446744073709551616": "start",
    f"{T}:18446744073709551617:5": "start", f"{T}:" + "9" * 400: "start",
    f"{T}:1:" + "9" * 4000: "end", f"{T}:-9223372036854775808": "start",
    # the end before the start, or without one
    f"{T}:5:4": "end", f"{T}:30822018:30822017": "end", f"{T}:4294967295:1": "end",
    # no such table
    "transactionz": T, "Stellar_Ledger": T, "STELLAR_LEDGER": T, f" {T}": T, f"{T} ": T,
    f"{T}s:1:2": T, "stellar-ledger": T, "x" * 4096: T, "../../etc/passwd": T,
    "select * from stellar_ledger": T, "ledger;drop table": T, "é": T, f"{T}\0:1:2": T,
    "*": T, "stellar_ledger,transactions:1:2": T, "file:///etc/passwd": T, "${jndi:ldap://x}": T,
    # too long
    "x" * 4097: "4097 bytes", "x" * 100_000: "100000 bytes", f"{T}:1:" + "9" * 100_000: "bytes",
    f"{T}:1:2" + " " * 4096: "bytes",
}

_JSON = [
    ({}, "table"), ({"start": 1}, "table"), ({"table": None}, "table"), ({"table": 5}, "table"),
    ({"table": ""}, "table"), ({"table": [T]}, "table"), ({"table": {}}, "table"),
    ({"table": True}, "table"), ({"table": "nothing"}, T), ({"table": f"{T}:1:2"}, T),
    ({"table": T, "start": -1}, "start"), ({"table": T, "start": 1.5}, "start"),
    ({"table": T, "start": "abc"}, "start"), ({"table": T, "start": "1"}, "start"),
    ({"table": T, "start": []}, "start"), ({"table": T, "start": {}}, "start"),
    ({"table": T, "start": True}, "start"), ({"table": T, "start": None}, "start"),
    ({"table": T, "start": 1e3}, "start"), ({"table": T, "start": 4294967296}, "start"),
    ({"table": T, "start": 2**64}, "start"), ({"table": T, "start": 1, "end": -2}, "end"),
    ({"table": T, "start": 1, "end": 4294967296}, "end"),
    ({"table": T, "start": 1, "end": 10**40}, "end"), ({"table": T, "start": 5, "end": 4}, "end"),
    ({"table": T, "end": 4}, "end"), ({"table": T, "start": 1, "end": "x"}, "end"),
    ({"table": T, "start": 1, "end": False}, "end"), ({"table": T, "start": 1, "end": None}, "end"),
    ({"table": T, "from": 1}, "'from'"), ({"table": T, "start": 1, "stop": 2}, "'stop'"),
    ({"Table": T}, "'table'"), ({"table": T, "": 1}, "unknown field"),
    ({"table": T, "start": 1, "end": 2, "columns": "ledger_hash"}, "columns"),
    ({"table": T, "start": 1, "end": 2, "columns": [5]}, "columns"),
    ({"table": T, "start": 1, "end": 2, "columns": []}, "columns"),
    ({"table": T, "start": 1, "end": 2, "columns": {"ledger_hash": 1}}, "columns"),
    ({"table": T, "start": 1, "end": 2, "columns": [["ledger_hash"]]}, "columns"),
    ({"table": T, "start": 1, "end": 2, "columns": ["no_such_column"]}, "no_such_column"),
    ({"table": T, "start": 1, "end": 2, "columns": ["ledger_hash", "ledger_hash"]}, "ledger_hash"),
    ({"table": T, "start": 1, "end": 2, "columns": ["x" * 4000]}, "column"),
    ({"table": T, "start": 1, "end": 2, "columns": ["x" * 100_000]}, "bytes"),
    ({"table": "x" * 100_000}, "bytes"), ({"table": T, "x" * 100_000: 1}, "bytes"),
    ({"table": T, "columns": ["\u00e9\n"]}, "column"),
    ({"table": T, "start": 1, "end": 2, "endpoints": 0}, "endpoints"),
    ({"table": T, "start": 1, "end": 2, "endpoints": -3}, "endpoints"),
    ({"table": T, "start": 1, "end": 2, "endpoints": 1025}, "endpoints"),
    ({"table": T, "start": 1, "end": 2, "endpoints": "many"}, "endpoints"),
    ({"table": T, "compression": "gzip"}, "none, lz4, zstd"),
    ({"table": T, "compression": "ZSTD"}, "none, lz4, zstd"),
    ({"table": T, "compression": ""}, "compression"),
    ({"table": T, "compression": 1}, "compression"),
    ({"table": T, "compression": None}, "compression"),
    ({"table": T, "compression": ["zstd"]}, "compression"),
]

_BROKEN_JSON = [
    "{", "{}{}", "{\"table\":", f'{{"table":"{T}"', f'{{"table":"{T}"}} x',
    f'{{"table":"{T}",}}', f"{{'table':'{T}'}}", f'{{"table":"{T}","start":01}}',
    f'{{"table":"{T}","start":NaN}}', f'{{"table":"{T}"}}\0', '{"table":' * 400,
]

# What begins as no JSON object is a table's name.
_NAMES = ["}", "[]", "null", "5", f'"{T}"', f'[{{"table":"{T}"}}]', "[" * 4000]

_BYTES = [
    (b"\xff", T), (b"\xfe\xff", T), (b"\x80", T), (f"{T}:".encode() + b"\xff", "start"),
    (f"{T}:1:".encode() + b"\xff", "end"), (b"\0" * 1000, T), (bytes(range(256)), "table"),
    (b'{"table":"\xff\xfe"}', "json"), (b"\xef\xbb\xbf" + T.encode(), T),
    (T.encode("utf-16"), T),
    # requests of other servers: a protobuf message, a serialized FlightDescriptor, IPC, msgpack
    (b"\x0a\x0estellar_ledger", T), (b"\x08\x02\x12\x0estellar_ledger", T),
    (b"\xff\xff\xff\xff\x10\0\0\0", T), (b"\x81\xa5table\xaestellar_ledger", T),
    (b"\x0a\x1ftype.googleapis.com/arrow.flight", T), (b"\x1f\x8b\x08\0\0\0\0\0", T),
]

# (request, what its refusal must mention, in small letters)
REQUESTS = (
    [(text.encode(), mention) for text, mention in _TEXTS.items()]
    + [(json.dumps(value).encode(), mention) for value, mention in _JSON]
    + [(f'{{"table":"{T}","table":"{T}"}}'.encode(), "twice")]
    + [(text.encode(), "json") for text in _BROKEN_JSON]
    + [(text.encode(), T) for text in _NAMES] + _BYTES)

PATHS = [
    (), ("",), ("", "1", "2"), ("nothing",), (T, "abc"), (T, "1", "def"), (T, "-1"),
    (T, "1", "2", "3"), (T, "5", "4"), (T, "", "5"), (T, "4294967296"), (T, "1:2", "3"),
    (f"{T}:1", "2"), (T, "1", "2 "),
    (T, "１"), ("", T), (T, T),
]
