"""QR codes drawn into pages, and read from photographs that strangers send. Knows nothing of what the text means."""

from __future__ import annotations

import io
import threading
import warnings
from typing import Any

import segno
import zxingcpp
from PIL import Image

from muster.base.errors import Code, Malformed

MAX_PICTURE_BYTES = 16 * 1024 * 1024
# JPEG is scaled while it is read; other formats are unfolded whole, so they may have fewer pixels.
MAX_JPEG_PIXELS = 120_000_000
MAX_PIXELS = 16_000_000
MAX_SIDE = 20_000
READ_AT_SIDE = 2400
AT_ONCE = 2
_KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_QR = zxingcpp.barcode_formats_from_str("QRCode")
_turns = threading.BoundedSemaphore(AT_ONCE)


def draw(text: str) -> str:
    """The text as an ``<svg>`` element for a page: no style, no script, sized by its viewBox."""
    code = segno.make(text, error="m", micro=False)
    return str(code.svg_inline(border=4, omitsize=True, svgclass="qr", lineclass=None, light="#fff", dark="#000"))


def is_picture(data: bytes) -> bool:
    """Whether these are the first bytes of a picture, rather than of a text file."""
    return data[:4] in {b"\x89PNG", b"GIF8", b"RIFF"} or data[:2] in {b"\xff\xd8", b"BM"} or data[4:8] == b"ftyp"


def read(data: bytes) -> tuple[str, ...]:
    """The texts of the QR codes in a picture, at least one; `Malformed` with PICTURE_UNREADABLE says what is wrong.

    At most `AT_ONCE` pictures are unfolded at the same time; others wait.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise _unreadable(f"the picture is larger than {MAX_PICTURE_BYTES // 1024 // 1024} MB")
    with _turns:
        picture = _unfold(data)
        found = zxingcpp.read_barcodes(picture, formats=_QR)
    texts = tuple(code.text for code in found if code.valid and code.text)
    if not texts:
        raise _unreadable("there is no QR code in the picture, or it is not sharp enough")
    return texts


def _unfold(data: bytes) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is judged here
            picture = Image.open(io.BytesIO(data), formats=_KINDS)
            width, height = picture.size
            most = MAX_JPEG_PIXELS if picture.format == "JPEG" else MAX_PIXELS
            if max(width, height) > MAX_SIDE or width * height > most:
                raise _unreadable(f"the picture has too many pixels: {width} by {height}")
            picture.draft("L", (READ_AT_SIDE, READ_AT_SIDE))
            picture.load()
            grey = picture.convert("RGBA") if picture.mode in {"P", "LA", "PA"} else picture
            if grey.mode == "RGBA":
                grey = Image.alpha_composite(Image.new("RGBA", grey.size, "white"), grey)
            grey = grey.convert("L")
            grey.thumbnail((READ_AT_SIDE, READ_AT_SIDE))
    except Malformed:
        raise
    except Image.DecompressionBombError as error:
        raise _unreadable("the picture has too many pixels") from error
    # Decoders of pictures fail in many ways; each of them means the same to whoever sent it.
    except Exception as error:
        raise _unreadable("this is not a JPEG, PNG, WebP, GIF or BMP picture, or it is damaged") from error
    return grey


def _unreadable(problem: str) -> Malformed:
    return Malformed(Code.PICTURE_UNREADABLE, problem)
