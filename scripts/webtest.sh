#!/usr/bin/env bash
# The pages, in a headless Chromium, against a stack of their own (Tests/Web). Arguments go to pytest: webtest.sh -k killed
# Screenshots are in .jetty/webtest afterwards.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

scripts/install-browser.sh
exec "$JETTY_TEST_PYTHON" -m pytest Tests/Web "$@"
