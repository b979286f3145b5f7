# SPDX-License-Identifier: BSD-2-Clause
"""The plan of a run: stanzas, the cases in the images, the selection, the known deviations."""
