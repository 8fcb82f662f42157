#!/usr/bin/env bash
# Runs the tests: first the suites of the parts (`swift test`), then those of the whole, on a stack of their own, then
# what gRPC and HTTP/2 ask of the RPC runtime (scripts/conformance.sh).
#   test.sh                   all of them
#   test.sh NAME...           only these suites of parts: `test.sh RPCTests PostgresTests`
#   test.sh --end-to-end …    those of the whole; arguments go to pytest (-k resume)
#
# Each suite gets a process of its own, one after the other. Together in one process, suites that wait for child processes
# hold the few threads of Swift's pool, and others run into their time limits without having begun.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh

# A suite that hangs must not take the whole time of a CI run.
SUITE_SECONDS=${SUITE_SECONDS:-600}
failed=()
LOGS=$JETTY_STATE/test-logs
mkdir -p "$LOGS"

# run SUITE COMMAND…: its output is seen and kept.
run() {
  local suite=$1
  shift
  printf '\n== %s\n' "$suite"
  "$@" 2>&1 | tee "$LOGS/$suite.log" || failed+=("$suite")
}

# What failed stands at the end, where it is found: hundreds of lines of other suites lie between.
complain() {
  local suite
  for suite in "${failed[@]}"; do
    printf '\n== %s failed (all of it: %s)\n' "$suite" "$LOGS/$suite.log"
    grep -aE '^(✘|↳ [^/]|FAILED|ERROR|failed|not ok)|error:|Fatal error' "$LOGS/$suite.log" | cut -c1-600 | head -40 || tail -20 "$LOGS/$suite.log"
  done
  die "failed: ${failed[*]}"
}

end_to_end() { "$JETTY_TEST_PYTHON" -m pytest Tests/EndToEnd "$@"; }

parts() {
  local suite
  swift build --build-tests
  for suite in "$@"; do
    run "$suite" timeout --kill-after=10 "$SUITE_SECONDS" swift test --skip-build --filter "^$suite\\."
  done
}

case ${1:-} in
  --end-to-end)
    shift
    end_to_end "$@"
    ;;
  ?*) parts "$@" ;;
  *)
    mapfile -t suites < <(sed -n 's/^ *tests("\([A-Za-z0-9]*\)".*/\1/p' Package.swift)
    parts "${suites[@]}"
    run EndToEnd end_to_end
    run Conformance scripts/conformance.sh
    ;;
esac
((${#failed[@]} == 0)) || complain
