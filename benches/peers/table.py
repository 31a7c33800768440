"""The table: medians over the rounds, and ratios that are taken round by round."""

from statistics import median

from scenarios import BY_CONNECTIONS, SCENARIOS

BASELINES = ["hyper", "epoll", "nginx"]

# Less than this is too little to be compared with, be it microseconds or bytes.
LEAST = {False: 0.01, True: 64}


def render(results, servers):
    """All sections, then what went wrong."""
    run = {result["scenario"] for result in results}
    sections = [section(name, results, servers) for name in SCENARIOS if name in run]
    if len(run.intersection(BY_CONNECTIONS)) > 1:
        counts = [name for name in BY_CONNECTIONS if name in run]
        sections.append(connections_section(counts, results, servers))
    notes = footnotes(results)
    if notes:
        sections.append("\n".join(notes))
    return "\n\n".join(sections)


def section(scenario, results, servers):
    idle = SCENARIOS[scenario].idle
    figures = ["bytes each"] if idle else ["CPU us/req"]
    figures += [f"x {name}" for name in BASELINES]
    keys = {"open_us": "us to open"} if idle else {"rate": "req/s", "p50_us": "p50 us", "p99_us": "p99 us"}
    figures += keys.values()
    lines = [SCENARIOS[scenario].title, line("", figures)]
    for server in servers:
        mine = select(results, scenario, server)
        if not mine:
            continue
        row = [median_of(mine, "value", digits=0 if idle else 2)]
        row += [ratio(mine, select(results, scenario, baseline), LEAST[idle]) for baseline in BASELINES]
        row += [median_of(mine, key) for key in keys]
        lines.append(line(server + mark(mine), row))
    return "\n".join(lines)


def connections_section(scenarios, results, servers):
    """The same figures once more, side by side."""
    counts = [str(SCENARIOS[name].connections) for name in scenarios]
    lines = ["CPU us/req by the number of connections", line("", [*counts, "last/64"])]
    for server in servers:
        runs = [select(results, name, server) for name in scenarios]
        if not any(runs):
            continue
        row = [median_of(mine, "value", digits=2) for mine in runs]
        row.append(ratio(runs[-1], select(results, "keep-alive", server)))
        lines.append(line(server + mark(sum(runs, [])), row))
    return "\n".join(lines)


def footnotes(results):
    """One line for each server and scenario with errors."""
    totals = {}
    for result in results:
        for kind, count in result["errors"].items():
            kinds = totals.setdefault((result["scenario"], result["server"]), {})
            kinds[kind] = kinds.get(kind, 0) + count
    return [
        f"* {server}, {SCENARIOS[scenario].title}: "
        + ", ".join(f"{count} errors ({kind})" for kind, count in kinds.items())
        for (scenario, server), kinds in totals.items()
    ]


def select(results, scenario, server):
    return [r for r in results if r["scenario"] == scenario and r["server"] == server]


def median_of(results, key, digits=0):
    values = [result[key] for result in results if result[key] is not None]
    return f"{median(values):.{digits}f}" if values else "-"


def ratio(mine, baseline, least=LEAST[False]):
    """Round by round, so that a drift of the machine meets both."""
    by_round = {result["round"]: result["value"] for result in baseline}
    pairs = [(r["value"], by_round[r["round"]]) for r in mine if r["round"] in by_round]
    if not pairs or min(below for _, below in pairs) < least:
        return "-"
    # The sum has no negative zero.
    return f"{round(median(above / below for above, below in pairs), 2) + 0.0:.2f}"


def mark(results):
    return "*" if any(result["errors"] for result in results) else ""


def line(name, cells):
    return f"{name:14}" + "".join(f"{cell:>12}" for cell in cells)
