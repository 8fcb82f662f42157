# Starts all parts in order, starts again what stops by itself, and stops all in the reverse order. Sourced by stack.sh.
# shellcheck shell=bash

declare -A restarts

stop_everything() {
  local name gateways=() services=()
  for name in "${CORE[@]}"; do
    if [[ ${name%.[0-9]} == gateway ]]; then gateways+=("$name"); else services+=("$name"); fi
  done
  stop_processes 15 "${WORKERS[@]}" "${gateways[@]}"
  stop_processes 15 "${services[@]}"
  stop_processes 15 "${STORES[@]}"
}

# Runs on every way out, Ctrl-C included. A second Ctrl-C waits for nothing.
shut_down() {
  local status=$?
  trap '' HUP TERM
  trap 'STOP_NOW=yes' INT
  rm -f "$JETTY_STACK/env"
  say "Stopping."
  stop_everything
  rm -f "$(pid_file supervisor)" "$JETTY_STACK"/run/*.hold
  trap - EXIT
  exit "$status"
}

# One supervisor per stack: the lock is held, on descriptor 9, for as long as it lives.
become_supervisor() {
  mkdir -p "$JETTY_STACK/run"
  exec 9>"$JETTY_STACK/run/lock"
  flock --nonblock 9 || die "this stack runs already: \`make down\` stops it"
  stop_everything # what a killed supervisor left
  note_pid supervisor $$
  printf 'TLS=%q\nREPLICAS=%q\n' "${TLS:-}" "$REPLICAS" >"$JETTY_STACK/run/shape"
  rm -f "$JETTY_STACK"/run/*.hold
  trap shut_down EXIT
  trap 'exit 0' INT TERM HUP
}

supervise() {
  local mode=$1 name
  for name in "${SERVICES[@]/#/jetty-}" jetty-gateway jetty-edge-worker jetty-admin; do
    [[ -x $BINARIES/$name ]] || die "$BINARIES/$name is missing: run \`make build\` first"
  done
  become_supervisor
  make_secrets
  make_directories

  for name in "${STORES[@]}" "${CORE[@]}" "${WORKERS[@]}"; do
    if [[ -e $(log_file "$name") ]]; then mv "$(log_file "$name")" "$(log_file "$name").1"; fi
  done
  choose_ports
  GATEWAY_URL=$SCHEME://127.0.0.1:${port[gateway]}
  STORE_URL=${JETTY_STORE_URL:-file://$JETTY_STACK/objects}
  common_settings

  for name in "${STORES[@]}"; do start_part "$name"; done
  wait_ready 60 "${STORES[@]}"
  for name in "${CORE[@]}"; do start_part "$name"; done
  wait_ready 60 "${CORE[@]}"
  # They could start with the others, but would then be heard from only at their second heartbeat.
  for name in "${WORKERS[@]}"; do start_part "$name"; done
  wait_ready 60 "${WORKERS[@]}"
  make_account
  retry_until 30 all_edges_live || warn "not every edge is alive yet"
  write_env
  if [[ $mode == foreground ]]; then
    print_summary
    say ""
    say "Ctrl-C stops everything. Logs: $JETTY_STACK/log"
  fi
  keep_running "$mode"
}

# Looks every second. A part that stops by itself is started again, after longer and longer waits.
keep_running() {
  local parent_start='' name now
  local -A due held
  if [[ $1 == foreground && -n ${MAKELEVEL:-} ]]; then parent_start=$(started_at $PPID); fi
  while :; do
    sleep 1
    # `make` was killed, and nobody will press Ctrl-C any more.
    [[ -z $parent_start || $(started_at $PPID) == "$parent_start" ]] || exit 1
    now=$SECONDS
    for name in "${STORES[@]}" "${CORE[@]}" "${WORKERS[@]}"; do
      if is_running "$name"; then
        unset "due[$name]" "held[$name]"
      elif [[ -e $JETTY_STACK/run/$name.hold ]]; then
        held[$name]=1
        unset "due[$name]"
      elif [[ -n ${held[$name]:-} ]]; then
        # Stopped on purpose and let go: nothing to wait for.
        unset "held[$name]"
        start_part "$name"
      elif [[ -z ${due[$name]:-} ]]; then
        restarts[$name]=$((${restarts[$name]:-0} + 1))
        due[$name]=$((now + (restarts[$name] > 6 ? 32 : 1 << (restarts[$name] - 1))))
        warn "$name stopped; starting it again in $((due[$name] - now)) s (see $(log_file "$name"))"
      elif ((now >= due[$name])); then
        unset "due[$name]"
        start_part "$name"
      fi
    done
  done
}
