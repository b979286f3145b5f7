# SPDX-License-Identifier: BSD-2-Clause
"""Boots what is planned: queues of machines, their processes, their logs."""
