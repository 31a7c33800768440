"""What is asked of the servers, and how a run of it becomes figures."""

import json
import pathlib
import socket
import subprocess
import time
from typing import NamedTuple

from servers import MANY

WRK_SCRIPT = pathlib.Path(__file__).with_name("wrk.lua")

SMALL = "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"

# As Chromium sends it; the same as in ../core.rs.
BROWSER = (
    "GET {path} HTTP/1.1\r\n"
    "Host: localhost:7890\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"\r\n'
    "sec-ch-ua-mobile: ?0\r\n"
    'sec-ch-ua-platform: "Linux"\r\n'
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/apng,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n\r\n"
)


class Scenario(NamedTuple):
    title: str
    connections: int = 64
    depth: int = 1
    head: str = SMALL
    big: bool = False
    huge: bool = False
    many: bool = False
    idle: bool = False


SCENARIOS = {
    "keep-alive": Scenario("small page, 64 connections kept alive"),
    "pipelined": Scenario("small page, 64 connections, 16 requests in each batch", depth=16),
    "browser": Scenario("small page, 64 connections, 15 fields as a browser sends them", head=BROWSER),
    "big": Scenario("1 MiB, 8 connections (requests/s are MiB/s)", connections=8, big=True),
    "many": Scenario("10,000 small pages in turn, 64 connections", many=True),
    "huge": Scenario("1 GiB, 2 connections", connections=2, huge=True),
    "1": Scenario("small page, 1 connection", connections=1),
    "8": Scenario("small page, 8 connections", connections=8),
    "512": Scenario("small page, 512 connections", connections=512),
    "4096": Scenario("small page, 4096 connections", connections=4096),
    "10000": Scenario("small page, 10000 connections", connections=10000),
    "idle": Scenario("idle connections after one request each", connections=5000, idle=True),
}

# The scenarios that differ in nothing but the number of connections.
BY_CONNECTIONS = ["1", "8", "keep-alive", "512", "4096", "10000"]


def run(scenario, server, seconds, folder):
    """One run against a server that has just been started."""
    if scenario.idle:
        return hold(scenario, server)
    batch = folder / "batch"
    batch.write_bytes(scenario.head.format(path=path_of(scenario, server)).encode() * scenario.depth)
    # To open many connections takes long, and should weigh little.
    seconds = round(seconds * (1 + scenario.connections / 2500))
    command = ["wrk", "-t1", f"-c{scenario.connections}", f"-d{seconds}s", "-s", str(WRK_SCRIPT)]
    command += [f"http://127.0.0.1:{server.port}/", "--", str(batch)]
    if scenario.many:
        command.append(str(MANY))
    before = server.cpu_seconds()
    wrk = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    used = server.cpu_seconds() - before
    if wrk.returncode != 0:
        raise RuntimeError(f"wrk failed against {server.contender.name}: {wrk.stdout}{wrk.stderr}")
    result = json.loads(wrk.stdout.splitlines()[-1])
    if result["requests"] == 0:
        raise RuntimeError(f"{server.contender.name} answered nothing: {result}")
    result["value"] = used / result["requests"] * 1e6
    result["rate"] = result["requests"] / result["seconds"]
    if scenario.depth > 1:
        # wrk corrects its latencies as if every request had been sent alone.
        result["p50_us"] = result["p99_us"] = None
    result["errors"] = {kind: count for kind, count in result["errors"].items() if count}
    return result


def path_of(scenario, server):
    if scenario.many:
        # The script puts a number in its place.
        return "/NUMBER.html"
    if scenario.huge:
        return "/huge.bin"
    return "/big.bin" if scenario.big else server.contender.page


def hold(scenario, server):
    """Bytes of memory for each connection that has had one answer and stays open, and what it took to get there."""
    request = scenario.head.format(path=server.contender.page).encode()
    held = []
    before = server.memory()
    used_before = server.cpu_seconds()
    try:
        for _ in range(scenario.connections):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            held.append(connection)
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"</h1>\n"):
                received = connection.recv(4096)
                if not received:
                    raise RuntimeError(f"{server.contender.name} closed after {answer!r}")
                answer += received
        used = server.cpu_seconds() - used_before
        time.sleep(0.5)
        after = server.memory()
        closed = sum(is_closed(connection) for connection in held)
    finally:
        for connection in held:
            connection.close()
    return {
        "value": (after - before) / scenario.connections,
        "open_us": used / scenario.connections * 1e6,
        "errors": {"closed": closed} if closed else {},
    }


def is_closed(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
