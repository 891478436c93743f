"""Writes multipart forms by hand: Werkzeug's test client spools large ones to a file of its own."""

from collections.abc import Sequence

BOUNDARY = "----spotter-tests"
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def make_form(pictures: Sequence[bytes], **fields: str) -> bytes:
    """Return the body of a form with each picture in a part `image`."""
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in fields.items()
    ]
    head = b'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
    parts += [head + picture for picture in pictures]
    mark = f"--{BOUNDARY}".encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"
