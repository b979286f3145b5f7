#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The first stage of set-up. It is plain sh because a bare machine has no Python.
#
#   setup.sh --check      name the missing packages; exit 0 if there are none, else 2
#   setup.sh --packages   install the missing packages with apt-get
#   setup.sh [ARG]...     install, configure, build, then call run_tests.sh with these arguments
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

# A line for each package: a command or a path that proves it is installed | package | its purpose.
needed() {
	cat <<'END'
git|git|names the commit in every report
make|make|builds the images
gcc|gcc|compiles the images
/usr/include/stdio.h|libc6-dev|make check: the compiled tests
ld|binutils|links the images
ccache|ccache|make check: compiles what is the same in several trees once
python3|python3|the runner
qemu-system-x86_64|qemu-system-x86|platforms tcg and kvm
/usr/share/ovmf/OVMF.fd|ovmf|the firmware of platform uefi@tcg
bochs-bin|bochs|platforms bochs-intel and bochs-amd
/usr/share/bochs/BIOS-bochs-latest|bochsbios|the BIOS of the Bochs platforms
/usr/share/vgabios/vgabios.bin|vgabios|the VGA BIOS of the Bochs platforms
grub-mkrescue|grub-common|make image; makes an ISO for images that Bochs boots through GRUB
/usr/lib/grub/i386-pc|grub-pc-bin|make image; makes an ISO for images that Bochs boots through GRUB
xorriso|xorriso|makes an ISO for images that Bochs boots through GRUB
zstd|zstd|unpacks the lab's kernels and modules
mformat|mtools|make image; makes an ISO for images that Bochs boots through GRUB
qemu-img|qemu-utils|make check: judges the disks of make cloud
shellcheck|shellcheck|make check: the shell files
clang-format-14|clang-format-14|make check: the format of the C files
/usr/lib/python3/dist-packages/pytest|python3-pytest|make check: the host tests
chromium|chromium|make check: the tests of the page of --html
chromedriver|chromium-driver|make check: the tests of the page of --html
/usr/share/keyrings/debian-archive-keyring.gpg|debian-archive-keyring|the archive's keys for +trixie
prove|perl|make check: its TAP::Parser judges our TAP
patch|patch|make check: applies the differences that make known prints
parallel|parallel|make check: runs units of a campaign
cpio|cpio|make check: reads the archives that the lab makes
/usr/lib/python3/dist-packages/junitparser|python3-junitparser|make check: judges our JUnit XML
/usr/lib/python3/dist-packages/jsonschema|python3-jsonschema|make check: judges our KCIDB reports
END
}

present() {
	case $1 in
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}

# Prints package and purpose of each line of needed() whose command or path is missing here.
missing() {
	needed | while IFS='|' read -r proof package why; do
		present "$proof" || printf '%s|%s\n' "$package" "$why"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		echo "setup.sh: installing needs root: become root, or install sudo" >&2
		return 2
	fi
}

install_missing() {
	list=$(missing)
	[ -n "$list" ] || return 0
	if ! command -v apt-get >/dev/null 2>&1; then
		name_missing
		echo "setup.sh: no apt-get here; install these packages with this system's own tool" >&2
		exit 2
	fi
	echo "Installing with apt-get:"
	printf '%s\n' "$list" | sed 's/^\([^|]*\)|/  \1: /'
	packages=$(printf '%s\n' "$list" | cut -d '|' -f 1 | sort -u)
	as_root apt-get update
	# shellcheck disable=SC2086 # one word for each package
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $packages
	list=$(missing)
	if [ -n "$list" ]; then
		name_missing
		echo "setup.sh: these are still missing after apt-get install; see its messages above" >&2
		exit 2
	fi
}

name_missing() {
	echo "Missing packages (./run_tests.sh --setup installs them):" >&2
	missing | sed 's/^\([^|]*\)|/  \1: /' >&2
}

case ${1-} in
--check)
	[ -n "$(missing)" ] || exit 0
	name_missing
	exit 2
	;;
--packages)
	install_missing
	exit 0
	;;
esac

install_missing
build=$root
if [ -f config.mak ]; then
	build=$(pwd)
fi
[ -f "$build/config.mak" ] || (cd "$build" && "$root/configure") || exit 2
make -C "$build" -j "$(nproc)" || exit 2

# The platforms that the arguments name. Those of the lab (names with @) and those that use a
# toolbox root (NAME+ROOT) need parts that are fetched below.
lab=
asked=no
for word in "$@"; do
	case $asked$word in
	yes*) lab="$lab $word" ;;
	no--platform=* | no--differential=*) lab="$lab ${word#*=}" ;;
	no-p?*) lab="$lab ${word#-p}" ;;
	esac
	case $word in
	-p | --platform | --differential) asked=yes ;;
	*) asked=no ;;
	esac
done
case $lab in
*@*)
	make -C "$build" lab || exit 2
	case $lab in *uefi@* | *bios@*) make -C "$build" image || exit 2 ;; esac
	# shellcheck disable=SC2046 # one word for each platform
	(cd "$build" && "$root/scripts/lab/fetch-stock" $(echo "$lab" | tr , ' ')) || :
	;;
esac

for word in $(echo "$lab" | tr , ' '); do
	case $word in
	*+*)
		# make-root says in one line why it cannot make a root; the run then reports that
		# platform as NOTRUN and runs the others.
		status=0
		(cd "$build" && "$root/scripts/make-root" "$word") || status=$?
		[ "$status" -ne 130 ] || exit 130
		;;
	esac
done

# Passes the arguments on, without --setup.
count=$#
past=no
while [ "$count" -gt 0 ]; do
	word=$1
	shift
	count=$((count - 1))
	if [ "$past" = no ] && [ "$word" = --setup ]; then
		continue
	fi
	[ "$word" != -- ] || past=yes
	set -- "$@" "$word"
done
exec "$root/run_tests.sh" "$@"
