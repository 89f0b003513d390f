"""A link that delays packets and loses some: two TUN devices, with this program between them.

    lossy_link.py NAME NAME DELAY_MS LOSS_PERCENT SEED

Prints "ready" when the devices are there; they may then be moved to network namespaces. Loses whole
IP packets of TCP and UDP alike, both ways. Ends when its standard input does.
"""
import fcntl
import heapq
import os
import random
import selectors
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
# Packets that wait for their time; more are lost, as by a router.
QUEUE = 20000


def device(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def main():
    first, second = device(sys.argv[1]), device(sys.argv[2])
    delay, loss = float(sys.argv[3]) / 1000, float(sys.argv[4]) / 100
    chance = random.Random(int(sys.argv[5])).random
    other = {first: second, second: first}
    waiting = []
    count = 0
    poll = selectors.DefaultSelector()
    for fd in (first, second, 0):
        poll.register(fd, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        wait = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for key, _ in poll.select(wait):
            if key.fd == 0:
                if not os.read(0, 100):
                    return
                continue
            for _ in range(64):
                try:
                    packet = os.read(key.fd, 65536)
                except OSError:
                    break
                if chance() < loss or len(waiting) >= QUEUE:
                    continue
                count += 1
                heapq.heappush(waiting, (time.monotonic() + delay, count, other[key.fd], packet))
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, fd, packet = heapq.heappop(waiting)
            try:
                os.write(fd, packet)
            except OSError:
                pass


main()
