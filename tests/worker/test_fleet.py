"""The log of a worker is lines of ours, without the stack traces of libraries."""

import logging

from worker.fleet import drop_traces


def make_record(name: str, text: str) -> logging.LogRecord:
    error = (RuntimeError, RuntimeError("lost"), None)
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, text, (), error)
    record.data = {"traceback": "Traceback (most recent call last): ..."}
    return record


def test_a_librarys_trace_is_left_out() -> None:
    record = make_record("celery.worker.request", "Task handler raised error: WorkerLostError()")
    drop_traces(record)
    assert (record.exc_info, hasattr(record, "data")) == (None, False)


def test_a_librarys_message_is_one_line() -> None:
    record = make_record("celery.worker.consumer", "Cannot connect.\nTrying again\n")
    drop_traces(record)
    assert record.getMessage() == "Cannot connect. Trying again"


def test_an_error_of_ours_keeps_its_exception() -> None:
    record = make_record("worker.child", "recognising_broke")
    drop_traces(record)
    assert record.exc_info is not None
