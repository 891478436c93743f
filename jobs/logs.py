"""Logs as JSON lines on stdout: an event name, the data as fields, no pictures and no secrets.

A field `trace` (a `traceparent`) is told in the form that Google Cloud Logging reads.
"""

import json
import logging
import sys
import time

from jobs.traces import name_for_cloud

# What every LogRecord has; anything else was given as `extra` and is a field of ours.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SEVERITY = {"WARNING": "WARNING", "ERROR": "ERROR", "CRITICAL": "CRITICAL", "DEBUG": "DEBUG"}


class JsonFormatter(logging.Formatter):
    """One line a record; an exception becomes its type and text, with the place it came from."""

    def __init__(self, component: str, *, project: str = "") -> None:
        super().__init__()
        self._component = component
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        """Write the record as one JSON object; `severity` is the name that Google Cloud reads."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "severity": _SEVERITY.get(record.levelname, "INFO"),
            "component": self._component,
            "event": record.getMessage(),
            "logger": record.name,
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if "trace" in line:
            line |= name_for_cloud(str(line.pop("trace")), self._project)
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _describe(record.exc_info[1])
        return json.dumps(line, default=repr)


def _describe(error: BaseException) -> str:
    """Tell an exception in one line: type, text, file and line where it was raised."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error}{place}"


def configure(component: str, *, project: str = "", level: int = logging.INFO) -> None:
    """Send every logger of this process to stdout as JSON; call once, from an entry point.

    `project` is the Google Cloud project that traces belong to, where there is one.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(component, project=project))
    logging.basicConfig(level=level, handlers=[handler], force=True)
