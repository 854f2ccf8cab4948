#!/bin/sh
# Makes fuzz/corpus.tar.zst anew from built fuzz targets: of the corpora as they are, the seeds and
# what runs found, the fewest and shortest inputs that reach the same.
#
#   scripts/fuzz_corpus.sh TARGET...     all of them
set -eu
cd "$(dirname "$0")/.."
programs=build/fuzz/fuzz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$programs/fuzz_seeds" tests/data "$work/seeds"
for target in "$@"; do
  mkdir -p "$work/corpus/$target" "$work/seeds/$target" "build/fuzz/found/$target"
  "$programs/${target}_fuzz" -merge=1 -rss_limit_mb=512 -verbosity=0 "$work/corpus/$target" \
    "$programs/corpus/$target" "$work/seeds/$target" "build/fuzz/found/$target"
  echo "$target: $(find "$work/corpus/$target" -type f | wc -l) inputs"
done
# The same files make the same archive.
tar -C "$work/corpus" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=644,a+X \
  --format=ustar -cf - . | zstd -q -19 -f -o fuzz/corpus.tar.zst
ls -l fuzz/corpus.tar.zst
