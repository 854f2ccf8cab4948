"""Lines that speak TLS: certificates that are no good, connections that are cut in the handshake or in the
midst of an answer. What is cut is never taken for whole."""

import pytest

import ledgers
from far_lake import FIRST, LAST, export, folder, whole  # noqa: F401 (fixtures)
from http_front import HttpFront
from rpc_stub import RpcStub
from web_server import NGINX, OPENSSL, WebServer, make_certificate

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="no openssl here")


@pytest.fixture(scope="module")
def chain():
    return ledgers.make_chain(FIRST, [3_000] * (LAST - FIRST + 1))


BAD_CERTIFICATES = {
    "expired": ({"days": -1}, "certificate has expired"),
    "of another name": ({"name": "DNS:elsewhere.example"}, "no alternative certificate subject name"),
}


@pytest.mark.parametrize("scheme", ["https", "rpc+https", "s3"])
@pytest.mark.parametrize("bad", BAD_CERTIFICATES)
def test_a_certificate_that_is_no_good_is_refused_at_once_with_what_to_mend(bad, scheme, chain, tmp_path):
    made, why = BAD_CERTIFICATES[bad]
    certificate = make_certificate(tmp_path, **made)
    # No handshake ends well, so it does not matter what is behind it.
    with RpcStub(chain, certificate=certificate) as stub:
        urls = {"https": f"https://127.0.0.1:{stub.port}/lake",
                "rpc+https": stub.url,
                "s3": f"s3://bucket/lake?endpoint_override=127.0.0.1:{stub.port}&"
                      "region=us-east-1&anonymous=true"}
        refused = export(urls[scheme], env={"SSL_CERT_FILE": str(certificate[0]),
                                            "AWS_EC2_METADATA_DISABLED": "true"})
        assert refused.returncode == 2 and refused.stdout == b""
        assert "FAILED_PRECONDITION" in refused.stderr and why in refused.stderr
        assert "must be in date, of its host's name, and of an authority that is trusted: " \
            "SSL_CERT_FILE" in refused.stderr
        assert not stub.requests and stub.connections == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def through(front, scheme, *args, certificate):
    return export(f"{scheme}://127.0.0.1:{front.port}/lake", *args,
                  env={"SSL_CERT_FILE": str(certificate[0])})


@pytest.fixture(scope="module", params=["https", "rpc+https"])
def scheme_and_port(request, chain, folder, tmp_path_factory):
    """How the program reads what lies behind a port, without TLS."""
    if request.param == "rpc+https":
        with RpcStub(chain, most=50) as stub:
            yield request.param, stub.port
    elif NGINX is None:
        pytest.skip("no nginx here (scripts/setup.sh stores)")
    else:
        with WebServer(tmp_path_factory.mktemp("web") / "nginx", folder) as web:
            yield request.param, web.port


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_answers_that_are_cut_are_asked_for_again(scheme_and_port, framing, certificate, whole):
    scheme, port = scheme_and_port
    with HttpFront(port, certificate) as front:
        front.framing, front.cut_each = framing, 5
        done = through(front, scheme, certificate=certificate)
        assert done.returncode == 0, done.stderr
        assert done.stdout == whole and front.cuts > 2


def test_answers_that_end_with_their_connection_are_never_taken_where_they_are_cut(
        scheme_and_port, certificate):
    scheme, port = scheme_and_port
    with HttpFront(port, certificate) as front:
        front.framing, front.cut_each = "close", 1
        done = through(front, scheme, certificate=certificate)
        assert done.returncode == 1 and "UNAVAILABLE" in done.stderr, done.stderr
        assert done.stdout == b"" and front.cuts == 5


def test_handshakes_that_are_cut_are_made_again(scheme_and_port, certificate, whole):
    scheme, port = scheme_and_port
    with HttpFront(port, certificate) as front:
        front.handshakes = 3
        done = through(front, scheme, certificate=certificate)
        assert done.returncode == 0, done.stderr
        assert done.stdout == whole and front.handshakes == 0 and front.connections > 3
