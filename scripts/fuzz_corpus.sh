#!/bin/sh
# Makes fuzz/corpus.tar.zst anew from built fuzz targets: of the corpora as they are and what runs
# found, the fewest inputs that reach the same.
#
#   scripts/fuzz_corpus.sh TARGET...     all of them
#   MAX_BYTES=600 scripts/fuzz_corpus.sh TARGET...     only what was found of less than so many bytes
set -eu
cd "$(dirname "$0")/.."
programs=build/fuzz/fuzz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for target in "$@"; do
  mkdir -p "$work/corpus/$target" "$work/found/$target"
  if [ -d "build/fuzz/found/$target" ]; then
    find "build/fuzz/found/$target" -type f -size "-${MAX_BYTES:-1000000}c" \
      -exec cp -t "$work/found/$target" {} +
  fi
  "$programs/${target}_fuzz" -set_cover_merge=1 -rss_limit_mb=512 -verbosity=0 \
    "$work/corpus/$target" "$programs/corpus/$target" "$work/found/$target"
  echo "$target: $(find "$work/corpus/$target" -type f | wc -l) inputs"
done
# The same files make the same archive.
tar -C "$work/corpus" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 \
  --mode=u+rw,go=rX --format=ustar -cf - . | zstd -q -19 -f -o fuzz/corpus.tar.zst
ls -l fuzz/corpus.tar.zst
