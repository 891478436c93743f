"""One JSON object a line, fields as data, an exception in one line."""

import json
import logging
import sys

from jobs.logs import JsonFormatter


def format_record(
    level: int, event: str, *, error: bool = False, project: str = "", **fields: object
) -> str:
    info = sys.exc_info() if error else None
    logger = logging.getLogger("jobs.test")
    record = logger.makeRecord("jobs.test", level, "f.py", 1, event, (), info, extra=fields)
    return JsonFormatter("web", project=project).format(record)


def test_fields_stand_beside_the_event() -> None:
    line = json.loads(format_record(logging.INFO, "job_accepted", job_id="j", request_id="r"))
    assert (line["event"], line["job_id"], line["request_id"]) == ("job_accepted", "j", "r")
    assert (line["component"], line["severity"]) == ("web", "INFO")


def test_an_exception_is_one_line_without_a_traceback() -> None:
    try:
        raise ValueError("a bad\nvalue")
    except ValueError:
        text = format_record(logging.ERROR, "it_failed", error=True)
    assert "\n" not in text
    assert "Traceback" not in text
    assert "ValueError: a bad" in json.loads(text)["exception"]
