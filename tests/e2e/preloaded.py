"""Libraries in C that are preloaded into the program, to stand in for a part of the system."""

import shutil
import subprocess

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("g++")


def build(folder, name, code):
    """Makes the library `name` of C `code` in `folder`; returns its path."""
    source, library = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(code)
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library
