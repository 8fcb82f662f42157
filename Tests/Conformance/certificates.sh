#!/usr/bin/env bash
# Makes the certificates of the interoperability tests: an authority and a server's for *.test.google.fr (the name in gRPC's own tests)
# and localhost. Tests/Conformance/.certificates, once for each clone and anew when a month is left; keys never leave it.
set -euo pipefail
directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/.certificates
if openssl x509 -checkend 2592000 -noout -in "$directory/server.pem" >/dev/null 2>&1; then exit 0; fi
fresh=$(mktemp -d "$directory.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
cd "$fresh"
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=conformance-ca -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=*.test.google.fr' -keyout server.key -out server.csr 2>/dev/null
printf '%s\n' 'subjectAltName=DNS:*.test.google.fr,DNS:localhost,IP:127.0.0.1' 'extendedKeyUsage=serverAuth' >extensions
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -extfile extensions -out server.pem 2>/dev/null
rm -rf "$directory"
mv "$fresh" "$directory"
