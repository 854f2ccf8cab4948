#!/bin/sh
# Tells how many lines of each file the fuzz targets' corpora reach, from a build that counts (the
# preset "coverage").
#
#   scripts/coverage.sh TARGET...
set -eu
cd "$(dirname "$0")/../build/coverage"

objects=
for target in "$@"; do
  program=fuzz/${target}_replay
  LLVM_PROFILE_FILE=$target.profraw "$program" "fuzz/corpus/$target" >"$target.log" 2>&1 || {
    tail -n 5 "$target.log" >&2
    exit 1
  }
  objects="$objects -object $program"
done
llvm-profdata merge -o corpora.profdata $(printf '%s.profraw ' "$@")
# The generated values serve the writer alone.
exec llvm-cov report $objects -instr-profile=corpora.profdata \
  -ignore-filename-regex='generated/value/|/usr/|fuzz/|tests/|pyarrow'
