# SPDX-License-Identifier: BSD-2-Clause
"""The host side of ordeal: it boots guest images, judges their logs and reports.

Standard library only, Python 3.9 or later. The core (judge, expect, baseline, reports) is pure
functions over plain data; only engine, runner and the platforms touch the outside world.
"""
