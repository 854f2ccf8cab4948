"""Sockets of tests that others connect to."""

import contextlib
import socket


def accepted(listener):
    """Those who connect, until the listener is closed."""
    while True:
        try:
            yield listener.accept()[0]
        except OSError:
            return


def close(listener):
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)  # close() alone would not wake accept()
    listener.close()
