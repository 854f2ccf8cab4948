#!/bin/sh
# Runs a fuzz target that is built: from its corpus, and from what earlier runs found, which is kept
# in build/fuzz/found/TARGET. An input that fails is written to build/fuzz/failures.
#
#   scripts/fuzz.sh TARGET SECONDS
set -eu
cd "$(dirname "$0")/.."
target=$1
seconds=$2

found=build/fuzz/found/$target
mkdir -p "$found" build/fuzz/failures
words=fuzz/dictionaries/$target.dict
set -- -max_total_time="$seconds" -rss_limit_mb=512 -timeout=25 -print_final_stats=1 \
       -verbosity=0 -artifact_prefix="build/fuzz/failures/$target-"
if [ -e "$words" ]; then set -- "$@" -dict="$words"; fi
echo "fuzz: $target, $seconds s"
exec "build/fuzz/fuzz/${target}_fuzz" "$@" "$found" "build/fuzz/fuzz/corpus/$target"
