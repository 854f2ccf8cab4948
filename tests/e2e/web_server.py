"""nginx over a folder: plain, with pages of links, behind a password, over TLS, and redirecting."""

import getpass
import grp
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

from program import ROOT

NGINX = shutil.which("nginx", path=os.pathsep.join(
    [os.environ.get("PATH", ""), "/usr/sbin", str(ROOT / "build/deps/nginx/usr/sbin")]))
OPENSSL = shutil.which("openssl")

USER, PASSWORD = "reader", "pass-word-7c1f"

_CONF = """
user {user};
worker_processes 1;
daemon off;
pid {here}/nginx.pid;
error_log {here}/error.log;
events {{ worker_connections 1024; }}
http {{
  default_type application/octet-stream;
  log_format line '$server_port $connection $connection_requests $server_protocol $status '
                  '$request_method $uri';
  access_log {here}/access.log line;
  client_body_temp_path {here}/t1; proxy_temp_path {here}/t2; fastcgi_temp_path {here}/t3;
  uwsgi_temp_path {here}/t4; scgi_temp_path {here}/t5;
  keepalive_requests 100000;
  server {{
    listen 127.0.0.1:{port};
    location /lake/ {{ alias {folder}/; }}
    location /listed/ {{ alias {folder}/; autoindex on; }}
    location /private/ {{ alias {folder}/; auth_basic lake; auth_basic_user_file {here}/users; }}
    location /moved/ {{ rewrite ^/moved/(.*)$ /lake/$1 redirect; }}
  }}
  {tls}
}}
"""

_TLS = """
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {here}/server.pem;
    ssl_certificate_key {here}/server.key;
    location /lake/ {{ alias {folder}/; }}
  }}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def make_certificate(folder, name="IP:127.0.0.1", days=2):
    """A certificate of 127.0.0.1, signed by itself, and its key: the files server.pem and server.key.
    `days` that are negative are over."""
    certificate, key, asked = folder / "server.pem", folder / "server.key", folder / "server.csr"
    subprocess.run([OPENSSL, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1",
                    "-addext", f"subjectAltName={name}", "-keyout", key, "-out", asked],
                   check=True, capture_output=True)
    subprocess.run([OPENSSL, "x509", "-req", "-in", asked, "-signkey", key, "-days", str(days),
                    "-copy_extensions", "copy", "-out", certificate], check=True, capture_output=True)
    return certificate, key


class WebServer:
    """`http` and `https` are the URLs of what it serves, without a path; `ca` the file to trust."""

    def __init__(self, here, folder, tls=False):
        here.mkdir()
        self._here = here
        port = free_port()
        self.port, self.http = port, f"http://127.0.0.1:{port}"
        block = ""
        if tls:
            self.tls_port = port = free_port()
            self.https, (self.ca, _) = f"https://127.0.0.1:{port}", make_certificate(here)
            block = _TLS.format(port=port, here=here, folder=folder)
        (here / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        (here / "nginx.conf").write_text(
            _CONF.format(port=self.port, here=here, folder=folder, tls=block,
                         user=getpass.getuser() + " " + grp.getgrgid(os.getgid()).gr_name))
        self._process = subprocess.Popen([NGINX, "-e", here / "error.log", "-c", here / "nginx.conf"],
                                         stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < deadline, \
                (here / "error.log").read_text()
            time.sleep(0.05)

    def _answers(self):
        try:
            urllib.request.urlopen(self.http, timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def requests(self):
        """[port, connection, its requests, protocol, status, method, path] of all requests so far."""
        return [line.split(" ", 6) for line in (self._here / "access.log").read_text().splitlines()]

    def close(self):
        self._process.terminate()
        self._process.wait(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
