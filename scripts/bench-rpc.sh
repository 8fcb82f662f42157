#!/usr/bin/env bash
# Builds the RPC benchmark and its peers, and measures them side by side. Options by environment: Benchmarks/README.md.
#   bench-rpc.sh [--grpc-swift]    with it: only builds the grpc-swift-2 peer, about half an hour
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh

scripts/install-packages.sh libgrpc++-dev protobuf-compiler-grpc libprotobuf-dev golang-go golang-google-grpc-dev golang-goprotobuf-dev \
  nghttp2-server nghttp2-client valgrind g++ binutils

if [[ ${1:-} == --grpc-swift ]]; then
  exec Benchmarks/peers/grpc-swift/build.sh
fi

say "Building the benchmark and its peers" >&2
scripts/build.sh --package-path Benchmarks >&2
for peer in cpp go; do
  Benchmarks/peers/$peer/build.sh >&2
done
exec "$JETTY_TEST_PYTHON" Benchmarks/rpc/run.py
