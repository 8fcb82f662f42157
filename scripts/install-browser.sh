#!/usr/bin/env bash
# Installs the browser that `make webtest` drives: Debian's Chromium, and fonts. Quick when it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec ./install-packages.sh chromium fonts-dejavu-core
