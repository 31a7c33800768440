#!/usr/bin/env python3
"""Draws figures as SVG: cost by connections, from the results of measure.py, and cost by the size of a head."""

import argparse
import json
import math
import pathlib
from statistics import median
from typing import NamedTuple
from xml.sax.saxutils import escape

from scenarios import BY_CONNECTIONS, SCENARIOS

# The edges of the plot in its panel; names stand to the right of it.
LEFT, RIGHT, TOP, BOTTOM = 80, 520, 48, 360
HEIGHT = 420
NAME_GAP, NAME_HEIGHT, LETTER_WIDTH = 14, 14, 7.5
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#7f6000", "#56b4e9", "#6a3d9a", "#555555", "#e69f00"]


class Panel(NamedTuple):
    title: str
    x_label: str
    y_label: str
    # Points by the name of what they belong to.
    lines: dict[str, list[tuple[float, float]]]
    log_y: bool = False


def write(path, results, heads=None):
    panels = []
    by_connections = plot_connections(results)
    if by_connections.lines:
        panels.append(by_connections)
    if heads:
        panels.append(plot_head_size(heads))
    if not panels:
        raise RuntimeError("nothing to draw: no server was measured with two numbers of connections")
    path.write_text(draw(panels))


def plot_connections(results):
    values = {}
    for result in results:
        if result["scenario"] in BY_CONNECTIONS:
            count = SCENARIOS[result["scenario"]].connections
            values.setdefault(result["server"], {}).setdefault(count, []).append(result["value"])
    lines = {
        server: sorted((count, median(some)) for count, some in counts.items())
        for server, counts in values.items()
        if len(counts) > 1
    }
    return Panel("A small page over loopback TCP", "connections", "server CPU, µs per request", lines)


def plot_head_size(path):
    """From lines of contender,bytes,ns below a header that says so; a contender's name may have commas."""
    header, *rows = path.read_text().splitlines()
    if header != "contender,bytes,ns":
        raise RuntimeError(f"{path} must begin with contender,bytes,ns")
    lines = {}
    for row in rows:
        name, bytes_, ns = row.rsplit(",", 2)
        lines.setdefault(name.strip('"'), []).append((float(bytes_), float(ns)))
    lines = {name: sorted(points) for name, points in lines.items()}
    return Panel("From bytes to bytes in memory", "bytes of the head", "ns per request", lines, log_y=True)


def draw(panels):
    width = sum(map(width_of, panels))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}"'
        ' font-family="sans-serif" font-size="12" fill="#222">',
        f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>',
    ]
    left = 0
    for panel in panels:
        parts += [f'<g transform="translate({left} 0)">', *draw_panel(panel), "</g>"]
        left += width_of(panel)
    return "\n".join([*parts, "</svg>"]) + "\n"


def width_of(panel):
    return round(RIGHT + 2 * NAME_GAP + LETTER_WIDTH * max(map(len, panel.lines)))


def draw_panel(panel):
    xs = [x for points in panel.lines.values() for x, _ in points]
    ys = [y for points in panel.lines.values() for _, y in points]
    x_of = log_scale(min(xs), max(xs), LEFT, RIGHT)
    if panel.log_y:
        y_ticks = powers(min(ys), max(ys))
        y_of = log_scale(y_ticks[0], y_ticks[-1], BOTTOM, TOP)
    else:
        y_ticks = round_steps(max(ys))
        y_of = linear_scale(y_ticks[0], y_ticks[-1], BOTTOM, TOP)
    parts = [text(LEFT, TOP - 20, panel.title, "start", "font-size='15' font-weight='bold'")]
    for y in y_ticks:
        parts.append(
            f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y_of(y):.1f}" y2="{y_of(y):.1f}" stroke="#ddd"/>'
        )
        parts.append(text(LEFT - 8, y_of(y) + 4, number(y), "end"))
    for x in x_marks(xs):
        parts.append(
            f'<line x1="{x_of(x):.1f}" x2="{x_of(x):.1f}" y1="{BOTTOM}" y2="{BOTTOM + 5}" stroke="#888"/>'
        )
        parts.append(text(x_of(x), BOTTOM + 20, number(x)))
    middle = (LEFT + RIGHT) / 2
    parts.append(text(middle, HEIGHT - 16, f"{panel.x_label} (logarithmic)"))
    side = (TOP + BOTTOM) / 2
    y_label = panel.y_label + (" (logarithmic)" if panel.log_y else "")
    parts.append(text(18, side, y_label, "middle", f'transform="rotate(-90 18 {side})"'))
    return parts + draw_lines(panel.lines, x_of, y_of)


def draw_lines(lines, x_of, y_of):
    """Each with its name where it ends; what is ours is thick."""
    parts = []
    heights = spread({name: y_of(points[-1][1]) for name, points in lines.items()})
    for index, (name, points) in enumerate(lines.items()):
        colour = COLOURS[index % len(COLOURS)]
        thick = 3 if name.startswith("bytegate") else 1.6
        places = [(x_of(x), y_of(y)) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{thick}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        x, y = places[-1]
        end = RIGHT + NAME_GAP
        leader = f"M{x:.1f} {y:.1f} L{end - 3} {heights[name]:.1f}"
        parts.append(f'<path d="{leader}" stroke="{colour}" stroke-width="0.7"/>')
        style = f'fill="{colour}"' + (' font-weight="bold"' if thick == 3 else "")
        parts.append(text(end, heights[name] + 4, name, "start", style))
    return parts


def spread(heights):
    """Names one below the other, as near to their line as they can be, and not below the axis."""
    placed = {}
    lowest = BOTTOM
    for name in sorted(heights, key=heights.get, reverse=True):
        placed[name] = min(heights[name], lowest)
        lowest = placed[name] - NAME_HEIGHT
    return placed


def linear_scale(least, most, start, end):
    return lambda value: start + (value - least) / ((most - least) or 1) * (end - start)


def log_scale(least, most, start, end):
    linear = linear_scale(math.log(least), math.log(most), start, end)
    return lambda value: linear(math.log(value))


def powers(least, most):
    return [10**power for power in range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)]


def round_steps(most):
    """About five steps of 1, 2 or 5 times a power of ten, from 0 to beyond the most."""
    power = 10 ** math.floor(math.log10(most / 5))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power * 6 >= most)
    return [index * step for index in range(math.ceil(most / step) + 1)]


def x_marks(xs):
    """Every value, if they are few; else powers of ten."""
    values = sorted(set(xs))
    return values if len(values) <= 8 else [x for x in powers(values[0], values[-1]) if values[0] <= x <= values[-1]]


def number(value):
    return f"{value:,.0f}".replace(",", "\u2009") if value >= 10_000 else f"{value:g}"


def text(x, y, words, anchor="middle", style=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style}>{escape(words)}</text>'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path, metavar="FILE.json", help="of measure.py --json")
    parser.add_argument("--heads", type=pathlib.Path, metavar="FILE.csv", help="with the columns contender,bytes,ns")
    parser.add_argument("drawing", type=pathlib.Path, metavar="FILE.svg")
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text()) if arguments.results else []
    write(arguments.drawing, results, arguments.heads)


if __name__ == "__main__":
    main()
