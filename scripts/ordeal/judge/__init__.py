# SPDX-License-Identifier: BSD-2-Clause
"""The judge: from the bytes of a boot to the verdicts of its cases. Pure."""
