"""Prints what a ZeroMQ event bus publishes: a line per event, tag, tab, data as JSON."""

import json
import sys

import msgpack
import zmq


def main(pub_path, pull_path):
    context = zmq.Context()
    sub = context.socket(zmq.SUB)
    sub.setsockopt(zmq.SUBSCRIBE, b"")
    sub.connect("ipc://" + pub_path)
    push = context.socket(zmq.PUSH)
    push.connect("ipc://" + pull_path)
    # A subscription takes a moment to arrive; the first event of our own proves that it has.
    hello = b"bus_tail/hello"
    while True:
        push.send(hello + b"\n\n" + msgpack.packb({}, use_bin_type=True))
        if sub.poll(50):
            break
    print("listening", flush=True)
    while True:
        tag, _, body = sub.recv().partition(b"\n\n")
        if tag != hello:
            data = msgpack.unpackb(body, raw=False, strict_map_key=False)
            print(tag.decode() + "\t" + json.dumps(data, default=repr), flush=True)


main(*sys.argv[1:3])
