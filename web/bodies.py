"""Takes the body of a request off the wire, whole or not at all, into memory.

Werkzeug's own streams are passed by: behind gunicorn they cannot see that a body was cut short,
and at their limit they end without an error, so that half a picture would be accepted.
"""

from flask import Request

from web.errors import Problem


def read_body(request: Request, *, most_bytes: int) -> bytes:
    """Return the bytes of the body.

    Raises:
        Problem: no length, too long, empty, compressed, or fewer bytes than announced.
    """
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise Problem("encoding_unsupported", close=True)
    length = _read_length(request)
    if length > most_bytes:
        raise Problem(
            "body_too_large",
            f"The body has {length} bytes and at most {most_bytes} are taken: send a smaller "
            "picture, 1280 pixels on the longer side are plenty.",
        )
    if length == 0:
        raise Problem("body_empty")
    body: bytes = request.environ["wsgi.input"].read(length)
    if len(body) != length:
        raise Problem(
            "body_incomplete",
            f"Content-Length announces {length} bytes and {len(body)} came, so nothing was "
            "accepted: send it again.",
            close=True,
        )
    return body


def _read_length(request: Request) -> int:
    """Return Content-Length; a body in chunks has none, and neither has a request without body."""
    if request.headers.get("Transfer-Encoding"):
        raise Problem("length_required", close=True)
    text = request.environ.get("CONTENT_LENGTH") or "0"
    if not (text.isascii() and text.isdigit()):
        raise Problem("length_required", "Content-Length is not a number of bytes.", close=True)
    return int(text)
