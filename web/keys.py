"""Makes, lists and revokes keys, and makes sign-in links, on a Spotter that runs.

    make key NAME=phone                or   python -m web.keys add phone
    make key                                python -m web.keys list
    make key REVOKE=phone                   python -m web.keys revoke phone
    make key LINK=anna                      python -m web.keys link anna

What is secret goes to stdout alone, so that it can be piped; all words go to stderr.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from jobs.console import ConsoleError, find_address, open_ledger
from jobs.errors import LedgerUnavailable
from jobs.grants import LINK_SECONDS, Grant, GrantStore, Scope

DAY_SECONDS = 24 * 3600
KEY_DAYS, BROWSER_DAYS, MOST_DAYS = 90, 30, 3650
LONGEST_NAME = 64
USUAL_SCOPES = "submit,read"


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do what the command line says; 0 when it was done, 1 when it could not be."""
    options = _read_arguments(arguments)
    try:
        store = GrantStore(open_ledger(environ).client)
        match options.command:
            case "add":
                add_key(store, options)
            case "link":
                make_link(store, options, options.at or find_address(environ))
            case "revoke":
                revoke(store, options.grant)
            case _ if grants := store.list():
                print(write_list(grants, store.now_ms()))
            case _:
                _say("There are no keys and no signed-in browsers. `add NAME` makes a key,")
                _say("`link NAME` a sign-in link (or make key NAME=..., make key LINK=...).")
    except (ConsoleError, LedgerUnavailable) as error:
        _say(f"keys: {error}")
        return 1
    return 0


def add_key(store: GrantStore, options: argparse.Namespace) -> None:
    """Make a key and show it, this once."""
    days = options.days or KEY_DAYS
    grant, text = store.make_key(options.name, options.scope, days * DAY_SECONDS)
    _say(f"Key {grant.id} for {grant.name}: {_write_scopes(grant)}, until {_day(grant)}. It is")
    _say("shown this once; send it as `Authorization: Bearer KEY`:\n")
    print(text)


def make_link(store: GrantStore, options: argparse.Namespace, address: str) -> None:
    """Make a sign-in link and show it."""
    days = options.days or BROWSER_DAYS
    token = store.make_link(options.name, options.scope, days * DAY_SECONDS)
    hours = LINK_SECONDS // 3600
    _say(f"Sign-in link for {options.name}: {', '.join(sorted(options.scope))}. It works once,")
    _say(f"within {hours} hours, and signs a browser in for {days} days. Where another address")
    _say("leads to this Spotter, put that in front (--at, or SPOTTER_ADDRESS):\n")
    print(f"{address.rstrip('/')}/sign-in?link={token}")


def revoke(store: GrantStore, wanted: str) -> None:
    """End the grant with this id, or the one with this name.

    Raises:
        ConsoleError: there is none, or the name is that of several.
    """
    grants = store.list()
    found = [grant for grant in grants if grant.id == wanted] or [
        grant for grant in grants if grant.name == wanted
    ]
    if len(found) != 1:
        what = f"{len(found)} have" if found else "none has"
        raise ConsoleError(
            f"{what} the id or name {wanted!r}; `make key` (`python -m web.keys list`) shows all "
            "with their ids."
        )
    store.revoke(found[0].id)
    _say(f"Revoked {found[0].id} ({found[0].name}). It works for at most 5 seconds more.")


def write_list(grants: Sequence[Grant], now_ms: float) -> str:
    """Return the table of grants, without anything secret."""
    rows = [("ID", "KIND", "NAME", "SCOPES", "UNTIL", "LAST USED")]
    for grant in grants:
        until = _day(grant) if grant.is_live(now_ms) else f"{_day(grant)} (over)"
        used = _minute(grant.used_ms) if grant.used_ms else "never"
        kind = "browser" if grant.is_browser else "key"
        rows.append((grant.id, kind, grant.name, _write_scopes(grant), until, used))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m web.keys", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command")
    add = commands.add_parser("add", help="make a key for a program")
    link = commands.add_parser("link", help="make a sign-in link for a browser")
    for command, days in ((add, KEY_DAYS), (link, BROWSER_DAYS)):
        command.add_argument("name", type=_read_name, help="whose it is, for the list")
        command.add_argument("--scope", type=_read_scopes, default=_read_scopes(USUAL_SCOPES))
        command.add_argument("--days", type=_read_days, help=f"until it runs out ({days})")
    link.add_argument("--at", help="the address of Spotter for that browser, https://...")
    commands.add_parser("list", help="list keys and signed-in browsers (the default)")
    gone = commands.add_parser("revoke", help="end a key or a browser's sign-in")
    gone.add_argument("grant", metavar="ID", help="its id, or its name where only one has it")
    return parser.parse_args(arguments)


def _read_name(text: str) -> str:
    if not (text.isprintable() and 0 < len(text.strip()) <= LONGEST_NAME):
        raise argparse.ArgumentTypeError(f"takes 1 to {LONGEST_NAME} printable characters")
    return text.strip()


def _read_scopes(text: str) -> frozenset[Scope]:
    try:
        return frozenset(Scope(part) for part in text.replace(",", " ").lower().split())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"takes {', '.join(Scope)}, with commas") from error


def _read_days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f"takes a number of days from 1 to {MOST_DAYS}")
    return int(text)


def _write_scopes(grant: Grant) -> str:
    return ",".join(scope for scope in Scope if scope in grant.scopes)


def _day(grant: Grant) -> str:
    return f"{datetime.fromtimestamp(grant.expires_ms / 1000, UTC):%Y-%m-%d}"


def _minute(milliseconds: float) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
