"""Forms in memory: the parts as they were sent, or an error, never anything between."""

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from web.multipart import MultipartError, TooManyParts, split_form


def form(*parts: tuple[str, bytes], boundary: str = "b") -> bytes:
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + data
        + b"\r\n"
        for name, data in parts
    )
    return body + f"--{boundary}--\r\n".encode()


def split(body: bytes, boundary: str = "b", most: int = 9) -> list[tuple[str, bytes]]:
    return [(part.name, part.data) for part in split_form(body, boundary, most_parts=most)]


@given(st.lists(st.tuples(st.sampled_from(["image", "camera"]), st.binary(max_size=99))))
def test_parts_come_out_as_they_went_in(parts: list[tuple[str, bytes]]) -> None:
    if any(b"--longboundary" in data for _, data in parts):
        return
    assert split(form(*parts, boundary="longboundary"), "longboundary", 99) == parts


@given(st.lists(st.binary(min_size=1, max_size=99), min_size=1, max_size=5))
def test_what_another_library_writes_is_read(pictures: list[bytes]) -> None:
    builder = EnvironBuilder(
        method="POST",
        data={
            "pipeline": "zomato-rider",
            "image": [(io.BytesIO(one), f"naïve;{n}.jpg") for n, one in enumerate(pictures)],
        },
    )
    request = builder.get_request()
    boundary = request.mimetype_params["boundary"]
    body = request.stream.read()
    found = split(body, boundary)
    assert found == [("pipeline", b"zomato-rider")] + [("image", one) for one in pictures]


def test_a_preamble_and_an_epilogue_are_passed_over() -> None:
    assert split(b"preamble\r\n" + form(("a", b"1")) + b"epilogue") == [("a", b"1")]


def test_line_breaks_and_boundary_look_alikes_stay_in_the_data() -> None:
    data = b"\r\n-- b\r\n--\r\n\r\n"
    assert split(form(("a", data))) == [("a", data)]


def test_an_empty_part_is_a_part() -> None:
    assert split(form(("a", b""))) == [("a", b"")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form",
        b"--b",
        b"--b\r\n",
        b"--bx\r\n",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n--b--',
        b"--b\r\nContent-Type: image/jpeg\r\n\r\n1\r\n--b--",
        b"--b\r\n--b\r\n--b--",
        b"--b\r\n" + b"X" * 9000 + b"\r\n\r\n1\r\n--b--",
    ],
)
def test_what_is_no_form_is_an_error(body: bytes) -> None:
    with pytest.raises(MultipartError):
        split(body)


@pytest.mark.parametrize("boundary", ["", "é"])
def test_a_boundary_must_be_usable(boundary: str) -> None:
    with pytest.raises(MultipartError, match="no boundary"):
        split(form(("a", b"1")), boundary)


def test_the_number_of_parts_is_limited() -> None:
    parts = [("a", b"1")] * 9
    assert len(split(form(*parts))) == 9
    with pytest.raises(TooManyParts):
        split(form(*parts, ("a", b"1")))


@given(st.text(max_size=60), st.sampled_from(["; name=a", "; name*0*=utf-8''a; name*1=b", "; x"]))
def test_no_header_brings_it_to_another_end(text: str, more: str) -> None:
    value = ("form-data" + more + text).encode()
    with suppress(MultipartError):
        split(b"--b\r\nContent-Disposition: " + value + b"\r\n\r\n1\r\n--b--")


@given(st.binary(max_size=300))
def test_no_bytes_bring_it_to_another_end(data: bytes) -> None:
    with suppress(MultipartError):
        split(b"--b\r\n" + data + b"\r\n--b--")
