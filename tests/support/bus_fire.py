"""Fires one event into a ZeroMQ event bus: path of the PULL socket, tag, data as JSON."""

import json
import sys

import msgpack
import zmq


def main(pull_path, tag, data):
    push = zmq.Context().socket(zmq.PUSH)
    push.setsockopt(zmq.LINGER, 5000)
    push.connect("ipc://" + pull_path)
    body = msgpack.packb(json.loads(data), use_bin_type=True)
    push.send(tag.encode() + b"\n\n" + body)
    push.close()


main(*sys.argv[1:4])
