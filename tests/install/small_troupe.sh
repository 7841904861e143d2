#!/usr/bin/env bash
# Stands for `troupe` where the test `pages` runs the commands of the documentation: the program
# itself (TROUPE_REAL), with settings behind the given ones that make a run short; and whoever asks
# a run under way finds one. What fails is noted in TROUPE_FAILED: in a pipe nobody else sees it.
set -uo pipefail
short=(--set data.rows=120 --set training.epochs=1)
folder="" follows="" other=""
for ((i = 1; i <= $#; ++i)); do
  [ "${!i}" = --run ] && next=$((i + 1)) && folder=${!next}
  [[ ${!i} == --follow ]] && follows=yes
  [[ ${!i} == --connect || ${!i} == --help ]] && other=yes
done

# under_way COMMAND...: with a run in the folder; what is there waits beside.
under_way() {
  local seconds=60 status=0 at=${folder:-runs/digits}
  [ "$follows" ] && seconds=1
  [ -e "$at" ] && mv "$at" "$at.kept"
  "$TROUPE_REAL" train config/jobs/digits.yaml --run "$at" --quiet --set training.epochs=1000000 \
    --set data.rows=200 --set training.stop.max_seconds=$seconds \
    --set 'model.layers=[flatten, {dense: {units: 10, activation: softmax}}]' >/dev/null &
  local run=$!
  while ! grep -qs '"started"' "$at/events.jsonl" && kill -0 $run; do read -rt 0.05 <> <(:); done
  "$@" || status=$?
  kill $run 2>/dev/null
  wait $run
  rm -rf "$at"
  [ -e "$at.kept" ] && mv "$at.kept" "$at"
  return $status
}

status=0
[ "${1-}" = top ] && follows=yes
case ${other:-${1-}} in
  train | launch | check | compare) "$TROUPE_REAL" "$@" "${short[@]}" || status=$? ;;
  status | top | checkpoint | stop) under_way "$TROUPE_REAL" "$@" || status=$? ;;
  events)
    if [ "$follows" ]; then under_way "$TROUPE_REAL" "$@"; else "$TROUPE_REAL" "$@"; fi || status=$?
    ;;
  *) "$TROUPE_REAL" "$@" || status=$? ;;
esac
# 141: nobody reads any more.
[ $status -eq 0 ] || [ $status -eq 141 ] || echo "troupe $*: exit status $status" >>"$TROUPE_FAILED"
exit $status
