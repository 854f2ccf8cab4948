#!/bin/sh
# Tells how many lines of the decoder (xdr, its generated readers, ledger) and of what stands before
# it the fuzz targets' corpora reach, from a build that counts (the preset "coverage").
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
src=../../src/stellar_arrow
# The generated values and types as data serve the writer and the words of errors.
exec llvm-cov report $objects -instr-profile=corpora.profdata \
  -ignore-filename-regex='_test\.cc|generated/value/' \
  $(pwd)/generated/stellar_arrow/xdr/generated $src/xdr $src/ledger $src/source/unzip.cc \
  $src/source/frame.cc $src/source/lake_layout.cc $src/stream/request.cc $src/cli/options.cc
