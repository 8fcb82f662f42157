#!/usr/bin/env bash
# Installs the Debian packages that are missing. Asks the package lists for news only if one is.
#   install-packages.sh [PACKAGE...]    these, by default what the project itself needs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=scripts/lib.sh
. ./lib.sh

packages=(
  # What the C modules wrap.
  pkg-config libnghttp2-dev libssl-dev libhiredis-dev libpq-dev libprotobuf-c-dev libuv1-dev libcurl4-openssl-dev zlib1g-dev
  # What `make generate` runs.
  protobuf-compiler protobuf-c-compiler libprotobuf-dev
  # What the local stack and the tests run.
  redis-tools python3-venv ca-certificates curl openssl
)

(($# == 0)) || packages=("$@")

command -v dpkg-query >/dev/null \
  || die "this is not Debian: install the equivalents of these packages by hand (Debian 12 is what is tested): ${packages[*]}"

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

say "Installing Debian packages: ${missing[*]}"
if [[ $(id -u) == 0 ]]; then
  as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root=(sudo)
else
  warn "These packages are missing, and installing them needs root. Hand this line to somebody who may:"
  warn ""
  warn "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
  warn ""
  exit 1
fi

# A package manager that already runs is waited for.
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${missing[@]}"
