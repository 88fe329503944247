#!/usr/bin/env bash
# Brings the outside checkers of the mail, the pages and the units: Chromium, Java, Postfix, PostgreSQL, pgbouncer, strace, systemd, three
# node modules, and two Python packages that verify signatures; the last five into a folder of their own.
#
#   tests/oracles/install.sh [FOLDER]      FOLDER defaults to MASTHEAD_ORACLES, else target/oracles
#
# Safe to run again: what is there already is left alone, and then nothing goes over the network.
set -euo pipefail

readonly PACKAGES=(dkimpy==1.1.8 pynacl==1.6.2)
readonly MODULES=(axe-core@4.14.1 playwright-core@1.65.1 vnu-jar@26.9.27)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=${1:-${MASTHEAD_ORACLES:-$root/target/oracles}}

say() { printf 'oracles: %s\n' "$*"; }

have() { command -v "$1" >/dev/null 2>&1; }

have_browser() {
  [[ -n ${CHROMIUM:-} ]] && return
  local name
  for name in chromium chromium-browser google-chrome-stable google-chrome; do
    if have "$name"; then return; fi
  done
  return 1
}

# Debian packages, only those whose program is missing.
wanted=()
have_browser || wanted+=(chromium)
have java || wanted+=(default-jre-headless)
have node || wanted+=(nodejs)
have npm || wanted+=(npm)
[[ -x /usr/sbin/postfix ]] || wanted+=(postfix)
have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || wanted+=(postgresql)
[[ -x /usr/sbin/pgbouncer ]] || wanted+=(pgbouncer)
have strace || wanted+=(strace)
have systemd-analyze || wanted+=(systemd)
have python3 || wanted+=(python3)
python3 -m pip --version >/dev/null 2>&1 || wanted+=(python3-pip)
if ((${#wanted[@]} > 0)); then
  say "installing ${wanted[*]}"
  as_root=()
  if ((EUID != 0)); then
    have sudo || { say "needs root for: apt-get install ${wanted[*]}" >&2; exit 1; }
    as_root=(sudo -n)
  fi
  # Whatever is installed is asked by the tests, and never runs by itself: 101 forbids it to start.
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
  fi
  "${as_root[@]}" apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${wanted[@]}" >/dev/null
fi

# Node modules, each at exactly its version.
missing=()
for module in "${MODULES[@]}"; do
  manifest=$folder/node_modules/${module%@*}/package.json
  if ! grep -Eq "\"version\": *\"${module##*@}\"" "$manifest" 2>/dev/null; then missing+=("$module"); fi
done
if ((${#missing[@]} > 0)); then
  say "fetching ${missing[*]} into $folder"
  mkdir -p "$folder"
  [[ -e $folder/package.json ]] || echo '{ "private": true }' >"$folder/package.json"
  # No install scripts: the three work as they are, and vnu-jar's would fetch a second Java.
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error --save-exact "${missing[@]}" >/dev/null
fi

# Python packages, likewise; the second is for Ed25519.
if ! PYTHONPATH=$folder/python python3 -c 'import dkim, nacl.signing' >/dev/null 2>&1; then
  say "fetching ${PACKAGES[*]} into $folder"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --upgrade --target "$folder/python" "${PACKAGES[@]}"
fi

say "ready in $folder"
