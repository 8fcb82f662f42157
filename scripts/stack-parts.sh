# The parts of a stack: how each is started and how it says that it is ready. Sourced; needs stack-config.sh, process.sh.
# shellcheck shell=bash

BINARIES=${JETTY_BINARIES:-$JETTY_ROOT/.build/release}

# In starting order; they are stopped the other way round, group by group.
STORES=(postgres redis)
CORE=()
for name in "${SERVICES[@]}" gateway; do
  # shellcheck disable=SC2207
  CORE+=($(replicas "$name"))
done
WORKERS=("${EDGES[@]/#/edge-}")

# What every process of ours is told. Values from the caller's environment win where a developer may want others.
common_settings() {
  local secrets=$JETTY_STACK/secrets service upper
  COMMON=(
    JETTY_LOG_LEVEL="${JETTY_LOG_LEVEL:-info}"
    JETTY_LOOPS="${JETTY_LOOPS:-1}"
    JETTY_DRAIN_DELAY_SECONDS="${JETTY_DRAIN_DELAY_SECONDS:-0}"
    JETTY_DRAIN_SECONDS="${JETTY_DRAIN_SECONDS:-5}"
    JETTY_STORE_URL="$STORE_URL"
    JETTY_TOKEN_PUBLIC_KEY_FILE="$secrets/token-public.pem"
    JETTY_PUBLIC_URL="$GATEWAY_URL"
  )
  for service in "${SERVICES[@]}"; do
    upper=${service//-/_}
    COMMON+=("JETTY_${upper^^}_ADDRESS=$(addresses "$service")")
  done
  # What edges must not know. The ports may differ from the last time.
  (
    umask 077
    printf 'postgresql://jetty:%s@127.0.0.1:%s/jetty' "$(<"$secrets/postgres-password")" "${port[postgres]}" >"$secrets/postgres-url"
    printf 'redis://:%s@127.0.0.1:%s/0' "$(<"$secrets/redis-password")" "${port[redis]}" >"$secrets/redis-url"
  )
  TRUSTED=(
    JETTY_POSTGRES_URL_FILE="$secrets/postgres-url"
    JETTY_REDIS_URL_FILE="$secrets/redis-url"
    JETTY_TOKEN_PRIVATE_KEY_FILE="$secrets/token-private.pem"
    JETTY_OBJECT_URL_SECRET_FILE="$secrets/object-url-secret"
    JETTY_WEB_DIRECTORY="$JETTY_ROOT/web"
  )
}

start_part() {
  local name=$1 edge
  tls_settings "${name%.[0-9]}"
  local admin=JETTY_ADMIN_LISTEN=127.0.0.1:${port[$name-admin]:-0}
  case $name in
    postgres)
      start_process postgres "$JETTY_ROOT/scripts/postgres-run.sh" --data "$POSTGRES_DATA" --port "${port[postgres]}" \
        --password-file "$JETTY_STACK/secrets/postgres-password" --stop-with $$
      ;;
    redis)
      start_process redis "$JETTY_ROOT/scripts/redis-run.sh" --dir "$JETTY_STACK/redis" --port "${port[redis]}" \
        --password-file "$JETTY_STACK/secrets/redis-password"
      ;;
    edge-*-[0-9])
      edge=${name#edge-}
      start_process "$name" env "${COMMON[@]}" "${TLS_SETTINGS[@]}" "$admin" JETTY_EDGE_ID="$edge" \
        JETTY_LISTEN="127.0.0.1:${port[$name]}" JETTY_EDGE_URL="$SCHEME://127.0.0.1:${port[$name]}" \
        JETTY_RPC_LISTEN="127.0.0.1:${port[$name-rpc]}" JETTY_EDGE_ADVERTISE="127.0.0.1:${port[$name-rpc]}" \
        "$BINARIES/jetty-edge-worker"
      ;;
    *)
      start_process "$name" env "${COMMON[@]}" "${TRUSTED[@]}" "${TLS_SETTINGS[@]}" "$admin" JETTY_LISTEN="127.0.0.1:${port[$name]}" \
        "$BINARIES/jetty-${name%.[0-9]}"
      ;;
  esac
}

part_is_ready() {
  local secrets=$JETTY_STACK/secrets
  case $1 in
    postgres) "$JETTY_PG_BIN/pg_isready" --quiet --host=127.0.0.1 --port="${port[postgres]}" --timeout=2 ;;
    redis) [[ $(REDISCLI_AUTH=$(<"$secrets/redis-password") redis-cli -p "${port[redis]}" ping) == PONG ]] ;;
    *) curl --silent --fail --max-time 2 --output /dev/null "http://127.0.0.1:${port[$1-admin]}/readyz" ;;
  esac
}

# wait_ready SECONDS NAME...
wait_ready() {
  local deadline=$((SECONDS + $1)) name
  shift
  for name in "$@"; do
    until part_is_ready "$name" >/dev/null 2>&1; do
      is_running "$name" || fail_part "$name" "stopped while it started"
      ((SECONDS < deadline)) || fail_part "$name" "was not ready in time"
      sleep 0.1
    done
  done
}

fail_part() {
  warn "$1 $2. The end of $(log_file "$1"):"
  tail -n 15 "$(log_file "$1")" >&2 || true
  exit 1
}
