"""What came in with a request, whichever of the three forms it took: pictures and named fields."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import Request

from web.bodies import read_body
from web.errors import Problem
from web.multipart import MultipartError, Part, TooManyParts, split_form

FORM_TYPE = "multipart/form-data"
SMALL_FORM_TYPE = "application/x-www-form-urlencoded"
MOST_SMALL_FORM_BYTES = 8192
FIELD = "image"
FIELD_NAMES = ("pipeline", "camera", "max_wait", "key")
MOST_FIELD_BYTES = 1024
# What a form or a JSON object may take beside its pictures.
ROOM_BYTES = 64 * 1024
MOST_OTHER_PARTS = 16

DATA_URL = re.compile(r"data:[^,]{0,200}?;base64,", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The pictures as they came, unchecked, and the fields of query and body (the body wins)."""

    pictures: tuple[bytes, ...]
    fields: Mapping[str, str]


def read_one(request: Request, *, most_bytes: int) -> Arrival:
    """Read a request that carries exactly one picture: a form, JSON, or the bytes as they are.

    Raises:
        Problem: the body did not arrive whole, cannot be read, or holds another number of pictures.
    """
    mimetype = request.mimetype
    if mimetype == FORM_TYPE:
        body = read_body(request, most_bytes=most_bytes + ROOM_BYTES)
        arrival = _read_form(request, body, most_pictures=1)
        if len(arrival.pictures) > 1:
            raise Problem("image_repeated")
        return arrival
    if mimetype == "application/json" or mimetype.endswith("+json"):
        # Base64 makes four characters of three bytes.
        body = read_body(request, most_bytes=most_bytes * 4 // 3 + ROOM_BYTES)
        return _read_json(request, body)
    body = read_body(request, most_bytes=most_bytes)
    return Arrival(pictures=(body,), fields=_pick(request.args))


def read_many(request: Request, *, most_bytes: int, most_pictures: int) -> Arrival:
    """Read a form with several pictures in repeated parts `image`.

    Raises:
        Problem: it is no form, did not arrive whole, or holds none or too many pictures.
    """
    if request.mimetype != FORM_TYPE:
        raise Problem(
            "form_unreadable",
            f"Send several pictures as {FORM_TYPE}, each in a part `{FIELD}`; this came as "
            f"{request.mimetype or 'nothing named'}.",
        )
    body = read_body(request, most_bytes=most_bytes)
    arrival = _read_form(request, body, most_pictures=most_pictures)
    if len(arrival.pictures) > most_pictures:
        raise _too_many(most_pictures)
    return arrival


def read_small_form(request: Request) -> dict[str, str]:
    """Return the fields of a form without a picture.

    Not Werkzeug's `request.form`: it would put any number of bytes of a multipart body on the disk.

    Raises:
        Problem: it is no such form, too long, or did not arrive whole.
    """
    if request.mimetype != SMALL_FORM_TYPE:
        raise Problem("form_unreadable", f"Send this form as {SMALL_FORM_TYPE}.")
    body = read_body(request, most_bytes=MOST_SMALL_FORM_BYTES)
    try:
        return dict(parse_qsl(body.decode("utf-8"), max_num_fields=MOST_OTHER_PARTS))
    except ValueError as error:
        raise Problem("form_unreadable", f"The form cannot be read: {error}.") from error


def _too_many(most_pictures: int) -> Problem:
    return Problem(
        "batch_too_large", f"At most {most_pictures} pictures go into one request: send several."
    )


def _pick(values: Mapping[str, Any]) -> dict[str, str]:
    """Keep the fields that we know, as text."""
    return {name: str(values[name]) for name in FIELD_NAMES if values.get(name) is not None}


def _read_form(request: Request, body: bytes, *, most_pictures: int) -> Arrival:
    boundary = request.mimetype_params.get("boundary", "")
    try:
        parts = split_form(body, boundary, most_parts=most_pictures + MOST_OTHER_PARTS)
    except TooManyParts as error:
        if most_pictures > 1:
            raise _too_many(most_pictures) from error
        raise Problem("form_unreadable", f"The form cannot be read: {error}.") from error
    except MultipartError as error:
        raise Problem("form_unreadable", f"The form cannot be read: {error}.") from error
    pictures = tuple(part.data for part in parts if part.name == FIELD)
    if not pictures:
        raise Problem("image_missing", f"The form has no part `{FIELD}`: put the picture there.")
    fields = {part.name: _read_text(part) for part in parts if part.name in FIELD_NAMES}
    return Arrival(pictures=pictures, fields={**_pick(request.args), **fields})


def _read_text(part: Part) -> str:
    """Return the text of a small field."""
    try:
        if len(part.data) <= MOST_FIELD_BYTES:
            return part.data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    raise Problem("parameter_unusable", f"`{part.name}` is not a short text in UTF-8.")


def _read_json(request: Request, body: bytes) -> Arrival:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem("json_unreadable") from error
    if not isinstance(value, dict):
        raise Problem("json_unreadable")
    text = value.get(FIELD)
    if not isinstance(text, str):
        raise Problem("image_missing", f"The JSON has no text `{FIELD}` with a picture in base64.")
    return Arrival(
        pictures=(_decode_base64(text),),
        fields={**_pick(request.args), **_pick(value)},
    )


def _decode_base64(text: str) -> bytes:
    """Decode base64 or a data URL; line breaks and the URL-safe letters are welcome."""
    if text[:5].lower() == "data:":
        head = DATA_URL.match(text)
        if head is None:
            raise Problem("base64_unreadable", "The data URL has no `;base64,`.")
        text = text[head.end() :]
    try:
        data = text.encode("ascii").translate(_URL_SAFE, b" \t\r\n")
        return base64.b64decode(data, validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Problem("base64_unreadable") from error


_URL_SAFE = bytes.maketrans(b"-_", b"+/")
