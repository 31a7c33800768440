#!/usr/bin/env python3
"""One process with N threads, and N processes with one thread each that share a port (SO_REUSEPORT), in turn.

    python3 processes.py [--processes 2] [--rounds 5] [--seconds 3] [--program PATH]

Prints the requests per second, the processor time of the servers for each request, and the time within which 99 % of the
requests were answered, as medians of the rounds. Needs Linux, Rust and wrk. A program that is built already can be given.
"""

import argparse
import os
import pathlib
import re
import socket
import statistics
import subprocess
import time

HERE = pathlib.Path(__file__).parent
PAGES = {"a page in memory": "/index.html", "a handler that computes for 0.1 ms": "/a.work"}
CONNECTIONS = 64


def start(program, name, port):
    server = subprocess.Popen([program, name, str(port)])
    deadline = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close() or server
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def cpu_seconds(server):
    fields = pathlib.Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(servers, port, page, seconds):
    before = sum(map(cpu_seconds, servers))
    url = f"http://127.0.0.1:{port}{page}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = sum(map(cpu_seconds, servers)) - before
    count = int(re.search(r"(\d+) requests in", output)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    p99 = float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    assert "Non-2xx" not in output and "Socket errors" not in output, output
    return rate, used / count * 1e6, p99


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--program", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    program = options.program
    if program is None:
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=HERE, check=True)
        program = HERE / "target/release/peers"
    count = options.processes
    kinds = {
        f"1 process, {count} threads": ["bytegate"],
        f"{count} processes, 1 thread": ["bytegate-shared"] * count,
        "1 process, 1 thread": ["bytegate-1"],
    }
    port = 21000
    for title, page in PAGES.items():
        results = {kind: [] for kind in kinds}
        for _ in range(options.rounds):
            for kind, names in kinds.items():
                port += 1
                servers = [start(program, name, port) for name in names]
                try:
                    # The first requests find nothing in the caches.
                    run(servers, port, page, 1)
                    results[kind].append(run(servers, port, page, options.seconds))
                finally:
                    for server in servers:
                        server.terminate()
                    for server in servers:
                        server.wait()
        print(f"{title}, {CONNECTIONS} connections")
        for kind, rounds in results.items():
            rate, cost, p99 = (statistics.median(column) for column in zip(*rounds))
            print(f"  {kind:24} {rate:9,.0f}/s  {cost:6.2f} us a request  p99 {p99:6.2f} ms")


if __name__ == "__main__":
    main()
