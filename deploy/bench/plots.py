"""Draws what was measured, as SVG: the cost of each size, and how it grows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib.figure import Figure

Data = Mapping[str, Any]

BLUE, RED, GREY, GREEN = "#4a6fa5", "#c8452f", "#8a8a8a", "#5b8c5a"


def draw_plots(data: Data, folder: Path) -> list[Path]:
    """Draw the parts that were measured; return the files."""
    # The same numbers make the same file.
    matplotlib.rcParams["svg.hashsalt"] = "spotter"
    drawn = []
    for name, draw in DRAWERS.items():
        if name in data:
            drawn.append(folder / f"cost-{name}.svg")
            draw(data).savefig(drawn[-1], metadata={"Date": None, "Creator": None})
    return drawn


def _make_figure(width: float = 9.0) -> Any:
    return Figure(figsize=(width, 3.4), layout="constrained")


def _draw_photos(data: Data) -> Any:
    cells = [
        cell for name in ("photos", "larger") for cell in data.get(name, {"cells": ()})["cells"]
    ]
    middle = sorted({cell["clients"] for cell in cells})
    clients = middle[len(middle) // 2]
    cells = [cell for cell in cells if cell["clients"] == clients]
    figure = _make_figure(6.5)
    axes = figure.subplots()
    bars = {"limit": GREY, "fast": BLUE, "fast_form": GREEN, "strict": RED}
    labels = {
        "limit": "the bare models",
        "fast": "fast",
        "fast_form": "fast, as a form",
        "strict": "strict",
    }
    for place, (name, colour) in enumerate(bars.items()):
        heights = [cell[name]["cpu_milliseconds"] for cell in cells]
        places = [number + 0.2 * place for number in range(len(cells))]
        axes.bar(places, heights, 0.18, color=colour, label=labels[name])
    axes.set_xticks([number + 0.3 for number in range(len(cells))], [c["size"] for c in cells])
    axes.set_ylabel("CPU ms an image")
    axes.set_title(f"Both stages, {clients} clients", fontsize=10)
    axes.legend(fontsize=8)
    return figure


def _draw_clients(data: Data) -> Any:
    part = data["clients"]
    figure = _make_figure()
    cost, time = figure.subplots(1, 2)
    for workers, colour in zip(
        sorted({c["workers"] for c in part["cells"]}), (RED, BLUE), strict=False
    ):
        cells = [cell for cell in part["cells"] if cell["workers"] == workers]
        clients = [cell["clients"] for cell in cells]

        def values(what: str, name: str, cells: list[Data] = cells) -> list[float]:
            return [cell[what][name] for cell in cells]

        title = f"{workers} worker{'s' if workers > 1 else ''}"
        cost.plot(clients, values("fast", "cpu_milliseconds"), "o-", color=colour, label=title)
        cost.plot(
            clients,
            values("limit", "cpu_milliseconds"),
            "--",
            color=colour,
            label=f"bare models, {title}",
        )
        time.plot(
            clients, values("fast", "p50_milliseconds"), "o-", color=colour, label=f"{title}, p50"
        )
        time.plot(
            clients, values("fast", "p99_milliseconds"), ":", color=colour, label=f"{title}, p99"
        )
        # So many clients share the rate that the bare loops reach.
        share = [
            1000 * count / rate if count >= workers else milliseconds
            for count, rate, milliseconds in zip(
                clients,
                values("limit", "images_a_second"),
                values("limit", "p50_milliseconds"),
                strict=True,
            )
        ]
        time.plot(clients, share, "--", color=colour, linewidth=0.8, label=f"{title}, bare models")
    for axes, name in ((cost, "CPU ms an image"), (time, "ms to the answer")):
        axes.set_xscale("log", base=2)
        axes.set_xticks(clients, [str(count) for count in clients])
        axes.set_xlabel("clients")
        axes.set_ylabel(name)
        axes.legend(fontsize=7)
    cost.set_ylim(bottom=0)
    time.set_yscale("log")
    return figure


def _draw_queue(data: Data) -> Any:
    part = data["queue"]
    figure = _make_figure()
    cost, time = figure.subplots(1, 2)
    names = [str(cell["asked"]) for cell in part["cells"]]
    cost.bar(names, [cell["times_limit"] for cell in part["cells"]], 0.5, color=BLUE)
    cost.axhline(1, color=GREY, linestyle="--", linewidth=1)
    cost.set_ylabel("CPU an image, x limit")
    places = range(len(names))
    for name, colour in (("p50_milliseconds", BLUE), ("p99_milliseconds", RED)):
        label = name.partition("_")[0]
        time.plot(places, [c[name] for c in part["cells"]], "o-", color=colour, label=label)
    time.set_xticks(list(places), names)
    time.set_ylim(bottom=0)
    time.set_ylabel("ms to the answer of a person's photo")
    time.legend(fontsize=8)
    for axes in (cost, time):
        axes.set_xlabel("jobs that wait already")
    return figure


DRAWERS = {"photos": _draw_photos, "clients": _draw_clients, "queue": _draw_queue}
