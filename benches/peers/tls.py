#!/usr/bin/env python3
"""Compares bytegate's TLS with nginx's over loopback TCP: the same folder, the same key on P-256, one thread each, in turn.

Processor time per request, per full handshake and per MiB, and the bytes of an idle connection. Needs wrk, nginx and openssl.
"""

import argparse
import pathlib
import resource
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from measure import build
from servers import NGINX, PAGE, Contender, Server, find_nginx, free_port, site_folder

SECURE = """listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        ssl_protocols TLSv1.2 TLSv1.3;"""
REQUEST = b"GET /index.html HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def make_certificate(folder):
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost"
    make += " -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", *make.split(), *files], check=True, capture_output=True)


def any_certificate():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


# Made once, because it takes longer than a handshake. Sessions are not resumed.
CLIENT = any_certificate()


class Secure(Server):
    def __init__(self, name, program, folder, open_files):
        self.contender = Contender(name, name)
        self.port = free_port()
        site = site_folder(folder)
        if name == "nginx":
            config = folder / "nginx.conf"
            text = NGINX.replace("listen 127.0.0.1:{port} backlog=4096;", SECURE)
            config.write_text(text.format(folder=folder, port=self.port, open_files=open_files))
            command = [find_nginx(), "-e", "stderr", "-c", str(config)]
        else:
            command = [str(program), name, str(self.port), str(site)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def check(self):
        stream = self.connect()
        assert PAGE in exchange(stream)
        stream.close()

    def connect(self):
        return CLIENT.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=30))


def exchange(stream):
    stream.sendall(REQUEST)
    answer = b""
    while not answer.endswith(PAGE):
        part = stream.recv(65536)
        assert part, answer
        answer += part
    return answer


def wrk(server, seconds, connections, *arguments, path="/index.html"):
    """Returns requests and the seconds of processor time for each, and requests a second."""
    before = server.cpu_seconds()
    url = f"https://127.0.0.1:{server.port}{path}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *arguments, url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = server.cpu_seconds() - before
    assert "Non-2xx" not in output, output
    count = int(output.split(" requests in ")[0].split()[-1])
    rate = float(output.split("Requests/sec:")[1].split()[0])
    return spent / count * 1e6, rate


def keep_alive(server, seconds):
    return wrk(server, seconds, 64)


def handshakes(server, seconds):
    return wrk(server, seconds, 16, "-H", "Connection: close")


def idle(server, _):
    count = 1000
    server.connect().close()
    before = server.memory()
    streams = []
    for _ in range(count):
        streams.append(server.connect())
        # At once, because a connection without a request is closed after some seconds.
        exchange(streams[-1])
    time.sleep(0.5)
    grown = (server.memory() - before) / count
    # The one that has been idle longest is still open.
    exchange(streams[0])
    for stream in streams:
        stream.close()
    return grown, 0.0


def big(server, seconds):
    return wrk(server, seconds, 8, path="/big.bin")


SCENARIOS = {
    "keep-alive": (keep_alive, "CPU us/request"),
    "handshake": (handshakes, "CPU us/handshake"),
    "idle": (idle, "bytes/connection"),
    "big": (big, "CPU us/MiB"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--scenario", default=",".join(SCENARIOS))
    arguments = parser.parse_args()
    open_files = 20_000
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
    program = build()
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        make_certificate(folder)
        for name in arguments.scenario.split(","):
            scenario, unit = SCENARIOS[name]
            found = {"bytegate-tls": [], "nginx": []}
            for round_ in range(arguments.rounds):
                for server_name in sorted(found, reverse=bool(round_ % 2)):
                    with Secure(server_name, program, folder, open_files) as server:
                        found[server_name].append(scenario(server, arguments.seconds))
            medians = {one: statistics.median(it[0] for it in runs) for one, runs in found.items()}
            for one, runs in found.items():
                ratio = medians[one] / medians["nginx"]
                rate = statistics.median(it[1] for it in runs)
                print(f"{name:12} {one:14} {medians[one]:12.1f} {unit:18} x nginx {ratio:5.2f} {rate:10.0f}/s", flush=True)


if __name__ == "__main__":
    main()
