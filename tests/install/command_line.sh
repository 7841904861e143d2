#!/usr/bin/env bash
# The CTest `command_line`: the manual page and the completion of shells, and docs/command-line.md
# beside the same definition: `command_line.sh TROUPE PAGE`.
set -uo pipefail
troupe=$(realpath "$1") page=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
wrong() { printf 'command_line: %s\n' "$*" >&2; failures=$((failures + 1)); }
same() { [ "$2" = "$3" ] || wrong "$1: '$2' instead of '$3'"; }

# The manual page, without a warning, says what there is.
"$troupe" man >"$work/troupe.1" || wrong "troupe man fails"
if command -v groff >/dev/null; then
  shown=$(groff -man -Tutf8 -ww -P-c "$work/troupe.1" 2>"$work/warnings" | sed 's/.\x08//g')
  [ -s "$work/warnings" ] && wrong "groff warns: $(cat "$work/warnings")"
  for part in NAME SYNOPSIS COMMANDS 'troupe launch' NO_COLOR; do
    [[ $shown == *"$part"* ]] || wrong "the manual lacks $part"
  done
else
  echo "skipped: no groff; scripts/install-dependencies tests"
fi

# Completion, as bash asks for it. `complete WORD...`: what is offered for the last word.
for shell in bash zsh fish; do
  "$troupe" completion $shell >"$work/$shell" || wrong "no completion for $shell"
done
"$troupe" completion csh 2>/dev/null && wrong "there is a completion for csh"
source "$work/bash" || wrong "bash does not read its completion"
words() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _troupe
  echo "${COMPREPLY[*]-}"
}
mkdir "$work/here"
cd "$work/here" || exit 1
mkdir runs 'two words'
touch job.yaml model.troupe
same "a command" "$(words troupe tr)" train
same "an option" "$(words troupe train job.yaml --res)" --resume
same "an option before the job" "$(words troupe train --q)" --quiet
same "a job" "$(words troupe train j)" job.yaml
same "a folder" "$(words troupe train job.yaml --run r)" runs
same "a folder behind =" "$(words troupe train job.yaml --run = ru)" runs
same "a name with blanks" "$(words troupe report tw)" 'two words'
same "a model" "$(words troupe predict mod)" model.troupe
same "a format" "$(words troupe predict m --format '')" 'csv idx libsvm npy'
same "a protocol" "$(words troupe compare job.yaml --protocols dy)" dynsgd
same "another protocol" "$(words troupe compare j --protocols downpour,dil)" downpour,diloco
same "a setting" "$(words troupe train job.yaml --set optimizer.protocol = aea)" aeasgd
same "a protocol by its name" "$(words troupe train j --set optimizer.protocol = adag)" \
  'adag adag_thesis'
same "a compression" "$(words troupe optimizers top)" top_k
same "a topic" "$(words troupe help cert)" certificates
same "the options of all" "$(words troupe --v)" --version
same "behind what needs no more" "$(words troupe man '')" --help
same "behind a port" "$(words troupe status --connect a : 7 --js)" --json
# In shells of their own, as it is typed. `types SHELL START EXPECTED`: START makes it know troupe.
shown() {
  local _
  for _ in $(seq 300); do
    screen=$($tmux capture-pane -p)
    [[ $screen == *"$1"* ]] && return
    read -rt 0.1 <> <(:) || :
  done
  wrong "$shell shows no '$1' but: $screen"
}
types() {
  local shell=$1 key
  $tmux new-session -d -x 120 -y 24 "cd $work/here; $shell"
  $tmux send-keys "$2; PS1='rea''dy> '; clear" Enter
  shown 'ready>'
  for key in "troupe tra" Tab "jo" Tab "--set optimizer.prot" Tab "adag_" Tab; do
    $tmux send-keys -- "$key"
  done
  shown "troupe train job.yaml --set optimizer.protocol=adag_thesis"
  for key in C-u "troupe compare job.yaml --protocols downpour,dyn" Tab; do
    $tmux send-keys -- "$key"
  done
  shown "downpour,dynsgd"
  $tmux kill-server
}
if command -v tmux >/dev/null; then
  tmux="tmux -S $work/tmux -f /dev/null"
  types "bash --norc" "source $work/bash"
  if command -v zsh >/dev/null; then
    mkdir "$work/functions"
    cp "$work/zsh" "$work/functions/_troupe"
    types "zsh -f" \
      "fpath=($work/functions \$fpath); autoload -Uz compinit; compinit -u -d $work/dump"
  fi
fi
if command -v fish >/dev/null; then
  fish --no-config -c "source $work/fish; complete -C 'troupe optimizers adag_'" >"$work/offered"
  same "in fish" "$(cut -f 1 "$work/offered")" adag_thesis
fi

# The page has a part for each command, with each of its options, and no others.
options() { _troupe_words "$1" | tr ' ' '\n' | grep -v '^--help$'; }
part() { awk -v head="## $1" '/^## / {on = $0 == head} on' "$page"; }
commands=$(_troupe_words commands)
for command in $commands; do
  part "$command" >"$work/part"
  [ -s "$work/part" ] || wrong "docs/command-line.md: no part '## $command'"
  grep -qE "^( {4})?troupe $command( |\$)" "$page" ||
    wrong "docs/command-line.md: $command is not listed"
  for option in $(options "$command"); do
    grep -qE -- "$option\\b" "$work/part" || wrong "docs/command-line.md: $command: no $option"
  done
  # Those of a table are its own; what the text mentions may be another command's.
  for option in $(grep '^| `--' "$work/part" | cut -d '|' -f 2 | grep -oE -- '--[a-z-]+'); do
    options "$command" | grep -qx -- "$option" ||
      wrong "docs/command-line.md: $command has no option $option"
  done
done
all=$(for command in "" $commands; do _troupe_words "$command"; done | tr ' ' '\n' | sort -u)
for option in $(grep -oE '(^|[ `(])--[a-z][a-z-]*' "$page" | grep -oE -- '--[a-z-]+' | sort -u); do
  grep -qx -- "$option" <<<"$all" || wrong "docs/command-line.md: nothing has an option $option"
done
for command in $(sed -nE 's/^( {4})?\$?troupe ([a-z]+).*/\2/p' "$page" | sort -u); do
  [[ " $commands " == *" $command "* ]] || wrong "docs/command-line.md: there is no troupe $command"
done

[ "$failures" -eq 0 ] && echo "$(wc -w <<<"$commands") commands, $(wc -w <<<"$all") options"
[ "$failures" -eq 0 ]
