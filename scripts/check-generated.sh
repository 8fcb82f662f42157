#!/usr/bin/env bash
# Fails where what is committed is not what proto/ and the generator make today.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
scripts/generate.sh "$fresh"

status=0
c=Sources/ContractsC
bench=Benchmarks/Sources/BenchContracts
interop=Tests/Conformance/Sources/InteropMessages
for path in Sources/Contracts/Generated $c/generated $c/include/jetty $c/include/grpc docs/openapi.json $bench/Generated ${bench}C \
  $interop/Generated ${interop}C; do
  diff -r "$path" "$fresh/$path" || status=1
done
((status == 0)) || die "the contracts were changed without \`make generate\`"
say "The generated contracts are what proto/ says."
