#!/bin/sh
# The fragments are joined into one module, which has one tagging default, but
# the modules of the RFCs do not agree on theirs: every context tag says
# IMPLICIT or EXPLICIT itself.
set -eu
if grep -nE '\[ *[0-9]+ *\]' schemas/asn1/*.asn |
    sed 's/--.*//' | grep -E '\[ *[0-9]+ *\]' |
    grep -vE '\[ *(APPLICATION +|PRIVATE +|UNIVERSAL +)?[0-9]+ *\] +(IMPLICIT|EXPLICIT) '
then
	echo "schemas/asn1: tags without IMPLICIT or EXPLICIT"
	exit 1
fi
