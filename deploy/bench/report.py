"""Writes what was measured as tables in Markdown, one for each part."""

from collections.abc import Callable, Mapping
from typing import Any

Data = Mapping[str, Any]

CONTESTANTS = {
    "limit": "limit: the bare models",
    "fast": "Spotter, `fast`",
    "one_thread": "Spotter, `fast`, `SPOTTER_LONE_THREADS=1`",
    "fast_form": "Spotter, `fast`, as a form",
    "strict": "Spotter, `strict`",
    "reused": "Spotter, seen before, `reuse`",
}


def write_report(data: Data) -> str:
    """Return the tables of all parts that were measured."""
    return "\n\n".join(
        f"## {name}\n\n{write_part(name, data[name])}" for name in WRITERS if name in data
    )


def write_part(name: str, part: Data) -> str:
    """Return one part's table with the line that says on what it was measured."""
    return f"{WRITERS[name](part)}\n\n{_tell_machine(part['machine'], part['rounds'])}"


def _tell_machine(machine: Data, rounds: int) -> str:
    return (
        f"Measured {machine['date']} on {machine['cores']} cores of {machine['processor']}, Python "
        f"{machine['python']}, LiteRT {machine['litert']}, load average {machine['load']} at the "
        f"end, {'one round' if rounds == 1 else f'{rounds} rounds'}.{_warn(machine)}"
    )


def _warn(machine: Data) -> str:
    """Say where a machine had other work to do, which ratios bear and times do not."""
    if float(machine["load"]) <= float(machine["cores"]) + 2:  # the bench keeps all cores busy
        return ""
    return (
        " **The machine was busy with other work as well**: limit and Spotter suffered alike, so "
        "the ratios hold; times and images a second are far from those of an idle machine."
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figure(figure: Data) -> list[str]:
    least, most = figure["least_times_limit"], figure["most_times_limit"]
    spread = f" ({least:.2f} to {most:.2f})" if most - least >= 0.005 else ""
    return [
        f"{figure['cpu_milliseconds']:.1f}",
        f"{figure['times_limit']:.2f}{spread}",
        f"{figure['p50_milliseconds']:.1f}",
        f"{figure['p99_milliseconds']:.0f}",
        f"{figure['images_a_second']:.0f}",
    ]


FIGURES = ["CPU ms an image", "x limit (rounds)", "p50 ms", "p99 ms", "images/s"]


def write_photos(part: Data) -> str:
    """Every size by every number of clients."""
    rows = [
        [_name_photo(cell), str(cell["clients"]), title, *_figure(cell[name])]
        for cell in part["cells"]
        for name, title in CONTESTANTS.items()
        if name in cell
    ]
    return _table(["photo", "clients", "what", *FIGURES], rows)


def _name_photo(cell: Data) -> str:
    return f"{cell['size']}, {cell['bytes'] / 1000:.0f} KB"


def write_batches(part: Data) -> str:
    """Batches beside the limit; their times are those of whole batches."""
    rows = [
        ["limit: the bare models", *_figure(part["limit"])],
        [f"{part['batches']} batches of {part['batch']}", *_figure(part["fast"])],
    ]
    return _table(["640x480, `fast`", *FIGURES], rows)


def write_start(part: Data) -> str:
    """Start, memory, idling."""
    seconds = sorted(part["seconds"])
    rows = [
        ["`make up` to the first answer, `strict`", f"{seconds[len(seconds) // 2]:.1f} s"],
        ["memory (PSS), everything, 2 workers", f"{sum_memory(part):.0f} MB"],
        *([f"of it {name}", f"{size:.0f} MB"] for name, size in group_memory(part).items()),
        ["CPU without work", f"{part['idle_percent_of_a_core']:.2f} % of a core"],
    ]
    return _table(["what", "measured"], rows)


def sum_memory(part: Data) -> float:
    """Return the megabytes of all processes together."""
    return float(sum(part["pss_megabytes"].values()))


def group_memory(part: Data) -> dict[str, float]:
    """Return the megabytes by what the processes are for."""
    marks = {"s.sock": "queue server", "gunicorn": "web", "deploy.up": "`make up` itself"}
    groups: dict[str, float] = {}
    for command, size in part["pss_megabytes"].items():
        name = next((title for mark, title in marks.items() if mark in command), "worker")
        groups[name] = groups.get(name, 0.0) + size
    return groups


def write_clients(part: Data) -> str:
    """Growth with clients and workers."""
    rows = [
        [str(cell["workers"]), str(cell["clients"]), *_figure(cell["fast"])]
        for cell in part["cells"]
    ]
    return _table(["workers", "clients", *FIGURES], rows)


def write_queue(part: Data) -> str:
    """Growth with the jobs that wait."""
    rows = [
        [
            f"{cell['waiting'][0]} to {cell['waiting'][1]}",
            f"{cell['cpu_milliseconds']:.1f}",
            f"{cell['times_limit']:.2f}",
            f"{cell['p50_milliseconds']:.0f}",
            f"{cell['p99_milliseconds']:.0f}",
            f"{cell['images_a_second']:.0f}",
        ]
        for cell in part["cells"]
    ]
    head = ["jobs waiting", "CPU ms an image", "x limit", "p50 ms of a person's photo", "p99 ms"]
    return _table([*head, "images/s, all"], rows)


def write_summary(data: Data) -> str:
    """Return the README's table: one small photo through both stages."""
    small = {cell["clients"]: cell for cell in data["photos"]["cells"] if cell["size"] == "640x480"}
    few, some = min(small), sorted(small)[len(small) // 2]
    lines = [
        (
            f"the bare models, {some} at a time on {data['photos']['machine']['cores']} cores",
            some,
            "limit",
        ),
        (f"{few} client, `fast`", few, "fast"),
        (f"{few} client, `strict`", few, "strict"),
        (f"{some} clients, `fast`", some, "fast"),
        (f"{some} clients, `fast`, as a form", some, "fast_form"),
        (f"{some} clients, `strict`", some, "strict"),
        (f"{max(small)} clients, `fast`", max(small), "fast"),
        (f"{some} clients, seen before, `Prefer: reuse`", some, "reused"),
    ]
    # Times depend on the machine more than on us: docs/performance.md has them.
    rows = [[title, *_figure(small[clients][name])[:2]] for title, clients, name in lines]
    batches = data["batches"]
    folder = f"{batches['batches']} batches of {batches['batch']}, `fast`"
    rows.append([folder, *_figure(batches["fast"])[:2]])
    return _table(["a photo of 640x480, both stages", *FIGURES[:2]], rows)


def write_goals(data: Data) -> str:
    """Set what was measured beside what Spotter is to keep, missed goals included."""
    cells = {cell["clients"]: cell for cell in data["photos"]["cells"]}
    one, eight = cells[min(cells)], cells[sorted(cells)[len(cells) // 2]]
    start, over = data["start"], "p50_over_limit"
    goals = [
        ("CPU an image, 8 clients, `fast`, x limit", eight["fast"]["times_limit"], 1.5, ""),
        ("p50 over the limit's, 1 client, `fast`", one["fast"][over], 4, " ms"),
        ("CPU an image in batches, x limit", data["batches"]["fast"]["times_limit"], 1.2, ""),
        ("memory of everything, 2 workers", sum_memory(start), 350, " MB"),
        ("CPU without work, of a core", start["idle_percent_of_a_core"], 1, " %"),
    ]
    rows = [
        [title, f"at most {most}{unit}", f"{value:.2f}{unit}", "yes" if value <= most else "**no**"]
        for title, value, most, unit in goals
    ]
    narrow = f"{one['one_thread'][over]:.2f} ms"
    rows.insert(2, ["the same with `SPOTTER_LONE_THREADS=1`", "for comparison", narrow, ""])
    disk = one["strict"][over] - one["fast"][over]
    rows.append(["p50 that `strict` adds, 1 client", "what the disk takes", f"{disk:.1f} ms", ""])
    warning = _warn(data["photos"]["machine"]).strip()
    return "\n\n".join(filter(None, [_table(["what", "goal", "measured", "kept"], rows), warning]))


WRITERS: Mapping[str, Callable[[Data], str]] = {
    "photos": write_photos,
    "larger": write_photos,
    "batches": write_batches,
    "start": write_start,
    "clients": write_clients,
    "queue": write_queue,
}
