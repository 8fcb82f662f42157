#!/usr/bin/env bash
# Renders every overlay and checks it against the schemas of Kubernetes 1.29 and newer, offline.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh
command -v kubectl >/dev/null || die "no kubectl on the PATH (5.x of kustomize is in kubectl 1.27 and newer)"
rendered=$JETTY_STATE/k8s
mkdir -p "$rendered"
for overlay in dev production; do
  kubectl kustomize "k8s/overlays/$overlay" >"$rendered/$overlay.yaml"
  say "$overlay: $(grep -c '^kind:' "$rendered/$overlay.yaml") objects"
done
