# Prepares one stack: directories, secrets, ports. Sourced; needs lib.sh, env.sh.
# shellcheck shell=bash

# "jetty", "demo": names the directory of its database.
STACK_NAME=$(basename "$JETTY_STACK" | tr -d .)
EDGES=(sfo-1 lax-1 sea-1 nyc-1 fra-1)
SERVICES=(edge-selection chunk-metadata upload-state dedup finalize)
# How many of each service and of the gateway. The second `finalize` is the part `finalize.2`.
REPLICAS=${REPLICAS:-1}
[[ $REPLICAS =~ ^[1-5]$ ]] || die "REPLICAS must be 1 to 5"
# https with TLS=1.
[[ ${TLS:-} != 0 ]] || TLS=
SCHEME=http${TLS:+s}

# replicas NAME: its parts, "finalize finalize.2".
replicas() {
  local number
  printf '%s' "$1"
  for ((number = 2; number <= REPLICAS; number++)); do printf ' %s.%s' "$1" "$number"; done
}

# addresses NAME [SUFFIX]: host:port of each of its replicas, with commas. Their admin ports with the suffix -admin.
addresses() {
  local part list=''
  for part in $(replicas "$1"); do list+=${list:+,}127.0.0.1:${port[$part${2:-}]}; done
  printf '%s' "$list"
}

# secret_file NAME: made on first use, readable by its owner only.
secret_file() {
  local file=$JETTY_STACK/secrets/$1
  [[ -s $file ]] || (umask 077 && printf '%s' "$(random_secret)" >"$file")
  printf '%s' "$file"
}

make_secrets() {
  local private=$JETTY_STACK/secrets/token-private.pem public=$JETTY_STACK/secrets/token-public.pem
  install -d -m 700 "$JETTY_STACK/secrets"
  secret_file postgres-password >/dev/null
  secret_file redis-password >/dev/null
  secret_file object-url-secret >/dev/null
  if [[ ! -s $public ]]; then
    (umask 077 && openssl genpkey -algorithm ed25519 -out "$private")
    openssl pkey -in "$private" -pubout -out "$public"
  fi
  [[ -z ${TLS:-} ]] || make_certificates
}

# Fills the map `port`: free loopback ports, the usual ones where nobody listens on them.
# Says so where one that people know by heart went to somebody else. JETTY_PORTS_FROM: any from that number on, for a
# stack whose ports nobody types; two that start at the same moment do not meet if they begin far from each other.
declare -A port
choose_ports() {
  local names=(gateway postgres redis) wanted=(3000 5432 6379) name index number found
  index=0
  for name in "${SERVICES[@]}"; do
    index=$((index + 1))
    names+=("$name" "$name-admin")
    wanted+=($((7000 + index)) $((7100 + index)))
  done
  names+=(gateway-admin)
  wanted+=(7100)
  index=0
  for name in "${EDGES[@]}"; do
    index=$((index + 1))
    names+=("edge-$name" "edge-$name-rpc" "edge-$name-admin")
    wanted+=($((7200 + index)) $((7300 + index)) $((7400 + index)))
  done
  for ((number = 2; number <= REPLICAS; number++)); do
    names+=("gateway.$number" "gateway.$number-admin")
    wanted+=($((2999 + number)) $((7090 + 10 * number)))
    index=0
    for name in "${SERVICES[@]}"; do
      index=$((index + 1))
      names+=("$name.$number" "$name.$number-admin")
      wanted+=($((6990 + 10 * number + index)) $((7090 + 10 * number + index)))
    done
  done
  if [[ -n ${JETTY_PORTS_FROM:-} ]]; then
    for index in "${!wanted[@]}"; do wanted[index]=$((JETTY_PORTS_FROM + index)); done
  fi
  read -ra found <<<"$("$JETTY_TEST_PYTHON" "$JETTY_ROOT/scripts/ports.py" "${wanted[@]}")"
  ((${#found[@]} == ${#names[@]})) || die "could not find free ports"
  for index in "${!names[@]}"; do
    port[${names[index]}]=${found[index]}
  done
  [[ -z ${JETTY_PORTS_FROM:-} ]] || return 0
  for name in gateway:3000 postgres:5432 redis:6379; do
    [[ ${port[${name%:*}]} == "${name#*:}" ]] \
      || say "Port ${name#*:} is taken by something else: ${name%:*} listens on ${port[${name%:*}]} instead."
  done
}

make_directories() {
  mkdir -p "$JETTY_STACK"/{log,run,objects,redis}
  POSTGRES_DATA=$JETTY_PG_BASE/$STACK_NAME
  forget_foreign_database
}

# The database belongs to the secrets it was made with. Where those are gone (.jetty was deleted), so are the objects
# it speaks of: start afresh rather than fail to log in.
forget_foreign_database() {
  local mark=$POSTGRES_DATA/password.sha256 current
  current=$(sha256sum <"$JETTY_STACK/secrets/postgres-password")
  [[ ! -e $POSTGRES_DATA || ($(cat "$mark" 2>/dev/null) == "$current") ]] && return
  rm -rf "$POSTGRES_DATA"
}
