# Certificates of a stack that runs with TLS: a private authority, and one certificate for each process. Sourced; needs lib.sh.
# shellcheck shell=bash

# The trust domain of the names in the certificates: spiffe://jetty/<program>, spiffe://jetty/edge-worker/<edge>.
TRUST_DOMAIN=jetty

tls_directory() { printf '%s' "$JETTY_STACK/secrets/tls"; }

# make_authority DIRECTORY COMMON-NAME: ca.pem and ca.key in DIRECTORY, unless they are there.
make_authority() {
  local directory=$1
  install -d -m 700 "$directory"
  [[ ! -s $directory/ca.pem ]] || return 0
  (
    umask 077
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 825 -subj "/CN=$2" \
      -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign \
      -keyout "$directory/ca.key" -out "$directory/ca.pem.new" 2>/dev/null
  )
  mv "$directory/ca.pem.new" "$directory/ca.pem"
}

# make_certificate DIRECTORY NAME URI [DAYS]: NAME.pem and NAME.key, certified by the authority in DIRECTORY, for this machine's
# loopback. An existing pair is replaced: first the key, then the certificate, each at once. DAYS -1: one that has expired.
make_certificate() {
  local directory=$1 name=$2 uri=$3 days=${4:-397}
  (
    umask 077
    cd "$directory"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$name.key.new" -out "$name.csr" 2>/dev/null
    openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -set_serial "0x$(openssl rand -hex 16)" -days "$days" -out "$name.pem.new" \
      -extfile <(printf '%s\n' "subjectAltName=DNS:localhost,DNS:jetty-$name,IP:127.0.0.1,URI:$uri" \
        basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth,clientAuth) 2>/dev/null
    rm -f "$name.csr"
    mv "$name.key.new" "$name.key"
    mv "$name.pem.new" "$name.pem"
  ) || die "could not make the certificate of $name"
}

# One for each program (its replicas share it) and one for each edge, made once; .jetty/secrets/tls.
make_certificates() {
  local directory name
  directory=$(tls_directory)
  make_authority "$directory" "AgentCache Jetty, local stack"
  for name in "${SERVICES[@]}" gateway; do
    [[ -s $directory/$name.pem ]] || make_certificate "$directory" "$name" "spiffe://$TRUST_DOMAIN/$name"
  done
  for name in "${EDGES[@]}"; do
    [[ -s $directory/edge-$name.pem ]] || make_certificate "$directory" "edge-$name" "spiffe://$TRUST_DOMAIN/edge-worker/$name"
  done
}

# tls_settings NAME: fills TLS_SETTINGS with what the process whose certificate is NAME is told; nothing without TLS.
tls_settings() {
  local directory
  TLS_SETTINGS=()
  [[ -n ${TLS:-} ]] || return 0
  directory=$(tls_directory)
  TLS_SETTINGS=(
    JETTY_TLS_CERT_FILE="$directory/$1.pem" JETTY_TLS_KEY_FILE="$directory/$1.key" JETTY_TLS_CA_FILE="$directory/ca.pem"
    JETTY_TLS_TRUST_DOMAIN="$TRUST_DOMAIN" JETTY_TLS_RELOAD_SECONDS="${JETTY_TLS_RELOAD_SECONDS:-10}"
  )
  case $1 in
    gateway | edge-*-[0-9])
      TLS_SETTINGS+=(JETTY_HTTP_TLS_CERT_FILE="$directory/$1.pem" JETTY_HTTP_TLS_KEY_FILE="$directory/$1.key")
      ;;
  esac
}
