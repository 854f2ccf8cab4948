"""The official crate `stellar-xdr` 30.0.0, through the programs under tests/compare/rust.

Needs Cargo, which fetches it, and builds it once in about three minutes.
"""

import functools
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@functools.cache
def build():
    """The folder of the programs."""
    target = ROOT / "build/tests/rust"
    subprocess.run(["cargo", "build", "--release", "--quiet", "--target-dir", target],
                   cwd=ROOT / "tests/compare/rust", check=True)
    return target / "release"


def values(*arguments):
    done = subprocess.run([build() / "values", *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout
