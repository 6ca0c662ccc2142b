# cmp-tools.  GNU make.  Knobs: BUILD=release|debug|asan|cov, V=1, DEVELOPER=1.
#
#	make demo     install what is missing, build, and enrol a device
#	make check    the same set-up, then all tests
VERSION    := 0.1.0
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
BUILD      ?= release
O          := build/$(BUILD)

CPPFLAGS  += -Ilib -I. -I$(O)/gen -D_GNU_SOURCE -DVERSION='"$(VERSION)"'
WARN      := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
             -Wpointer-arith -Wwrite-strings -Wvla -Walloca -Wformat=2 \
             -Wformat-nonliteral -Wundef
CFLAGS    += -std=c11 $(WARN) $(if $(DEVELOPER),-Werror) -fno-common -MMD -MP
LDLIBS    += -lgnutls -lhogweed -lnettle -lgmp -ltasn1 -lsqlite3 -linotifytools

FLAVOUR_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
FLAVOUR_debug   := -O0 -g3
FLAVOUR_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
FLAVOUR_cov     := -O0 -g --coverage
LINK_release    := -pie -Wl,-z,relro,-z,now
CFLAGS    += $(FLAVOUR_$(BUILD))
LDFLAGS   += $(FLAVOUR_$(BUILD)) $(LINK_$(BUILD)) -Wl,--as-needed

# Debian 12.  What only tests need is apart, so that a user can do without.
DEPS       := gcc libc6-dev make libgnutls28-dev libtasn1-6-dev libtasn1-bin \
              nettle-dev libgmp-dev libsqlite3-dev libinotifytools0-dev openssl
TEST_DEPS  := bats mandoc shellcheck cppcheck jq sqlite3 perl

LIB_SRC   := $(wildcard lib/*/*.c)
SPOOL_SRC := $(wildcard spool/*.c)
TOOL_SRC  := $(filter-out tools/cmp-%,$(wildcard tools/*.c))
LIB_OBJ   := $(LIB_SRC:%.c=$(O)/%.o)
SPOOL_OBJ := $(SPOOL_SRC:%.c=$(O)/%.o)
TOOL_OBJ  := $(TOOL_SRC:%.c=$(O)/%.o)
TOOLS     := $(notdir $(basename $(wildcard tools/cmp-*.c)))
LIBS      := $(O)/libtools.a $(O)/libspool.a $(O)/libcmp.a
UNIT      := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/t_*.c))
FUZZ      := $(patsubst %.c,$(O)/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH     := $(patsubst %.c,$(O)/%,$(wildcard tests/bench/bench_*.c))
# The same programs with a clock and randomness that stand still.
FIXED     := $(TOOLS:%=$(O)/fixed/%)

# A sanitizer's own library has to be loaded before the fault injector.
PRELOAD   := $(if $(filter asan,$(BUILD)),$(shell $(CC) -print-file-name=libasan.so) )$(abspath $(O)/inject.so)
TEST_ENV  := BUILD_DIR=$(abspath $(O)) PRELOAD="$(PRELOAD)" SRC_DIR=$(CURDIR) \
             ASAN_OPTIONS=verify_asan_link_order=0

Q := $(if $(V),,@)
say = @printf '  %-6s %s\n' $(1) $(2)

.PHONY: all deps test-deps demo check unit replay bats asan fuzz sweep bench \
    lint cov golden-update format install uninstall clean
.DELETE_ON_ERROR:
.SECONDARY:

all: deps
	@$(MAKE) --no-print-directory build-all
.PHONY: build-all
build-all: $(TOOLS:%=build/%)

# --- what has to be there

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
define need
	@missing=; for p in $(1); do \
	    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | \
	    grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "  APT   $$missing"; \
	    $(SUDO) apt-get -qq update && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
	    --no-install-recommends install $$missing >/dev/null; fi
endef
deps:
	$(call need,$(DEPS))
test-deps: deps
	$(call need,$(TEST_DEPS))

# --- programs

build/%: $(O)/%
	$(Q)ln -sf $(BUILD)/$* $@
$(TOOLS:%=$(O)/%): $(O)/%: $(O)/tools/%.o $(LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(FIXED): $(O)/fixed/%: $(O)/tools/%.o $(O)/tests/fixed/fixed.o $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/libcmp.a: $(LIB_OBJ)
$(O)/libspool.a: $(SPOOL_OBJ)
$(O)/libtools.a: $(TOOL_OBJ)
$(LIBS):
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# --- what is generated

# The numbered SQL files as an array of C strings, without their comments.
$(O)/gen/store_sql.h: $(sort $(wildcard schemas/store/*.sql))
	@mkdir -p $(@D)
	$(Q){ echo 'static const char *const store_sql[] = {'; \
	for f in $^; do sed -e '/^--/d' -e 's/[\\"]/\\&/g' \
	    -e 's/.*/"&\\n"/' $$f; echo ','; done; echo '};'; } > $@
$(O)/lib/store/store.o: $(O)/gen/store_sql.h

# asn1Parser takes one module a file and no IMPORTS: the fragments are joined.
$(O)/gen/cmp_asn1_tab.c: $(wildcard schemas/asn1/*.asn)
	@mkdir -p $(@D)
	$(call say,ASN1,$@)
	$(Q)cat $(sort $^) > $(@D)/cmp.asn
	$(Q)asn1Parser -n schema_table -o $@ $(@D)/cmp.asn >/dev/null
$(O)/lib/asn/schema.o: $(O)/gen/cmp_asn1_tab.c

# --- tests

$(UNIT) $(BENCH): $(O)/%: $(O)/%.o $(LIBS)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(FUZZ): $(O)/%: $(O)/%.o $(O)/tests/fuzz/replay.o $(LIBS)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# Not sanitized, not fortified: it is loaded into programs of every flavour.
$(O)/inject.so: tests/fault/inject.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O1 -g -shared -fPIC -o $@ $< -ldl

check: test-deps
	@$(MAKE) --no-print-directory build-all run-check
.PHONY: run-check
run-check: unit replay lint bats
unit: $(UNIT)
	@prove -q --exec '' $(UNIT)
replay: $(FUZZ)
	@set -e; for f in $(FUZZ); do $$f; done

# make fuzz T=msg TIME=60: what it learns stays in build/, what breaks goes to
# tests/fuzz/fuzz_msg.repro/.
FUZZ_DEPS    := clang libclang-rt-14-dev
FUZZ_DER     := der msg cert crl answer
FLAVOUR_fuzz := -O1 -g -fsanitize=address,undefined,fuzzer-no-link \
                -fno-sanitize-recover=all
fuzz: deps
	$(call need,$(FUZZ_DEPS))
	@test -f "tests/fuzz/fuzz_$(T).c" || { echo "make fuzz T=NAME, one of" \
	    $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)); \
	    exit 64; }
	@$(MAKE) --no-print-directory BUILD=fuzz CC=clang build/fuzz/fuzz_$(T)
	@mkdir -p build/fuzz/$(T).corpus
	build/fuzz/fuzz_$(T) -max_total_time=$(or $(TIME),60) -timeout=10 \
	    -max_len=$(or $(MAX),16384) -print_final_stats=1 \
	    -artifact_prefix=tests/fuzz/fuzz_$(T).repro/ build/fuzz/$(T).corpus \
	    tests/fuzz/fuzz_$(T).in tests/fuzz/fuzz_$(T).repro
build/fuzz/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o $(LIBS) \
    build/fuzz/tests/fuzz/mutate_der.o
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $(filter-out \
	    $(if $(filter $*,$(FUZZ_DER)),,%/mutate_der.o),$^) $(LDLIBS)
bats: $(TOOLS:%=$(O)/%) $(FIXED) $(O)/inject.so
	@$(TEST_ENV) bats $(if $(T),$(T),$(wildcard tests/bats/*.bats))
lint: $(TOOLS:%=$(O)/%)
	@set -e; for s in tests/lint/*.sh; do sh $$s $(O); done

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
