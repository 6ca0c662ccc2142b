#!/bin/sh
# Every row of tests/requirements.tsv has a code that exists and a test that
# promises it; every code of err.def is raised somewhere and tested somewhere.
set -u
cd "$(dirname "$0")/../.." || exit 1
tsv=tests/requirements.tsv
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0

fail() {
	echo "requirements: $*" >&2
	bad=1
}

sed -n 's/^ERR(\(E_[A-Z0-9_]*\),.*/\1/p' lib/base/err.def >"$tmp/codes"

# The source of a test with its string literals joined and blanks as one.
flat() {
	if [ ! -f "$tmp/flat.$1" ]; then
		tr -s '\n\t ' ' ' <"tests/unit/$1" | sed 's/" "//g' \
		    >"$tmp/flat.$1"
	fi
	cat "$tmp/flat.$1"
}

tab=$(printf '\t')
grep -v '^#' "$tsv" >"$tmp/rows"
while IFS="$tab" read -r section id text code where rest; do
	if [ -z "$where" ] || [ -n "$rest" ] || [ -z "$text" ]; then
		fail "$id: expected five columns, the last says where it is tested"
		continue
	fi
	case $id in
	"$section"-*) ;;
	*) fail "$id: is not of section $section" ;;
	esac
	[ "$code" = - ] || grep -qxF -- "$code" "$tmp/codes" ||
	    fail "$id: $code is not in err.def"
	case $where in
	"later: operation not offered") continue ;;
	t_*.c:\ *) ;;
	*) fail "$id: \"$where\" is not \"file: promise\""; continue ;;
	esac
	file=${where%%: *}
	if [ ! -f "tests/unit/$file" ]; then
		fail "$id: tests/unit/$file is not there"
	elif ! flat "$file" | grep -qF -- "${where#*: }"; then
		fail "$id: tests/unit/$file does not promise \"${where#*: }\""
	fi
done <"$tmp/rows"

cut -f 2 "$tmp/rows" | sort | uniq -d >"$tmp/twice"
while read -r id; do
	fail "$id: occurs twice"
done <"$tmp/twice"

# Words, so that E_X does not pass for E_X_Y.
words() {
	find "$@" -type f \( -name '*.[ch]' -o -name '*.bats' \) \
	    -exec cat {} + | grep -o 'E_[A-Z0-9_]*' | sort -u
}
words lib spool tools >"$tmp/raised"
words tests >"$tmp/tested"
while read -r code; do
	grep -qxF "$code" "$tmp/raised" || fail "$code: is raised nowhere"
	grep -qxF "$code" "$tmp/tested" || fail "$code: is tested nowhere"
done <"$tmp/codes"

[ $bad -eq 0 ] || exit 1
echo "requirements: $(wc -l <"$tmp/rows") rows, $(wc -l <"$tmp/codes") codes"
