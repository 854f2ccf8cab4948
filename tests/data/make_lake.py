#!/usr/bin/env python3
"""Makes a small SEP-54 lake out of bare LedgerCloseMeta files.

    make_lake.py OUTPUT PASSPHRASE LCM_FILE...

One ledger an object, 64000 objects a partition, zstd level 3 by the `zstd` program. The same input
gives the same bytes.
"""

import json
import pathlib
import struct
import subprocess
import sys

FILES_PER_PARTITION = 64000
MAX = 0xFFFFFFFF


def key(sequence):
    start = sequence // FILES_PER_PARTITION * FILES_PER_PARTITION
    partition = f"{MAX - start:08X}--{start}-{start + FILES_PER_PARTITION - 1}"
    return f"{partition}/{MAX - sequence:08X}--{sequence}.xdr.zst"


def main():
    output, passphrase, *files = sys.argv[1:]
    output = pathlib.Path(output)
    for name in files:
        lcm = pathlib.Path(name).read_bytes()
        sequence = int(pathlib.Path(name).name.split(".")[0])
        batch = struct.pack(">III", sequence, sequence, 1) + lcm
        path = output / key(sequence)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(subprocess.run(["zstd", "-3", "-c", "-q"], input=batch, check=True,
                                        stdout=subprocess.PIPE).stdout)
    manifest = {"networkPassphrase": passphrase, "version": "1.0", "compression": "zstd",
                "ledgersPerBatch": 1, "batchesPerPartition": FILES_PER_PARTITION}
    (output / ".config.json").write_text(json.dumps(manifest, indent=2) + "\n")


main()
