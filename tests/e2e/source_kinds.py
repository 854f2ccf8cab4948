"""Sources of every kind that a network can lie before, and of some that none can, with given ledgers."""

import contextlib
import shutil

import pytest

import ledgers
import object_stores
from rpc_stub import RpcStub
from services import FakeCore, go_raw_ledgers, raw_ledgers
from web_server import NGINX, OPENSSL, WebServer, make_certificate


class Content:
    """The same ledgers as a mapping and as a lake's folder."""

    def __init__(self, chain, folder):
        self.chain, self.folder = chain, folder


class Source:
    """One that is there: how it is named by way of a port, its own one, and its environment."""

    def __init__(self, url, port=None, env=None):
        self._url, self.port, self.env = url, port, env

    def url(self, port=None):
        return str(self._url(port or self.port))


@contextlib.contextmanager
def from_store(content, here, name):
    with object_stores.STARTS[name](here) as store:
        store.put(content.folder, "bucket/lake")
        yield Source(lambda port: store.url("bucket/lake", port), store.port, store.env)


@contextlib.contextmanager
def from_open_bucket(content, here):
    with object_stores.s3(here, "versitygw") as store:
        store.put(content.folder, "bucket/lake")
        object_stores.open_to_all("bucket", store.port)
        yield Source(lambda port: store.url("bucket/lake", port) + "&anonymous=true", store.port,
                     {"AWS_EC2_METADATA_DISABLED": "true"})


@contextlib.contextmanager
def from_s3_over_tls(content, here):
    if OPENSSL is None:
        pytest.skip("no openssl here")
    certificate = make_certificate(here)
    with object_stores.s3(here, "versitygw", certificate) as store:
        shutil.copytree(content.folder, here / "s3/bucket/lake")  # whose buckets are folders
        yield Source(lambda port: store.url("bucket/lake", port), store.port, store.env)


@contextlib.contextmanager
def from_web_over_tls(content, here):
    if NGINX is None or OPENSSL is None:
        pytest.skip("no nginx or openssl here (scripts/setup.sh stores)")
    with WebServer(here / "nginx", content.folder, tls=True) as web:
        # No list of files here, so where the lake begins must be said.
        yield Source(lambda port: f"https://127.0.0.1:{port}/lake/#first={min(content.chain)}",
                     web.tls_port, {"SSL_CERT_FILE": str(web.ca)})


@contextlib.contextmanager
def from_rpc(content, _):
    with RpcStub(content.chain) as stub:
        yield Source(lambda port: f"rpc+http://127.0.0.1:{port}", stub.port)


@contextlib.contextmanager
def from_rpc_over_tls(content, here):
    if OPENSSL is None:
        pytest.skip("no openssl here")
    certificate = make_certificate(here)
    with RpcStub(content.chain, certificate=certificate) as stub:
        yield Source(lambda port: f"rpc+https://127.0.0.1:{port}", stub.port,
                     {"SSL_CERT_FILE": str(certificate[0])})


@contextlib.contextmanager
def from_grpc(content, _):
    with raw_ledgers(content.folder) as port:
        yield Source(lambda port: f"grpc://127.0.0.1:{port}", port)


@contextlib.contextmanager
def from_go_grpc(content, here):
    with go_raw_ledgers(content.chain, here) as port:
        yield Source(lambda port: f"grpc://127.0.0.1:{port}", port)


@contextlib.contextmanager
def from_core(content, here):
    fake = FakeCore(here, content.chain)
    yield Source(lambda _: fake.url, env=fake.env)


@contextlib.contextmanager
def from_frames(content, here):
    (here / "frames.xdr").write_bytes(ledgers.framed(content.chain))
    yield Source(lambda _: here / "frames.xdr")


KINDS = {
    **{name: lambda content, here, name=name: from_store(content, here, name)
       for name in object_stores.STARTS},
    "versitygw-tls": from_s3_over_tls,
    "versitygw-public": from_open_bucket,
    "web-tls": from_web_over_tls,
    "rpc": from_rpc,
    "rpc-tls": from_rpc_over_tls,
    "grpc": from_grpc,
    "grpc-go": from_go_grpc,
    "fake-core": from_core,
    "frames": from_frames,
}
