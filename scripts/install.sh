#!/usr/bin/env bash
# Installs what the project needs and this machine lacks: Debian packages and a Python virtual environment.
# Quick when nothing is missing. Needs root for the packages only; without it, says what to ask for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=scripts/lib.sh
. ./lib.sh
# shellcheck source=scripts/env.sh
. ./env.sh

./install-packages.sh
mkdir -p "$JETTY_STATE"
if [[ $(id -u) == 0 ]]; then
  install -d -m 755 /var/lib/jetty-dev
  id -u "$JETTY_PG_USER" >/dev/null 2>&1 \
    || useradd --system --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$JETTY_PG_USER"
  install -d -m 700 -o "$JETTY_PG_USER" "$JETTY_PG_BASE"
  with_lock /var/lib/jetty-dev/install.lock ./install-python.sh
else
  install -d -m 700 "$JETTY_PG_BASE"
  with_lock "$JETTY_STATE/install.lock" ./install-python.sh
fi
command -v swift >/dev/null || die "no Swift toolchain on the PATH: install Swift 6.3 or newer from https://www.swift.org/install/linux/"
