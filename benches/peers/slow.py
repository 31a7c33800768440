#!/usr/bin/env python3
"""How much 200 slow clients cost the others: wrk's p99 beside them and without them, in turn, over TCP and over TLS.

    python3 slow.py [--rounds 5] [--seconds 2] [--connections 2] [--slow 200] [--only tcp,tls] [--program PATH]

The servers are the program bytegate, with its counters and its access log, and nginx with an access log, one thread each. The
slow clients send a head byte by byte, read 1 MiB at 1 KiB a second, send bodies of 1 MB at 1 KiB a second, and with TLS, send
their first message byte by byte. Each does something once a second. When a server closes a connection, a new one is opened.
Needs Linux, Rust, wrk, nginx and openssl. A program that is built already can be given.
"""

import argparse
import contextlib
import json
import os
import pathlib
import resource
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True

from scenarios import WRK_SCRIPT
from servers import NGINX, PAGE, Contender, Server, find_nginx, free_port, site_folder
from tls import CLIENT, REQUEST, SECURE, exchange, make_certificate

CRATE = pathlib.Path(__file__).resolve().parents[2]
# Clients take their turns in so many groups, each of which wakes the server and the processor once.
GROUPS = 10


class Logged(Server):
    """A server with an access log."""

    def __init__(self, name, is_secure, program, folder, open_files):
        self.contender = Contender(name, name)
        self.is_secure = is_secure
        self.port = free_port()
        site = site_folder(folder)
        if name == "nginx":
            config = NGINX.replace("access_log off;", "access_log {folder}/nginx.log;")
            if is_secure:
                config = config.replace("listen 127.0.0.1:{port} backlog=4096;", SECURE)
            (folder / "nginx.conf").write_text(config.format(folder=folder, port=self.port, open_files=open_files))
            command = [find_nginx(), "-e", "stderr", "-c", folder / "nginx.conf"]
        else:
            command = [program, site, "--port", self.port, "--admin", f"127.0.0.1:{free_port()}"]
            command += ["--log-file", folder / "bytegate.log"]
            if is_secure:
                command += ["--tls-cert", folder / "cert.pem", "--tls-key", folder / "key.pem"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([str(one) for one in command], **quiet)

    def check(self):
        with self.connect() as stream:
            assert PAGE in exchange(stream)

    def connect(self):
        stream = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return CLIENT.wrap_socket(stream) if self.is_secure else stream


class Slow:
    """One slow client."""

    def __init__(self, server, kind):
        self.server = server
        self.kind = kind
        self.opened = 0
        self.stream = None

    def open(self):
        self.opened += 1
        stream = socket.socket()
        # Before it is connected: what the system keeps for a reader counts as read.
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.settimeout(10)
        stream.connect(("127.0.0.1", self.server.port))
        self.rest = b""
        if self.kind == "handshake":
            self.rest = first_message()
        elif self.server.is_secure:
            stream = CLIENT.wrap_socket(stream)
        if self.kind == "head":
            self.rest = REQUEST[:-2] + b"X-Slow: " + b"x" * 4096
        elif self.kind == "body":
            stream.sendall(b"POST /index.html HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")
        elif self.kind == "reader":
            stream.sendall(REQUEST.replace(b"/index.html", b"/big.bin"))
        stream.setblocking(False)
        self.stream = stream

    def turn(self):
        try:
            if self.stream is None:
                self.open()
            elif self.kind == "body":
                self.stream.send(b"x" * 1024)
            elif self.kind != "reader":
                self.stream.send(self.rest[:1])
                self.rest = self.rest[1:]
            if not self.stream.recv(1024):
                self.close()
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self.close()

    def close(self):
        if self.stream:
            self.stream.close()
            self.stream = None


def first_message():
    output = ssl.MemoryBIO()
    client = CLIENT.wrap_bio(ssl.MemoryBIO(), output, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return output.read()


@contextlib.contextmanager
def slow_clients(server, count):
    kinds = ["handshake", "head", "reader", "body"] if server.is_secure else ["head", "reader", "body"]
    clients = [Slow(server, kinds[number % len(kinds)]) for number in range(count)]
    for client in clients:
        client.turn()
    stop = threading.Event()

    def run():
        # The time that these clients take is not the server's, so they wait for a processor until the others leave one.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        group = 0
        while not stop.wait(1 / GROUPS):
            for client in clients[group::GROUPS]:
                client.turn()
            group = (group + 1) % GROUPS

    thread = threading.Thread(target=run)
    thread.start()
    try:
        time.sleep(1.5)
        yield clients
    finally:
        stop.set()
        thread.join()
        for client in clients:
            client.close()
        # The server has to notice.
        time.sleep(0.5)


def ask(server, seconds, connections, folder):
    """Returns the time within which 99 % of the requests got their responses and the processor time for each, in microseconds."""
    batch = folder / "batch"
    batch.write_bytes(REQUEST)
    url = f"{'https' if server.is_secure else 'http'}://127.0.0.1:{server.port}/"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(WRK_SCRIPT), url, "--", str(batch)]
    before = server.cpu_seconds()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = server.cpu_seconds() - before
    result = json.loads(output.splitlines()[-1])
    assert not any(result["errors"].values()), result
    return result["p99_us"], spent / result["requests"] * 1e6


def measure(server, order, arguments, folder):
    """Returns a pair of results for each state, which is quiet or slow."""
    ask(server, 1, arguments.connections, folder)
    found = {}
    for state in order:
        if state == "quiet":
            found[state] = ask(server, arguments.seconds, arguments.connections, folder)
            continue
        with slow_clients(server, arguments.slow) as clients:
            opened = sum(client.opened for client in clients)
            found[state] = ask(server, arguments.seconds, arguments.connections, folder)
            found["held"] = sum(client.stream is not None for client in clients)
            found["opened"] = sum(client.opened for client in clients) - opened
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--slow", type=int, default=200)
    parser.add_argument("--only", default="tcp,tls")
    parser.add_argument("--program", type=pathlib.Path)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, 20_000))
    program = arguments.program
    if program is None:
        build = ["cargo", "build", "--release", "--quiet", "--features", "net,tls"]
        subprocess.run(build, cwd=CRATE, check=True)
        program = CRATE / "target/release/bytegate"
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        folder = pathlib.Path(folder)
        # nginx's worker is another user if the master is root.
        folder.chmod(0o755)
        make_certificate(folder)
        for transport in arguments.only.split(","):
            rounds = {"bytegate": [], "nginx": []}
            for round_ in range(arguments.rounds):
                order = ["quiet", "slow"][:: -1 if round_ % 2 else 1]
                for name, results in rounds.items():
                    with Logged(name, transport == "tls", program, folder, 20_000) as server:
                        results.append(measure(server, order, arguments, folder))
            for name, results in rounds.items():
                report(transport, name, results)


def report(transport, name, results):
    def median(value):
        return statistics.median(value(result) for result in results)

    quiet, slow = (median(lambda it: it[state][0]) for state in ("quiet", "slow"))
    ratio = median(lambda it: it["slow"][0] / it["quiet"][0])
    costs = [f"{median(lambda it: it[state][1]):.2f}" for state in ("quiet", "slow")]
    print(
        f"{transport}  {name:9} p99 {quiet:6.0f} us quiet, {slow:6.0f} us beside slow clients, x {ratio:4.2f}"
        f"   CPU {costs[0]}, {costs[1]} us/request"
        f"   {median(lambda it: it['held']):.0f} slow clients connected, {median(lambda it: it['opened']):.0f} again",
        flush=True,
    )


if __name__ == "__main__":
    main()
