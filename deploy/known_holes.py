"""Which versions of Redis and Valkey have a hole that whoever may run a script can use.

CVE-2025-49844 (CVSS 10): a script gets out of the Lua sandbox and runs code as the server. The
mended versions are the releases of October 2025. The next such hole belongs into this table.
"""

import re

HOLE = "CVE-2025-49844"
# By series, the first version without the hole; later series never had it, others were not mended.
_MENDED = {
    "Redis": ((6, 2, 20), (7, 2, 11), (7, 4, 6), (8, 0, 4), (8, 2, 2)),
    "Valkey": ((7, 2, 11), (8, 0, 6), (8, 1, 4)),
}


def warn_of_hole(title: str) -> str:
    """Return a warning for a server such as "Redis 7.0.15", or nothing where it has no known hole.

    A version that cannot be read gets none: nothing is known of it.
    """
    found = re.match(r"(Redis|Valkey) (\d+)\.(\d+)\.(\d+)", title)
    if not found:
        return ""
    version = (int(found[2]), int(found[3]), int(found[4]))
    mended = _MENDED[found[1]]
    if version[:2] > mended[-1][:2]:
        return ""
    first = next((one for one in mended if one[:2] == version[:2]), None)
    if first and version >= first:
        return ""
    way = ".".join(map(str, first or mended[-1]))
    return (
        f"warning: {title} has a known hole ({HOLE}): a script can run code as the server. Renew "
        f"it to {way} or newer, unless who packages it has mended this version."
    )
