# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/export is made of: a case as a source file, a case as a directory to mail."""
