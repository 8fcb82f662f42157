#!/usr/bin/env bash
# Runs a private Redis in the foreground, on loopback, with a password. It keeps nothing on disk: Redis is only a cache here.
#   redis-run.sh --dir DIR --port PORT --password-file FILE [--stop-with PID]
# The script becomes the server: SIGTERM stops it. --stop-with: also when that process ends.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"
# shellcheck source=scripts/env.sh
. "$here/env.sh"

dir= port= password_file= watched=
while (($#)); do
  case $1 in
    --dir) dir=$2 ;;
    --port) port=$2 ;;
    --password-file) password_file=$2 ;;
    --stop-with) watched=$2 ;;
    *) die "unknown option $1" ;;
  esac
  shift 2
done
[[ -n $dir && -n $port && -r $password_file ]] || die "usage: redis-run.sh --dir DIR --port PORT --password-file FILE"
[[ -x $JETTY_REDIS_SERVER ]] || die "no Redis server at $JETTY_REDIS_SERVER: run \`make install\` first"

mkdir -p "$dir"
[[ -z $watched ]] || stop_with "$watched" TERM
# The configuration comes on standard input, so that the password is in no argument list.
exec "$JETTY_REDIS_SERVER" - <<EOF
bind 127.0.0.1
port $port
requirepass $(<"$password_file")
dir $dir
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
EOF
