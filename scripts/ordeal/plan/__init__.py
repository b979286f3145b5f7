# SPDX-License-Identifier: BSD-2-Clause
"""What a run will do: stanzas, the cases in the images, the selection, the known deviations."""
