#!/usr/bin/env bash
# Half load on an RPC server and an HTTP server for a while: memory must stay within 5 % after the warm-up, descriptors come back.
#   soak.sh MINUTES
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/build.sh --product attack
exec .build/release/attack soak "$1"
