#!/usr/bin/env python3
"""Mixed reads and decisions over HTTP against a holdpoint of its own, then `decisions verify`: not one decision lost or doubled.

    tools/load.py [binary] [seconds] [readers] [deciders]       default: target/release/holdpoint 10 4 4

Every decider starts a job and decides its gate, some of them twice at once with opposite verdicts: exactly one may win. Prints requests a
second and latencies in milliseconds. Only loopback addresses are asked. With wrk installed, the queue's GET is measured with it as well.
"""

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

BINARY, SECONDS, READERS, DECIDERS = (sys.argv[1:] + ["target/release/holdpoint", "10", "4", "4"][len(sys.argv) - 1 :])[:4]
BINARY, SECONDS, READERS, DECIDERS = os.path.realpath(BINARY), float(SECONDS), int(READERS), int(DECIDERS)
TOKEN = os.urandom(24).hex()
CONFIGURATION = f"""
gates: {{outline: {{}}, script: {{}}}}
server: {{port: 0}}
security:
  rate_limiting: {{enabled: false}}
  tokens: [{{name: load, role: operator, sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}}}]
"""
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


class Client:
    """One connection, kept."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(*address, timeout=60)

    def ask(self, method, path, body=None):
        """The status, the document and the milliseconds."""
        began = time.perf_counter()
        self.connection.request(method, path, json.dumps(body) if body is not None else None, HEADERS)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text), (time.perf_counter() - began) * 1000


def quantiles(times):
    times = sorted(times)
    at = lambda part: times[min(len(times) - 1, int(len(times) * part))]
    return f"p50 {at(0.5):.2f}  p99 {at(0.99):.2f}  max {times[-1]:.2f} ms" if times else "none"


def reader(address, until, times):
    client = Client(address)
    paths = ["/api/v1/gates?state=open", "/api/v1/jobs?limit=20", "/api/v1/decisions?limit=20", "/api/v1/config/operator"]
    number = 0
    while time.monotonic() < until:
        status, _, took = client.ask("GET", paths[number % len(paths)])
        assert status == 200, status
        times.append(took)
        number += 1


def decider(address, until, made, times):
    clients = [Client(address), Client(address)]
    number = 0
    while time.monotonic() < until:
        status, job, _ = clients[0].ask("POST", "/api/v1/jobs", {"slug": "load", "intent": "load"})
        assert status == 201, job
        path = f"/api/v1/jobs/{job['id']}"
        number += 1
        if number % 4 == 0:
            answers = [None, None]

            def race(side, deed):
                answers[side] = clients[side].ask("POST", f"{path}/{deed}", {"stage": "outline"})

            threads = [threading.Thread(target=race, args=pair) for pair in ((0, "approve"), (1, "reject"))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(answer[0] for answer in answers) == [200, 409], answers
            made.append(next(answer[1]["decision"]["hash"] for answer in answers if answer[0] == 200))
        else:
            status, decided, took = clients[0].ask("POST", f"{path}/approve", {"stage": "outline"})
            assert status == 200 and decided["published"], decided
            made.append(decided["decision"]["hash"])
            times.append(took)


def main():
    work = tempfile.mkdtemp(prefix="holdpoint-load-")
    os.mkdir(f"{work}/conf")
    with open(f"{work}/conf/operator.yaml", "w") as file:
        file.write(CONFIGURATION)
    server = subprocess.Popen([BINARY, "serve"], cwd=work, stderr=subprocess.PIPE, text=True)
    failed = []
    try:
        address = next(line.rsplit("http://", 1)[1].strip() for line in server.stderr if "HTTP on http://" in line)
        threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
        url, address = f"http://{address}/api/v1/gates?state=open", (address.rsplit(":", 1)[0], int(address.rsplit(":", 1)[1]))
        for _ in range(50):
            Client(address).ask("POST", "/api/v1/jobs", {"slug": "waits", "intent": "load"})
        if shutil.which("wrk"):
            command = ["wrk", "-t1", "-c8", f"-d{int(SECONDS)}s", "--latency", "-H", f"Authorization: Bearer {TOKEN}", url]
            print("GET queue of 50 open gates, wrk, 8 connections:")
            print("".join(line for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines(True) if "%" in line or "Requests/sec" in line))
        reads, decisions, made = [], [], []
        until = time.monotonic() + SECONDS

        def guarded(work, *arguments):
            try:
                work(address, until, *arguments)
            except Exception as error:  # told below: a thread's own traceback would be lost
                failed.append(repr(error))

        threads = [threading.Thread(target=guarded, args=(reader, reads)) for _ in range(READERS)]
        threads += [threading.Thread(target=guarded, args=(decider, made, decisions)) for _ in range(DECIDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"mixed, {SECONDS:g} s: {len(reads) / SECONDS:.0f} reads/s, {quantiles(reads)}")
        print(f"       {len(made) / SECONDS:.0f} decisions/s (on disk when answered), {quantiles(decisions)}")
    finally:
        server.terminate()
        server.wait()
    listed = json.loads(subprocess.run([BINARY, "decisions", "list", "--json"], cwd=work, capture_output=True, check=True).stdout)
    hashes = [decision["hash"] for decision in listed]
    if sorted(hashes) != sorted(made):
        failed.append(f"{len(made)} decisions were answered, {len(hashes)} are on record")
    verified = subprocess.run([BINARY, "decisions", "verify"], cwd=work, capture_output=True, text=True)
    print(f"{len(hashes)} decisions on record, {len(made)} answered; decisions verify: exit {verified.returncode}: {verified.stdout.strip()}")
    if verified.returncode != 0:
        failed.append(verified.stdout + verified.stderr)
    shutil.rmtree(work)
    sys.exit("\n".join(failed) or 0)


main()
