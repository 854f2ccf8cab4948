"""Real servers that lakes can lie in, on loopback: of object stores, and of the web.

They are taken from the PATH, and from where `scripts/setup.sh stores versitygw` puts them; a test whose
server is not there is skipped.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time

import pyarrow.fs as fs
import pytest

from program import ROOT
from web_server import NGINX, WebServer, free_port

STORES = ROOT / "build/deps/stores"
PROGRAMS = ROOT / "build/deps/programs"
PLACES = os.pathsep.join([os.environ.get("PATH", ""), str(STORES / "bin"), str(PROGRAMS / "bin"),
                          str(PROGRAMS / "node_modules/.bin")])
KEY, SECRET = "test-key-3f09", "test-secret-51ab"
# Azurite's own account, which its documentation gives.
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = ("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==")


def _find(name, pattern=None):
    found = shutil.which(name, path=PLACES)
    if found is None and pattern:
        found = next((str(path) for path in STORES.glob(pattern)), None)
    return found


VERSITYGW = _find("versitygw")
MOTO = _find("moto_server")
FAKE_GCS = _find("fake-gcs-server", "lib/python3*/site-packages/*/vendor/*/bin/fake-gcs-server*")
AZURITE = _find("azurite-blob")

S3_PROGRAMS = {"versitygw": VERSITYGW, "moto": MOTO}


@contextlib.contextmanager
def _running(command, port, env=None):
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=os.environ | (env or {}))
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            assert process.poll() is None, f"{command[0]} has ended"
            assert time.monotonic() < deadline, f"{command[0]} does not listen"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


class Store:
    """A store that is running: its port, its pyarrow file system, and how the program is told of it."""

    def __init__(self, port, filesystem, url, env):
        self.port, self.filesystem, self._url, self.env = port, filesystem, url, env

    def url(self, path, port=None):
        """The program's URL of a bucket and path, by way of another port if one is given."""
        return self._url(path, f"127.0.0.1:{port or self.port}")

    def put(self, folder, path, metadata=None):
        """Copies a folder's files under `path`, which begins with a bucket's name."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                place = f"{path}/{file.relative_to(folder)}"
                if isinstance(self.filesystem, fs.SubTreeFileSystem):  # has real folders
                    self.filesystem.create_dir(place.rpartition("/")[0])
                with self.filesystem.open_output_stream(place, compression=None,
                                                        metadata=metadata) as out:
                    out.write(file.read_bytes())

    def delete(self, path):
        """Deletes all that is under `path`."""
        for info in self.filesystem.get_file_info(fs.FileSelector(path, recursive=True)):
            if info.is_file:
                self.filesystem.delete_file(info.path)


@contextlib.contextmanager
def s3(here, name, certificate=None):
    """`certificate`: a server's (certificate, key), for versitygw, which then speaks TLS."""
    program = S3_PROGRAMS[name]
    if program is None:
        pytest.skip(f"no {name} here")
    port = free_port()
    (here / "s3").mkdir()
    scheme = "https" if certificate else "http"
    tls = ["--cert", certificate[0], "--key", certificate[1]] if certificate else []
    command = ([program, "--port", f"127.0.0.1:{port}", "--quiet", *tls, "posix", here / "s3"]
               if name == "versitygw" else [program, "-H", "127.0.0.1", "-p", port])
    with _running(command, port, {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}):
        filesystem = None  # over TLS: pyarrow could not be told whom to trust
        if not certificate:
            filesystem = fs.S3FileSystem(access_key=KEY, secret_key=SECRET, scheme=scheme,
                                         endpoint_override=f"127.0.0.1:{port}", region="us-east-1",
                                         allow_bucket_creation=True,
                                         allow_delayed_open=True)  # small files need one request
            filesystem.create_dir("bucket")
        yield Store(
            port, filesystem,
            lambda path, host: (f"s3://{path}?region=us-east-1&scheme={scheme}&"
                                f"endpoint_override={host}"),
            ({"SSL_CERT_FILE": str(certificate[0])} if certificate else {}) |
            {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
             "AWS_EC2_METADATA_DISABLED": "true"})


def open_to_all(bucket, port):
    """Lets everybody read an S3 bucket and the list of its names, without a key."""
    python = STORES / "bin/python"
    if not python.exists():
        pytest.skip("no boto3 here (scripts/setup.sh stores)")
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{what}"}
        for action, what in (("s3:ListBucket", bucket), ("s3:GetObject", f"{bucket}/*"))]}
    script = (f"import boto3; boto3.client('s3', endpoint_url='http://127.0.0.1:{port}', "
              f"region_name='us-east-1').put_bucket_policy(Bucket='{bucket}', "
              f"Policy='{json.dumps(policy)}')")
    subprocess.run([python, "-c", script], check=True, timeout=60,
                   env=os.environ | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET})


@contextlib.contextmanager
def gcs(_):
    if FAKE_GCS is None:
        pytest.skip("no fake-gcs-server here (scripts/setup.sh stores)")
    port = free_port()
    with _running([FAKE_GCS, "-scheme", "http", "-host", "127.0.0.1", "-port", port, "-backend",
                   "memory", "-public-host", f"127.0.0.1:{port}"], port):
        filesystem = fs.GcsFileSystem(anonymous=True, endpoint_override=f"127.0.0.1:{port}",
                                      scheme="http", project_id="test")
        filesystem.create_dir("bucket")
        yield Store(
            port, filesystem,
            lambda path, host: f"gs://{path}?anonymous=true&scheme=http&endpoint_override={host}", {})


@contextlib.contextmanager
def azure(_):
    if AZURITE is None:
        pytest.skip("no azurite-blob here (scripts/setup.sh stores, where npm is)")
    port = free_port()
    with _running([AZURITE, "--silent", "--inMemoryPersistence", "--blobHost", "127.0.0.1",
                   "--blobPort", port, "--skipApiVersionCheck", "--disableTelemetry"], port):
        host = f"127.0.0.1:{port}"
        filesystem = fs.AzureFileSystem(AZURE_ACCOUNT, account_key=AZURE_KEY,
                                        blob_storage_authority=host, dfs_storage_authority=host,
                                        blob_storage_scheme="http", dfs_storage_scheme="http")
        filesystem.create_dir("bucket")
        yield Store(port, filesystem,
                    lambda path, host: f"abfs://{AZURE_ACCOUNT}@{host}/{path}?enable_tls=false",
                    {"AZURE_STORAGE_KEY": AZURE_KEY})


@contextlib.contextmanager
def web(here):
    if NGINX is None:
        pytest.skip("no nginx here (scripts/setup.sh stores)")
    (here / "files").mkdir()
    with WebServer(here / "nginx", here / "files") as server:
        yield Store(server.port, fs.SubTreeFileSystem(str(here / "files"), fs.LocalFileSystem()),
                    lambda path, host: f"http://{host}/listed/{path}", {})


STARTS = {"versitygw": lambda here: s3(here, "versitygw"), "moto": lambda here: s3(here, "moto"),
          "gcs": gcs, "azure": azure, "web": web}
