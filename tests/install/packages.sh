#!/usr/bin/env bash
# The CTest `packages`: makes the packages of a build, or only installs it (an argument more:
# `plain`), into a clean folder, and uses the command from there: `packages.sh BUILD WORK [plain]`.
# What comes out is where the examples are built against, in WORK/root/usr.
set -euo pipefail
build=$1 work=$2 kind=${3:-packages}
depends() { dpkg-deb -f "$1" Depends | tr ',' '\n' | sed -E 's/^ *([^ :|(]+).*/\1/'; }
fail() { printf 'packages: %s\n' "$*" >&2; exit 1; }

# Nothing of an earlier run: it could stand for what is no longer installed.
rm -rf "$work"
mkdir -p "$work/root" "$work/here"
root=$work/root/usr
if [ "$kind" = packages ] && ! command -v dpkg-shlibdeps >/dev/null; then
  echo "installing only: no dpkg-dev; scripts/install-dependencies tests"
  kind=plain
fi
if [ "$kind" = plain ]; then
  cmake --install "$build" --prefix "$root" >"$work/log" || fail "$(cat "$work/log")"
else
  # As they are made for users, but for the compression that takes long.
  (cd "$work" && cpack -G DEB --config "$build/CPackConfig.cmake" -B "$work/packages" \
    -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip) >"$work/log" 2>&1 || fail "$(cat "$work/log")"
  cd "$work/packages"
  for package in troupe libtroupe-dev; do
    file=$(ls "$package"_*.deb)
    said=$(dpkg-deb -f "$file")
    for field in "Package: $package" Version: Maintainer: Depends: 'Description: trains'; do
      grep -q "^$field" <<<"$said" || fail "$file: no $field"
    done
    dpkg-deb -x "$file" "$work/root"
    [ -s "$root/share/doc/$package/copyright" ] || fail "$file: no copyright"
    gzip -t "$root/share/doc/$package/changelog.gz"
    # What it depends on is here, or can be had.
    depends "$file" >"$work/depends"
    while read -r name; do
      [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
        apt-cache show "$name" >/dev/null 2>&1 || fail "$file depends on $name, which is nowhere"
    done <"$work/depends"
    [ "$(wc -l <"$work/depends")" -ge 10 ] || fail "$file depends on too little: $said"
  done
  # Every library that the command names is of a package it depends on.
  ldd "$root/bin/troupe" | grep -q 'not found' && fail "$(ldd "$root/bin/troupe")"
  readelf -d "$root/bin/troupe" | sed -nE 's/.*NEEDED.*\[(.*)\]/\1/p' >"$work/needed"
  depends troupe_*.deb >"$work/depends"
  while read -r library; do
    owner=$(dpkg -S "*-linux-gnu/$library" | head -n 1 | sed 's/:.*//')
    grep -qxF "$owner" "$work/depends" ||
      fail "troupe needs $library of $owner, and does not depend on it"
  done <"$work/needed"
  gzip -t "$root/share/man/man1/troupe.1.gz"
fi

# What an installed header includes of Troupe is installed, too.
included=$(grep -rhoE '^#include "[^"]+"' "$root/include" | cut -d '"' -f 2 | sort -u)
for header in $included; do
  [ -e "$root/include/$header" ] || fail "a header includes $header, which is not installed"
done
ls "$root"/share/man/man1/troupe.1* "$root/share/bash-completion/completions/troupe" \
  "$root"/share/doc/troupe/docs/job-file.md >/dev/null

# The command trains a job of the package in a folder where there is nothing else.
cd "$work/here"
export PATH=$root/bin:$PATH
[ "$(command -v troupe)" = "$root/bin/troupe" ] || fail "another troupe: $(command -v troupe)"
troupe train "$root/share/doc/troupe/jobs/digits.yaml" --run run --quiet \
  --set data.train.rows=1000 --set training.epochs=2 \
  --set 'model.layers=[flatten, {dense: {units: 10, activation: softmax}}]' >"$work/said"
grep -q '^1600 rows ' "$work/said" || fail "$(cat "$work/said")"
troupe evaluate run/model.troupe | grep -q accuracy
[ -z "$(find "$work/here" -mindepth 1 -maxdepth 1 ! -name run)" ] || fail "it left other files"
echo "used from $root"
