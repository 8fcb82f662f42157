# The steps of the demo. Sourced by demo.sh.
# shellcheck shell=bash

JETTY=$JETTY_ROOT/.build/release/jetty

step() { printf '\n== %s\n' "$*"; }

# Mebibytes that the steps below need on the disk of this clone.
require_space() {
  local free
  free=$(df --output=avail --block-size=1M "$JETTY_STATE" | tail -n 1)
  ((free > $1)) || die "the demo needs $1 MiB of disk in $JETTY_STATE, and $free MiB are free"
}

# random_file PATH MEBIBYTES: nothing in it compresses, and it is never the same twice.
random_file() {
  openssl enc -aes-256-ctr -pass "pass:$(random_secret)" -nosalt -pbkdf2 -iter 1 </dev/zero 2>/dev/null | head -c "$2M" >"$1" || true
  [[ $(stat -c %s "$1") == $(($2 * 1048576)) ]] || die "could not write $1"
}

# field NAME: of the JSON object on standard input, nested ones by a dot; empty where it is null.
field() {
  "$JETTY_TEST_PYTHON" -c '
import functools, json, sys
value = functools.reduce(lambda value, key: (value or {}).get(key), sys.argv[1].split("."), json.load(sys.stdin))
print("" if value is None else value)' "$1"
}

api() { curl -sS --fail-with-body -H "Authorization: Bearer $JETTY_API_KEY" "$@"; }

upload_and_compare() {
  step "Uploading $1 ($(stat -c %s "$1") bytes)"
  UPLOAD=$("$JETTY" upload --json "$1")
  local url stored original
  url=$(field url <<<"$UPLOAD")
  step "Fetching it back through $url"
  stored=$(curl -sS --fail "$url" | sha256sum | cut -d' ' -f1)
  original=$(sha256sum <"$1" | cut -d' ' -f1)
  [[ $stored == "$original" ]] || die "what came back differs: sent $original, got $stored"
  say "SHA-256 is the same: $original"
}

upload_again() {
  step "Uploading the same file again"
  AGAIN=$("$JETTY" upload --json "$1")
  [[ $(field duplicate <<<"$AGAIN") == True ]] || die "the duplicate was not found: $AGAIN"
  [[ $(field bytesSent <<<"$AGAIN") == 0 ]] || die "bytes were sent again: $AGAIN"
  say "It is stored already. No bytes were sent; \$$(field savedCost <<<"$AGAIN") saved."
}

# The chunks that the platform has of the upload that runs, and how many there will be: "3 11".
running_chunks() {
  api "$JETTY_URL/api/jetty/stats" | "$JETTY_TEST_PYTHON" -c '
import json, sys
running = [one for one in json.load(sys.stdin)["recentSessions"] if one["status"] == "in_progress"]
print(running[0]["chunksStored"], running[0]["chunksTotal"]) if running else print(0, 1)'
}

half_sent() {
  local stored total
  read -r stored total <<<"$(running_chunks)"
  ((stored * 2 >= total))
}

kill_and_resume() {
  local file=$JETTY_STACK/files/interrupted.bin uploader stored total original resumed
  step "Killing an upload half-way"
  random_file "$file" 768
  "$JETTY" upload --json "$file" >/dev/null 2>&1 &
  uploader=$!
  retry_until 120 half_sent || die "the upload did not get half-way in two minutes"
  kill -KILL "$uploader" 2>/dev/null || die "the upload was over before it could be killed"
  wait "$uploader" 2>/dev/null || true
  read -r stored total <<<"$(running_chunks)"
  say "kill -9 after $stored of $total chunks"

  step "Resuming it"
  resumed=$("$JETTY" resume --json "$file")
  original=$(sha256sum <"$file" | cut -d' ' -f1)
  [[ $(curl -sS --fail "$(field url <<<"$resumed")" | sha256sum | cut -d' ' -f1) == "$original" ]] || die "the resumed file differs"
  local sent
  sent=$(field bytesSent <<<"$resumed")
  ((sent < $(stat -c %s "$file"))) || die "everything was sent again: $sent bytes"
  say "Only $((sent / 1048576)) of $(($(stat -c %s "$file") / 1048576)) MiB were sent; SHA-256 is the same: $original"
}

report() {
  step "Report"
  UPLOAD=$UPLOAD "$JETTY_TEST_PYTHON" - <<'PYTHON'
import json, os

one = json.loads(os.environ["UPLOAD"])
print(f"  file            {one['file']}, {one['size']:,} bytes, {one['fileId']}")
print(f"  time            {one['seconds']:.1f} s, {one['bytesSent'] / one['seconds'] / 1e6:.0f} MB/s")
print(f"  chunks          {one['chunks']}: " + ", ".join(f"{edge} {count}" for edge, count in sorted(one["edges"].items())))
print(f"  cost            ${one['cost']:.4f}")
PYTHON
  say "  where it lies   $(find "$JETTY_STACK/objects" -type f -name "$(field fileId <<<"$UPLOAD")*" | head -n 1)"
  say "  database        ${JETTY_POSTGRES_URL##*@}"
}
