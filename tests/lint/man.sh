#!/bin/sh
# A program and its page agree: every option of the option tables stands in
# the page and the other way round, the usage text and the SYNOPSIS name the
# same options, and mandoc has nothing to say.
set -eu
bad=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Options of the tables: "--name", and "-x" where there is a letter.
# -C and -o have no long form worth a line in a page: the letter counts.
table() {
	sed -n "s/.*{ \"\([a-z0-9-]*\)\", \('.'\|0\), OPT_.*/\1 \2/p" "$@" |
	while read -r name letter; do
		case $letter in
		0)	echo "--$name" ;;
		*)	echo "$letter" | sed "s/'\(.\)'/-\1/" ;;
		esac
	done | sort -u
}

# Options in the page: .Fl -long and .Fl x, anywhere, or within .It only.
page() {
	sed -n "/^\.\(It\|Op\|Oo\|Fl\|Op\|Oc\|Ar\|Ic\|Nm\)/p" "$1" |
	    tr ' ' '\n' | awk '
	    want { if ($0 ~ /^-/) print "-" $0; else if ($0 != "") print "-" $0
		want = 0 }
	    $0 == "Fl" || $0 == ".Fl" { want = 1 }' | sort -u
}

# What stands in the text of usage[]: its first part, up to an empty line.
usage() {
	awk '/^static const char usage\[\] =/ { on = 1 }
	    on && /^"\\n"$/ { on = 0 }
	    on' "$@" | grep -oE '(^|[^[:alnum:]-])--?[a-zA-Z][a-z0-9-]*' |
	    sed 's/^[^-]*//' | sort -u
}

synopsis() {
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$1" > "$tmp/synopsis"
	page "$tmp/synopsis"
}

differ() {
	while read -r option; do
		echo "$1: $option $2"
		bad=1
	done
	return 0
}

for main in tools/cmp-*.c; do
	tool=$(basename "$main" .c)
	man=tools/$tool.1
	if [ ! -e "$man" ]; then
		echo "$main: has no $man"
		bad=1
		continue
	fi
	files=$main
	[ "$tool" != cmp-ca ] || files="$main $(echo tools/ca_*.c)"
	# shellcheck disable=SC2086
	{ table $files; echo --help; echo --version; } | sort -u > "$tmp/table"
	page "$man" > "$tmp/page"
	# shellcheck disable=SC2086
	usage $files | grep -vxE -e '--(help|version)' > "$tmp/usage" || :
	synopsis "$man" | grep -vxE -e '--(help|version)' > "$tmp/syn" || :
	comm -23 "$tmp/table" "$tmp/page" > "$tmp/1"
	comm -13 "$tmp/table" "$tmp/page" > "$tmp/2"
	comm -23 "$tmp/usage" "$tmp/syn" > "$tmp/3"
	comm -13 "$tmp/usage" "$tmp/syn" > "$tmp/4"
	differ "$man" 'is an option of the program and not in the page' < "$tmp/1"
	differ "$man" 'is in the page and no option of the program' < "$tmp/2"
	differ "$man" 'is in the usage text and not in SYNOPSIS' < "$tmp/3"
	differ "$man" 'is in SYNOPSIS and not in the usage text' < "$tmp/4"
done

# Pages of this toolkit that are not installed yet are no matter.
mandoc -Tlint -W warning tools/*.[0-9] > "$tmp/mandoc" || :
if grep -v 'referenced manual not found' "$tmp/mandoc"; then
	bad=1
fi
exit $bad
