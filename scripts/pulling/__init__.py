# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/pull-lab is made of: KernelCI's jobs in, results out."""
