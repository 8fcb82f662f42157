#!/usr/bin/env bash
# Shows the platform at work, on a stack of its own that is gone afterwards:
#   demo.sh [FILE]     uploads FILE, or 1 GiB that it makes up
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
file=${1:-}
[[ -z $file || -r $file ]] || { printf 'error: cannot read %s\n' "$file" >&2; exit 1; }
[[ -z $file ]] || file=$(realpath "$file")

# Beside the stack that may be running, not instead of it.
export JETTY_STACK=$PWD/.jetty/demo
unset JETTY_STORE_URL
# Where `jetty` keeps its notes about uploads, who sends, and from where.
export XDG_STATE_HOME=$JETTY_STACK/state JETTY_USER=usr_demo JETTY_LOCATION=37.7749,-122.4194
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh
# shellcheck source=scripts/demo-steps.sh
. scripts/demo-steps.sh

finish() {
  local status=$?
  trap '' INT TERM HUP
  say ""
  scripts/stack.sh reset
  rm -rf "$JETTY_STACK"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

mkdir -p "$JETTY_STACK/files"
step "Starting PostgreSQL, Redis, five services, the gateway and five edge workers"
scripts/stack.sh up >"$JETTY_STACK/summary"
grep '^Port ' "$JETTY_STACK/summary" || true
# shellcheck disable=SC1091
. "$JETTY_STACK/env"
# With TLS=1: what curl trusts.
[[ -z ${JETTY_CA_FILE:-} ]] || export CURL_CA_BUNDLE=$JETTY_CA_FILE
say "The gateway listens on $JETTY_URL. An account was made; its key is $JETTY_API_KEY"

if [[ -z $file ]]; then
  require_space 3584
  step "Making up a file of 1 GiB"
  file=$JETTY_STACK/files/one-gibibyte.bin
  random_file "$file" 1024
else
  require_space $(($(stat -c %s "$file") / 1048576 + 1536))
fi

upload_and_compare "$file"
upload_again "$file"
kill_and_resume
report
