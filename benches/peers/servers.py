"""The servers as child processes: started, checked, weighed and ended."""

import http.client
import itertools
import pathlib
import shutil
import socket
import subprocess
import time
from typing import NamedTuple

PAGE = b"<h1>Hello, world</h1>\n"
BIG = b"x" * 1024 * 1024
MANY = 10_000
HUGE = 1024 * 1024 * 1024
TYPES = {"/big.bin": "application/octet-stream"}
PAGE_TYPE = "text/html; charset=utf-8"

# Below the range that the system takes source ports from.
PORTS = itertools.count(20000)


class Contender(NamedTuple):
    name: str
    # What the program is called with; none for nginx.
    argument: str | None
    page: str = "/index.html"
    # Names of scenarios that make no sense for it.
    without: tuple[str, ...] = ()


CONTENDERS = [
    Contender("bytegate", "bytegate", without=("many", "huge")),
    Contender("bytegate-1", "bytegate-1", without=("many", "huge")),
    Contender("bytegate-py", "bytegate", "/index.py", ("big", "1", "8", "512", "4096", "10000", "idle", "many", "huge")),
    Contender("bytegate-live", "bytegate-live"),
    Contender("hyper", "hyper", without=("many", "huge")),
    Contender("axum", "axum", without=("many", "huge")),
    Contender("actix", "actix", without=("many", "huge")),
    Contender("may_minihttp", "may_minihttp", without=("many", "huge")),
    Contender("tiny_http", "tiny_http", without=("many", "huge")),
    Contender("nginx", None),
    Contender("epoll", "epoll", without=("big", "many", "huge")),
]

NGINX = """\
daemon off;
# On 2 processors that it shares with wrk, a second worker would mostly wait.
worker_processes 1;
worker_rlimit_nofile {open_files};
pid {folder}/nginx.pid;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    open_file_cache max=20000;
    types {{ "text/html; charset=utf-8" html; application/octet-stream bin; }}
    client_body_temp_path {folder}/client_body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {folder}/site;
    }}
}}
"""


def find_nginx():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Server:
    """A running server; as a context it is ready at the start and gone at the end."""

    def __init__(self, contender, program, folder, open_files):
        self.contender = contender
        self.port = free_port()
        if contender.argument is None:
            command = nginx_command(folder, self.port, open_files)
        else:
            command = [str(program), contender.argument, str(self.port)]
            if contender.argument == "bytegate-live":
                command.append(str(site_folder(folder)))
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def __enter__(self):
        try:
            self.await_ready()
            self.check()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def await_ready(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{self.contender.name} does not listen on port {self.port}")

    def check(self):
        """What answers wrong must not be measured."""
        expected = {self.contender.page: PAGE}
        if "big" not in self.contender.without:
            expected["/big.bin"] = BIG
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        for path, content in expected.items():
            connection.request("GET", path)
            response = connection.getresponse()
            kind = response.getheader("Content-Type")
            if (response.status, kind) != (200, TYPES.get(path, PAGE_TYPE)) or response.read() != content:
                raise RuntimeError(f"{self.contender.name} answers {path} wrong: {response.status}, {kind}")
        connection.close()

    def processes(self):
        """The server and its children: nginx's workers."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text().split())]

    def cpu_seconds(self):
        """User and system time of all threads, with the scheduler's nanoseconds; /proc/PID/stat has only ticks
        of 10 ms."""
        return sum(time.clock_gettime(cpu_clock(pid)) for pid in self.processes())

    def memory(self):
        """Bytes that belong to it; shared pages count by their share."""
        total = 0
        for pid in self.processes():
            for line in open(f"/proc/{pid}/smaps_rollup"):
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def cpu_clock(pid):
    """clock_getcpuclockid(3), which Python has for its own threads only; 2 stands for the scheduler's clock."""
    return (~pid << 3) | 2


def free_port():
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def site_folder(folder):
    """The folder for the servers that read files. Only they can answer the scenarios with many and with huge files."""
    site = folder / "site"
    if not site.exists():
        site.mkdir()
        (site / "index.html").write_bytes(PAGE)
        (site / "big.bin").write_bytes(BIG)
        for number in range(MANY):
            (site / f"{number}.html").write_bytes(PAGE)
        with open(site / "huge.bin", "wb") as huge:
            # Without blocks on the disk: reading costs what a cached file costs.
            huge.truncate(HUGE)
    return site


def nginx_command(folder, port, open_files):
    site_folder(folder)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, open_files=open_files))
    return [find_nginx(), "-e", "stderr", "-c", str(config)]
