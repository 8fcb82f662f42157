#!/usr/bin/env bash
# Generates the messages and stubs of contracts that are not the platform's own, for a package beside the project:
#   generate-module.sh PROTO-DIRECTORY SOURCES-DIRECTORY MODULE
# Writes SOURCES-DIRECTORY/MODULE/Generated (Swift) and SOURCES-DIRECTORY/MODULEC (what protoc-c makes).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

(($# == 3)) || die "usage: generate-module.sh PROTO-DIRECTORY SOURCES-DIRECTORY MODULE"
protos=$1 sources=$2 module=$3
for program in protoc protoc-gen-c swift; do
  command -v "$program" >/dev/null || die "$program is missing: run \`make install\`"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package=$here/../tools/protoc-gen-jetty
swift build --quiet --package-path "$package" --product protoc-gen-jetty
generator=$(swift build --package-path "$package" --show-bin-path)/protoc-gen-jetty

mapfile -t files < <(cd "$protos" && find . -name '*.proto' -printf '%P\n' | LC_ALL=C sort)
protoc "-I$protos" --include_imports --descriptor_set_out="$work/all.pb" "${files[@]}"
"$generator" c-view "$work/all.pb" "$work/c.pb"

rm -rf "${sources:?}/$module/Generated" "$sources/${module}C"
mkdir -p "$sources/$module" "$sources/${module}C/include"
protoc --descriptor_set_in="$work/c.pb" --c_out="$sources/${module}C" "${files[@]}"
(cd "$sources/${module}C" && find . -name '*.h' -not -path './include/*' -printf '%P\n') | while read -r header; do
  mkdir -p "$(dirname "$sources/${module}C/include/$header")"
  mv "$sources/${module}C/$header" "$sources/${module}C/include/$header"
done
{
  printf 'module %sC {\n' "$module"
  (cd "$sources/${module}C/include" && find . -name '*.h' -printf '  header "%P"\n' | LC_ALL=C sort)
  printf '  export *\n}\n'
} >"$sources/${module}C/include/module.modulemap"
protoc "-I$protos" --plugin=protoc-gen-jetty="$generator" --jetty_out="$sources" --jetty_opt="module=$module" "${files[@]}"
