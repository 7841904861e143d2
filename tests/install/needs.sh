#!/usr/bin/env bash
# Whether what a program was compiled from and linked with, in the folder of a build by Ninja, is of
# packages that libtroupe-dev depends on: `needs.sh PACKAGES BUILD`.
set -euo pipefail
packages=$1 build=$2
# Where there is none the test `packages` says why.
package=$(ls "$packages"/libtroupe-dev_*.deb) || exit 0
depends=$(dpkg-deb -f "$package" Depends | tr ',' '\n' | sed -E 's/^ *([^ :|(]+).*/\1/')
# A compiler is there where somebody compiles.
allowed=$(apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts \
  --no-breaks --no-replaces --no-enhances $depends g++ clang-14 | grep '^[a-z0-9]' | sort -u)
used=$({
  ninja -C "$build" -t deps | sed -nE 's|^ +(/usr/.*)|\1|p' | xargs realpath
  grep -oE ' /usr/lib[^ ]*\.(so|a)( |$)' "$build/build.ninja" | tr -d ' '
} | sort -u)
[ "$(wc -l <<<"$used")" -gt 100 ] || { echo "needs: found too little" >&2; exit 1; }
missing=$(xargs -r dpkg -S <<<"$used" | sed -E 's/: .*//; s/:[a-z0-9]+//' | sort -u |
  while read -r owner; do grep -qx -- "$owner" <<<"$allowed" || echo "$owner"; done)
[ -z "$missing" ] || { echo "needs: not among what it depends on: $missing" >&2; exit 1; }
