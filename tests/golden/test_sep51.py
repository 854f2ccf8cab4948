"""`inspect` prints what the official command line prints (SEP-51).

The hashes were written by tests/compare/sep51.py, which holds every line against that program.
"""

import hashlib
import struct
from concurrent.futures import ThreadPoolExecutor

import corpora
import program

HASHES = corpora.CORPORA / "sep51.sha256"


def streams(folder):
    """All corpora as record-marked streams: {name: path}."""
    out = {}
    for name in ("stellar-core-test-lcm-current", "stellar-core-test-lcm-next-sample"):
        out |= corpora.extract(name, folder / name)
    loose = {path.name: corpora.read_zstd(path) for path in corpora.CORPORA.glob("load-test*.zstd")}
    ledgers = corpora.read_zstd(corpora.CORPORA / "30820015.lcm.xdr.zst")
    loose["30820015"] = struct.pack(">I", 0x80000000 | len(ledgers)) + ledgers
    for lake in ("pubnet-lake", "galexie-lake"):
        for path in (corpora.DATA / lake).rglob("*.xdr.zst"):
            ledger = corpora.read_zstd(path)[12:]  # each object is a batch of one
            loose[f"{lake}/{path.name}"] = struct.pack(">I", 0x80000000 | len(ledger)) + ledger
    for name, content in loose.items():
        path = folder / name.replace("/", "-")
        path.write_bytes(content)
        out[name] = path
    return out


def test_every_ledger_of_every_corpus_prints_as_the_official_command_line_prints_it(tmp_path):
    files = streams(tmp_path)
    want = dict(reversed(line.split()) for line in HASHES.read_text().splitlines())
    assert files.keys() == want.keys()

    def digest(stream):
        return hashlib.sha256(program.run("inspect", files[stream]).stdout).hexdigest()

    with ThreadPoolExecutor(2) as pool:
        got = dict(zip(files, pool.map(digest, files)))
    assert [stream for stream in files if got[stream] != want[stream]] == []


def inspect_value(tmp_path, type_name, content):
    path = tmp_path / "value.xdr"
    path.write_bytes(content)
    done = program.run("inspect", path, "--type", type_name)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().rstrip("\n")


def test_values_have_their_official_text(tmp_path):
    def value(type_name, content):
        return inspect_value(tmp_path, type_name, content)
    key = bytes.fromhex("3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a")
    word = struct.Struct(">I").pack
    assert value("Memo", word(1) + word(4) + b"a\n\\\xff") == r'{"text":"a\\n\\\\\\xff"}'
    assert value("Memo", word(0)) == '"none"'
    assert value("Asset", word(0)) == '"native"'
    assert value("AssetCode12", b"ABC" + bytes(9)) == r'"ABC\\0\\0"'
    assert value("AssetCode4", b"AB\0\0") == '"AB"'
    assert value("PublicKey", word(0) + key) == (
        '"GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"')
    assert value("SCVal", word(10) + bytes([255] * 16)) == '{"i128":"-1"}'
    assert value("SCVal", word(10) + bytes([128] + [0] * 15)) == (
        '{"i128":"-170141183460469231731687303715884105728"}')
    assert value("SCVal", word(9) + bytes([255] * 16)) == (
        '{"u128":"340282366920938463463374607431768211455"}')
    assert value("SCVal", word(12) + bytes([255] * 31 + [0])) == '{"i256":"-256"}'
    assert value("SCVal", word(5) + bytes([255] * 8)) == '{"u64":"18446744073709551615"}'
    assert value("SCVal", word(16) + word(0)) == '{"vec":null}'
    assert value("SCVal", word(1)) == '"void"'
    assert value("BinaryFuseFilterType", word(0)) == '"b8_bit"'
