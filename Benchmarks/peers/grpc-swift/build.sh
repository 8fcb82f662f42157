#!/usr/bin/env bash
# Builds the grpc-swift-2 peers: about ten minutes on two idle cores, half an hour on busy ones. Debian's protoc generates their code with
# plugins from the same packages. Nothing else of the project needs any of this.
#   build.sh [bench-server] [interop-peer]    by default the first; both share nearly all of the build
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
(($# > 0)) || set -- bench-server
build() { swift build --configuration release --product "$1"; }
build protoc-gen-swift
build protoc-gen-grpc-swift-2
bin=$(swift build --configuration release --show-bin-path)

# generate TARGET PROTO-DIRECTORY FILE OPTION...
generate() {
  local target=$1 protos=$2 file=$3 generated=Sources/$1/Generated
  shift 3
  mkdir -p "$generated"
  protoc -I"$protos" --plugin=protoc-gen-swift="$bin/protoc-gen-swift" --swift_out="$generated" \
    --plugin=protoc-gen-grpc-swift="$bin/protoc-gen-grpc-swift-2" --grpc-swift_out="$generated" "${@/#/--grpc-swift_opt=}" "$file"
}

for product in "$@"; do
  case $product in
    bench-server) generate bench-server ../../proto bench.proto Client=false ;;
    interop-peer) generate interop-peer ../../../Tests/Conformance/proto grpc/testing/test.proto ;;
  esac
  build "$product"
done
