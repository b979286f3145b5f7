# SPDX-License-Identifier: BSD-2-Clause
"""Boots the machines of a plan: their queue, their processes, their logs."""
