"""Odd and hostile requests around a picture, each with the answer that it is to get."""

import json
from base64 import b64encode

import pytest
from flask.testing import FlaskClient

from tests.web import hostile
from tests.web.forms import BOUNDARY, FORM_TYPE, make_form

JOBS = "/api/v1/jobs"
MARK = f"--{BOUNDARY}".encode()
PHOTO = hostile.jpeg()


def part(name: str, data: bytes, filename: str | bytes | None = None) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"'.encode()
    if filename is not None:
        text = filename if isinstance(filename, bytes) else filename.encode()
        head += b'; filename="' + text + b'"'
    return MARK + b"\r\n" + head + b"\r\n\r\n" + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + MARK + b"--\r\n"


NAMED = [
    *("", "../../etc/passwd", "..\\..\\x", "a" * 300, "\u202egpj.exe", "photo.jpg.php", "名前.jpg"),
    *(b"nul\x00.jpg", b"\xff\xfe.jpg", "a;b=c", "<script>"),
]
FORMS = [
    ("no part `image`", form(part("picture", PHOTO, "a.jpg")), 400, "image_missing"),
    ("two pictures", make_form([PHOTO, PHOTO]), 400, "image_repeated"),
    ("an empty part", make_form([b""]), 400, "body_empty"),
    ("a thousand parts", form(*[part("x", b"1")] * 1000), 400, "form_unreadable"),
    ("another boundary", make_form([PHOTO]).replace(MARK, b"--other"), 400, "form_unreadable"),
    ("nothing", form(), 400, "image_missing"),
    ("a long field", make_form([PHOTO], camera="a" * 2000), 400, "parameter_unusable"),
    ("a field of NUL", make_form([PHOTO], camera="a\0b"), 400, "parameter_unusable"),
]
JSONS = [
    ("bad padding", {"image": "YWI"}, 400),
    ("no base64", {"image": "%%%"}, 400),
    ("letters of no alphabet", {"image": "ÄÖÜ="}, 400),
    ("a data URL without base64", {"image": "data:image/png,abc"}, 400),
    ("no text", {"image": 5}, 400),
    ("a list", [1, 2], 400),
    ("an empty picture", {"image": ""}, 400),
    (
        "a data URL of another type",
        {"image": "data:text/html;base64," + b64encode(PHOTO).decode()},
        202,
    ),
    ("a webcam of 0 x 0", {"image": b64encode(hostile.png(0, 0)).decode()}, 422),
]
QUERIES = [
    *(
        "max_wait=NaN",
        "max_wait=-1",
        "max_wait=inf",
        "max_wait=1e9",
        "max_wait=0",
        "max_wait=9999999",
    ),
    *("camera=..%2F..%2Fx", "camera=%00", "camera=%E2%80%AE", "camera=" + "a" * 65),
]


@pytest.mark.parametrize("name", NAMED, ids=ascii)
def test_a_file_s_name_is_never_asked(http: FlaskClient, name: str | bytes) -> None:
    answer = http.post(JOBS, data=form(part("image", PHOTO, name)), content_type=FORM_TYPE)
    assert answer.status_code in (202, 400), answer.get_json()
    assert answer.status_code == 202 or answer.get_json()["code"] == "form_unreadable"


@pytest.mark.parametrize(("what", "body", "status", "code"), FORMS, ids=[one[0] for one in FORMS])
def test_a_form_gets_its_answer(
    http: FlaskClient, what: str, body: bytes, status: int, code: str
) -> None:
    answer = http.post(JOBS, data=body, content_type=FORM_TYPE)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


@pytest.mark.parametrize(("what", "value", "status"), JSONS, ids=[one[0] for one in JSONS])
def test_json_gets_its_answer(http: FlaskClient, what: str, value: object, status: int) -> None:
    answer = http.post(JOBS, data=json.dumps(value), content_type="application/json")
    assert answer.status_code == status, answer.get_json()


@pytest.mark.parametrize("query", QUERIES)
def test_a_parameter_out_of_its_range_is_named(http: FlaskClient, query: str) -> None:
    answer = http.post(f"{JOBS}?{query}", data=PHOTO)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "parameter_unusable")
    assert query.partition("=")[0] in answer.get_json()["detail"]


@pytest.mark.parametrize("name", ["zomato-rіder", "数字", "..%2f..%2fx", "a" * 4000, "%00"])
def test_a_pipeline_that_is_none_is_refused(http: FlaskClient, name: str) -> None:
    answer = http.post(JOBS, data=PHOTO, query_string={"pipeline": name})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "pipeline_unknown")


def test_a_compressed_body_is_refused(http: FlaskClient) -> None:
    answer = http.post(JOBS, data=PHOTO, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.get_json()["code"]) == (415, "encoding_unsupported")


def test_a_canvas_of_nothing_is_a_picture(http: FlaskClient) -> None:
    [case] = [case for case in hostile.CASES if case.name == "all_transparent.png"]
    assert http.post(JOBS, data=case.data).status_code == 202
