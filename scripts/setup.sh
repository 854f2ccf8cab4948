#!/bin/sh
# Makes a Debian or Ubuntu ready to build: installs the packages that are missing, and fills
# build/deps/venv from requirements.txt. Asks the network only for what is not there yet.
#
#   scripts/setup.sh [bench] [fuzz] [prometheus] [stores] [versitygw]     what these need, too
set -eu
cd "$(dirname "$0")/.."
prometheus=
stores=
versitygw=

packages="g++ cmake ninja-build ccache mold pkg-config libssl-dev libzstd-dev libcurl4-openssl-dev
          libgrpc++-dev libprotobuf-dev protobuf-compiler-grpc libsimdjson-dev
          nlohmann-json3-dev libspdlog-dev libcli11-dev libtomlplusplus-dev libgtest-dev libgmock-dev prometheus-cpp-dev
          libmicrohttpd-dev
          python3 python3-venv"
for extra in "$@"; do
  case $extra in
    bench) packages="$packages libbenchmark-dev" ;;
    fuzz) packages="$packages clang libclang-rt-dev llvm" ;;
    prometheus) prometheus=wanted ;;
    stores) stores=wanted; packages="$packages openssl libpcre2-8-0" ;;
    versitygw) versitygw=wanted ;;
    *) echo "setup: what is '$extra'? Known are bench, fuzz, prometheus, stores and versitygw." >&2
       exit 2 ;;
  esac
done

as_root() {
  if [ "$(id -u)" = 0 ]; then
    env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive "$@"
  else
    echo "setup: packages are missing:$missing. Install them as root, or install sudo." >&2
    exit 1
  fi
}

if command -v apt-get >/dev/null; then
  missing=
  for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
    [ "$status" = installed ] || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    echo "setup: installing$missing"
    as_root apt-get update -q
    # shellcheck disable=SC2086  # one word a package
    as_root apt-get install -y -q --no-install-recommends $missing
  fi
else
  echo "setup: no apt-get here, so what Debian calls these is taken as installed:" $packages >&2
fi

# Programs for tests, unpacked and not installed: Debian's packages would leave services behind that
# take ports at the next start. Without them those tests are skipped.
unpack() {  # NAME PROGRAM
  if ! command -v "$1" >/dev/null && [ ! -x "build/deps/$1/usr/$2" ]; then
    mkdir -p "build/deps/$1"
    if ! (cd "build/deps/$1" && apt-get download -q "$1" && dpkg -x "$1"_*.deb . && rm "$1"_*.deb); then
      echo "setup: no package $1 here; tests with it will be skipped" >&2
    fi
  fi
}
[ -z "$prometheus" ] || unpack prometheus bin/promtool
[ -z "$stores" ] || PATH="$PATH:/usr/sbin" unpack nginx sbin/nginx

# The wheels that are pinned are for these versions; a Python may lack venv though it is first in PATH.
python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
      2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "setup: needs a python3 of 3.11 to 3.14 with venv, neither python3 nor /usr/bin/python3 is" >&2
  exit 1
fi

# `ready` names what the environment was made from; where that has not changed, neither has it.
want="$PWD $("$python" -c 'import sys; print(sys.base_prefix, sys.version)' | tr '\n' ' ')
$(cat scripts/requirements.txt)"
if [ "$(cat build/deps/ready 2>/dev/null)" != "$want" ]; then
  echo "setup: filling build/deps/venv"
  rm -rf build/deps/venv build/deps/ready
  mkdir -p build/deps
  "$python" -m venv build/deps/venv
  build/deps/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    --require-hashes --only-binary :all: -r scripts/requirements.txt
  printf '%s\n' "$want" > build/deps/ready
fi

# Servers of object stores for tests, in an environment of their own. Without them those tests are
# skipped.
if [ -n "$stores" ] && ! cmp -s scripts/requirements-stores.txt build/deps/stores/ready; then
  rm -rf build/deps/stores
  if "$python" -m venv build/deps/stores &&
      build/deps/stores/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        -r scripts/requirements-stores.txt; then
    cp scripts/requirements-stores.txt build/deps/stores/ready
  else
    echo "setup: no servers of object stores; tests with them will be skipped" >&2
  fi
fi

# Those that are programs of Go or of Node, where these are installed.
programs=$PWD/build/deps/programs
go_program() {  # NAME MODULE
  if command -v go >/dev/null && [ "$(cat "$programs/$1" 2>/dev/null)" != "$2" ]; then
    echo "setup: building $1"
    mkdir -p "$programs/bin"
    if GOBIN="$programs/go" timeout 900 go install "$2"; then
      mv "$programs/go/"* "$programs/bin/$1" && rmdir "$programs/go"
      echo "$2" > "$programs/$1"
    else
      echo "setup: no $1; tests with it will be skipped" >&2
    fi
  fi
}
[ -z "$stores" ] || go_program toxiproxy-server github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0
[ -z "$versitygw" ] || go_program versitygw github.com/versity/versitygw/cmd/versitygw@v1.8.0

azurite=azurite@3.37.0
if [ -n "$stores" ] && command -v npm >/dev/null &&
    [ "$(cat "$programs/azurite" 2>/dev/null)" != $azurite ]; then
  echo "setup: installing $azurite"
  if timeout 900 npm install --prefix "$programs" --no-save --no-audit --no-fund --silent $azurite; then
    echo $azurite > "$programs/azurite"
  else
    echo "setup: no $azurite; tests with it will be skipped" >&2
  fi
fi
