#!/usr/bin/env python3
"""How soon news reaches many consoles.

Usage: news.py HOLDPOINT [CONSOLES]

Starts so many consoles (50), each in a terminal of its own, in a new directory, on the record that HOLDPOINT_STORE
names, or on a file. Then opens gates one after the other from another process, and prints when the last console had
each on its screen, in milliseconds from the end of `gate open`; and the memory of one console.
"""

import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import fcntl
import termios

GATES = 10


def main():
    program = os.path.abspath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    home = tempfile.mkdtemp(prefix="holdpoint-news-")
    os.makedirs(home + "/conf")
    with open(home + "/conf/operator.yaml", "w", encoding="utf-8") as file:
        file.write("gates: {deploy: {required: true}}\n")
    environment = {**os.environ, "HOME": home, "TERM": "xterm-256color"}

    def open_gate(job):
        # Another change each time: the same ones would stand in one row.
        with open(f"{home}/plan.txt", "w", encoding="utf-8") as file:
            file.write(job + "\n")
        arguments = ["gate", "open", job, "deploy", "--artifact", "plan=plan.txt"]
        subprocess.run([program, *arguments], cwd=home, env=environment, check=True, stdout=subprocess.DEVNULL)

    consoles = {}
    for _ in range(count):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(home)
            os.execve(program, [program], environment)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 80, 0, 0))
        consoles[terminal] = pid

    def until_seen(text, limit_s):
        """Reads all terminals until each has shown the text; when the last one did."""
        waiting = dict.fromkeys(consoles, b"")
        began = time.monotonic()
        while waiting:
            ready, _, _ = select.select(list(consoles), [], [], 1)
            for terminal in ready:
                read = os.read(terminal, 65536)
                if terminal in waiting:
                    waiting[terminal] += read
                    if text in waiting[terminal]:
                        del waiting[terminal]
            if time.monotonic() - began > limit_s:
                sys.exit(f"{len(waiting)} consoles have not shown {text!r} within {limit_s} s")
        return time.monotonic()

    open_gate("first")
    until_seen(b"first", 120)
    took = []
    for number in range(GATES):
        job = f"news{number}x"
        open_gate(job)
        opened = time.monotonic()
        took.append((until_seen(job.encode(), 60) - opened) * 1000)
    with open(f"/proc/{next(iter(consoles.values()))}/status", encoding="utf-8") as status:
        memory = next(line.split()[1] for line in status if line.startswith("VmRSS"))
    took.sort()
    print(f"{count} consoles, {GATES} gates: the last console had it after {statistics.median(took):.0f} ms (median), "
          f"{took[-1]:.0f} ms (most); {int(memory) / 1024:.1f} MB a console")
    for terminal, pid in consoles.items():
        os.close(terminal)
        os.waitpid(pid, 0)


main()
