# SPDX-License-Identifier: BSD-2-Clause
"""`make bench`: what is measured, how, and what two commits are compared by."""
