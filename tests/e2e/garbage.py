"""Requests that must be refused, each for its own reason, whatever the source has."""

import json

T = "stellar_ledger"

# What the refusal must mention beside the code, where the grammar says which field is wrong.
_TEXTS = {
    # no table
    "": None, ":": None, "::": None, ":::": None, ":1": None, ":1:2": None, "::2": None, " ": None,
    "\n": None, "\0": None,
    # an empty start
    f"{T}:": "start", f"{T}::": "start", f"{T}::5": "start", f"{T}::0": "start",
    # more parts
    f"{T}:1:2:3": None, f"{T}:1:2:": None, f"{T}:1::": None, f"{T}:1::2": None, f"{T}:::": None,
    f"{T}:0:0:0": None,
    # no decimal digits
    f"{T}:abc": "start", f"{T}:abc:def": "start", f"{T}:1:def": "end", f"{T}:-1": "start",
    f"{T}:+1": "start", f"{T}: 1": "start", f"{T}:1 ": "start", f"{T}:1: 2": "end",
    f"{T}:1:2 ": "end", f"{T}:1:2\n": "end", f"{T}:1:2\0": "end", f"{T}:1.0": "start",
    f"{T}:1e3": "start", f"{T}:0x10": "start", f"{T}:1_000": "start", f"{T}:1,000": "start",
    f"{T}:1:-2": "end", f"{T}:1:+2": "end", f"{T}:1:2.5": "end", f"{T}:NaN": "start",
    f"{T}:inf": "start", f"{T}:null": "start", f"{T}:１２": "start", f"{T}:1:٣": "end",
    f"{T}:latest": "start", f"{T}:1-2": "start", f"{T}:1;2": "start", f"{T}:1/2": "start",
    f"{T}:'1'": "start", f'{T}:"1"': "start",
    # above uint32
    f"{T}:4294967296": "start", f"{T}:1:4294967296": "end", f"{T}:18446744073709551616": "start",
    f"{T}:18446744073709551617:5": "start", f"{T}:" + "9" * 400: "start",
    f"{T}:1:" + "9" * 100_000: "end",
    # the end before the start
    f"{T}:5:4": "end", f"{T}:30822018:30822017": "end", f"{T}:4294967295:1": "end",
    # no such table
    "transactionz": T, "Stellar_Ledger": T, "STELLAR_LEDGER": T, f" {T}": T, f"{T} ": T,
    f"{T}s:1:2": T, "stellar-ledger": T, "x" * 100_000: T, "../../etc/passwd": T,
    "select * from stellar_ledger": T, "ledger;drop table": T, "é": T, f"{T}\0:1:2": T,
}

_JSON = [
    {}, {"start": 1}, {"table": None}, {"table": 5}, {"table": ""}, {"table": [T]},
    {"table": "nothing"}, {"table": f"{T}:1:2"},
    {"table": T, "start": -1}, {"table": T, "start": 1.5}, {"table": T, "start": "abc"},
    {"table": T, "start": []}, {"table": T, "start": {}}, {"table": T, "start": True},
    {"table": T, "start": 4294967296}, {"table": T, "start": 1, "end": -2},
    {"table": T, "start": 1, "end": 4294967296}, {"table": T, "start": 5, "end": 4},
    {"table": T, "start": 1, "end": "x"}, {"table": T, "start": 1, "end": False},
    {"table": T, "from": 1}, {"table": T, "start": 1, "stop": 2}, {"Table": T},
    {"table": T, "start": 1, "end": 2, "columns": "ledger_hash"},
    {"table": T, "start": 1, "end": 2, "columns": [5]},
    {"table": T, "start": 1, "end": 2, "columns": ["no_such_column"]},
    {"table": T, "start": 1, "end": 2, "columns": ["ledger_hash", "ledger_hash"]},
    {"table": T, "start": 1, "end": 2, "columns": ["x" * 100_000]}, {"table": "x" * 100_000},
    {"table": T, "x" * 100_000: 1}, {"table": T, "columns": ["\u00e9\n"]},
    {"table": T, "start": 1, "end": 2, "endpoints": 0},
    {"table": T, "start": 1, "end": 2, "endpoints": -3},
    {"table": T, "start": 1, "end": 2, "endpoints": "many"},
]

_BROKEN_JSON = [
    "{", "}", "{}{}", "[]", "{\"table\":", f'{{"table":"{T}"', f'{{"table":"{T}"}} x',
    f'{{"table":"{T}",}}', f"{{'table':'{T}'}}", f'{{"table":"{T}","start":01}}',
    f'{{"table":"{T}","start":NaN}}', "[" * 5000, '{"table":' * 5000,
]

_BYTES = [
    b"\xff", b"\xfe\xff", b"\x80", f"{T}:".encode() + b"\xff", b"\0" * 1000, bytes(range(256)),
    b'{"table":"\xff\xfe"}', b"\x0a\x0estellar_ledger", b"\xef\xbb\xbf" + T.encode(),
]

# (request, what its refusal must mention or None)
REQUESTS = (
    [(text.encode(), mention) for text, mention in _TEXTS.items()]
    + [(json.dumps(value).encode(), None) for value in _JSON]
    + [(text.encode(), None) for text in _BROKEN_JSON]
    + [(data, None) for data in _BYTES])

PATHS = [
    (), ("",), ("", "1", "2"), ("nothing",), (T, "abc"), (T, "1", "def"), (T, "-1"),
    (T, "1", "2", "3"), (T, "5", "4"), (T, "", "5"), (T, "4294967296"), (T, "1:2", "3"),
    (f"{T}:1", "2"), (T, "1", "2 "),
    (T, "１"), ("", T), (T, T),
]
