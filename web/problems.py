"""Everything that can be refused, in one table: the stable code, its HTTP status and what to do.

OpenAPI, the API page and docs/api.md list this table; a test keeps the three together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """One kind of refusal. `advice` tells what to do; it stands where no better detail is known."""

    code: str
    status: int
    title: str
    advice: str


def _table(*kinds: ProblemKind) -> Mapping[str, ProblemKind]:
    return MappingProxyType({kind.code: kind for kind in kinds})


def _kind(code: str, status: int, title: str, advice: str) -> ProblemKind:
    return ProblemKind(code=code, status=status, title=title, advice=advice)


PROBLEMS = _table(
    _kind(
        "body_empty",
        400,
        "No bytes came",
        "Send the bytes of a picture as the request's body, or as the form field `image`.",
    ),
    _kind(
        "body_incomplete",
        400,
        "The body did not arrive whole",
        "Fewer bytes came than Content-Length announces, so nothing was accepted: send it again.",
    ),
    _kind(
        "form_unreadable",
        400,
        "The form cannot be read",
        "Send multipart/form-data as RFC 7578 says, with the boundary that the header names.",
    ),
    _kind(
        "json_unreadable",
        400,
        "The JSON cannot be read",
        'Send one JSON object, for example {"pipeline": "zomato-rider", "image": "<base64>"}.',
    ),
    _kind(
        "base64_unreadable",
        400,
        "The base64 cannot be read",
        "Send the whole picture as base64 (RFC 4648, padded) or as a data URL with `;base64,`.",
    ),
    _kind(
        "image_missing",
        400,
        "The request carries no picture",
        "Put the picture into the field `image`.",
    ),
    _kind(
        "image_repeated",
        400,
        "The request carries several pictures",
        "A job takes one picture: send one `image`, or send them together to /api/v1/batches.",
    ),
    _kind(
        "parameter_unusable",
        400,
        "A parameter cannot be used",
        "Correct the parameter that the detail names, or leave it out.",
    ),
    _kind(
        "request_malformed",
        400,
        "The request cannot be read",
        "Send HTTP/1.1 as RFC 9112 says: its first line, its headers or its length are not right.",
    ),
    _kind(
        "key_missing",
        401,
        "Spotter does not know you",
        "Send a key in the header `Authorization: Bearer KEY`, or sign this browser in: whoever "
        "runs this Spotter gives out keys and sign-in links.",
    ),
    _kind(
        "key_unknown",
        401,
        "This key cannot be used",
        "There is no such key, or it has run out or was revoked: ask whoever runs this Spotter "
        "for a new one.",
    ),
    _kind(
        "scope_missing",
        403,
        "You may not do this",
        "Your key or sign-in does not cover this: ask whoever runs this Spotter for one that does.",
    ),
    _kind(
        "cross_site",
        403,
        "Another site sent this request",
        "Requests that change something must come from this service's own pages or from a program.",
    ),
    _kind(
        "not_found",
        404,
        "Nothing is here",
        "Check the address; the API and all its paths are described at /api.",
    ),
    _kind(
        "job_unknown",
        404,
        "No job has this id",
        "Check the id. Results are kept for a time, a day by default.",
    ),
    _kind(
        "batch_unknown",
        404,
        "No batch has this id",
        "Check the id. Batches are kept as long as their results, a day by default.",
    ),
    _kind(
        "method_not_allowed",
        405,
        "This address does not take this method",
        "Use one of the methods that the header Allow names.",
    ),
    _kind(
        "request_too_slow",
        408,
        "The request came too slowly",
        "Nothing was accepted: send it again, over a better connection or as a smaller picture.",
    ),
    _kind(
        "job_not_failed",
        409,
        "This job has not failed",
        "Only a failed job can be tried again. Send the picture anew to ask once more.",
    ),
    _kind(
        "picture_gone",
        410,
        "The picture is gone",
        "Spotter keeps the picture of a failed job for a short time, and only where the fault was "
        "its own: send the picture again.",
    ),
    _kind(
        "length_required",
        411,
        "The length of the body is not known",
        "Send Content-Length; a chunked body is not taken.",
    ),
    _kind(
        "body_too_large",
        413,
        "Too many bytes",
        "Send a smaller picture: 1280 pixels on the longer side are plenty.",
    ),
    _kind(
        "image_too_large",
        413,
        "Too many pixels",
        "Send a smaller picture: 1280 pixels on the longer side are plenty.",
    ),
    _kind(
        "batch_too_large",
        413,
        "Too many pictures at once",
        "Split the pictures into several batches.",
    ),
    _kind(
        "encoding_unsupported",
        415,
        "The body is compressed",
        "Send the body as it is, without Content-Encoding: pictures are compressed already.",
    ),
    _kind(
        "image_unsupported",
        415,
        "This is not a picture that can be read",
        "Send JPEG, PNG, WEBP, GIF or BMP.",
    ),
    _kind(
        "host_unknown",
        421,
        "This service does not answer to this host name",
        "Use one of the names in SPOTTER_HOSTS; whoever runs the service can add one there.",
    ),
    _kind(
        "pipeline_unknown",
        422,
        "No pipeline has this name",
        "Name one of those that GET /api/v1/pipelines lists.",
    ),
    _kind(
        "image_damaged",
        422,
        "The picture is damaged",
        "Save the picture again as JPEG or PNG and send that.",
    ),
    _kind(
        "image_truncated",
        422,
        "The picture is cut off",
        "The end of the file is missing: send the whole file.",
    ),
    _kind(
        "image_too_complex",
        422,
        "The picture takes too long to decode",
        "Save the picture again as an ordinary JPEG or PNG and send that.",
    ),
    _kind(
        "idempotency_key_reused",
        422,
        "This idempotency key belongs to another request",
        "Use a new key for each picture; repeat a key only to repeat the same request.",
    ),
    _kind(
        "batch_unusable",
        422,
        "None of the pictures can be taken",
        "See `items` for what is wrong with each of them.",
    ),
    _kind(
        "too_many_waiters",
        429,
        "Too many requests are waiting",
        "Ask again without waiting, or a little later.",
    ),
    _kind(
        "rate_exceeded",
        429,
        "Too many requests in a short time",
        "Nothing was accepted: try again after the seconds in Retry-After.",
    ),
    _kind(
        "internal",
        500,
        "Something went wrong here",
        "It is noted under the request id in this answer; please try again.",
    ),
    _kind(
        "queue_full",
        503,
        "The queue is full",
        "Nothing was accepted: try again after the seconds in Retry-After.",
    ),
    _kind(
        "too_many_connections",
        503,
        "Too many connections",
        "Close those that you do not need, or try again after the seconds in Retry-After.",
    ),
    _kind(
        "ledger_unavailable",
        503,
        "The queue does not answer",
        "Try again in a moment, with the same Idempotency-Key so that nothing runs twice.",
    ),
)
