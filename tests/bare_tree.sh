#!/bin/bash
# Shows that `make demo` and `make test` are enough on a bare system: in a fresh Debian tree that has
# git and make, with a fresh clone of the last commit. Nothing installed on this machine helps.
#
#   tests/bare_tree.sh [bookworm|trixie] [COMMAND]     as root; needs mmdebstrap, git and the network
set -euo pipefail
suite=${1:-bookworm}
command=${2:-'make demo && make test && echo "--- a second time ---" && time make demo'}
project=$(cd "$(dirname "$0")/.." && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mmdebstrap --quiet --variant=apt --include=git,make "$suite" "$tree"
cp /etc/resolv.conf "$tree/etc/"
git clone --quiet --no-local "$project" "$tree/root/checkout"
echo "--- $suite, $(git -C "$tree/root/checkout" log -1 --format='%h %s') ---"

# Namespaces of its own, so that no mount and no process is left behind. The CA file is that of this
# machine, for networks that have their own.
ca=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
# shellcheck disable=SC2016  # expanded inside
timeout 90m unshare --mount --pid --uts --ipc --fork --kill-child --propagation private bash -c '
  mount -t proc proc "$1/proc"
  mount -t tmpfs tmpfs "$1/dev/shm"
  mount -t tmpfs tmpfs "$1/run"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
  ln -sf pts/ptmx "$1/dev/ptmx"
  touch "$1/etc/host-ca.crt"
  mount --bind "$2" "$1/etc/host-ca.crt"
  exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    PIP_CERT=/etc/host-ca.crt SSL_CERT_FILE=/etc/host-ca.crt \
    chroot "$1" bash -c "cd /root/checkout && $3" </dev/null
' _ "$tree" "$ca" "$command"
echo "--- $suite: done ---"
