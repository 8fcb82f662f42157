#!/usr/bin/env bash
# Builds the grpc-swift-2 peer: about ten minutes on two idle cores, half an hour on busy ones. Debian's protoc generates its code with
# plugins from the same packages. Nothing else of the project needs any of this.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
build() { swift build --configuration release --product "$1"; }
build protoc-gen-swift
build protoc-gen-grpc-swift-2
bin=$(swift build --configuration release --show-bin-path)
generated=Sources/bench-server/Generated
mkdir -p "$generated"
protoc -I../../proto --plugin=protoc-gen-swift="$bin/protoc-gen-swift" --swift_out="$generated" \
  --plugin=protoc-gen-grpc-swift="$bin/protoc-gen-grpc-swift-2" --grpc-swift_out="$generated" --grpc-swift_opt=Client=false bench.proto
build bench-server
