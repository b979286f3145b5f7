# SPDX-License-Identifier: BSD-2-Clause
# Builds the guest images and runs the project's tests. `make` builds; `make help` lists the rest.
#
# An image is x86/NAME.c, or all of x86/NAME/*.c, linked with lib/x86. x86/NAME.elf keeps the
# symbols; x86/NAME.flat is what boots. Objects are written beside their sources, or into the build
# directory of an out-of-tree build.

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
ifeq ($(wildcard $(HERE)configure),)
$(error no configure beside the Makefile in $(HERE): for a path with a blank use make -C, not -f)
endif

# `make check` and `make check-all` install the packages that they lack, before anything below needs
# a compiler.
ifneq ($(filter 0check 0check-all,$(addprefix $(MAKELEVEL),$(MAKECMDGOALS))),)
$(shell '$(HERE)scripts/setup.sh' --check >/dev/null 2>&1 || \
	'$(HERE)scripts/setup.sh' --packages >&2)
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
# SRCDIR is `.` or the symbolic link `source`, because make splits a path at a blank or a colon.
include config.mak

# An out-of-tree build takes sources from the source tree, never its objects.
vpath %.c $(SRCDIR)
vpath %.S $(SRCDIR)
vpath %.h $(SRCDIR)
vpath %.lds $(SRCDIR)
vpath %.def $(SRCDIR)
vpath %.txt $(SRCDIR)
vpath scripts/pack-suites $(SRCDIR)
vpath scripts/make-image $(SRCDIR)
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

CFLAGS = -std=gnu11 -m64 -Os -g -ffreestanding -nostdinc -isystem $(COMPILER_INCLUDES) \
	-mgeneral-regs-only -mno-red-zone -fno-pic -fno-stack-protector -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common -ffunction-sections \
	-fdata-sections \
	-Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings -Wvla \
	-Wno-override-init $(CONFIG_CFLAGS) -iquote $(SRCDIR)/lib/x86 -iquote lib/x86
# What plays and judges hundreds of thousands of situations is to be fast, not small.
lib/x86/model/%.o lib/x86/inner/%.o lib/x86/world/%.o x86/world/%.o x86/guest/%.o: CFLAGS += -O2
x86/guest/%.o: CFLAGS += -iquote $(SRCDIR)/x86/world
ASFLAGS = -m64 -g -ffreestanding $(CONFIG_CFLAGS) -iquote $(SRCDIR)/lib/x86
LDFLAGS = -m elf_x86_64 -nostdlib -static -z max-page-size=4096 -z noexecstack --gc-sections \
	--no-warn-rwx-segments --build-id=none
COMPILER_INCLUDES := $(shell $(CC) -print-file-name=include)
LDFLAGS := $(if $(shell $(LD) --help | grep -e --no-warn-rwx-segments),$(LDFLAGS),\
	$(filter-out --no-warn-rwx-segments,$(LDFLAGS)))

sources = $(patsubst $(SRCDIR)/%,%,$(wildcard $(addprefix $(SRCDIR)/,$(1))))
objects = $(addsuffix .o,$(basename $(1)))

LIB_SOURCES := $(filter-out lib/x86/boot/suite.c,$(call sources,lib/x86/*/*.c lib/x86/*/*.S))
# Only images that ask the model are linked with this.
ASK_NATIVE := lib/x86/stage/ask.o lib/x86/stage/note.o
ASK_GUEST := lib/x86/stage/note.o lib/x86/hv/note.o lib/x86/vmx/note.o lib/x86/svm/note.o
LIB_OBJECTS := $(filter-out $(ASK_NATIVE) $(ASK_GUEST),$(call objects,$(LIB_SOURCES)))
SINGLE := $(basename $(call sources,x86/*.c))
FAMILIES := $(sort $(patsubst %/,%,$(dir $(call sources,x86/*/*.c))))
IMAGES := $(addsuffix .flat,$(SINGLE) $(FAMILIES))
MODEL_FAMILIES := $(filter x86/native x86/debug x86/exceptions,$(FAMILIES))
GUEST_FAMILIES := $(filter $(addprefix x86/,entry exit hv injection stepping vectoring virtual),\
	$(FAMILIES))
MODEL_IMAGES := $(addsuffix .model.flat,$(MODEL_FAMILIES) $(GUEST_FAMILIES))
ifeq ($(IMAGES),)
$(error no image to build: there is no C file in $(SRCDIR)/x86; run configure again)
endif

.PHONY: all
all: $(IMAGES) $(MODEL_IMAGES) x86/explain scripts/lab/bootdisk scripts/lab/rom

# FAMILY is the file's name: the first part of the names of its cases.
%.o: %.c config.mak Makefile
	@mkdir -p $(@D)
	$(CCACHE) $(CC) $(CFLAGS) -DFAMILY='"$(basename $(notdir $<))"' \
		-MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

%.o: %.S config.mak Makefile
	@mkdir -p $(@D)
	$(CCACHE) $(CC) $(ASFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

%.suite.o: lib/x86/boot/suite.c config.mak Makefile
	@mkdir -p $(@D)
	$(CCACHE) $(CC) $(CFLAGS) -DSUITE='"$(notdir $*)"' \
		-MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

# $(1): an image without its ending, $(2): its objects
define image
$(1).elf: $(2) $(1).suite.o $(LIB_OBJECTS) lib/x86/boot/image.lds
	$$(LD) $$(LDFLAGS) -T $$(filter %.lds,$$^) -o $$@ $$(filter %.o,$$^)
endef
$(foreach i,$(SINGLE),$(eval $(call image,$(i),$(i).o)))
# The generated world in a guest is the world, with another player.
family_sources = $(call sources,$(1)/*.c)$(if $(filter x86/guest,$(1)), \
	$(filter-out x86/world/native.c,$(call sources,x86/world/*.c)))
$(foreach i,$(FAMILIES),$(eval $(call image,$(i),$(call objects,$(call family_sources,$(i))))))

# x86/NAME.model.flat has the same cases, and asks the model about each; or, where they have guests,
# notes what the host asks it (tests/test_inner.py).
define model_image
$(1).model.elf: $(2) $(1).suite.o $(LIB_OBJECTS) $(3) lib/x86/boot/image.lds
	$$(LD) $$(LDFLAGS) -T $$(filter %.lds,$$^) -o $$@ $$(filter %.o,$$^)
endef
$(foreach i,$(MODEL_FAMILIES),\
	$(eval $(call model_image,$(i),$(call objects,$(call sources,$(i)/*.c)),$(ASK_NATIVE))))
$(foreach i,$(GUEST_FAMILIES),\
	$(eval $(call model_image,$(i),$(call objects,$(call sources,$(i)/*.c)),$(ASK_GUEST))))

# The image appears under its name only when it is complete: a run that is under way must not boot
# half an image.
%.flat: %.elf
	$(OBJCOPY) --strip-all $< $@.new
	@mv $@.new $@

# The commit and the compiler. The header is rewritten only when one of them changes, so that
# nothing is rebuilt without need; two makes may do that at once.
lib/x86/boot/env.o: lib/x86/boot/build_id.h
lib/x86/boot/build_id.h: FORCE
	@mkdir -p $(@D)
	@{ echo '/* Written by the Makefile. */'; \
	   echo '#define BUILD_ID "$(BUILD_ID)"'; \
	   echo '#define BUILD_COMPILER "$(BUILD_COMPILER)"'; } >$@.$$$$; \
	 if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi
BUILD_ID := $(or $(shell git -C $(SRCDIR) describe --always --dirty --abbrev=12 2>/dev/null),\
	unknown)
BUILD_COMPILER := $(shell $(CC) --version | head -n 1 | tr -c 'a-zA-Z0-9.+\n' '_' | cut -c 1-48)

.PHONY: FORCE
FORCE:

# The model as a program of the host: docs/model.md.
EXPLAIN_SOURCES := $(call sources,scripts/explain/*.c $(addprefix lib/x86/,\
	world/*.c inner/*.c model/*.c order/*.c base/*.c))
EXPLAIN_HEADERS := $(call sources,scripts/explain/*.h $(addprefix lib/x86/,\
	world/*.h world/*.def inner/*.h inner/*.def model/*.h model/*.def order/*.h order/*.def \
	base/*.h \
	stage/playground.h machine/paging.h))
EXPLAIN_CFLAGS = -std=gnu11 -m64 -O2 -fno-pie -no-pie -Wall -Wextra -Wno-override-init \
	$(filter -Werror -Wno-unused-command-line-argument,$(CONFIG_CFLAGS)) \
	-iquote $(SRCDIR)/lib/x86 -iquote $(SRCDIR)/scripts/explain
x86/explain: $(EXPLAIN_SOURCES) $(EXPLAIN_HEADERS) config.mak
	@mkdir -p $(@D)
	$(CC) $(EXPLAIN_CFLAGS) -Wl,-z,noexecstack -o $@ $(filter %.c,$^)

# What the cases put to the model, for tests/test_model.py and tests/test_inner.py.
.PHONY: model-rows
model-rows: all
	/usr/bin/env python3 $(SRCDIR)/tests/modelrows.py
	/usr/bin/env python3 $(SRCDIR)/tests/guestrows.py

# One file for any machine: an EFI application and Multiboot kernel that holds every suite.
LOADER_SOURCES := $(call sources,loader/*.c loader/*.S) $(addprefix lib/x86/,\
	base/string.c base/text.c report/acpi.c report/power.c)
LOADER_OBJECTS := $(patsubst %,loader/obj/%.o,$(basename $(LOADER_SOURCES)))
# Firmware loads the file anywhere, so nothing in it may depend on where.
LOADER_CFLAGS = $(filter-out -fno-pic,$(CFLAGS)) -fpie -iquote $(SRCDIR) \
	-include $(SRCDIR)/loader/hidden.h
ifneq ($(wildcard $(SRCDIR)/loader/head.S),)
all: loader/ordeal.efi
endif
loader/obj/%.o: %.c config.mak Makefile
	@mkdir -p $(@D)
	$(CCACHE) $(CC) $(LOADER_CFLAGS) -DFAMILY='""' \
		-MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<
loader/obj/loader/head.o: loader/suites.lzma loader/script.txt
loader/obj/%.o: %.S config.mak Makefile
	@mkdir -p $(@D)
	$(CC) $(ASFLAGS) -I. -I$(SRCDIR) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<
loader/suites.lzma: $(FAMILIES:=.flat) scripts/pack-suites \
		$(SRCDIR)/scripts/ordeal/platforms/packed.py
	@mkdir -p $(@D)
	$(SRCDIR)/scripts/pack-suites $@ $(FAMILIES:=.flat)
loader/ordeal.elf: $(LOADER_OBJECTS) loader/loader.lds
	$(LD) $(LDFLAGS) -T $(filter %.lds,$^) -o $@ $(filter %.o,$^)
loader/ordeal.efi: loader/ordeal.elf
	$(OBJCOPY) -O binary $< $@.new
	@mv $@.new $@

# A disk that starts it, by UEFI and by BIOS.
.PHONY: image
image: ordeal.img
ordeal.img: loader/ordeal.efi scripts/make-image
	$(SRCDIR)/scripts/make-image $@ $<

# The disk as clouds take it.
.PHONY: cloud
cloud: ordeal.img
	$(SRCDIR)/scripts/make-cloud cloud $<

# The lab's own programs (scripts/lab) run in its small Linux. They are static, because that Linux
# has no libraries.
LAB_CFLAGS = -std=gnu11 -m64 -O2 -static -s -Wall -Wextra $(filter -Werror,$(CONFIG_CFLAGS))
.PHONY: lab
lab: scripts/lab/launcher scripts/lab/fetch scripts/lab/stage scripts/lab/bootdisk
LAB_BARE_CFLAGS = -std=gnu11 -m32 -Os -ffreestanding -fno-pic -fno-stack-protector \
	-mgeneral-regs-only -fno-asynchronous-unwind-tables -Wall -Wextra \
	$(filter -Werror,$(CONFIG_CFLAGS))
# A 32-bit kernel linked at 32 MiB, above any image that it may load.
scripts/lab/stage: scripts/lab/stage.c
	@mkdir -p $(@D)
	$(CC) $(LAB_BARE_CFLAGS) -c -o $@.o $<
	$(LD) -m elf_i386 -s -nostdlib -static -z noexecstack --build-id=none -e start \
		-Ttext-segment=0x2000000 -o $@ $@.o
# The first sectors of a disk that Bochs boots. With -N the file has the layout of memory.
scripts/lab/bootdisk: scripts/lab/mbr.S scripts/lab/loader.c scripts/lab/bootdisk.h \
		scripts/lab/ata.h scripts/lab/ports.h
	@mkdir -p $(@D)
	$(CC) -m32 -c -o scripts/lab/mbr.o $<
	$(CC) $(LAB_BARE_CFLAGS) -c -o scripts/lab/loader.o $(filter %/loader.c,$^)
	$(LD) -m elf_i386 -N -nostdlib -static --build-id=none -e mbr -Ttext=0x7c00 \
		--oformat=binary -o $@ scripts/lab/mbr.o scripts/lab/loader.o
# The end of the ROM from which Bochs starts an image of this suite.
scripts/lab/rom: scripts/lab/rom.S
	@mkdir -p $(@D)
	$(CC) -m32 -c -o $@.o $<
	$(LD) -m elf_i386 -N -nostdlib -static --build-id=none -e rom -Ttext=0xfffffe00 \
		--oformat=binary -o $@ $@.o
scripts/lab/fetch: scripts/lab/fetch.c scripts/lab/ata.h scripts/lab/bootdisk.h scripts/lab/ports.h
	@mkdir -p $(@D)
	$(CC) $(LAB_CFLAGS) -o $@ $<
scripts/lab/launcher: $(call sources,scripts/lab/vmm/*.c scripts/lab/vmm/*.h \
		scripts/lab/vmm/*.def scripts/lab/ports.h)
	@mkdir -p $(@D)
	$(CC) $(LAB_CFLAGS) -o $@ $(filter %.c,$^)

# --- Host tests: base/, order/ and model/ as they are, and for some tests one more file of
# lib/x86, for which tests/c/machine.c fakes the machine.
HOST_TESTS := $(patsubst %,tests/c/obj/%.test,\
	$(filter-out check machine made_up,$(basename $(notdir $(call sources,tests/c/*.c)))))
HOST_PARTS := $(patsubst %.c,tests/c/obj/%.o,tests/c/check.c tests/c/made_up.c \
	$(call sources,lib/x86/base/*.c lib/x86/order/*.c lib/x86/model/*.c lib/x86/inner/*.c \
	lib/x86/world/*.c))
HOST_CFLAGS = -std=gnu11 -m64 -O1 -g -fno-pie -Wall -Wextra -Wno-override-init $(SANITIZE) \
	$(filter -Werror -Wno-unused-command-line-argument,$(CONFIG_CFLAGS)) \
	-iquote $(SRCDIR)/lib/x86 -iquote $(SRCDIR)/tests/c -iquote $(SRCDIR)/scripts/explain \
	-iquote $(SRCDIR)
SANITIZE = $(eval SANITIZE := $(shell echo 'int main(void) { return 0; }' | $(CC) -m64 -no-pie \
	-fsanitize=address,undefined -x c -o /dev/null - 2>/dev/null && \
	echo -fsanitize=address,undefined -fno-sanitize-recover=undefined))$(SANITIZE)

tests/c/obj/%.o: %.c config.mak Makefile
	@mkdir -p $(@D)
	$(CCACHE) $(CC) $(HOST_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

tests/c/obj/%.o: %.S config.mak Makefile
	@mkdir -p $(@D)
	$(CCACHE) $(CC) $(HOST_CFLAGS) -Wa,--noexecstack \
		-MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

host_objects = $(patsubst %,tests/c/obj/%.o,$(1))
tests/c/obj/args.test: $(call host_objects,lib/x86/boot/args)
tests/c/obj/choice.test: $(call host_objects,loader/choice)
tests/c/obj/efi.test: $(call host_objects,loader/efi loader/machine loader/choice)
tests/c/obj/multiboot.test: $(call host_objects,scripts/lab/vmm/multiboot)
OPTION_FILES := words options machine_options rule_options guest_options near names
tests/c/obj/model.test: $(call host_objects,$(addprefix scripts/explain/,\
	$(OPTION_FILES)))
tests/c/obj/inner.test: $(call host_objects,$(addprefix scripts/explain/,$(OPTION_FILES) guest))
tests/c/obj/scene.test: $(call host_objects,\
	tests/c/machine lib/x86/scene/scene lib/x86/machine/entry lib/x86/machine/profile)
tests/c/obj/search.test: $(call host_objects,lib/x86/sweep/search)
tests/c/obj/shuffle.test: $(call host_objects,lib/x86/boot/shuffle)
tests/c/obj/timer.test: $(call host_objects,tests/c/machine lib/x86/machine/lapic_timer)
tests/c/obj/tsc.test: $(call host_objects,lib/x86/machine/tsc)
tests/c/obj/zones.test: $(call host_objects,lib/x86/sweep/zones)
tests/c/obj/%.test: tests/c/obj/tests/c/%.o $(HOST_PARTS)
	$(CC) $(HOST_CFLAGS) -no-pie -Wl,-z,noexecstack -o $@ $^

# Each program prints one line for each failed check and, last, how many checks it made.
.PHONY: check-c
check-c: $(HOST_TESTS)
	@failed=0; for t in $(HOST_TESTS); do ./$$t || failed=1; done; exit $$failed

# Each header must compile alone, so that no file depends on the order of its includes.
HEADERS := $(filter-out %_layout.h %/bits.h,$(call sources,lib/x86/*/*.h tests/c/*.h))
.PHONY: check-headers
check-headers: $(HEADERS:%=tests/c/obj/%.alone)
tests/c/obj/%.alone: % config.mak Makefile | lib/x86/boot/build_id.h
	@mkdir -p $(@D)
	@language=c; \
	if grep -q '^\.macro' $<; then language=assembler-with-cpp; fi; \
	$(CC) $(filter-out -nostdinc -ffreestanding,$(CFLAGS)) -iquote $(SRCDIR)/tests/c -MMD -MP \
		-MT $@ -MF $@.d -o $@.o -c -include $< -x $$language /dev/null || \
		{ echo "$*: does not compile alone; include what it needs in it"; exit 1; }
	@rm -f $@.o; touch $@

# Runs every test of the project. ARGS go to run_tests.sh.
.PHONY: check bench
check:
	+@$(SRCDIR)/scripts/check $(ARGS)

# What `make check` samples, in full: before an issue is called resolved.
.PHONY: check-all quick check-shell
check-all:
	+@$(SRCDIR)/scripts/check --whole

# For the inner loop: the build, the tests that start little, two suites on two emulators.
quick:
	+@$(SRCDIR)/scripts/check --quick

check-shell:
	cd $(SRCDIR) && shellcheck $$(grep -rlE -m 1 '^#!/bin/(ba)?sh' \
		run_tests.sh configure .ci scripts x86/run tests docs 2>/dev/null)

bench: all
	@$(SRCDIR)/scripts/bench.py $(ARGS)

# The whole generated world, on all processors; ARGS="-p bochs-intel" plays it there, not on tcg.
.PHONY: world
world: all
	@$(SRCDIR)/scripts/world $(ARGS)

# The same in a guest of the shim, law by law: docs/guest-world.md.
.PHONY: guest-world
guest-world: all
	@$(SRCDIR)/run_tests.sh -g guest $(or $(ARGS),-p tcg)

# Prints where the ticks of a case go (docs/speed.md).
.PHONY: profile
profile: all
	@$(SRCDIR)/scripts/profile.py $(ARGS)

# Draws the pictures of README.md and docs/ from a run on Bochs.
.PHONY: docs
docs: all
	@$(SRCDIR)/scripts/pictures.py

.PHONY: help
help:
	@cat $(SRCDIR)/scripts/targets.txt

# The part of `make check` that runs the suite under real hypervisors on emulators.
LAB_PLATFORMS = kvm-amd@tcg xen-amd@tcg kvm-intel@bochs
.PHONY: check-lab
check-lab: all lab
	$(SRCDIR)/scripts/lab/fetch-stock $(LAB_PLATFORMS)
	$(SRCDIR)/run_tests.sh $(addprefix -p ,$(LAB_PLATFORMS))

# Tests that each case can fail, and that a listed case cannot fail as it likes. It takes minutes;
# tests/test_mutants.py is the sample of it in check.
.PHONY: mutants
mutants: all
	$(SRCDIR)/scripts/mutants.py

# Writes docs/coverage.md from a run on the platforms that every machine can have.
COVERAGE_PLATFORMS = tcg,tcg+trixie,bochs-intel,bochs-intel+trixie,bochs-amd,bochs-amd+trixie
.PHONY: coverage
coverage: all
	$(SRCDIR)/scripts/make-root trixie
	$(SRCDIR)/run_tests.sh -p $(COVERAGE_PLATFORMS) --jsonl logs/coverage.jsonl
	$(SRCDIR)/scripts/coverage.py logs/coverage.jsonl >$(SRCDIR)/docs/coverage.md

# Asks every CPU model of Bochs, of this machine and of the toolbox root, what it offers, and writes
# the list of models and its table in docs/platforms.md.
.PHONY: models
models: all
	$(SRCDIR)/scripts/models.py

# Writes the matrix in docs/platforms.md from a run on every platform that needs no virtualization
# hardware.
MATRIX_PLATFORMS = tcg,tcg+trixie,bochs-intel,bochs-intel+trixie,bochs-amd,bochs-amd+trixie,$\
	kvm-amd@tcg,kvm-amd@tcg+linux-6.1,kvm-intel@bochs,xen-amd@tcg
.PHONY: matrix
matrix: all
	-$(SRCDIR)/run_tests.sh --setup -p $(MATRIX_PLATFORMS) --jsonl logs/matrix.jsonl
	$(SRCDIR)/scripts/matrix.py logs/matrix.jsonl $(SRCDIR)/docs/platforms.md

.PHONY: clean distclean
clean:
	rm -f $(IMAGES) $(IMAGES:.flat=.elf) $(IMAGES:.flat=.suite.o) $(IMAGES:.flat=.suite.d)
	rm -f $(MODEL_IMAGES) $(MODEL_IMAGES:.flat=.elf) $(ASK_NATIVE) $(ASK_GUEST)
	rm -f $(patsubst %.o,%.d,$(ASK_NATIVE) $(ASK_GUEST))
	rm -f $(LIB_OBJECTS) $(LIB_OBJECTS:.o=.d) lib/x86/boot/build_id.h
	rm -f $(foreach i,$(SINGLE),$(i).o $(i).d)
	rm -f $(foreach i,$(FAMILIES),$(addprefix $(i)/,*.o *.d))
	rm -rf tests/c/obj
	rm -f x86/explain
	rm -f $(addprefix scripts/lab/,launcher fetch stage stage.o bootdisk mbr.o loader.o)
	rm -f scripts/lab/rom scripts/lab/rom.o
	rm -rf loader/obj cloud
	rm -f $(addprefix loader/,suites.lzma ordeal.elf ordeal.efi) ordeal.img
distclean: clean
	rm -f config.mak

-include $(LOADER_OBJECTS:.o=.d)
-include $(patsubst %.o,%.d,$(LIB_OBJECTS) $(ASK_NATIVE) $(ASK_GUEST))
-include $(IMAGES:.flat=.suite.d) $(SINGLE:=.d)
-include $(shell find tests/c/obj -name '*.d' 2>/dev/null)
-include $(foreach i,$(FAMILIES),$(patsubst %.o,%.d,$(call objects,$(call sources,$(i)/*.c))))
