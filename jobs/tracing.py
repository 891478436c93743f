"""OpenTelemetry spans, where the standard OTEL_ variables ask for them; else nothing is imported.

The only file that imports OpenTelemetry. Endpoint, headers, sampler, batch sizes and the resource
are read by its SDK from the environment, as its own documentation says. Spans go out by OTLP over
HTTP in a thread of their own; what cannot be sent is dropped, and no request waits for it.
"""

import importlib.util
import sys
from collections.abc import Mapping
from enum import Enum
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self, cast

from jobs.errors import SettingError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Span as SdkSpan
    from opentelemetry.sdk.trace import TracerProvider

Attributes = Mapping[str, str | bool | int | float]

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
FLUSH_MILLISECONDS = 500  # a process that ends has seconds in all


class Kind(Enum):
    """What a span stands for; the names are OpenTelemetry's."""

    SERVER = "SERVER"
    CONSUMER = "CONSUMER"
    INTERNAL = "INTERNAL"


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Tell whether the environment asks for traces.

    Raises:
        SettingError: it asks for what is not built in, or not installed.
    """
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return False
    if not exporter and not any(environ.get(name) for name in ENDPOINTS):
        return False
    if exporter not in ("", "otlp"):
        raise SettingError(f"OTEL_TRACES_EXPORTER must be otlp or none, not {exporter!r}")
    for name in PROTOCOLS:
        if environ.get(name) not in (None, "", "http/protobuf"):
            raise SettingError(f"{name} must be http/protobuf (port 4318), not {environ[name]!r}")
    if not _is_installed():
        raise SettingError(
            "the OTEL_ variables ask for traces, and OpenTelemetry is not installed: install the "
            f"extra `otel` of pyproject.toml, or unset {', '.join(ENDPOINTS)}"
        )
    return True


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.sdk") is not None
    except ModuleNotFoundError:  # not even the package around it
        return False


def keep_out(environ: Mapping[str, str]) -> None:
    """Have nothing import OpenTelemetry where no variable asks for traces.

    redis-py would, where it is installed, for metrics of its own that nobody reads: 70 ms and 3 MB
    of every process. An entry point calls this before anything imports redis.
    """
    if not any(environ.get(name) for name in (*ENDPOINTS, "OTEL_TRACES_EXPORTER")):
        sys.modules.setdefault("opentelemetry", cast(ModuleType, None))


class Span:
    """A span that has begun; `trace` is its place as a `traceparent`, for what comes after it."""

    def __init__(self, tracer: "Tracer", span: "SdkSpan") -> None:
        self._tracer = tracer
        self._span = span

    @property
    def trace(self) -> str:
        """Return the `traceparent` that names this span as the parent."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def add(self, name: str, begin_ns: int, end_ns: int, attributes: Attributes) -> None:
        """Add a part that is over already."""
        self._tracer.begin(
            name, parent=self.trace, kind=Kind.INTERNAL, begin_ns=begin_ns, attributes=attributes
        ).end(end_ns=end_ns)

    def end(
        self,
        *,
        name: str | None = None,
        attributes: Attributes | None = None,
        error: str | None = None,
        end_ns: int | None = None,
    ) -> None:
        """End it; `error` says what went wrong."""
        from opentelemetry.trace import Status, StatusCode

        if name:
            self._span.update_name(name)
        if attributes:
            self._span.set_attributes(dict(attributes))
        if error is not None:
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end(end_ns)


class Tracer:
    """Makes the spans of one process and sends them."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("spotter")

    @classmethod
    def connect(cls, service: str) -> Self:
        """Make a tracer that sends to the endpoint of the OTEL_ variables."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before our name.
        resource = Resource.create()
        if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
            resource = resource.merge(Resource({SERVICE_NAME: service}))
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def begin(
        self,
        name: str,
        *,
        parent: str,
        kind: Kind,
        attributes: Attributes | None = None,
        begin_ns: int | None = None,
    ) -> Span:
        """Begin a span under a `traceparent`; without one it begins a trace of its own."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context = TraceContextTextMapPropagator().extract({"traceparent": parent})
        span: Any = self._tracer.start_span(
            name,
            context=context,
            kind=SpanKind[kind.value],
            attributes=dict(attributes or {}),
            start_time=begin_ns,
        )
        return Span(self, span)

    def flush(self) -> None:
        """Send what is pending, for half a second at most: the process ends."""
        self._provider.force_flush(FLUSH_MILLISECONDS)
