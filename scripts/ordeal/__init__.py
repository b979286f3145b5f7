# SPDX-License-Identifier: BSD-2-Clause
"""The host side of ordeal: it boots guest images, judges their logs and reports.

This package uses only the standard library and needs Python 3.9 or later. A room may import only
rooms that stand before it in this list: model, text, host and options; judge; platforms; plan; run;
report; page; last agenda, recorder, listing and app. Judge, report and page are pure functions over
plain data.
"""
