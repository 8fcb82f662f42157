"""Finds TCP ports on 127.0.0.1 that nobody listens on.

    ports.py WANTED...     prints one port for each WANTED: that one, or the next free one above it; 0: any

All are held until all are found, so no port is given twice.
"""

import socket
import sys


def bound(port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # As a server would: connections of the last one in TIME_WAIT do not count.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        held.listen()
    except OSError:
        held.close()
        raise
    return held


def free_port(wanted: int) -> socket.socket:
    for port in range(wanted, min(wanted + 1000, 65536)):
        try:
            return bound(port)
        except OSError:
            continue
    sys.exit(f"no free port from {wanted} on")


if __name__ == "__main__":
    found = [free_port(int(wanted)) for wanted in sys.argv[1:]]
    print(*(held.getsockname()[1] for held in found))
