#!/usr/bin/env python3
"""Python applications: bytegate beside gunicorn, waitress, uwsgi and granian, in one run, and what bytegate promises.

    python3 -m venv /tmp/pyenv && /tmp/pyenv/bin/pip install flask gunicorn waitress uwsgi granian
    python3 python.py --venv /tmp/pyenv              # the table
    python3 python.py --venv /tmp/pyenv --promises   # slow clients, killed workers, reloads, a large file

It needs Linux, wrk and a release build of bytegate. The CPU time of all processes of a server, in nanoseconds, is divided
by the requests that wrk counts.
"""

import argparse
import contextlib
import http.client
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
BYTEGATE = HERE.parent.parent / "target/release/bytegate"
PORT = 20500
URL = f"http://127.0.0.1:{PORT}/"


def servers(venv):
    bin = pathlib.Path(venv) / "bin"
    at = f"127.0.0.1:{PORT}"
    bytegate = [BYTEGATE, "wsgi", "--python", bin / "python", "--port", PORT, "--no-access-log"]
    granian = [bin / "granian", "--interface", "wsgi", "--port", PORT, "--no-access-log", "--log-level", "error"]
    uwsgi = [bin / "uwsgi", "--http", at, "--http-keepalive", "--master", "--processes", 1, "--disable-logging", "--single-interpreter"]
    return {
        "bytegate": lambda app: [*bytegate, app],
        "bytegate 8 threads": lambda app: [*bytegate, "--threads", 8, app],
        "gunicorn sync": lambda app: [bin / "gunicorn", "-b", at, "--log-level", "error", app],
        "gunicorn gthread 8": lambda app: [bin / "gunicorn", "-b", at, "--threads", 8, "--log-level", "error", app],
        "waitress 8": lambda app: [bin / "waitress-serve", "--listen", at, "--threads", 8, app],
        "uwsgi": lambda app: [*uwsgi, "--module", app],
        "granian 1 thread": lambda app: [*granian, "--blocking-threads", 1, app],
        "granian 8 threads": lambda app: [*granian, "--blocking-threads", 8, app],
    }


@contextlib.contextmanager
def serving(command):
    command = [str(part) for part in command]
    log = tempfile.TemporaryFile()
    process = subprocess.Popen(command, cwd=HERE, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(process, log)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(process, log):
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            if get("/")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    log.seek(0)
    sys.exit(f"{process.args}: {log.read().decode()}")


def get(path, timeout=20):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise OSError(error) from error
    finally:
        connection.close()


def tree(pid):
    """Returns a process and its descendants."""
    children = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text().rsplit(")", 1)[1].split()
            children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu(pids):
    """Returns the CPU time of processes in nanoseconds."""
    total = 0
    for pid in pids:
        for entry in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(entry.read_text().split()[0])
    return total


def pss(pids):
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])
    return total / 1024


UNITS = {"us": 0.001, "ms": 1, "s": 1000}


def load(pid, seconds, connections=16):
    pids = tree(pid)
    before = cpu(pids)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", URL]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = cpu(pids) - before
    requests = int(re.search(r"(\d+) requests in", text)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    if "Non-2xx" in text:
        sys.exit(text)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return rate, spent / requests / 1000, float(number) * UNITS[unit], pss(tree(pid))


def table(arguments):
    chosen = {name: it for name, it in servers(arguments.venv).items() if not arguments.only or name in arguments.only}
    for title, app in [("hello", "python_apps:application"), ("Flask, JSON", "python_flask:application")]:
        results = {name: [] for name in chosen}
        for _ in range(arguments.rounds):
            for name, command in chosen.items():
                with serving(command(app)) as pid:
                    load(pid, 1)
                    results[name].append(load(pid, arguments.seconds))
        print(f"\n{title}, 16 connections, one worker\n")
        print("| server | req/s | CPU us/req | p99 ms | PSS MiB |\n|---|---|---|---|---|")
        for name, runs in results.items():
            rate, spent, p99, memory = (statistics.median(column) for column in zip(*runs))
            print(f"| {name} | {rate:,.0f} | {spent:.1f} | {p99:.2f} | {memory:.1f} |", flush=True)


def percentile(times, part):
    return sorted(times)[min(int(len(times) * part), len(times) - 1)] * 1000


def ask(seconds, connections=4):
    """Asks for the small page on some connections. Returns the times, and how many requests failed."""
    times, failures, until = [], [], time.monotonic() + seconds

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
        while time.monotonic() < until:
            begin = time.monotonic()
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    failures.append(response.status)
            except (OSError, http.client.HTTPException) as error:
                failures.append(repr(error))
                connection.close()
            times.append(time.monotonic() - begin)

    threads = [threading.Thread(target=client) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, failures


def slow_clients(command):
    with serving(command):
        quiet = percentile(ask(5)[0], 0.99)
        stop = threading.Event()
        sockets = []
        for number in range(400):
            one = socket.create_connection(("127.0.0.1", PORT))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            if number % 2:
                one.sendall(b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
            else:
                one.sendall(b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
            sockets.append(one)

        def drip():
            while not stop.wait(1):
                for number, one in enumerate(sockets):
                    with contextlib.suppress(OSError):
                        one.recv(1024, socket.MSG_DONTWAIT) if number % 2 else one.send(b"x" * 1024)

        thread = threading.Thread(target=drip)
        thread.start()
        time.sleep(2)
        busy = percentile(ask(5)[0], 0.99)
        stop.set()
        thread.join()
    print(f"slow clients: p99 is {quiet:.1f} ms without, {busy:.1f} ms beside 200 uploads and 200 readers at 1 KB/s")


def is_running(pid):
    with contextlib.suppress(OSError):
        return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
    return False


def workers_of(pid):
    return [one for one in tree(pid) if one != pid]


def kills(command, seconds):
    with serving([*command, "--workers", 2]) as pid:
        before = len(os.listdir(f"/proc/{pid}/fd"))
        killed, until = [], time.monotonic() + seconds

        def killer():
            while time.monotonic() < until:
                for worker in workers_of(pid)[:1]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(worker, signal.SIGKILL)
                        killed.append(worker)
                time.sleep(0.2)

        thread = threading.Thread(target=killer)
        thread.start()
        times, failures = ask(seconds)
        thread.join()
        time.sleep(6)
        orphans = [one for one in killed if is_running(one)]
        after = len(os.listdir(f"/proc/{pid}/fd"))
        print(
            f"kills: {len(killed)} workers in {seconds} s, {len(times)} requests, {len(failures)} failed ({set(failures)}),"
            f" {len(workers_of(pid))} workers, {len(orphans)} orphans, {before} descriptors before, {after} after"
        )
        left = workers_of(pid)
        os.kill(pid, signal.SIGKILL)
        begin = time.monotonic()
        while any(is_running(one) for one in left) and time.monotonic() < begin + 20:
            time.sleep(0.01)
        print(f"the server is killed: its workers have ended after {time.monotonic() - begin:.2f} s")


def reloads(command):
    with serving([*command, "--workers", 2]) as pid:
        seen, counts, lost = set(workers_of(pid)), 0, []
        while counts < 20000:
            os.kill(pid, signal.SIGHUP)
            times, failures = ask(2)
            counts += len(times)
            lost += failures
            seen.update(workers_of(pid))
        print(f"reloads: {counts} requests, {len(lost)} lost {set(lost)}, {len(seen)} workers")


def large_file(command):
    with tempfile.NamedTemporaryFile() as file, serving(command) as pid:
        file.truncate(1 << 30)
        memory = pss([pid])
        most = [memory]
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        begin = time.monotonic()
        connection.request("GET", f"/file?{file.name}")
        response = connection.getresponse()
        headed = time.monotonic() - begin
        begin = time.monotonic()
        assert get("/")[0] == 200
        free = time.monotonic() - begin
        length = 0
        while block := response.read(1 << 20):
            length += len(block)
            if length % (64 << 20) == 0:
                most.append(pss([pid]))
        assert length == 1 << 30, length
        print(
            f"1 GiB: the head after {headed * 1000:.1f} ms, the worker answers another request within {free * 1000:.1f} ms,"
            f" the front grows by {max(most) - memory:.1f} MiB"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("--promises", action="store_true")
    arguments = parser.parse_args()
    if not arguments.promises:
        return table(arguments)
    command = servers(arguments.venv)["bytegate"]("python_apps:application")
    slow_clients(command)
    large_file(command)
    reloads(command)
    kills(command, 30)


if __name__ == "__main__":
    main()
