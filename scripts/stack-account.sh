# The account of a stack, and what a developer needs to talk to it. Sourced by stack.sh.
# shellcheck shell=bash

# One account with one key, made once: its key is shown only at creation, so it is kept beside the other secrets.
make_account() {
  local file=$JETTY_STACK/secrets/api-key
  if [[ ! -s $file || ! -e $POSTGRES_DATA/account-made ]]; then
    (
      umask 077
      JETTY_POSTGRES_URL=$(<"$JETTY_STACK/secrets/postgres-url") \
        "$BINARIES/jetty-admin" account create --name "Local development" --requests-per-second 10000 --quiet >"$file"
    )
    : >"$POSTGRES_DATA/account-made"
  fi
  API_KEY=$(<"$file")
}

# With TLS: what makes curl trust the gateway.
CURL_TRUST=()
[[ -z ${TLS:-} ]] || CURL_TRUST=(--cacert "$(tls_directory)/ca.pem")

# The gateway knows every edge of this stack as one that lives.
all_edges_live() {
  local answer
  answer=$(curl -sS --fail --max-time 5 "${CURL_TRUST[@]}" -H "Authorization: Bearer $API_KEY" \
    "$GATEWAY_URL/api/jetty/edges?liveOnly=true") || return 1
  [[ $(tr ',{}' '\n\n\n' <<<"$answer" | grep -c '"live": *true') -ge ${#EDGES[@]} ]]
}

# In shell syntax, so that `. .jetty/env` or `set -a; . .jetty/env` does.
write_env() {
  local file=$JETTY_STACK/env name upper urls='' rpc='' admins=''
  (
    umask 077
    for name in "${EDGES[@]}"; do
      urls+=${urls:+,}$SCHEME://127.0.0.1:${port[edge-$name]}
      rpc+=${rpc:+,}127.0.0.1:${port[edge-$name-rpc]}
      admins+=${admins:+,}127.0.0.1:${port[edge-$name-admin]}
    done
    {
      printf '# The running stack of %s. `make down` removes this file.\n' "$JETTY_ROOT"
      printf "export JETTY_URL='%s'\n" "$GATEWAY_URL"
      printf "export JETTY_URLS='%s'\n" "$(printf '%s' "$SCHEME://$(addresses gateway)" | sed "s|,|,$SCHEME://|g")"
      if [[ -n ${TLS:-} ]]; then printf "export JETTY_CA_FILE='%s'\n" "$(tls_directory)/ca.pem"; fi
      printf "export JETTY_API_KEY='%s'\n" "$API_KEY"
      printf "export JETTY_EDGE_IDS='%s'\n" "$(IFS=,; printf '%s' "${EDGES[*]}")"
      printf "export JETTY_EDGE_URLS='%s'\n" "$urls"
      printf "export JETTY_EDGE_WORKER_ADDRESSES='%s'\n" "$rpc"
      printf "export JETTY_EDGE_WORKER_ADMIN_ADDRESSES='%s'\n" "$admins"
      for name in "${SERVICES[@]}"; do
        upper=${name//-/_}
        printf "export JETTY_%s_ADDRESS='%s'\n" "${upper^^}" "$(addresses "$name")"
        printf "export JETTY_%s_ADMIN_ADDRESS='%s'\n" "${upper^^}" "$(addresses "$name" -admin)"
      done
      printf "export JETTY_GATEWAY_ADMIN_ADDRESS='%s'\n" "$(addresses gateway -admin)"
      printf "export JETTY_POSTGRES_URL='%s'\n" "$(<"$JETTY_STACK/secrets/postgres-url")"
      printf "export JETTY_REDIS_URL='%s'\n" "$(<"$JETTY_STACK/secrets/redis-url")"
      for name in "${TRUSTED[@]}"; do
        printf "export %s='%s'\n" "${name%%=*}" "${name#*=}"
      done
      printf "export JETTY_OBJECTS='%s'\n" "$STORE_URL"
    } >"$file.new"
  )
  mv "$file.new" "$file"
}

print_summary() {
  # A subshell: what the file exports is meant for users, not for us.
  (
    # shellcheck disable=SC1091
    . "$JETTY_STACK/env"
    say ""
    say "AgentCache Jetty is ready."
    say "  Gateway     $JETTY_URL   (description: $JETTY_URL/openapi.json)"
    say "  Pages       $JETTY_URL/ (upload)  $JETTY_URL/dashboard"
    say "  API key     $JETTY_API_KEY"
    say "  Edges       ${JETTY_EDGE_URLS//,/ }"
    say "  Store       $JETTY_OBJECTS"
    say "  Settings    . $JETTY_STACK/env"
    say ""
    say "Which edges should an upload of 1 GiB use?"
    say ""
    cat <<EOF
curl -sS ${JETTY_CA_FILE:+--cacert "$JETTY_CA_FILE" }-X POST $JETTY_URL/api/jetty/optimal-edges \\
  -H "Authorization: Bearer $JETTY_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "userId": "usr_test",
    "fileSize": 1073741824,
    "fileHash": "sha256:$(printf 'a file of %s' "$RANDOM$RANDOM" | sha256sum | cut -c1-64)",
    "userLocation": {"lat": 37.7749, "lng": -122.4194},
    "priority": "speed",
    "budget": 1.0
  }'
EOF
    say ""
    say "Or send a file:"
    say ""
    say "  . $JETTY_STACK/env && $BINARIES/jetty upload FILE"
  )
}
