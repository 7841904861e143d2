#!/usr/bin/env bash
# The CTest `pages`: runs every block of commands and checks every job of README.md and docs/*.md,
# page by page, in a folder that looks like the project's: `pages.sh BUILD SOURCE [PAGE...]`.
# CONTRIBUTING.md (Documentation) says how blocks are marked. Data are small files made here, and
# `small_troupe.sh` stands for the program: it makes runs short.
set -uo pipefail
build=$(realpath "$1") source=$(realpath "$2")
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$source" || exit 2
[ $# -gt 0 ] || set -- README.md docs/*.md

# Each block of a page as a file, LINE.KIND: sh, yaml or skip. A job's begins with its base.
split='
  function close_block() { if (file) close(file); file = ""; open = 0 }
  function begin(kind) {
    file = sprintf("%s/%05d.%s", out, NR, skip ? "skip" : kind)
    printf "" > file
    if (kind == "yaml") print base > file
    skip = 0; base = "config/jobs/digits.yaml"; open = 1
  }
  BEGIN { base = "config/jobs/digits.yaml" }
  fenced && /^```/ { fenced = 0; close_block(); blank = 0; next }
  fenced { if (file) print > file; next }
  /^<!-- skip: .+ -->$/ { skip = 1; blank = 1; next }
  /^<!-- job: .+ -->$/ { base = $3; blank = 1; next }
  /^```/ {
    close_block(); fenced = 1
    language = substr($0, 4)
    if (language == "sh" || language == "yaml") begin(language)
    else if (skip) begin("skip")
    next
  }
  /^    / && (open || blank) { if (!open) begin("sh"); print substr($0, 5) > file; next }
  /^$/ { blank = 1; if (open) print > file; next }
  { close_block(); blank = 0; skip = 0 }
'

# Rows as the jobs of config/jobs/ read them.
make_data() {
  mkdir -p shared/data/{mnist,small,higgs-atlas,a9a}
  local part count
  for part in train:120 t10k:40; do
    count=${part#*:} part=${part%:*}
    { printf "\\0\\0\\x08\\x03\\0\\0\\0\\x$(printf %x "$count")\\0\\0\\0\\x1c\\0\\0\\0\\x1c"
      awk -v n=$((count * 784)) 'BEGIN {for (i = 0; i < n; i++) printf "%c", 33 + i * i % 90}'
    } | gzip >"shared/data/mnist/$part-images-idx3-ubyte.gz"
    { printf "\\0\\0\\x08\\x01\\0\\0\\0\\x$(printf %x "$count")"
      for ((i = 0; i < count; ++i)); do printf "\\x0$((i % 10))"; done
    } | gzip >"shared/data/mnist/$part-labels-idx1-ubyte.gz"
  done
  awk 'BEGIN {
    srand(1)
    for (i = 0; i < 150; i++)
      printf "%.1f,%.1f,%.1f,%.1f,Iris-%s\n", 5 + rand(), 3 + rand(), 1 + i % 3, rand(),
        i % 3 == 0 ? "setosa" : i % 3 == 1 ? "versicolor" : "virginica"
  }' >shared/data/small/iris.csv
  awk 'BEGIN {
    srand(2)
    for (i = 0; i < 200; i++) { for (c = 0; c < 11; c++) printf "%.3f,", rand(); print 3 + i % 6 }
  }' >shared/data/small/winequality-red.csv
  awk 'BEGIN {
    srand(3)
    printf "EventId"
    for (c = 0; c < 30; c++) printf ",feature_%d", c
    print ",Weight,Label"
    for (i = 0; i < 300; i++) {
      printf "%d", 100000 + i
      for (c = 0; c < 30; c++) printf ",%s", rand() < 0.1 ? "-999.0" : sprintf("%.3f", rand())
      print ",1.0," (i % 3 ? "b" : "s")
    }
  }' | gzip >shared/data/higgs-atlas/atlas_higgs_9998.csv.gz
}

# project: a folder that looks like the project's, with the small program in place of the built one.
project() {
  mkdir -p "$1/build/release/bin"
  (cd "$1/.." && make_data)
  cp -r config "$1"
  ln -s "$source/examples" "$source/scripts" "$source/docs" "$1"
  for file in "$build"/*; do
    [ "$(basename "$file")" = bin ] || ln -s "$file" "$1/build/release"
  done
  cp "$here/small_troupe.sh" "$1/build/release/bin/troupe"
  mkdir "$1/home"
}

# checked BLOCK: a job is checked as it is; of a part each key takes the place of the base's.
checked() {
  local base text key job settings=()
  base=$(head -n 1 "$1")
  text=$(tail -n +2 "$1")
  if grep -q '^data:' <<<"$text" && grep -q '^model:' <<<"$text"; then
    job=$1.job
    printf '%s\n' "$text" >"$job"
  else
    job=$base
    for key in $(sed -nE 's/^([a-z_]+):.*/\1/p' <<<"$text"); do
      settings+=(--set "$key=$(awk -v key="$key:" '
        /^[a-z_]/ {on = index($0, key) == 1; if (on) $0 = substr($0, length(key) + 1)}
        on' <<<"$text")")
    done
    [ ${#settings[@]} -gt 0 ] || { echo "no key of a job"; return 1; }
  fi
  "$troupe" check "$job" ${settings[@]+"${settings[@]}"}
}

ran=0 skipped=0 failures=0
for page in "$@"; do
  name=${page//\//-}
  mkdir -p "$work/$name/blocks"
  awk -v out="$work/$name/blocks" "$split" "$page"
  project "$work/$name/project"
  for block in "$work/$name"/blocks/*; do
    [ -e "$block" ] || continue
    kind=${block##*.} line=$(basename "$block" ".${block##*.}")
    if [ "$kind" = skip ]; then
      skipped=$((skipped + 1))
      continue
    fi
    # Of a session, what stands behind the prompt.
    if head -n 1 "$block" | grep -q '^\$ '; then sed -i -n 's/^\$ //p' "$block"; fi
    status=0 begin=$SECONDS
    (
      cd "$work/$name/project" || exit 2
      export troupe=$PWD/build/release/bin/troupe PATH=$PWD/build/release/bin:$PATH HOME=$PWD/home
      export TROUPE_REAL=$build/bin/troupe TROUPE_FAILED=$work/failed
      case $kind in
        yaml) checked "$block" ;;
        sh) timeout 60 bash -euo pipefail "$block" </dev/null ;;
      esac
    ) >"$work/said" 2>&1 || status=$?
    # A program whose reader has seen enough is fine; one that failed in a pipe is not.
    [ "$status" -eq 141 ] && status=0
    [ -e "$work/failed" ] && status="$status, $(cat "$work/failed")" && rm "$work/failed"
    ran=$((ran + 1))
    [ $((SECONDS - begin)) -lt 3 ] || echo "$page:$((10#$line)): $((SECONDS - begin)) s"
    [ "$status" = 0 ] && continue
    failures=$((failures + 1))
    printf '%s:%d: this block does not work (%s):\n' "$page" "$((10#$line))" "$status"
    sed 's/^/    /' "$block" "$work/said" | head -n 40
  done
done
printf '%d blocks ran, %d need what is not here, %d do not work\n' "$ran" "$skipped" "$failures"
[ "$ran" -gt 0 ] && [ "$failures" -eq 0 ]
