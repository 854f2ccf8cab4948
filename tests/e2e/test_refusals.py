"""What is refused for good is not asked for again and again, and the message says what to look at; a clock that
is wrong is made up for."""

import collections
import time

import pytest

from far_lake import FIRST, LAST, WHOLE, export, folder, whole  # noqa: F401 (fixtures)
from http_front import HttpFront
import ledgers
import preloaded
from object_stores import STARTS, VERSITYGW, s3
from program import TABLE, read, serve
from rpc_stub import RpcStub
from test_clock import SHIM, Clock

# By what a refusal says of itself, in the words of S3: its status, and what must be said of it.
REFUSALS = {"AccessDenied": (403, "rights"), "RequestTimeTooSkewed": (403, "clock"),
            "InvalidAccessKeyId": (401, "key"), "NoSuchBucket": (404, "bucket")}
A_DAY = 86_400


class Refusing(HttpFront):
    """Counts requests, and answers them as `refusal` says, with the Date of a clock `ahead` so many seconds."""

    def __init__(self, port):
        super().__init__(port)
        self.refusal, self.ahead = None, 0
        self.requests = collections.Counter()

    def answer(self, head):
        self.requests[head[0]] += 1
        if self.refusal is None:
            return None
        body = (f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{self.refusal}</Code><Message>no'
                "</Message></Error>").encode()
        said = [f"HTTP/1.1 {REFUSALS[self.refusal][0]} No", "Content-Type: application/xml",
                f"Content-Length: {len(body)}",
                time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + self.ahead))]
        asks_for_head = head[0].startswith(b"HEAD")
        return "\r\n".join([*said, "", ""]).encode() + (b"" if asks_for_head else body)

    def most_asked(self):
        return max(self.requests.values())


@pytest.fixture(scope="module", params=["versitygw", "moto", "gcs", "web"])
def store(request, folder, tmp_path_factory):
    with STARTS[request.param](tmp_path_factory.mktemp("store")) as running:
        running.put(folder, "bucket/some/lake")
        running.name = request.param
        yield running


@pytest.mark.parametrize("refusal", REFUSALS)
def test_who_is_refused_asks_once_and_says_what_to_look_at(store, refusal):
    with Refusing(store.port) as front:
        front.refusal = refusal
        done = export(store.url("bucket/some/lake", front.port), env=store.env)
        assert done.returncode != 0
        assert front.most_asked() == 1
        assert "bucket/some/lake" in done.stderr
        if store.name in ("versitygw", "moto") or (store.name == "gcs" and refusal != "NoSuchBucket"):
            assert REFUSALS[refusal][1] in done.stderr
        elif refusal != "NoSuchBucket":
            assert "check the password, the key or the token" in done.stderr


@pytest.mark.parametrize("refusal", ["AccessDenied", "InvalidAccessKeyId"])
def test_a_stream_that_is_refused_ends_with_its_place(store, refusal):
    with Refusing(store.port) as front, \
            serve(store.url("bucket/some/lake", front.port), env=store.env) as server, \
            server.connect() as client:
        read(client, f"{TABLE}:{FIRST}:{FIRST + 3}").ended()
        front.requests.clear()
        front.refusal = refusal
        error = read(client, f"{TABLE}:{FIRST + 4}:{LAST}").error
        # Once ahead of its turn, and once in it.
        assert front.most_asked() <= 2
        assert f"go on from ledger {FIRST + 4}" in str(error)


def test_who_is_refused_for_a_clock_that_is_not_wrong_asks_once_more(store):
    """Amazon's library makes up for the difference between two clocks, once."""
    if store.name not in ("versitygw", "moto"):
        pytest.skip("is asked without a time")
    with Refusing(store.port) as front:
        front.refusal, front.ahead = "RequestTimeTooSkewed", A_DAY
        done = export(store.url("bucket/some/lake", front.port), env=store.env)
        assert done.returncode == 2 and "clock" in done.stderr
        assert front.most_asked() == 2


@pytest.mark.skipif(VERSITYGW is None, reason="no versitygw here (scripts/setup.sh versitygw)")
@pytest.mark.skipif(preloaded.COMPILER is None, reason="no C compiler here")
@pytest.mark.parametrize("jump", [-3600, A_DAY], ids=["an-hour-back", "a-day-ahead"])
def test_a_clock_that_is_wrong_costs_a_request(folder, whole, tmp_path, jump):
    clock = Clock(preloaded.build(tmp_path, "clock", SHIM), tmp_path / "clock")
    clock.jump(jump)
    (tmp_path / "store").mkdir()
    with s3(tmp_path / "store", "versitygw") as store, Refusing(store.port) as front:
        store.put(folder, "bucket/some/lake")
        url = store.url("bucket/some/lake", front.port)
        assert export(url, env=store.env).stdout == whole
        plain = front.requests.total()
        front.requests.clear()
        done = export(url, env=store.env | clock.environment)
        assert done.returncode == 0, done.stderr
        assert done.stdout == whole
        # Each of those who ask at the same time finds it out for itself.
        assert plain < front.requests.total() <= plain + 20


def test_a_node_that_wants_a_token_is_asked_once():
    with RpcStub(ledgers.make_chain(FIRST, [100] * 4), authorization="Bearer token") as stub:
        done = export(stub.url, request=f"{TABLE}:{FIRST}:{FIRST + 3}")
        assert done.returncode != 0 and "check the password, the key or the token" in done.stderr
        assert max(collections.Counter(stub.requests).values()) == 1
