#!/usr/bin/env python3
"""Measures bytegate's front end and its peers over loopback TCP. See README.md beside this file."""

import argparse
import json
import pathlib
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

# No __pycache__ beside the sources.
sys.dont_write_bytecode = True

import plot
import table
from scenarios import BY_CONNECTIONS, SCENARIOS, run
from servers import CONTENDERS, Server, find_nginx

FOLDER = pathlib.Path(__file__).resolve().parent
QUICK = ["keep-alive", "pipelined", "idle"]
QUICK_IDLE = 1000


def main():
    arguments = parse_arguments()
    # Ended in good order, so that no server is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    contenders = [one for one in CONTENDERS if not arguments.only or one.name in arguments.only]
    contenders = require(contenders)
    scenarios = choose_scenarios(arguments)
    open_files = raise_open_files(max(SCENARIOS[name].connections for name in scenarios))
    program = build()
    results = []
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        folder = pathlib.Path(folder)
        # nginx's worker is another user if the master is root.
        folder.chmod(0o755)
        for round_ in range(arguments.rounds):
            for name in scenarios:
                for contender in rotated(contenders, round_):
                    if name in contender.without:
                        continue
                    with Server(contender, program, folder, open_files) as server:
                        result = run(scenario_of(name, arguments), server, arguments.seconds, folder)
                        server.check()
                    result = {"round": round_, "scenario": name, "server": contender.name, **result}
                    results.append(result)
                    report(result, arguments.rounds)
    print(f"{machine()}; rounds: {arguments.rounds}, each run at least {arguments.seconds} s\n")
    print(table.render(results, [contender.name for contender in contenders]))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    if arguments.plot:
        plot.write(arguments.plot, results, arguments.heads)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ", ".join(contender.name for contender in CONTENDERS)
    parser.add_argument("--quick", action="store_true", help="one round of 1 s, few scenarios: a look, no figures")
    parser.add_argument("--rounds", type=positive, help="default: 5")
    parser.add_argument("--seconds", type=positive, help="of one run; more with many connections; default: 3")
    parser.add_argument("--only", type=listed([one.name for one in CONTENDERS]), metavar="A,B", help=f"of {names}")
    parser.add_argument(
        "--scenario",
        type=listed([*SCENARIOS, "connections"]),
        metavar="A,B",
        help=f"of {', '.join(SCENARIOS)}; connections: all that differ in their number only",
    )
    parser.add_argument("--json", type=writable, metavar="FILE", help="write the results of every run")
    parser.add_argument("--plot", type=writable, metavar="FILE.svg", help="draw the cost by connections")
    parser.add_argument("--heads", type=readable, metavar="FILE.csv", help="draw also: contender,bytes,ns")
    arguments = parser.parse_args()
    if arguments.heads and not arguments.plot:
        parser.error("--heads needs --plot")
    points = set(BY_CONNECTIONS).intersection(choose_scenarios(arguments))
    if arguments.plot and not arguments.heads and len(points) < 2:
        parser.error("--plot needs two numbers of connections: --scenario connections")
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (1 if arguments.quick else 3)
    return arguments


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def listed(allowed):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"no {name!r} in: {', '.join(allowed)}")
        return names

    return parse


def writable(text):
    path = pathlib.Path(text)
    if not path.resolve().parent.is_dir():
        raise argparse.ArgumentTypeError(f"no folder for {text}")
    return path


def readable(text):
    path = pathlib.Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"no file {text}")
    return path


def choose_scenarios(arguments):
    if not arguments.scenario:
        return QUICK if arguments.quick else list(SCENARIOS)
    chosen = set(arguments.scenario)
    if "connections" in chosen:
        chosen.update(BY_CONNECTIONS)
    return [name for name in SCENARIOS if name in chosen]


def scenario_of(name, arguments):
    scenario = SCENARIOS[name]
    if arguments.quick and scenario.idle:
        return scenario._replace(connections=QUICK_IDLE)
    return scenario


def require(contenders):
    """The contenders that can run here."""
    for tool, advice in [("cargo", "install Rust"), ("wrk", "apt-get install wrk")]:
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: {advice}")
    if any(one.argument is None for one in contenders) and not find_nginx():
        print("nginx is missing and left out: apt-get install nginx-light", file=sys.stderr)
        contenders = [one for one in contenders if one.argument is not None]
    return contenders or sys.exit("nobody is left to measure")


def raise_open_files(connections):
    """As high as it goes, for the servers and wrk too, which inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < connections + 256:
        sys.exit(f"{connections} connections need a higher limit on open files than {most}: see ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def build():
    """The path of the program."""
    manifest = ["--manifest-path", str(FOLDER / "Cargo.toml")]
    subprocess.run(["cargo", "build", "--release", *manifest], check=True)
    metadata = ["cargo", "metadata", "--no-deps", "--format-version=1", *manifest]
    target = json.loads(subprocess.run(metadata, check=True, capture_output=True).stdout)["target_directory"]
    return pathlib.Path(target) / "release" / "peers"


def rotated(contenders, round_):
    first = round_ % len(contenders)
    return contenders[first:] + contenders[:first]


def report(result, rounds):
    errors = f", errors: {result['errors']}" if result["errors"] else ""
    place = f"round {result['round'] + 1} of {rounds}, {result['scenario']}"
    print(f"{place}, {result['server']}: {result['value']:.2f}{errors}", file=sys.stderr)


def machine():
    models = [
        line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")
    ]
    return f"{len(models)} x {models[0] if models else platform.machine()}, Linux {platform.release()}"


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"measure: {error}")
