# SPDX-License-Identifier: BSD-2-Clause
"""What people and machines read at the end, from the stream of results alone."""
