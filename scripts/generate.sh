#!/usr/bin/env bash
# Regenerates everything that comes from proto/: generate.sh [ROOT]. Writes below ROOT, by default this clone.
# GOOGLEAPIS may name a directory that has google/api/annotations.proto.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh

root=${1:-$JETTY_ROOT}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

find_googleapis() {
  local directory
  for directory in ${GOOGLEAPIS:+"$GOOGLEAPIS"} "$JETTY_VENV"/lib/python3*/site-packages; do
    [[ -r $directory/google/api/annotations.proto ]] && printf '%s' "$directory" && return
  done
  return 1
}

if ! googleapis=$(find_googleapis); then
  [[ -z ${GOOGLEAPIS:-} ]] || die "no google/api/annotations.proto in GOOGLEAPIS=$GOOGLEAPIS"
  scripts/install.sh
  googleapis=$(find_googleapis) || die "googleapis-common-protos is not in $JETTY_VENV"
fi
for program in protoc protoc-gen-c swift; do
  command -v "$program" >/dev/null || die "$program is missing: run \`make install\`"
done

swift build --quiet --package-path tools/protoc-gen-jetty --product protoc-gen-jetty
generator=$(swift build --package-path tools/protoc-gen-jetty --show-bin-path)/protoc-gen-jetty

mapfile -t protos < <(cd proto && find . -name '*.proto' -printf '%P\n' | LC_ALL=C sort)
includes=(-Iproto "-I$googleapis")

# The C messages, from descriptors without what protoc-c cannot take.
protoc "${includes[@]}" --include_imports --descriptor_set_out="$work/all.pb" "${protos[@]}"
"$generator" c-view "$work/all.pb" "$work/c.pb"
mapfile -t plain < <(protoc --decode=google.protobuf.FileDescriptorSet google/protobuf/descriptor.proto <"$work/c.pb" \
  | sed -n 's/^  name: "\(.*\)"$/\1/p')
mkdir "$work/c"
protoc --descriptor_set_in="$work/c.pb" --c_out="$work/c" "${plain[@]}"

c=$root/Sources/ContractsC
swift_out=$root/Sources/Contracts/Generated
rm -rf "$c/generated" "$c/include/jetty" "$c/include/grpc" "$swift_out"
mkdir -p "$c/generated" "$c/include" "$swift_out" "$root/docs"
(cd "$work/c" && find . -name '*.h' -printf '%P\n') | while read -r header; do
  mkdir -p "$c/include/$(dirname "$header")"
  cp "$work/c/$header" "$c/include/$header"
done
(cd "$work/c" && find . -name '*.c' -printf '%P\n') | while read -r source; do
  mkdir -p "$c/generated/$(dirname "$source")"
  cp "$work/c/$source" "$c/generated/$source"
done

# Everything else.
protoc "${includes[@]}" --plugin=protoc-gen-jetty="$generator" --jetty_out="$root" "${protos[@]}"

# The benchmark's own contract.
scripts/generate-module.sh Benchmarks/proto "$root/Benchmarks/Sources" BenchContracts

# What the interoperability tests of gRPC carry.
scripts/generate-module.sh Tests/Conformance/proto "$root/Tests/Conformance/Sources" InteropMessages
