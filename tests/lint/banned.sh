#!/bin/sh
# Functions that have no place here, and where others may not be used.
# Comments and strings do not count.
set -eu

# $1 what is wrong, $2 the functions as an alternation, $3... files
banned() {
	why=$1 names=$2
	shift 2
	for f; do
		sed -e 's/\\"//g' -e 's/"[^"]*"/""/g' -e 's,/\*.*\*/,,' \
		    -e '/^[ \t]*\/\*/,/\*\//d' "$f" |
		    grep -nE "(^|[^_[:alnum:].>])($names)[ \t]*\(" |
		    sed "s|^|$f: $why: |"
	done
	return 0
}

found=$(
	banned 'banned function' 'strcpy|strcat|sprintf|vsprintf|strncpy|strtok|gmtime|localtime|ctime|asctime|atoi|atol|atof|system|popen|alloca|gets|mktemp|tmpnam|rand|random|srand' \
	    lib/*/*.[ch] spool/*.[ch] tools/*.[ch]
	banned 'programs have no switches in the environment' \
	    'getenv|secure_getenv|putenv|setenv' \
	    lib/*/*.[ch] spool/*.[ch] tools/*.[ch]
	banned 'a check of input is an error, not an assertion' 'assert' \
	    lib/*/*.[ch] spool/*.[ch]
	banned 'a library does not print' 'printf|puts|putchar|perror|exit' \
	    lib/*/*.c spool/*.c
)
if [ -n "$found" ]; then
	echo "$found"
	exit 1
fi
