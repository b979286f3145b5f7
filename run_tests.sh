#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs the suite; ./run_tests.sh -h says how. scripts/ordeal (Python) does the work; this script
# only handles --setup and a machine without Python.
set -eu

self=$0
[ ! -L "$self" ] || self=$(readlink -f -- "$self") # configure links it into a build directory
case $self in
*/*) root=$(CDPATH='' cd -- "${self%/*}" && pwd) ;;
*) root=$(pwd) ;;
esac
for word in "$@"; do
	case $word in
	--setup) exec "$root/scripts/setup.sh" "$@" ;;
	--) break ;;
	esac
done
python=/usr/bin/python3
if [ ! -x "$python" ]; then
	python=$(command -v python3) || exec "$root/scripts/setup.sh" --check
fi
# -I -S: nothing in the user's Python set-up can change a run, and Python starts in half the time.
exec "$python" -I -S "$root/scripts/ordeal/__main__.py" "$@"
