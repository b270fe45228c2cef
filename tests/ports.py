"""Ports that nobody has, for tests that run beside each other.

Not those that the system gives for port 0: it gives the same ones to connections, so that another process may have one before the program under test
listens on it, and who asks whether somebody listens may be connected to himself. Below that range a counter, which all tests of the machine share, goes
round; a port comes again after thousands of others."""
import errno
import fcntl
import os
import socket
import tempfile

FIRST, LAST = 11000, 31999
COUNTER = os.path.join(tempfile.gettempdir(), "spanmill-test-ports-%d" % os.getuid())


def is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError as why:
                if why.errno != errno.EADDRINUSE:
                    raise
                return False
    return True


def free_ports(count):
    found = []
    with open(COUNTER, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read().strip()
        port = int(text) if text.isdigit() else FIRST
        for _ in range(LAST - FIRST):
            port = port + 1 if FIRST <= port < LAST else FIRST
            if is_free(port):
                found.append(port)
            if len(found) == count:
                break
        file.truncate(0)
        file.write(str(port))
    assert len(found) == count, "no ports are left"
    return found
