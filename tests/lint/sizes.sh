#!/bin/sh
# What fits into a head: files to 600 lines, functions to 100, the main file
# of a program to 250.  Tests may be longer, their functions may not.
set -eu
{
	wc -l lib/*/*.[ch] spool/*.[ch] tools/*.[ch] | awk '
	$2 == "total" { next }
	$1 > 600 { print $2 ": " $1 " lines, at most 600" }
	$2 ~ /^tools\/cmp-.*\.c$/ && $1 > 250 {
		print $2 ": " $1 " lines, at most 250"
	}'
	awk '
	FNR == 1 { start = 0 }
	/^\{$/ { start = FNR }
	/^\}$/ && start {
		if (FNR - start > 100)
			print FILENAME ":" start ": a function of " \
			    FNR - start " lines, at most 100"
		start = 0
	}' lib/*/*.c spool/*.c tools/*.c
} | if grep .; then exit 1; fi
