"""Sends a Spotter twice what it can do, and tells what became of it.

    python -m deploy.overload --seconds 20

Exit status 1 where a bound of docs/overload.md is not kept.
"""

import argparse
import asyncio
import os
import sys
from collections import Counter

from deploy.errors import StackError
from deploy.overload.generator import (
    Answer,
    Request,
    Sender,
    find_quantile,
    send_by_the_clock,
    send_in_turns,
)
from deploy.overload.stack import run_stack
from deploy.settings import ROOT

PICTURE = ROOT / "web/static/img/astronaut.jpg"
REFUSED_SECONDS, ACCEPTED_SECONDS, PAGE_SECONDS = 0.05, 1.0, 1.0
PROBES_PER_SECOND = 5.0
PROBES = ("/healthz", "/")
ACCEPTED, REFUSED = (200,), (429, 503)


def make_submit(owners: int, wait_seconds: int) -> Request:
    """Write the request with which the n-th sender, of so many addresses, asks and waits."""
    picture = PICTURE.read_bytes()

    def write(number: int) -> bytes:
        body = picture + number.to_bytes(4, "big")  # behind its end: no two are the same
        head = (
            "POST /api/v1/jobs?pipeline=zomato-rider HTTP/1.1\r\nHost: localhost\r\n"
            f"X-Forwarded-For: 10.0.{number % owners // 250}.{number % owners % 250 + 1}\r\n"
            f"Content-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n"
        )
        prefer = f"Prefer: wait={wait_seconds}\r\n" if wait_seconds else ""
        return f"{head}{prefer}\r\n".encode() + body

    return write


def write_probe(number: int) -> bytes:
    """Write the request of somebody who looks whether the service is there."""
    path = PROBES[number % len(PROBES)]
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def tell(name: str, answers: list[Answer], bound: float) -> bool:
    """Print one row; tell whether its bound was kept."""
    times = [answer.seconds for answer in answers]
    p50, p99, most = (find_quantile(times, share) * 1000 for share in (0.5, 0.99, 1.0))
    kept = p99 <= bound * 1000
    mark = "" if kept else f"  over {bound * 1000:.0f} ms"
    print(f"{name:<10} {len(times):>7} {p50:>8.1f} {p99:>8.1f} {most:>8.1f}{mark}", flush=True)
    return kept


async def measure(port: int, options: argparse.Namespace) -> bool:
    """Find the capacity, send more than that, print the table; tell whether all bounds held."""
    submit = make_submit(options.owners, options.wait)
    rate = options.rate
    if not rate:
        sender = Sender("127.0.0.1", port)
        calm = make_submit(options.owners, 20)
        await send_in_turns(sender, calm, clients=4, seconds=2)
        found = await send_in_turns(sender, calm, clients=8, seconds=options.seconds / 2)
        rate = sum(answer.status == 200 for answer in found) / (options.seconds / 2)
        sender.close()
        print(f"capacity: {rate:.0f} pictures a second with 8 waiting clients")
    print(f"sent: {rate * options.times:.0f} a second for {options.seconds:.0f} s")
    sender, prober = Sender("127.0.0.1", port), Sender("127.0.0.1", port)
    answers, probes = await asyncio.gather(
        send_by_the_clock(sender, submit, per_second=rate * options.times, seconds=options.seconds),
        send_by_the_clock(
            prober, write_probe, per_second=PROBES_PER_SECOND, seconds=options.seconds
        ),
    )
    sender.close()
    prober.close()
    return tell_all(answers, probes)


def tell_all(answers: list[Answer], probes: list[Answer]) -> bool:
    """Print the table."""
    refused = [answer for answer in answers if answer.status in REFUSED]
    taken = [answer for answer in answers if answer.status in (*ACCEPTED, 202)]
    print(f"{'':<10} {'count':>7} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}")
    kept = [
        tell("accepted", taken, ACCEPTED_SECONDS),
        tell("refused", refused, REFUSED_SECONDS),
        tell("pages", probes, PAGE_SECONDS),
    ]
    codes = Counter(answer.status for answer in answers)
    print("by status:", ", ".join(f"{code}: {count}" for code, count in sorted(codes.items())))
    told = all(answer.retry_after for answer in refused)
    fine = set(codes) <= {*ACCEPTED, 202, *REFUSED} and told
    fine = fine and all(probe.status == 200 for probe in probes)
    return all(kept) and fine


def main() -> int:
    """Read the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--times", type=float, default=2.0, help="of the capacity")
    parser.add_argument("--rate", type=float, default=0.0, help="a second; not measured first")
    parser.add_argument("--owners", type=int, default=1, help="from so many addresses")
    parser.add_argument("--wait", type=int, default=10, help="seconds a sender waits, or 0")
    options = parser.parse_args()
    # So that the generator can call from many addresses, and nobody is counted by the minute.
    environ = {"SPOTTER_TRUSTED_PROXIES": "127.0.0.1", "SPOTTER_ACCESS": "open"}
    environ |= {"SPOTTER_RATE_PICTURES": "0", "SPOTTER_RATE_REQUESTS": "0"}
    try:
        with run_stack({**os.environ, **environ}) as port:
            return 0 if asyncio.run(measure(port, options)) else 1
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
