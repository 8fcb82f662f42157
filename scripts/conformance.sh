#!/usr/bin/env bash
# Is the RPC runtime what gRPC and HTTP/2 say? Builds gRPC's interoperability programs (Tests/Conformance) and runs everything there.
#   conformance.sh                 all of it; arguments go to pytest (-k ping_pong)
#   conformance.sh --record        the same, and writes the results into docs/CONFORMANCE.md
#   conformance.sh --grpc-swift    first builds grpc-swift-2 as one more peer, about half an hour (as PEERS=grpc-swift, which expects it built)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh

record=false
while [[ ${1:-} == --record || ${1:-} == --grpc-swift ]]; do
  case $1 in
    --record) record=true ;;
    --grpc-swift)
      nice -n 19 Benchmarks/peers/grpc-swift/build.sh interop-peer
      export PEERS=grpc-swift
      ;;
  esac
  shift
done

[[ ${PEERS:-} != *grpc-swift* || -x Benchmarks/peers/grpc-swift/.build/release/interop-peer ]] \
  || die "grpc-swift-2 is not built: \`make conformance-grpc-swift\` does that, in half an hour"

say "Building the interoperability server and client" >&2
swift build --quiet --package-path Tests/Conformance
Tests/Conformance/certificates.sh

export JETTY_CONFORMANCE_RESULTS
JETTY_CONFORMANCE_RESULTS=$(mktemp)
trap 'rm -f "$JETTY_CONFORMANCE_RESULTS"' EXIT
"$JETTY_TEST_PYTHON" -m pytest -q Tests/Conformance/suite "$@"
"$JETTY_TEST_PYTHON" Tests/Conformance/suite/report.py "$JETTY_CONFORMANCE_RESULTS" "$($record && printf docs/CONFORMANCE.md)"
