#!/usr/bin/env bash
# Runs the tests: first those of the parts (`swift test`), then those of the whole, on a stack of their own.
#   test.sh                   all of them
#   test.sh --end-to-end …    those of the whole; arguments go to pytest (-k resume)
#   test.sh …                 those of the parts; arguments go to `swift test` (--filter RedisTests)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

end_to_end() { "$JETTY_TEST_PYTHON" -m pytest Tests/EndToEnd "$@"; }

case ${1:-} in
  --end-to-end)
    shift
    end_to_end "$@"
    ;;
  ?*) swift test "$@" ;;
  *)
    swift test
    end_to_end
    ;;
esac
