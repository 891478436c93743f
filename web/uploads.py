"""The door: looks at the head of every picture and lets in what a worker can be asked about.

The type is decided by content alone; file names and Content-Type are never asked. What only
decoding can tell is left to the worker.
"""

from web.errors import Problem
from web.headers import HeaderError, PictureHeader, has_many_scans, read_header

MOST_PIXELS = 25_000_000
LONGEST_SIDE = 12_000
# A baseline JPEG has 1 scan, a progressive one about 10. Each further scan costs a decoder one
# pass over all pixels: 200 of them in a 24-megapixel file took 3 s.
MOST_SCANS = 100

# What people send by mistake, and the way on. A first match wins.
HINTS: tuple[tuple[bytes, int, str], ...] = (
    (b"heic", 8, "This is a HEIC photo, as iPhones store them: export or share it as JPEG."),
    (b"heix", 8, "This is a HEIC photo, as iPhones store them: export or share it as JPEG."),
    (b"mif1", 8, "This is a HEIF photo: export or share it as JPEG."),
    (b"avif", 8, "This is an AVIF picture: save it as JPEG or PNG."),
    (b"ftyp", 4, "This is a video or a picture in a video's container: send one frame as JPEG."),
    (b"%PDF", 0, "This is a PDF: export the page as JPEG or PNG."),
    (b"%!PS", 0, "This is PostScript: export it as JPEG or PNG."),
    (b"II*\0", 0, "This is a TIFF or a raw photo: save it as JPEG or PNG."),
    (b"MM\0*", 0, "This is a TIFF or a raw photo: save it as JPEG or PNG."),
    (b"8BPS", 0, "This is a Photoshop file: save it as JPEG or PNG."),
    (b"\0\0\1\0", 0, "This is an icon file: save it as PNG."),
    (b"\0\0\0\x0cjP  ", 0, "This is JPEG 2000: save it as JPEG or PNG."),
    (b"\xff\x4f\xff\x51", 0, "This is JPEG 2000: save it as JPEG or PNG."),
    (b"\xff\x0a", 0, "This is JPEG XL: save it as JPEG or PNG."),
    (b"PK\3\4", 0, "This is a ZIP archive: send the pictures in it one by one, or as a batch."),
    (b"\x1f\x8b", 0, "This is compressed with gzip: send the picture itself."),
    (b"data:", 0, 'This is a data URL: send it as JSON, {"image": "data:..."}.'),
    (b"{", 0, "This is JSON: send it with Content-Type: application/json."),
    (b"--", 0, "This is a form: send it with Content-Type: multipart/form-data; boundary=..."),
    (b"<svg", 0, "This is an SVG drawing: export it as PNG."),
    (b"<", 0, "This is HTML, SVG or XML and not a picture of pixels: export it as PNG or JPEG."),
)


def check_picture(data: bytes, *, most_bytes: int) -> PictureHeader:
    """Return what the head of the picture says, if it may come in.

    Raises:
        Problem: empty, too large, of a type that is not taken, or damaged in its head.
    """
    if not data:
        raise Problem("body_empty", "The picture is empty (0 bytes): choose it again.")
    if len(data) > most_bytes:
        raise Problem(
            "body_too_large",
            f"The picture has {len(data)} bytes and at most {most_bytes} are taken: send a "
            "smaller one, 1280 pixels on the longer side are plenty.",
        )
    try:
        header = read_header(data)
    except HeaderError as error:
        raise Problem(error.code, str(error)) from error
    if header is None:
        raise Problem("image_unsupported", f"{_hint(data)} JPEG, PNG, WEBP, GIF and BMP are taken.")
    _check_size(header)
    if header.kind == "JPEG" and has_many_scans(data, MOST_SCANS):
        raise Problem(
            "image_too_complex",
            f"This JPEG has more than {MOST_SCANS} scans and would take very long to decode: "
            "save it again as an ordinary JPEG.",
        )
    return header


def _check_size(header: PictureHeader) -> None:
    """Refuse a canvas that would fill a worker's memory, however few bytes it came in."""
    if max(header.width, header.height) > LONGEST_SIDE or (
        header.width * header.height > MOST_PIXELS
    ):
        raise Problem(
            "image_too_large",
            f"The picture is {header.width} x {header.height} pixels; at most {LONGEST_SIDE} a "
            f"side and {MOST_PIXELS // 10**6} million together are taken: send a smaller one, "
            "1280 pixels on the longer side are plenty.",
        )


def _hint(data: bytes) -> str:
    """Say what the bytes seem to be."""
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    for mark, at, text in HINTS:
        if start.startswith(mark, at):
            return text
    return "The first bytes are not those of a picture."
