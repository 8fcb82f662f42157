#!/usr/bin/env bash
# The local stack: PostgreSQL, Redis, the five services, the gateway and five edge workers.
#   stack.sh run           in the foreground; Ctrl-C stops all of it
#   stack.sh up            in the background; writes $JETTY_STACK/env
#   stack.sh down          stops what `up` (or `run`) started
#   stack.sh status        what runs
#   stack.sh stop NAME     stops one part and keeps it stopped, to see how the others bear it
#   stack.sh start NAME    lets it run again
#   stack.sh reset         down, and its database, objects and keys are deleted
# TLS=1: services talk by mTLS, the gateway and the edges by HTTPS, under a private authority made in $JETTY_STACK/secrets/tls.
# REPLICAS=2: two of each service and of the gateway.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"
# shellcheck source=scripts/env.sh
. "$here/env.sh"
# shellcheck source=scripts/process.sh
. "$here/process.sh"
# How the stack that runs was started; what changes nothing of that keeps to it.
case ${1:-} in
  run | up | supervise) ;;
  *)
    # shellcheck disable=SC1091
    [[ ! -r $JETTY_STACK/run/shape ]] || . "$JETTY_STACK/run/shape"
    ;;
esac
# shellcheck source=scripts/stack-config.sh
. "$here/stack-config.sh"
# shellcheck source=scripts/stack-tls.sh
. "$here/stack-tls.sh"
# shellcheck source=scripts/stack-parts.sh
. "$here/stack-parts.sh"
# shellcheck source=scripts/stack-account.sh
. "$here/stack-account.sh"
# shellcheck source=scripts/stack-supervisor.sh
. "$here/stack-supervisor.sh"

# What a shell got from another stack's env file must not leak into this one.
for name in "${!JETTY_@}"; do
  case $name in
    JETTY_URL | JETTY_URLS | JETTY_API_KEY | JETTY_EDGE_* | JETTY_*_ADDRESS | JETTY_*_ADDRESSES | JETTY_POSTGRES_URL | JETTY_REDIS_URL | \
      JETTY_*_LISTEN | JETTY_*TLS_*_FILE | JETTY_TLS_TRUST_DOMAIN | JETTY_CA_FILE)
      unset "$name"
      ;;
  esac
done

# As in the images: glibc's malloc keeps more free blocks of a size for each thread (docs/OPERATIONS.md says what for).
export GLIBC_TUNABLES=${GLIBC_TUNABLES-glibc.malloc.tcache_count=1024}

up() {
  if is_running supervisor; then
    say "The stack runs already."
    [[ ! -r $JETTY_STACK/env ]] || print_summary
    return
  fi
  mkdir -p "$JETTY_STACK/log"
  rm -f "$JETTY_STACK/env"
  local log=$JETTY_STACK/log/supervisor.log supervisor
  setsid "$here/stack.sh" supervise </dev/null >"$log" 2>&1 &
  supervisor=$!
  while [[ ! -e $JETTY_STACK/env ]]; do
    if ! started_at "$supervisor" >/dev/null; then
      cat "$log" >&2
      exit 1
    fi
    sleep 0.1
  done
  grep '^Port ' "$log" || true
  print_summary
}

down() {
  local stopped=0
  if is_running supervisor; then
    signal_process supervisor TERM
    retry_until 60 not_running supervisor || signal_process supervisor KILL
    stopped=1
  fi
  # What a killed supervisor left.
  stop_everything
  ((stopped)) && say "The stack is stopped." || say "The stack did not run."
}
not_running() { ! is_running "$1"; }

status() {
  local name pid
  for name in supervisor "${STORES[@]}" "${CORE[@]}" "${WORKERS[@]}"; do
    if pid=$(running_pid "$name"); then say "$name: runs (process $pid)"; else say "$name: stopped"; fi
  done
}

known_part() {
  local name
  for name in "${STORES[@]}" "${CORE[@]}" "${WORKERS[@]}"; do [[ $name != "$1" ]] || return 0; done
  die "no part is called \"$1\"; there are ${STORES[*]} ${CORE[*]} ${WORKERS[*]}"
}

case ${1:-} in
  run) supervise foreground ;;
  supervise) supervise background ;;
  up) up ;;
  down) down ;;
  status) status ;;
  stop)
    known_part "${2:-}"
    : >"$JETTY_STACK/run/$2.hold"
    stop_processes 15 "$2"
    ;;
  start)
    known_part "${2:-}"
    rm -f "$JETTY_STACK/run/$2.hold"
    ;;
  reset)
    down
    rm -rf "$JETTY_STACK"/{env,log,run,objects,redis,secrets} "${JETTY_PG_BASE:?}/${STACK_NAME:?}"
    ;;
  *) sed -n '2,/^set /{/^#/p}' "$0" | cut -c3- >&2; exit 2 ;;
esac
