# SPDX-License-Identifier: BSD-2-Clause
"""The HTML page, from the stream of results alone; its scripts and styles lie beside."""
