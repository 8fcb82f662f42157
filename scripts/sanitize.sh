#!/usr/bin/env bash
# Runs test suites with AddressSanitizer or ThreadSanitizer in everything that Swift compiled.
#   sanitize.sh address|thread [SUITE…]   all suites of parts if none is named
# Builds below .build/sanitize-…, so that the ordinary build stays warm. Ends with 0 only if every suite passed without a report.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh

sanitizer=${1:-address}
[[ $sanitizer == address || $sanitizer == thread ]] || die "a sanitizer is address or thread, not $sanitizer"
shift || true
suites=("$@")
((${#suites[@]})) || mapfile -t suites < <(sed -n 's/^ *tests("\([A-Za-z0-9]*\)".*/\1/p' Package.swift)

# Leaks: Swift's runtime keeps metadata for ever. Streams, tasks and descriptors are counted by LeakTests instead.
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0
# Every report makes the test process end with 66, at its end.
export TSAN_OPTIONS=suppressions=$PWD/scripts/thread-sanitizer.txt:halt_on_error=0:second_deadlock_stack=1:exitcode=66
# Tests that judge times or memory allow for it (AttackKit's Sanitizer).
export JETTY_SANITIZER=$sanitizer
options=(--scratch-path ".build/sanitize-$sanitizer" --sanitize "$sanitizer")

swift build --build-tests "${options[@]}"
failed=()
# A report says so in the output, whatever the process ends with.
report='ERROR: AddressSanitizer|WARNING: ThreadSanitizer'
output=$(mktemp)
trap 'rm -f "$output"' EXIT
for suite in "${suites[@]}"; do
  printf '\n== %s (%s)\n' "$suite" "$sanitizer"
  # One test at a time: together they run into time limits that were made for programs ten times as fast.
  timeout --kill-after=10 "${SUITE_SECONDS:-1800}" swift test --skip-build --no-parallel "${options[@]}" --filter "^$suite\\." 2>&1 | tee "$output" \
    || failed+=("$suite")
  if grep -qE "$report" "$output"; then failed+=("$suite (reports)"); fi
done
((${#failed[@]} == 0)) || die "failed with $sanitizer sanitizer: ${failed[*]}"
