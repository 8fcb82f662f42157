#!/usr/bin/env bash
# Builds the grpc-go peer into Benchmarks/peers/go/build with Debian's packages alone (golang-google-grpc-dev), without a network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p build/gopath/src/benchpb
proto=../../proto/bench.proto
[[ build/server -nt $proto && build/server -nt src/benchserver/main.go ]] && exit 0
# The generator of this age writes messages and stubs in one go.
protoc -I../../proto --go_out=plugins=grpc,import_path=benchpb:build/gopath/src/benchpb bench.proto
GO111MODULE=off GOPATH=$PWD:$PWD/build/gopath:/usr/share/gocode GOCACHE=$PWD/build/cache CGO_ENABLED=0 go build -o build/server benchserver
