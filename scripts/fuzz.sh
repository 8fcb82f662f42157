#!/usr/bin/env bash
# Fuzzes what reads the bytes of peers, with libFuzzer and AddressSanitizer.
#   fuzz.sh SECONDS [TARGET…]   SECONDS for each target, two at a time; all targets if none is named
# Seeds: Tests/Fuzz/Seeds/TARGET. What was found interesting is kept below .jetty/fuzz and used by the next run. An input that breaks something
# is saved to .jetty/fuzz/findings, and printed with the command that runs it again; then this fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

seconds=${1:?how many seconds for each target}
shift
targets=("$@")
if ((${#targets[@]} == 0)); then
  mapfile -t targets < <(sed -n 's/^ *"\([a-z0-9-]*\)": [A-Za-z0-9]*Fuzz\..*/\1/p' Tests/Fuzz/Sources/fuzz/Fuzz.swift)
fi

say "Building the fuzzers (everything anew, once)"
sanitize=(-Xswiftc -sanitize=fuzzer,address -Xswiftc -O)
swift build --package-path Tests/Fuzz "${sanitize[@]}" >/tmp/jetty-fuzz-build.$$ 2>&1 || {
  tail -40 /tmp/jetty-fuzz-build.$$
  rm -f /tmp/jetty-fuzz-build.$$
  die "the fuzzers do not build"
}
rm -f /tmp/jetty-fuzz-build.$$
program=$PWD/Tests/Fuzz/.build/debug/fuzz
state=$PWD/.jetty/fuzz
mkdir -p "$state/findings"
# Swift's runtime keeps its metadata for ever, which is not a leak of ours; ours are counted by the tests.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1

fuzz() {
  local target=$1 corpus=$state/corpus/$1 log=$state/$1.log
  mkdir -p "$corpus" "Tests/Fuzz/Seeds/$target"
  if FUZZ_TARGET=$target "$program" "$corpus" "Tests/Fuzz/Seeds/$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 \
    -max_len=16384 -artifact_prefix="$state/findings/$target-" -print_final_stats=1 >"$log" 2>&1; then
    printf '%-16s %s inputs, %s edges\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
      "$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)"
  else
    local input
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
    printf '%-16s FOUND SOMETHING\n' "$target"
    grep -m3 -E 'Fatal error|ERROR: |SUMMARY' "$log" || true
    printf '  again: FUZZ_TARGET=%s ASAN_OPTIONS=%s %s %s\n' "$target" "$ASAN_OPTIONS" "$program" "${input:-(see $log)}"
    return 1
  fi
}

failed=0
say "$seconds s for each of ${#targets[@]} targets"
for ((index = 0; index < ${#targets[@]}; index += 2)); do
  pids=()
  for target in "${targets[@]:index:2}"; do
    fuzz "$target" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
done
((failed == 0)) || die "findings in .jetty/fuzz/findings"
