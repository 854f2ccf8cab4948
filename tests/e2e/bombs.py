"""zstd frames that are small and unzip to much: blocks of four bytes that stand for 128 KiB each."""

import struct

_MAGIC, _WINDOW = b"\x28\xb5\x2f\xfd", b"\x68"  # 8 MiB
BLOCK = 128 << 10


def bomb(size, claimed=None):
    """A frame that unzips to `size` zeros, a multiple of BLOCK, and may claim to have other bytes."""
    head = b"\x00" + _WINDOW if claimed is None else b"\xc0" + _WINDOW + struct.pack("<Q", claimed)
    repeated = 1 << 1 | BLOCK << 3  # a block of one byte, and how often it comes
    blocks = [repeated] * (size // BLOCK - 1) + [repeated | 1]  # the last one says so
    return _MAGIC + head + b"".join(struct.pack("<I", block) for block in blocks)
