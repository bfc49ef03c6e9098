"""Reads a PNG into grey pixels with the standard library alone, so that a reader of codes can look at it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import zxingcpp

_SAMPLES = {0: 1, 2: 3, 6: 4}
"""Samples of a pixel by colour type: grey, colours, colours with opacity."""


def codes_in(png: bytes) -> list[str]:
    """The texts of all QR codes in a picture."""
    width, height, grey = _grey(png)
    picture = zxingcpp.ImageView(memoryview(grey), width, height, zxingcpp.ImageFormat.Lum)
    return [found.text for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]


def _grey(png: bytes) -> tuple[int, int, bytes]:
    chunks = list(_chunks(png))
    width, height, depth, colour = struct.unpack(">IIBB", chunks[0][1][:10])
    samples = _SAMPLES[colour]
    raw = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    stride = (width * samples * depth + 7) // 8
    lines, before = [], bytes(stride // samples)
    for start in range(0, height * (stride + 1), stride + 1):
        one = raw[start + 1 : start + 1 + stride : samples]  # the first sample of each pixel stands for all
        before = _unfiltered(raw[start], one, before)
        lines.append(_bits(before, width) if depth == 1 else before)
    return width, height, b"".join(lines)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += length + 12


def _bits(line: bytes, width: int) -> bytes:
    return bytes(255 * (line[x >> 3] >> (7 - (x & 7)) & 1) for x in range(width))


def _unfiltered(kind: int, line: bytes, above: bytes) -> bytes:
    if kind == 0:
        return line
    made = bytearray()
    left = corner = 0
    for value, over in zip(line, above, strict=True):
        guess = _paeth(left, over, corner) if kind == 4 else (0, left, over, (left + over) // 2)[kind]
        left, corner = value + guess & 0xFF, over
        made.append(left)
    return bytes(made)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda near: abs(guess - near))
