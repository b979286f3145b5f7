# SPDX-License-Identifier: BSD-2-Clause
# Builds the guest images and runs the project's tests. `make` builds; `make help` lists the rest.
#
# An image is x86/NAME.c, or all of x86/NAME/*.c, linked with lib/x86: x86/NAME.elf keeps the symbols,
# x86/NAME.flat is what boots. Objects lie beside their sources, or in the build directory.

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
ifeq ($(wildcard $(HERE)configure),)
$(error no configure beside the Makefile in $(HERE): make -f takes no path with a blank, make -C does)
endif

# `make check` sets itself up: what is missing is installed, before anything here needs a compiler.
ifeq ($(MAKELEVEL)$(filter check,$(MAKECMDGOALS)),0check)
$(shell '$(HERE)scripts/setup.sh' --check >/dev/null 2>&1 || '$(HERE)scripts/setup.sh' --packages >&2)
ifneq ($(.SHELLSTATUS),0)
$(error set-up failed: see the messages above)
endif
endif

ifeq ($(wildcard config.mak),)
$(shell '$(HERE)configure' >&2)
ifeq ($(wildcard config.mak),)
$(error configure failed: see the message above)
endif
endif
# SRCDIR is `.` or `source`, a link: make could not hold a path with a blank or a colon.
include config.mak

# Of the source tree only sources: what was built there is not what is built here.
vpath %.c $(SRCDIR)
vpath %.S $(SRCDIR)
vpath %.h $(SRCDIR)
vpath %.lds $(SRCDIR)
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

CFLAGS = -std=gnu11 -m64 -Os -g -ffreestanding -nostdinc -isystem $(COMPILER_INCLUDES) \
	-mgeneral-regs-only -mno-red-zone -fno-pic -fno-stack-protector -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common -ffunction-sections \
	-fdata-sections \
	-Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings -Wvla \
	-Wno-override-init $(CONFIG_CFLAGS) -iquote $(SRCDIR)/lib/x86 -iquote lib/x86
ASFLAGS = -m64 -g -ffreestanding $(CONFIG_CFLAGS) -iquote $(SRCDIR)/lib/x86
LDFLAGS = -m elf_x86_64 -nostdlib -static -z max-page-size=4096 -z noexecstack --gc-sections \
	--no-warn-rwx-segments --build-id=none
COMPILER_INCLUDES := $(shell $(CC) -print-file-name=include)
LDFLAGS := $(if $(shell $(LD) --help | grep -e --no-warn-rwx-segments),$(LDFLAGS),\
	$(filter-out --no-warn-rwx-segments,$(LDFLAGS)))

sources = $(patsubst $(SRCDIR)/%,%,$(wildcard $(addprefix $(SRCDIR)/,$(1))))
objects = $(addsuffix .o,$(basename $(1)))

LIB_SOURCES := $(filter-out lib/x86/boot/suite.c,$(call sources,lib/x86/*/*.c lib/x86/*/*.S))
LIB_OBJECTS := $(call objects,$(LIB_SOURCES))
SINGLE := $(basename $(call sources,x86/*.c))
FAMILIES := $(sort $(patsubst %/,%,$(dir $(call sources,x86/*/*.c))))
IMAGES := $(addsuffix .flat,$(SINGLE) $(FAMILIES))
ifeq ($(IMAGES),)
$(error no image to build: there is no C file in $(SRCDIR)/x86; run configure again)
endif

.PHONY: all
all: $(IMAGES) scripts/lab/bootdisk

%.o: %.c config.mak Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

%.o: %.S config.mak Makefile
	@mkdir -p $(@D)
	$(CC) $(ASFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

%.suite.o: lib/x86/boot/suite.c config.mak Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DSUITE='"$(notdir $*)"' -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

# $(1): an image without its ending, $(2): its objects
define image
$(1).elf: $(2) $(1).suite.o $(LIB_OBJECTS) lib/x86/boot/image.lds
	$$(LD) $$(LDFLAGS) -T $$(filter %.lds,$$^) -o $$@ $$(filter %.o,$$^)
endef
$(foreach i,$(SINGLE),$(eval $(call image,$(i),$(i).o)))
$(foreach i,$(FAMILIES),$(eval $(call image,$(i),$(call objects,$(call sources,$(i)/*.c)))))

# Moved into place whole: a run that is under way must not boot half an image.
%.flat: %.elf
	$(OBJCOPY) --strip-all $< $@.new
	@mv $@.new $@

# Which commit and compiler: rewritten only when it changes, so that nothing is rebuilt for nothing.
lib/x86/boot/env.o: lib/x86/boot/build_id.h
lib/x86/boot/build_id.h: FORCE
	@mkdir -p $(@D)
	@{ echo '/* Written by the Makefile. */'; \
	   echo '#define BUILD_ID "$(BUILD_ID)"'; \
	   echo '#define BUILD_COMPILER "$(BUILD_COMPILER)"'; } >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
BUILD_ID := $(or $(shell git -C $(SRCDIR) describe --always --dirty --abbrev=12 2>/dev/null),unknown)
BUILD_COMPILER := $(shell $(CC) --version | head -n 1 | tr -c 'a-zA-Z0-9.+\n' '_' | cut -c 1-48)

.PHONY: FORCE
FORCE:

# The lab's own programs (scripts/lab), which run in its little Linux: static, so that it needs no library.
LAB_CFLAGS = -std=gnu11 -m64 -O2 -static -s -Wall -Wextra $(filter -Werror,$(CONFIG_CFLAGS))
.PHONY: lab
lab: scripts/lab/launcher scripts/lab/fetch scripts/lab/stage scripts/lab/bootdisk
LAB_BARE_CFLAGS = -std=gnu11 -m32 -Os -ffreestanding -fno-pic -fno-stack-protector \
	-mgeneral-regs-only -fno-asynchronous-unwind-tables -Wall -Wextra \
	$(filter -Werror,$(CONFIG_CFLAGS))
# A kernel, in 32-bit code, 32 MiB up: above any image it may become.
scripts/lab/stage: scripts/lab/stage.c
	@mkdir -p $(@D)
	$(CC) $(LAB_BARE_CFLAGS) -c -o $@.o $<
	$(LD) -m elf_i386 -s -nostdlib -static -z noexecstack --build-id=none -e start \
		-Ttext-segment=0x2000000 -o $@ $@.o
# The first sectors of a disk that Bochs boots; -N, so that the file is what lies in memory.
scripts/lab/bootdisk: scripts/lab/mbr.S scripts/lab/loader.c scripts/lab/bootdisk.h \
		scripts/lab/ata.h scripts/lab/ports.h
	@mkdir -p $(@D)
	$(CC) -m32 -c -o scripts/lab/mbr.o $<
	$(CC) $(LAB_BARE_CFLAGS) -c -o scripts/lab/loader.o $(filter %/loader.c,$^)
	$(LD) -m elf_i386 -N -nostdlib -static --build-id=none -e mbr -Ttext=0x7c00 \
		--oformat=binary -o $@ scripts/lab/mbr.o scripts/lab/loader.o
scripts/lab/launcher: scripts/lab/multiboot.c
scripts/lab/fetch: scripts/lab/ata.h scripts/lab/bootdisk.h
scripts/lab/%: scripts/lab/%.c scripts/lab/multiboot.h scripts/lab/ports.h
	@mkdir -p $(@D)
	$(CC) $(LAB_CFLAGS) -o $@ $(filter %.c,$^)

# --- Host tests: base/ and order/ as they are, and for some tests one file more of lib/x86, with what
# it needs of a machine faked (tests/c/machine.c)
HOST_TESTS := $(patsubst %,tests/c/obj/%.test,\
	$(filter-out check machine made_up,$(basename $(notdir $(call sources,tests/c/*.c)))))
HOST_PARTS := $(patsubst %.c,tests/c/obj/%.o,tests/c/check.c tests/c/made_up.c \
	$(call sources,lib/x86/base/*.c lib/x86/order/*.c))
HOST_CFLAGS = -std=gnu11 -m64 -O1 -g -fno-pie -Wall -Wextra -Wno-override-init $(SANITIZE) \
	$(filter -Werror -Wno-unused-command-line-argument,$(CONFIG_CFLAGS)) \
	-iquote $(SRCDIR)/lib/x86 -iquote $(SRCDIR)/tests/c
SANITIZE = $(eval SANITIZE := $(shell echo 'int main(void) { return 0; }' | $(CC) -m64 -no-pie \
	-fsanitize=address,undefined -x c -o /dev/null - 2>/dev/null && \
	echo -fsanitize=address,undefined -fno-sanitize-recover=undefined))$(SANITIZE)

tests/c/obj/%.o: %.c config.mak Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

tests/c/obj/%.o: %.S config.mak Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -Wa,--noexecstack -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

host_objects = $(patsubst %,tests/c/obj/%.o,$(1))
tests/c/obj/args.test: $(call host_objects,lib/x86/boot/args)
tests/c/obj/multiboot.test: $(call host_objects,scripts/lab/multiboot)
tests/c/obj/scene.test: $(call host_objects,tests/c/machine lib/x86/scene/scene lib/x86/machine/entry)
tests/c/obj/sweep.test: $(call host_objects,lib/x86/sweep/sweep_search)
tests/c/obj/timer.test: $(call host_objects,tests/c/machine lib/x86/machine/lapic_timer)
tests/c/obj/zones.test: $(call host_objects,lib/x86/sweep/zones)
tests/c/obj/%.test: tests/c/obj/tests/c/%.o $(HOST_PARTS)
	$(CC) $(HOST_CFLAGS) -no-pie -Wl,-z,noexecstack -o $@ $^

# Each program prints a line for each failed check, and one that counts them all.
.PHONY: check-c
check-c: $(HOST_TESTS)
	@failed=0; for t in $(HOST_TESTS); do ./$$t || failed=1; done; exit $$failed

# Each header compiles alone, so that no file depends on the order of its includes.
HEADERS := $(filter-out %_layout.h %/bits.h,$(call sources,lib/x86/*/*.h tests/c/*.h))
.PHONY: check-headers
check-headers: lib/x86/boot/build_id.h
	@mkdir -p tests/c/obj
	@failed=0; for h in $(HEADERS); do \
		language=c; \
		grep -q '^\.macro' $(SRCDIR)/$$h && language=assembler-with-cpp; \
		$(CC) $(filter-out -nostdinc -ffreestanding,$(CFLAGS)) -iquote $(SRCDIR)/tests/c \
			-o tests/c/obj/header.o -c -include $(SRCDIR)/$$h -x $$language /dev/null || \
			{ echo "$$h: does not compile alone"; failed=1; }; \
	done; exit $$failed

# Every test of the project; installs what is missing first. ARGS go to run_tests.sh.
.PHONY: check bench
check: all
	+@$(SRCDIR)/scripts/check $(ARGS)

bench: all
	@$(SRCDIR)/scripts/bench.py $(ARGS)

# The pictures of README.md and docs/, from a run on Bochs.
.PHONY: docs
docs: all
	@$(SRCDIR)/scripts/pictures.py

.PHONY: help
help:
	@echo 'make                every image in x86/'
	@echo 'make check          every test of the project; installs what is missing (apt-get)'
	@echo 'make check-c        of these, the compiled host tests'
	@echo 'make check-headers  of these, that each header compiles alone'
	@echo 'make lab            the programs that run inside the lab'
	@echo 'make bench          medians and ratios of many interleaved runs'
	@echo 'make matrix         docs/platforms.md: case family by platform, from a run on all of them'
	@echo 'make docs           the pictures of the documents, from a run on Bochs'
	@echo 'make clean          remove what was built; make distclean: and the configuration'

# Of check, the suite under real hypervisors on emulators alone.
LAB_PLATFORMS = kvm-amd@tcg xen-amd@tcg kvm-intel@bochs
.PHONY: check-lab
check-lab: all lab
	$(SRCDIR)/scripts/lab/fetch-stock $(LAB_PLATFORMS)
	$(SRCDIR)/run_tests.sh $(addprefix -p ,$(LAB_PLATFORMS))

# Can each case fail? Minutes, hence not in check.
.PHONY: mutants
mutants: all
	$(SRCDIR)/scripts/mutants.py

# docs/coverage.md from a run on the platforms that every machine can have.
COVERAGE_PLATFORMS = tcg,tcg+trixie,bochs-intel,bochs-intel+trixie,bochs-amd,bochs-amd+trixie
.PHONY: coverage
coverage: all
	$(SRCDIR)/scripts/make-root trixie
	$(SRCDIR)/run_tests.sh -p $(COVERAGE_PLATFORMS) --jsonl logs/coverage.jsonl
	$(SRCDIR)/scripts/coverage.py logs/coverage.jsonl >$(SRCDIR)/docs/coverage.md

# The matrix in docs/platforms.md, from a run on everything that needs no virtualization hardware.
MATRIX_PLATFORMS = tcg,tcg+trixie,bochs-intel,bochs-intel+trixie,bochs-amd,bochs-amd+trixie,$\
	kvm-amd@tcg,kvm-amd@tcg+linux-6.1,kvm-intel@bochs,xen-amd@tcg
.PHONY: matrix
matrix: all
	-$(SRCDIR)/run_tests.sh --setup -p $(MATRIX_PLATFORMS) --jsonl logs/matrix.jsonl
	$(SRCDIR)/scripts/matrix.py logs/matrix.jsonl $(SRCDIR)/docs/platforms.md

.PHONY: clean distclean
clean:
	rm -f $(IMAGES) $(IMAGES:.flat=.elf) $(IMAGES:.flat=.suite.o) $(IMAGES:.flat=.suite.d)
	rm -f $(LIB_OBJECTS) $(LIB_OBJECTS:.o=.d) lib/x86/boot/build_id.h
	rm -f $(foreach i,$(SINGLE),$(i).o $(i).d)
	rm -f $(foreach i,$(FAMILIES),$(addprefix $(i)/,*.o *.d))
	rm -rf tests/c/obj
	rm -f $(addprefix scripts/lab/,launcher fetch stage stage.o bootdisk mbr.o loader.o)
distclean: clean
	rm -f config.mak

-include $(LIB_OBJECTS:.o=.d) $(IMAGES:.flat=.suite.d) $(SINGLE:=.d)
-include $(shell find tests/c/obj -name '*.d' 2>/dev/null)
-include $(foreach i,$(FAMILIES),$(patsubst %.o,%.d,$(call objects,$(call sources,$(i)/*.c))))
