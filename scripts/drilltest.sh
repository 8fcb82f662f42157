#!/usr/bin/env bash
# Restarts, kills and deprives a running stack under load (Tests/Drills). Arguments go to pytest: `drilltest.sh -k redis`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh
# What grpcio says of every GOAWAY is not news here.
export GRPC_VERBOSITY=ERROR
exec "$JETTY_TEST_PYTHON" -m pytest Tests/Drills "$@"
