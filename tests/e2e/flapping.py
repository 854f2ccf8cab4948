"""A source's front that is up or down as a test wants it, and counts what it is asked."""

import threading
import time

from http_front import HttpFront

_BUSY = {
    503: b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    429: b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
}


class Flapping(HttpFront):
    """`down` is how: None, 503, 429 (with Retry-After), or "refused". An answer takes `latency` seconds while
    it is up, and `refusal` while it is down. `asked` are the times at which requests came while it was up
    (True) and down (False); `under_way` is how many are, `most` how many were at most. What comes while
    it is "refused" is not seen.
    """

    def __init__(self, port, latency):
        self.latency, self.refusal = latency, 0.0
        self._down = None
        self.asked = {True: [], False: []}
        self.under_way = self.most = 0
        self._counts = threading.Lock()
        super().__init__(port)

    @property
    def down(self):
        return self._down

    @down.setter
    def down(self, how):
        before, self._down = self._down, how
        if how == "refused":
            self.close()
        elif before == "refused":
            self.listen()

    def quiet(self):
        """Seconds since something was asked."""
        with self._counts:
            return time.monotonic() - max(times[-1] for times in self.asked.values() if times)

    def settle(self):
        """Forgets what was so far."""
        with self._counts:
            self.asked = {True: [], False: []}
            self.most = self.under_way

    def answer(self, head):
        down = self._down
        with self._counts:
            self.asked[down is None].append(time.monotonic())
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        if down is None:
            time.sleep(self.latency)
            return None
        time.sleep(self.refusal)
        return _BUSY.get(down, b"")

    def ended(self, head):
        with self._counts:
            self.under_way -= 1
