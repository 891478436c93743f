"""The list of pipelines."""

from flask.testing import FlaskClient


def test_each_pipeline_names_its_stages_and_texts(http: FlaskClient) -> None:
    [pipeline] = http.get("/api/v1/pipelines").get_json()["pipelines"]
    assert pipeline["slug"] == "zomato-rider"
    assert [stage["name"] for stage in pipeline["stages"]] == ["person", "zomato_rider"]
    assert pipeline["texts"]["no_human"] == "no human detected"
