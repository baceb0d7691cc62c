"""The IDX format of MNIST and its relatives: a few bytes of header, and then the numbers."""

from __future__ import annotations

import math

import numpy as np

from ..errors import FormatError
from .dataset import Array

__all__ = ["read_idx"]

#: The third byte of a file says what its numbers are.
KINDS = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(content: bytes, name: str = "the file") -> Array:
    """Return the array that an IDX file holds, gzipped or not.

    The file begins with two zero bytes, one for the kind of number and one for the number n of axes; then come n
    lengths of four bytes, and the numbers, big-endian, the last axis fastest. Source: LeCun, Cortes and Burges, "The
    MNIST database of handwritten digits", 1998. Raises FormatError where anything is missing, left over or unknown.

    >>> read_idx(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])).tolist()
    [[1, 2, 3], [4, 5, 6]]
    """
    if content[:2] == b"\x1f\x8b":
        import gzip  # here, not above: `import mathnn` stays quick
        import zlib

        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise FormatError(f"read_idx: {name} is truncated or altered ({error}); fetch it again") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in KINDS:
        raise FormatError(
            f"read_idx: {name} is not an IDX file: it begins with the bytes {content[:4].hex(' ') or 'of nothing'}, "
            "where two zeros, a kind of number (08 for unsigned bytes) and the number of axes are expected"
        )
    start = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:start], ">u4", (min(len(content), start) - 4) // 4).tolist())
    kind = np.dtype(KINDS[content[2]])
    expected = start + kind.itemsize * math.prod(shape)
    if len(shape) < content[3] or len(content) != expected:
        raise FormatError(
            f"read_idx: {name} is truncated or altered: it has {len(content)} bytes where its header, shape {shape}, "
            f"asks for {expected}; fetch it again"
        )
    array: Array = np.frombuffer(content, kind, offset=start).reshape(shape)
    return array.astype(kind.newbyteorder("="))
