#!/usr/bin/env bash
# Brings the peers that Masthead is measured beside: nodemailer, dkimpy, and a small sender on lettre's own pool.
#
#   benches/peers/install.sh [FOLDER]      FOLDER defaults to target/peers
#
# Safe to run again: what is there already is left alone. Postfix (for smtp-source) and openssl come with the system.
set -euo pipefail

readonly NODEMAILER=10.6.0
readonly DKIMPY=1.1.8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-${CARGO_TARGET_DIR:-$here/../../target}/peers}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

say() { printf 'peers: %s\n' "$*"; }

have() { command -v "$1" >/dev/null 2>&1; }

if ! have npm; then
  say "SKIPPED nodemailer: npm is not installed"
elif ! grep -Eq "\"version\": *\"$NODEMAILER\"" "$folder/node_modules/nodemailer/package.json" 2>/dev/null; then
  say "fetching nodemailer $NODEMAILER"
  [[ -e $folder/package.json ]] || echo '{ "private": true }' >"$folder/package.json"
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error --save-exact "nodemailer@$NODEMAILER" >/dev/null
fi

if ! have python3; then
  say "SKIPPED dkimpy: python3 is not installed"
elif ! PYTHONPATH=$folder/python python3 -c 'import dkim' >/dev/null 2>&1; then
  say "fetching dkimpy $DKIMPY"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$folder/python" "dkimpy==$DKIMPY"
fi

say "building the sender on lettre's pool"
cargo build --release --quiet --locked --manifest-path "$here/lettre/Cargo.toml" --target-dir "$folder/lettre"

say "ready in $folder"
