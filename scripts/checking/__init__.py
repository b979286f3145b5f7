# SPDX-License-Identifier: BSD-2-Clause
"""`make check`: which parts it has, how they are run side by side, and how each is counted."""
