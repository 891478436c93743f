"""Sends style sheets and scripts packed (gzip), where the browser takes that.

Only files of `static/`: they hold nothing that a caller sent and nothing secret, so their packed
size tells nothing (BREACH). Packed once per process and kept, some 20 KB in all.
"""

import gzip
from functools import lru_cache

from flask import Flask, Response, request

PACKED_TYPES = frozenset({"text/css", "text/javascript", "image/svg+xml"})


def register(app: Flask) -> None:
    """Pack what is worth it after the static view has answered."""
    app.after_request(pack)


def pack(response: Response) -> Response:
    """Replace a static file by its packed form."""
    if request.endpoint != "static" or response.mimetype not in PACKED_TYPES:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code != 200 or not request.accept_encodings["gzip"]:
        return response
    response.direct_passthrough = False
    response.set_data(_pack(response.get_data()))
    response.headers["Content-Encoding"] = "gzip"
    return response


@lru_cache(maxsize=64)
def _pack(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
