"""Styles and scripts go out packed, and nothing else does."""

import gzip

import pytest

GZIP = {"Accept-Encoding": "gzip, br"}


@pytest.fixture
def fetch(app):
    """Return status, headers and body of a path; the file behind it is closed."""

    def get(path, **headers):
        with app.test_client().get(path, headers=headers) as answer:
            return answer.status_code, answer.headers, answer.data

    return get


@pytest.mark.parametrize("name", ["css/spotter.css", "js/upload.js"])
def test_a_static_text_is_packed_for_those_who_take_it(fetch, name):
    _, plain_headers, plain = fetch(f"/static/{name}")
    _, headers, packed = fetch(f"/static/{name}", **GZIP)
    assert headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain_headers
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 2
    assert "Accept-Encoding" in plain_headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/static/img/astronaut.jpg"])
def test_a_page_and_a_picture_are_not_packed(fetch, path):
    assert "Content-Encoding" not in fetch(path, **GZIP)[1]


def test_an_unchanged_file_is_not_sent_again(fetch):
    tag = fetch("/static/js/upload.js", **GZIP)[1]["ETag"]
    status, _, body = fetch("/static/js/upload.js", **GZIP, **{"If-None-Match": tag})
    assert (status, body) == (304, b"")
