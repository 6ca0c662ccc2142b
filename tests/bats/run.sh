#!/bin/sh
# run.sh FILE...
#
# Files of tests side by side, one to each processor: each has its directory
# and says what it has to say when it is through.  The longest begin.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export dir
# shellcheck disable=SC2016 # the inner shell expands them
wc -c "$@" | sort -rn | sed -n 's/^ *[0-9]* \(.*\.bats\)$/\1/p' |
    xargs -P "$(nproc)" -n 1 sh -c '
	log=$dir/${1##*/}
	bats "$1" >"$log" 2>&1 </dev/null || : >"$dir/failed"
	flock "$dir" cat "$log"' sh
if [ -e "$dir/failed" ]; then
	grep -h "^not ok" "$dir"/*.bats >&2 || :
	exit 1
fi
