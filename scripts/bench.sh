#!/usr/bin/env bash
# Starts a stack of its own, measures it (Benchmarks/platform/measure.py), and stops it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# A stack beside the one that may be running.
export JETTY_STACK=$PWD/.jetty/bench
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh

finish() {
  scripts/stack.sh reset >/dev/null
  rm -rf "$JETTY_STACK"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

unset JETTY_STORE_URL
mkdir -p "$JETTY_STACK"
scripts/stack.sh up >/dev/null
# shellcheck disable=SC1091
. "$JETTY_STACK/env"
JETTY_BINARY=$JETTY_ROOT/.build/release/jetty "$JETTY_TEST_PYTHON" Benchmarks/platform/measure.py
