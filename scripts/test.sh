#!/usr/bin/env bash
# Runs the tests; arguments go to `swift test` (--filter RedisTests).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh
exec swift test "$@"
