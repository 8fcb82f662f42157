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

end_to_end() { "$JETTY_TEST_PYTHON" -m pytest Tests/EndToEnd "$@"; }

parts() {
  local suite
  swift build --build-tests
  for suite in "$@"; do
    printf '\n== %s\n' "$suite"
    timeout --kill-after=10 "$SUITE_SECONDS" swift test --skip-build --filter "^$suite\\." || failed+=("$suite")
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
    printf '\n== EndToEnd\n'
    end_to_end || failed+=(EndToEnd)
    printf '\n== Conformance\n'
    scripts/conformance.sh || failed+=(Conformance)
    ;;
esac
((${#failed[@]} == 0)) || die "failed: ${failed[*]}"
