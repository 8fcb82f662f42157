#!/usr/bin/env bash
# Runs a private PostgreSQL in the foreground, on loopback, with a password; makes its data directory on first use.
#   postgres-run.sh --data DIR --port PORT --password-file FILE [--stop-with PID]
# User and database are both `jetty`. DIR must lie in $JETTY_PG_BASE (as root, only there may the server's user write).
# The script becomes the server: SIGINT stops it quickly and cleanly. --stop-with: also when that process ends.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"
# shellcheck source=scripts/env.sh
. "$here/env.sh"

data= port= password_file= watched=
while (($#)); do
  case $1 in
    --data) data=$2 ;;
    --port) port=$2 ;;
    --password-file) password_file=$2 ;;
    --stop-with) watched=$2 ;;
    *) die "unknown option $1" ;;
  esac
  shift 2
done
[[ -n $data && -n $port && -r $password_file ]] || die "usage: postgres-run.sh --data DIR --port PORT --password-file FILE"
[[ -x $JETTY_PG_BIN/postgres ]] || die "no PostgreSQL in $JETTY_PG_BIN: run \`make install\` first"

as_server=()
[[ -z $JETTY_PG_USER ]] || as_server=(setpriv --reuid="$JETTY_PG_USER" --regid="$JETTY_PG_USER" --clear-groups)
export LC_ALL=C
cd /

initialise() {
  local password
  rm -rf "$data" "$data.new"
  install -d -m 700 ${JETTY_PG_USER:+-o "$JETTY_PG_USER"} "$data.new"
  password=$data.new/password
  install -m 600 ${JETTY_PG_USER:+-o "$JETTY_PG_USER"} "$password_file" "$password"
  "${as_server[@]}" "$JETTY_PG_BIN/initdb" --pgdata="$data.new/data" --username=jetty --pwfile="$password" --auth=scram-sha-256 \
    --encoding=UTF8 --no-locale --no-instructions >/dev/null
  "${as_server[@]}" "$JETTY_PG_BIN/postgres" --single -D "$data.new/data" postgres >/dev/null <<<"CREATE DATABASE jetty"
  rm "$password"
  sha256sum <"$password_file" >"$data.new/password.sha256" # stack-config.sh asks whose database this is
  mv "$data.new" "$data" # whole or not at all
}

[[ -f $data/data/PG_VERSION ]] || initialise
[[ -z $watched ]] || stop_with "$watched" INT
exec "${as_server[@]}" "$JETTY_PG_BIN/postgres" -D "$data/data" -p "$port" -c listen_addresses=127.0.0.1 \
  -c unix_socket_directories= -c max_connections=200 -c shared_buffers=64MB -c log_timezone=UTC -c timezone=UTC
