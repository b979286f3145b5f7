# SPDX-License-Identifier: BSD-2-Clause
"""Campaigns: a run divided into units that any engine can run anywhere, and put together again."""
