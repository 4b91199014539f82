#!/usr/bin/env python3
"""A line of so many bits a second and so much delay each way, to a network namespace of its own.

    tools/thin_line.py [DELAY_MS [RATE_BIT_S]]        as root; 75 and 64000 unless told

Prints the namespace, the address of the near end and that of the far one, and waits. For each line
that comes on its standard input it prints how many bytes of IP packets have gone up (from the far
end) and down; at the end of its input it takes the line away.

Where the kernel has netem, that is what slows a pair of interfaces down; elsewhere this program does,
between two TUN devices: a packet waits until those before it are sent at that rate, then for the
delay. At most 1000 packets wait, as with netem.
"""

import collections
import fcntl
import os
import selectors
import struct
import subprocess
import sys
import time

DELAY_MS = float(sys.argv[1]) if len(sys.argv) > 1 else 75.0
RATE_BIT_S = float(sys.argv[2]) if len(sys.argv) > 2 else 64000.0
WAITING_MAX = 1000
ETHERNET_BYTES = 14
# Addresses for measurements (RFC 2544), another pair for each line.
NEAR, FAR = (f"198.18.{os.getpid() % 256}.{end}" for end in (1, 2))
NAMESPACE = f"holdpoint-{os.getpid()}"
NEAR_DEVICE, FAR_DEVICE = f"hp{os.getpid()}n", f"hp{os.getpid()}f"
THERE = ["ip", "netns", "exec", NAMESPACE]


def run(*words):
    subprocess.run(words, check=True)


def addressed(device, address, *prefix):
    run(*prefix, "ip", "address", "add", f"{address}/30", "dev", device)
    run(*prefix, "ip", "link", "set", device, "up")


class Netem:
    """A pair of interfaces, slowed down by the kernel."""

    def __init__(self):
        run("ip", "link", "add", NEAR_DEVICE, "type", "veth", "peer", "name", FAR_DEVICE)
        try:
            for device in (NEAR_DEVICE, FAR_DEVICE):
                # Packets as they are on a line, and no bundles of them.
                run("ip", "link", "set", device, "gso_max_segs", "1")
                shaped = ["netem", "delay", f"{DELAY_MS}ms", "rate", f"{RATE_BIT_S:.0f}bit"]
                words = ["tc", "qdisc", "add", "dev", device, "root", *shaped]
                subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            run("ip", "link", "delete", NEAR_DEVICE)
            raise
        run("ip", "link", "set", FAR_DEVICE, "netns", NAMESPACE)

    def counted(self):
        def count(way):
            folder = f"/sys/class/net/{NEAR_DEVICE}/statistics"
            both = [int(open(f"{folder}/{way}_{what}").read()) for what in ("bytes", "packets")]
            return both[0] - both[1] * ETHERNET_BYTES

        return count("rx"), count("tx")

    def until_asked(self):
        return sys.stdin.readline()


class Way:
    """One way of the line between two TUN devices."""

    def __init__(self, source, target):
        self.source, self.target = source, target
        self.bytes, self.free_at, self.waiting = 0, 0.0, collections.deque()

    def take(self, now):
        packet = os.read(self.source, 65536)
        if len(self.waiting) < WAITING_MAX:
            self.bytes += len(packet)
            self.free_at = max(now, self.free_at) + len(packet) * 8 / RATE_BIT_S
            self.waiting.append((self.free_at + DELAY_MS / 1000, packet))

    def deliver(self, now):
        while self.waiting and self.waiting[0][0] <= now:
            os.write(self.target, self.waiting.popleft()[1])


class Tun:
    """Two devices, and this program between them."""

    def __init__(self):
        near, far = [self.device(name) for name in (NEAR_DEVICE, FAR_DEVICE)]
        run("ip", "link", "set", FAR_DEVICE, "netns", NAMESPACE)
        self.up, self.down = Way(far, near), Way(near, far)
        self.ways = selectors.DefaultSelector()
        for way in (self.up, self.down):
            self.ways.register(way.source, selectors.EVENT_READ, way)
        self.ways.register(sys.stdin, selectors.EVENT_READ)

    @staticmethod
    def device(name):
        # linux/if_tun.h: TUNSETIFF with IFF_TUN | IFF_NO_PI.
        descriptor = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(descriptor, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1001))
        return descriptor

    def counted(self):
        return self.up.bytes, self.down.bytes

    def until_asked(self):
        while True:
            waits = [way.waiting[0][0] for way in (self.up, self.down) if way.waiting]
            ready = self.ways.select(max(0, min(waits) - time.monotonic()) if waits else None)
            now = time.monotonic()
            for key, _ in ready:
                if key.data is None:
                    return sys.stdin.readline()
                key.data.take(now)
            self.up.deliver(now)
            self.down.deliver(now)


def main():
    run("ip", "netns", "add", NAMESPACE)
    try:
        try:
            line = Netem()
        except subprocess.CalledProcessError:
            line = Tun()
        addressed(NEAR_DEVICE, NEAR)
        addressed(FAR_DEVICE, FAR, *THERE)
        print(NAMESPACE, NEAR, FAR, flush=True)
        while line.until_asked():
            print(*line.counted(), flush=True)
    finally:
        run("ip", "netns", "delete", NAMESPACE)


main()
