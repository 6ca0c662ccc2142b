# cmp-tools.  GNU make.  Knobs: BUILD=release|debug|asan|cov, V=1, DEVELOPER=1.
VERSION    := 0.1.0
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
PKG_CONFIG ?= pkg-config
BUILD      ?= release
O          := build/$(BUILD)

CPPFLAGS  += -Ilib -I. -I$(O)/gen -D_GNU_SOURCE -DVERSION='"$(VERSION)"'
WARN      := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
             -Wpointer-arith -Wwrite-strings -Wvla -Walloca -Wformat=2 \
             -Wformat-nonliteral -Wundef
CFLAGS    += -std=c11 $(WARN) $(if $(DEVELOPER),-Werror) -fno-common -MMD -MP
LDLIBS    += -lgnutls -lhogweed -lnettle -lgmp -ltasn1 -lsqlite3

FLAVOUR_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
FLAVOUR_debug   := -O0 -g3
FLAVOUR_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
FLAVOUR_cov     := -O0 -g --coverage
LINK_release    := -pie -Wl,-z,relro,-z,now,--as-needed
CFLAGS    += $(FLAVOUR_$(BUILD))
LDFLAGS   += $(FLAVOUR_$(BUILD)) $(LINK_$(BUILD))

LIB_SRC   := $(wildcard lib/*/*.c)
SPOOL_SRC := $(wildcard spool/*.c)
LIB_OBJ   := $(LIB_SRC:%.c=$(O)/%.o)
SPOOL_OBJ := $(SPOOL_SRC:%.c=$(O)/%.o)
TOOL_SRC  := $(filter-out tools/cmp-%,$(wildcard tools/*.c))
TOOL_OBJ  := $(TOOL_SRC:%.c=$(O)/%.o)
TOOLS     := $(notdir $(basename $(wildcard tools/cmp-*.c)))
UNIT      := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/t_*.c))

Q := $(if $(V),,@)
say = @printf '  %-6s %s\n' $(1) $(2)

.PHONY: all clean
.DELETE_ON_ERROR:
.SECONDARY:
all: $(TOOLS:%=build/%)

build/%: $(O)/%
	$(Q)ln -sf $(BUILD)/$* $@

$(O)/libcmp.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(O)/libspool.a: $(SPOOL_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The numbered SQL files as an array of C strings, without their comments.
$(O)/gen/store_sql.h: $(sort $(wildcard schemas/store/*.sql))
	@mkdir -p $(@D)
	$(Q){ echo 'static const char *const store_sql[] = {'; \
	for f in $^; do sed -e '/^--/d' -e 's/[\\"]/\\&/g' \
	    -e 's/.*/"&\\n"/' $$f; echo ','; done; echo '};'; } > $@
$(O)/lib/store/store.o: $(O)/gen/store_sql.h
# The one user of the compiled schemas includes them.
$(O)/gen/cmp_asn1_tab.c: $(wildcard schemas/asn1/*.asn)
	@mkdir -p $(@D)
	$(call say,ASN1,$@)
	$(Q)cat $(sort $^) > $(@D)/cmp.asn
	$(Q)asn1Parser -n schema_table -o $@ $(@D)/cmp.asn 2>$(@D)/log || \
	    { cat $(@D)/log >&2; false; }
$(O)/lib/asn/schema.o: $(O)/gen/cmp_asn1_tab.c

# What the programs share, beside their mains.
$(O)/libtools.a: $(TOOL_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(TOOLS:%=$(O)/%): $(O)/%: $(O)/tools/%.o $(O)/libtools.a $(O)/libspool.a \
    $(O)/libcmp.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LDLIBS) -linotifytools

$(UNIT): $(O)/tests/unit/%: $(O)/tests/unit/%.o $(O)/libspool.a $(O)/libcmp.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -linotifytools

.PHONY: unit
unit: $(UNIT)
	@prove -q --exec '' $(UNIT)

# Not sanitized, not fortified: it is loaded into programs of every flavour.
$(O)/inject.so: tests/fault/inject.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O1 -g -shared -fPIC -o $@ $< -ldl

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
