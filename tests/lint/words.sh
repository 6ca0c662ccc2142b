#!/bin/sh
# What must not stand in what we publish: places of somebody's machine, and
# work that is left for later without saying so in an issue.
set -eu
me=tests/lint/words.sh
list() {
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files
	else
		find . -path ./build -prune -o -type f -print | sed 's,^\./,,'
	fi | grep -vE "^($me|LICENSE|.*\.(pki|der|pem|crl|key|in/.*))\$"
}
bad=0
# shellcheck disable=SC2046 # our names have no blanks
if grep -nIE '(^|[^[:alnum:]_./${}*-])/(work|root|home/[a-z]+)/' $(list); then
	echo "paths of one machine"
	bad=1
fi
# shellcheck disable=SC2046
if grep -nIwE 'TODO|FIXME|XXX|HACK' $(list); then
	echo "work left for later: write an issue instead"
	bad=1
fi
exit $bad
