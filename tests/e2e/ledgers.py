"""Ledgers for the tests, made and taken apart without the program's own code.

Knows the few bytes of LedgerCloseMeta and of lake names that it needs; it is no reader of XDR.
"""

import datetime
import hashlib
import json
import pathlib
import random
import struct

import pyarrow as pa

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
PUBNET_LAKE = DATA / "pubnet-lake"
TESTNET_LAKE = DATA / "galexie-lake"  # without partition folders

PUBNET = "Public Global Stellar Network ; September 2015"
TESTNET = "Test SDF Network ; September 2015"

FIRST, NEWEST = 30822015, 30822020  # of the public-network lake

# What stellar-etl, the network's official exporter, publishes for these ledgers: transactions,
# successful ones, operations of successful ones, operations of all, close time.
PUBLISHED = {
    30822015: (57, 46, 159, 175, "2020-07-28T00:10:40Z"),
    30822016: (65, 45, 168, 223, "2020-07-28T00:10:46Z"),
    30822017: (56, 45, 226, 244, "2020-07-28T00:10:51Z"),
    30822018: (27, 19, 67, 75, "2020-07-28T00:10:56Z"),
    30822019: (77, 67, 207, 217, "2020-07-28T00:11:01Z"),
    30822020: (82, 63, 258, 278, "2020-07-28T00:11:07Z"),
}

FILES_PER_PARTITION = 64000
_MAX = 0xFFFFFFFF


def close_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def compress(data):
    return pa.compress(data, codec="zstd", asbytes=True)


def decompress(data):
    return pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()


def object_path(lake, first, last=None, flat=False):
    """Where the object of ledgers first..last lies in a lake."""
    last = first if last is None else last
    size = (last - first + 1) * FILES_PER_PARTITION
    start = first // size * size
    name = f"{_MAX - first:08X}--{first}" + ("" if last == first else f"-{last}") + ".xdr.zst"
    if flat:
        return lake / name
    return lake / f"{_MAX - start:08X}--{start}-{start + size - 1}" / name


def read_pubnet():
    """The public-network ledgers as {sequence: LedgerCloseMeta}."""
    ledgers = {}
    for sequence in range(FIRST, NEWEST + 1):
        batch = decompress(object_path(PUBNET_LAKE, sequence).read_bytes())
        assert struct.unpack(">III", batch[:12]) == (sequence, sequence, 1)
        ledgers[sequence] = batch[12:]
    return ledgers


def ledger_hash(lcm):
    """The hash that a LedgerCloseMeta of version 0 states of itself."""
    assert lcm[:4] == bytes(4)
    return lcm[4:36]


def previous_hash(lcm):
    return lcm[40:72]


HEADER, HEADER_END = 36, 360  # a header without upgrades and extensions, in a version 0


def header(lcm):
    return lcm[HEADER:HEADER_END]


def without(content, *sequences):
    return {key: value for key, value in content.items() if key not in sequences}


def put_object(lake, ledgers, flat=False):
    """Writes consecutive ledgers {sequence: bytes} as one object, seen whole or not at all."""
    first, last = min(ledgers), max(ledgers)
    path = object_path(lake, first, last, flat)
    path.parent.mkdir(parents=True, exist_ok=True)
    batch = struct.pack(">III", first, last, len(ledgers)) + b"".join(
        ledgers[sequence] for sequence in range(first, last + 1))
    hidden = lake.parent / f".{lake.name}.{path.name}"
    hidden.write_bytes(compress(batch))
    hidden.rename(path)
    return path


def write_lake(lake, ledgers, passphrase=PUBNET, per_file=1, flat=False):
    """Writes {sequence: LedgerCloseMeta} as a lake with a manifest."""
    lake.mkdir(parents=True, exist_ok=True)
    manifest = {"networkPassphrase": passphrase, "version": "1.0", "compression": "zstd",
                "ledgersPerBatch": per_file, "batchesPerPartition": FILES_PER_PARTITION}
    (lake / ".config.json").write_text(json.dumps(manifest))
    for start in sorted({sequence // per_file * per_file for sequence in ledgers}):
        inside = range(start, start + per_file)
        put_object(lake, {s: ledgers[s] for s in inside if s in ledgers}, flat)
    return lake


def framed(ledgers):
    """The ledgers as a record-marked stream, as stellar-core writes it."""
    return b"".join(struct.pack(">I", 0x80000000 | len(lcm)) + lcm for lcm in ledgers.values())


def write_files(folder, ledgers):
    """One bare LedgerCloseMeta a file: a folder that is no lake, and cannot grow."""
    folder.mkdir(parents=True, exist_ok=True)
    for sequence, lcm in ledgers.items():
        (folder / f"{sequence}.xdr").write_bytes(lcm)
    return folder


def flip_bit(path, offset, bit=0):
    """Flips a bit of the object's unzipped bytes."""
    data = bytearray(decompress(path.read_bytes()))
    data[offset] ^= 1 << bit
    path.write_bytes(compress(bytes(data)))


def make_chain(first, sizes, protocol=20, noise_bytes=None):
    """A chain of valid ledgers without transactions, {sequence: LedgerCloseMeta}.

    `sizes` gives the bytes of filler in each, carried in the place of consensus messages; the
    filler does not compress, unless it repeats every `noise_bytes`.
    """
    noise = random.Random(first)
    ledgers = {}
    previous = hashlib.sha256(struct.pack(">I", first)).digest()
    for sequence, size in enumerate(sizes, first):
        header = b"".join([
            struct.pack(">I", protocol), previous,
            hashlib.sha256(previous).digest(),            # the set: its previous hash, no envelope
            struct.pack(">QII", 1_600_000_000 + sequence * 5, 0, 0),  # close time, no upgrades
            hashlib.sha256(bytes(4)).digest(),            # no results
            bytes(32),                                    # bucket list
            struct.pack(">IqqIQIII", sequence, 10**18, 0, 0, 0, 100, 5_000_000, 1000),
            bytes(4 * 32), bytes(4),                      # skip list, extension
        ])
        own = hashlib.sha256(header).digest()
        lcm = bytes(4) + own + header + bytes(4)          # version 0, LedgerHeaderHistoryEntry
        lcm += previous + bytes(4) + bytes(4) + bytes(4)  # set, results, upgrades
        if size == 0:
            lcm += bytes(4)
        else:
            size = size // 4 * 4
            repeated = min(noise_bytes or size, size)
            value = (noise.randbytes(repeated) * (size // repeated + 1))[:size]
            lcm += struct.pack(">IIIII", 1, 0, 0, sequence, 1)  # one entry, version 0, one message
            lcm += bytes(4) + bytes(32) + struct.pack(">QI", sequence, 3)  # node, slot, nomination
            lcm += bytes(32) + struct.pack(">II", 1, len(value)) + value + bytes(4)
            lcm += bytes(4)                               # signature
        ledgers[sequence] = lcm
        previous = own
    return ledgers
