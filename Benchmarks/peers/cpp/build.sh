#!/usr/bin/env bash
# Builds the C++ peers into Benchmarks/peers/cpp/build, where something has changed (Debian's libgrpc++-dev).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p build
proto=../../proto/bench.proto
if [[ ! build/bench.grpc.pb.cc -nt $proto ]]; then
  protoc -I../../proto --cpp_out=build --grpc_out=build --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" bench.proto
fi
read -ra flags < <(pkg-config --cflags grpc++ protobuf)
read -ra libraries < <(pkg-config --libs grpc++ protobuf)
for source in build/bench.pb.cc build/bench.grpc.pb.cc callback_server.cc queue_server.cc client.cc; do
  object=build/$(basename "$source" .cc).o
  [[ $object -nt $source && $object -nt bench.h && $object -nt $proto ]] \
    || g++ -O2 -DNDEBUG -std=c++17 -I. -Ibuild "${flags[@]}" -c "$source" -o "$object"
done
for program in callback_server queue_server client; do
  [[ build/$program -nt build/$program.o && build/$program -nt build/bench.pb.o ]] \
    || g++ build/$program.o build/bench.pb.o build/bench.grpc.pb.o -o build/$program "${libraries[@]}" -lpthread
done
