"""Whatever comes in, the answer is the sender's fault or a job: never ours, never a traceback."""

import json
from urllib.parse import quote

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.forms import FORM_TYPE, make_form
from tests.web.hostile import jpeg

PICTURE = jpeg(32, 24)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)
NAMES = st.sampled_from(["image", "pipeline", "camera", "max_wait", "other"])
BODIES = st.one_of(
    st.tuples(st.binary(max_size=300), st.sampled_from(["image/jpeg", "", "application/json"])),
    st.tuples(st.binary(max_size=99).map(lambda tail: PICTURE[:200] + tail), st.just("image/png")),
    st.tuples(
        st.dictionaries(NAMES, JSON_VALUES).map(lambda value: json.dumps(value).encode()),
        st.just("application/json"),
    ),
    st.tuples(
        st.dictionaries(NAMES, st.text(max_size=20)).map(
            lambda fields: make_form([PICTURE], **fields)
        ),
        st.just(FORM_TYPE),
    ),
    st.tuples(st.binary(max_size=200), st.just(FORM_TYPE)),
    st.tuples(st.binary(max_size=200), st.text(max_size=40)),
)
QUERIES = st.dictionaries(
    st.sampled_from(["pipeline", "camera", "max_wait", "limit", "cursor", "wait"]),
    st.text(max_size=12),
)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(body=BODIES, query=QUERIES, path=st.sampled_from(["/jobs", "/batches"]))
def test_no_body_brings_a_fault_of_ours(
    http: FlaskClient, body: tuple[bytes, str], query: dict[str, str], path: str
) -> None:
    data, content_type = body
    answer = http.post(
        "/api/v1" + path,
        data=data,
        query_string=query,
        environ_overrides={"CONTENT_TYPE": content_type.encode("utf-8").decode("latin-1")},
    )
    assert answer.status_code in (202, 400, 413, 415, 422), answer.get_data(as_text=True)
    assert "Traceback" not in answer.get_data(as_text=True)


@settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(query=QUERIES, name=st.text(max_size=30))
def test_no_address_brings_a_fault_of_ours(
    http: FlaskClient, query: dict[str, str], name: str
) -> None:
    query.pop("wait", None)
    name = quote(name, safe="")
    for path in (f"/api/v1/jobs/{name}", "/api/v1/jobs", f"/api/v1/batches/{name}"):
        answer = http.get(path, query_string=query)
        assert answer.status_code in (200, 308, 400, 404), answer.get_data(as_text=True)
