# SPDX-License-Identifier: BSD-2-Clause
"""The reports for people and machines, made from the stream of results alone."""
