# SPDX-License-Identifier: BSD-2-Clause
"""The HTML page, made from the stream of results alone, with its script and its styles."""
