# bruisd: everything from one file. `make help` lists what there is.
# All output lies under $(B); sources are found by folder.

VERSION := 0.1.0
B      ?= build
PREFIX ?= /usr
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=

CC  ?= cc
CXX ?= c++
ifeq ($(origin CC),default)
CC = gcc
endif
ifeq ($(origin CXX),default)
CXX = g++
endif

# Debian 12 packages. What each library is for stands in README.md.
LIBRARY_PACKAGES := libpaho-mqtt-dev libuv1-dev libprotobuf-c-dev protobuf-c-compiler protobuf-compiler \
	libyaml-dev libsimdjson-dev libjansson-dev libexpat1-dev libsqlite3-dev libmicrohttpd-dev \
	libcurl4-openssl-dev libgeos-dev libproj-dev libsystemd-dev libssl-dev zlib1g-dev
BUILD_PACKAGES := build-essential pkg-config
TEST_PACKAGES := check mosquitto mosquitto-clients python3 python3-paho-mqtt openssl curl xxd libxml2-utils tzdata iproute2 \
	influxdb victoria-metrics
# What make deb needs beside those, and the tests of deploy/.
PACKAGE_PACKAGES := debhelper dpkg-dev fakeroot lintian
DEPLOY_PACKAGES := nginx prometheus man-db mandoc python3-yaml
CHECK_PACKAGES := clang-14 clang-format-14 clang-tidy-14 cppcheck libclang-rt-14-dev shellcheck gcovr systemd

LIBRARIES := libuv libprotobuf-c yaml-0.1 jansson expat libmicrohttpd proj libsystemd libcrypto zlib sqlite3 libcurl

WARNINGS := -Wall -Wextra -Wshadow -Wformat=2 -Wundef -Wvla
CWARNINGS := $(WARNINGS) -Wconversion -Wstrict-prototypes -Wmissing-prototypes
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE -D_FORTIFY_SOURCE=2
OPT ?= -O2 -g
SANITIZE ?=
COMMON := -I. -I$(B)/gen -D_GNU_SOURCE -DBR_VERSION='"$(VERSION)"' -ffp-contract=off $(OPT) $(SANITIZE)
ifeq ($(SANITIZE),)
COMMON += $(HARDEN)
endif
CFLAGS_ALL = -std=c17 $(CWARNINGS) $(COMMON) $(CFLAGS) $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
CXXFLAGS_ALL = -std=c++17 $(WARNINGS) $(COMMON) -fno-exceptions -fno-rtti $(CXXFLAGS)
LDLIBS_ALL = $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null) -lsimdjson -lpaho-mqtt3as -lgeos_c -lm -lpthread
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now $(SANITIZE) $(LDFLAGS)

PROTOS  := $(wildcard proto/bruis/v1/*.proto)
GENC    := $(PROTOS:proto/%.proto=$(B)/gen/%.pb-c.c)
GENH    := $(GENC:.c=.h)
SOURCES := $(wildcard daemon/*.c daemon/*/*.c daemon/*/*/*.c proto/*.c adapters/*.c adapters/*/*.c)
CCSOURCES := $(wildcard adapters/*.cc)
WWW     := $(B)/gen/www_index.c
OBJECTS := $(SOURCES:%.c=$(B)/obj/%.o) $(CCSOURCES:%.cc=$(B)/obj/%.o) $(GENC:$(B)/gen/%.c=$(B)/obj/gen/%.o) \
	$(B)/obj/gen/www_index.o
LIBRARY := $(B)/libbruis.a
PROGRAM := $(B)/bruisd
PAGES   := $(B)/man/bruisd.8 $(B)/man/bruisd.yaml.5 $(B)/man/bruis-topics.7
SBOM    := $(B)/bruisd.cdx.json

UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
PROPERTY := $(patsubst tests/property/%.c,$(B)/tests/property/%,$(wildcard tests/property/*.c))
E2E      := $(patsubst tests/e2e/%.c,$(B)/tests/e2e/%,$(wildcard tests/e2e/test_*.c))
BENCH    := $(patsubst tests/bench/%.c,$(B)/tests/bench/%,$(wildcard tests/bench/bench_*.c))
# shim.c is preloaded into the daemon: the tests that need it compile it themselves
E2E_HELP := $(filter-out tests/e2e/test_%.c tests/e2e/shim.c,$(wildcard tests/e2e/*.c))
E2E_SCRIPTS := $(wildcard tests/e2e/test_*.py)
TEST_OBJECTS := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/*/*.c))

.PHONY: all deps demo test check check-long asan tsan lint format format-check cover bench install dist clean help \
	unit golden property e2e build-tests layers purity headers tidy cppcheck

all: deps $(PROGRAM) ## build build/bruisd

deps: ## install the Debian packages that are missing (as root)
	@sh tests/lint/deps.sh $(BUILD_PACKAGES) $(LIBRARY_PACKAGES) $(TEST_PACKAGES)

deps-check:
	@sh tests/lint/deps.sh $(CHECK_PACKAGES)

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "%-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# ---- build

$(B)/gen/%.pb-c.c $(B)/gen/%.pb-c.h &: proto/%.proto
	@mkdir -p $(B)/gen
	protoc -I proto --c_out=$(B)/gen $<

$(WWW): daemon/out/www/index.html
	@mkdir -p $(dir $@)
	@{ printf '#include "daemon/out/http/www.h"\n\nconst unsigned char br_www_index[] = {\n'; \
	  xxd -i < $<; printf '};\nconst size_t br_www_index_size = sizeof br_www_index;\n'; } > $@

$(B)/obj/gen/%.o: $(B)/gen/%.c | $(GENH)
	@mkdir -p $(dir $@)
	$(CC) -std=c17 $(COMMON) $(CFLAGS) -c -o $@ $<

$(B)/obj/%.o: %.c | $(GENH)
	@mkdir -p $(dir $@)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/obj/%.o: %.cc | $(GENH)
	@mkdir -p $(dir $@)
	$(CXX) $(CXXFLAGS_ALL) -MMD -MP -c -o $@ $<

$(LIBRARY): $(filter-out $(B)/obj/daemon/main.o,$(OBJECTS))
	@rm -f $@
	ar rcs $@ $^

$(PROGRAM): $(B)/obj/daemon/main.o $(LIBRARY)
	$(CXX) $(LDFLAGS_ALL) -o $@ $< $(LIBRARY) $(LDLIBS_ALL)

# ---- tests

$(E2E): $(B)/tests/e2e/%: $(B)/obj/tests/e2e/%.o $(E2E_HELP:%.c=$(B)/obj/%.o) $(LIBRARY)
	@mkdir -p $(dir $@)
	$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL) $(shell pkg-config --libs check libcurl)

$(UNIT) $(PROPERTY) $(BENCH): $(B)/tests/%: $(B)/obj/tests/%.o $(LIBRARY)
	@mkdir -p $(dir $@)
	$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL) $(shell pkg-config --libs check libcurl)

.SECONDARY: $(TEST_OBJECTS)

build-tests: $(PROGRAM) $(UNIT) $(PROPERTY) $(E2E)

unit: $(PROGRAM) $(UNIT)
	@B=$(B) sh tests/run.sh unit $(UNIT)

golden: $(PROGRAM)
	@B=$(B) sh tests/run.sh golden tests/golden/run.py

property: $(PROGRAM) $(PROPERTY)
	@B=$(B) sh tests/run.sh property $(PROPERTY) $(wildcard tests/property/test_*.py)

e2e: $(PROGRAM) $(E2E)
	@B=$(B) sh tests/run.sh e2e $(E2E) $(E2E_SCRIPTS)

deploy: deps deps-check $(PROGRAM) $(PAGES) $(SBOM) ## what deploy/ ships, in the real mosquitto, nginx, Prometheus; the package
	@sh tests/lint/deps.sh $(DEPLOY_PACKAGES) $(PACKAGE_PACKAGES)
	@B=$(B) sh tests/run.sh deploy $(wildcard tests/deploy/test_*.py)

.PHONY: deploy

test: deps ## unit, golden, property and end-to-end tests
	@$(MAKE) --no-print-directory -j2 build-tests
	@$(MAKE) --no-print-directory B=$(B) test-run

# What preloads a library into the daemon runs on the plain build only.
PRELOADING := tests/e2e/test_disk.py tests/e2e/test_clock.py
RUN_SCRIPTS = $(if $(SANITIZE),$(filter-out $(PRELOADING),$(E2E_SCRIPTS)),$(E2E_SCRIPTS))

# The longest first, so that no single one is waited for at the end.
.PHONY: test-run
test-run:
	@B=$(B) sh tests/run.sh test $(RUN_SCRIPTS) $(E2E) tests/golden/run.py $(PROPERTY) $(wildcard tests/property/test_*.py) $(UNIT)

# Sanitizers: SUITE=test-run runs everything, the end-to-end tests too; SUITE=quick-run what needs no server.
SUITE ?= test-run

.PHONY: quick-run
quick-run:
	@B=$(B) sh tests/run.sh quick $(UNIT) tests/golden/run.py $(PROPERTY) $(wildcard tests/property/test_*.py)

asan: deps deps-check ## the tests under AddressSanitizer and UndefinedBehaviorSanitizer (clang)
	@$(MAKE) --no-print-directory -j2 B=$(B)/asan CC=clang-14 CXX=clang++-14 OPT="-O1 -g" \
	  SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer" build-tests
	@RUNS=4 $(MAKE) --no-print-directory B=$(B)/asan SANITIZE=-fsanitize=address $(SUITE)

# Fewer rounds than in asan: what it looks for is in each of them, and it is the slowest.
tsan: deps deps-check ## the tests under ThreadSanitizer (clang)
	@$(MAKE) --no-print-directory -j2 B=$(B)/tsan CC=clang-14 CXX=clang++-14 OPT="-O1 -g" \
	  SANITIZE="-fsanitize=thread -fno-omit-frame-pointer" build-tests
	@TSAN_OPTIONS="suppressions=$(CURDIR)/tests/lint/tsan.supp halt_on_error=1" RUNS=2 SEEDS=2 KILLS=10 MESSAGES=10000 \
	  $(MAKE) --no-print-directory B=$(B)/tsan SANITIZE=-fsanitize=thread $(SUITE)

# ---- checks of the source

C_FILES := $(SOURCES) $(wildcard tests/*/*.c deploy/*/*.c)
H_FILES := $(wildcard daemon/*.h daemon/*/*.h daemon/*/*/*.h proto/*.h adapters/*.h adapters/*/*.h tests/*/*.h)

format: deps-check ## format all C and C++ sources
	clang-format-14 -i $(C_FILES) $(CCSOURCES) $(H_FILES)

format-check: deps-check
	clang-format-14 --dry-run -Werror $(C_FILES) $(CCSOURCES) $(H_FILES)

layers: ## refuse includes against the direction of the folders
	@python3 tests/lint/layers.py

headers: $(GENH) ## every header compiles alone
	@for header in $(H_FILES); do \
	  $(CC) -std=c17 -D_GNU_SOURCE -I. -I$(B)/gen $(CWARNINGS) -Werror -Wno-unused-function -fsyntax-only -x c $$header || exit 1; done
	@echo "headers: $(words $(H_FILES)) compile alone"

purity: $(LIBRARY) ## refuse I/O, clocks and globals in adapters
	@B=$(B) python3 tests/lint/purity.py

tidy: deps-check $(GENH) ## clang-tidy over the sources
	@printf '%s\n' $(SOURCES) $(CCSOURCES) | xargs -P2 -n6 sh tests/lint/tidy.sh $(B)

cppcheck: deps-check $(GENH)
	cppcheck --quiet -j2 --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
	  --suppress=missingIncludeSystem --suppressions-list=tests/lint/cppcheck.supp -I. -I$(B)/gen -D_GNU_SOURCE \
	  -DPROTOBUF_C_VERSION_NUMBER=1004001 -DPROTOBUF_C_MIN_COMPILER_VERSION=1000000 $(SOURCES)

units: $(PROGRAM) ## systemd finds no fault in the units, and an exposure of at most 1.1
	@sh tests/lint/units.sh $(PROGRAM)

lint: deps deps-check format-check layers headers purity cppcheck units ## everything that looks at the source
	@$(MAKE) --no-print-directory -j2 B=$(B)/lint CC=clang-14 CXX=clang++-14 CFLAGS=-Werror CXXFLAGS=-Werror OPT=-O1 $(B)/lint/bruisd
	shellcheck tests/*.sh tests/*/*.sh .ci/run deploy/make-deb deploy/debian/*.p* deploy/debian/tests/service
	shellcheck -s bash deploy/completion/bruisd

.PHONY: units

.PHONY: deps-check

check: ## lint, clang-tidy, deployment, all tests under ASan+UBSan and under TSan: what CI runs after make test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory tidy
	@$(MAKE) --no-print-directory deploy
	@$(MAKE) --no-print-directory asan
	@$(MAKE) --no-print-directory replay-sanitized
	@$(MAKE) --no-print-directory tsan

replay-sanitized: $(PROGRAM) ## replay gives the same bytes from this build and from the one of make asan
	@B=$(B) B_ASAN=$(B)/asan sh tests/run.sh sanitized tests/e2e/test_replay.py

check-long: ## long property runs, long runs of end-to-end tests, benchmarks; each part also runs alone
	@$(MAKE) --no-print-directory check-long-property
	@$(MAKE) --no-print-directory check-long-e2e
	@$(MAKE) --no-print-directory bench

check-long-property: $(PROGRAM) $(PROPERTY) ## 1,000 runs of 10,000 readings against the reference; 40 seeds of restarts
	@B=$(B) RUNS=1000 READINGS=10000 python3 tests/property/test_replay_reference.py
	@SEED=1000 SEEDS=40 $(B)/tests/property/restart

check-long-e2e: $(PROGRAM) ## reloads, kills and faults, more of each
	@RELOADS=50 B=$(B) sh tests/run.sh long tests/e2e/test_reload.py
	@KILLS=200 MESSAGES=400000 B=$(B) sh tests/run.sh long tests/e2e/test_kill.py
	@TORTURE=all B=$(B) sh tests/run.sh long tests/e2e/test_disk.py
	@FLOOD_S=20 B=$(B) sh tests/run.sh long tests/e2e/test_flood.py
	@OUTAGE_S=120 B=$(B) sh tests/run.sh long tests/e2e/test_broker_faults.py
	@B=$(B) sh tests/run.sh long tests/e2e/power_cut.py

.PHONY: check-long-property check-long-e2e replay-sanitized

cover: deps deps-check ## line and branch coverage of the core
	@$(MAKE) --no-print-directory -j2 B=$(B)/cover OPT="-O0 -g --coverage" LDFLAGS=--coverage build-tests
	@$(MAKE) --no-print-directory B=$(B)/cover unit property
	gcovr --root . --object-directory $(B)/cover --filter 'daemon/flow/' --filter 'daemon/in/' --filter 'adapters/' --branches --print-summary --exclude-throw-branches -s || true

bench: deps $(PROGRAM) $(BENCH) ## benchmarks: each prints a ratio or a figure against its limit
	@B=$(B) sh tests/run.sh bench $(BENCH) $(wildcard tests/bench/bench_*.py)

demo: deps $(PROGRAM) ## a day of a region, live: broker, daemon and feeder on free loopback ports
	@B=$(B) python3 deploy/demo/demo.py

# ---- install

SHARE := $(PREFIX)/share
DOC := $(SHARE)/doc/bruisd
EXAMPLES := $(DOC)/examples

# The configuration that is there already stays.
install: $(PROGRAM) $(PAGES) $(SBOM) ## DESTDIR, PREFIX, SYSCONFDIR and UNITDIR are honoured
	install -D -m 0755 $(PROGRAM) $(DESTDIR)$(PREFIX)/sbin/bruisd
	install -d -m 0755 $(DESTDIR)$(SYSCONFDIR)/bruisd $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SHARE)/bruisd/regions \
	  $(DESTDIR)$(SHARE)/man/man5 $(DESTDIR)$(SHARE)/man/man7 $(DESTDIR)$(SHARE)/man/man8 $(DESTDIR)$(EXAMPLES)
	install -d -m 0700 $(DESTDIR)$(SYSCONFDIR)/bruisd/credentials
	@for file in bruisd.yaml regions.csv; do to=$(DESTDIR)$(SYSCONFDIR)/bruisd/$$file; \
	  [ -e $$to ] || install -m 0644 deploy/etc/$$file $$to || exit 1; done
	install -m 0644 systemd/*.service systemd/*.socket $(DESTDIR)$(UNITDIR)
	@for page in $(PAGES); do install -m 0644 $$page $(DESTDIR)$(SHARE)/man/man$${page##*.} || exit 1; done
	install -D -m 0644 deploy/completion/bruisd $(DESTDIR)$(SHARE)/bash-completion/completions/bruisd
	install -m 0755 deploy/regions/make-table $(DESTDIR)$(SHARE)/bruisd/regions/make-table
	@for proto in $(PROTOS); do install -D -m 0644 $$proto $(DESTDIR)$(SHARE)/bruisd/$$proto || exit 1; done
	install -m 0644 README.md SECURITY.md deploy/bruisd.yaml deploy/GUIDE.md deploy/nl/SNELSTART.md \
	  deploy/security.txt $(SBOM) $(DESTDIR)$(DOC)
	cp -r --no-preserve=ownership deploy/mosquitto deploy/nginx deploy/prometheus deploy/grafana systemd/dropins \
	  $(DESTDIR)$(EXAMPLES)

# ---- pages, package, bill of materials

man: $(PAGES) ## the man pages; keys and verbs are those of the program
sbom: $(SBOM) ## a bill of materials of what was built (CycloneDX)

deb: deps package-deps ## the Debian package, in build/deb: from the files of the tree, in a folder of its own
	@sh deploy/make-deb $(B)/deb $(VERSION)

package-deps:
	@sh tests/lint/deps.sh $(PACKAGE_PACKAGES)

$(B)/man/keys: $(B)/obj/deploy/man/keys.o $(LIBRARY)
	@mkdir -p $(dir $@)
	$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

# Parts of pages: each takes the place of a line in one of them.
$(B)/man/KEYS: $(B)/man/keys
	@$< >$@
$(B)/man/OPTIONS: $(B)/man/keys
	@$< options >$@
$(B)/man/VERBS: $(PROGRAM) deploy/man/verbs.awk
	@mkdir -p $(dir $@)
	@$(PROGRAM) --help >$@.help
	@awk -f deploy/man/verbs.awk $@.help >$@

$(PAGES): $(B)/man/%: deploy/man/%.in $(B)/man/KEYS $(B)/man/OPTIONS $(B)/man/VERBS
	@sed -e 's/@VERSION@/$(VERSION)/' $(foreach part,KEYS OPTIONS VERBS,-e '/^@$(part)@$$/{r $(B)/man/$(part)' -e 'd}') $< >$@

$(SBOM): $(PROGRAM) deploy/sbom.py
	@python3 deploy/sbom.py $(PROGRAM) $(VERSION) $(LIBRARY_PACKAGES) $(BUILD_PACKAGES) >$@

.PHONY: man sbom deb package-deps

dist: ## a tarball of the committed tree
	@mkdir -p $(B)
	git archive --prefix=bruisd-$(VERSION)/ -o $(B)/bruisd-$(VERSION).tar.gz HEAD

clean: ## remove everything that was built
	rm -rf $(B)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
