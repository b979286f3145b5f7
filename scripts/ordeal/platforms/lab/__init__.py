# SPDX-License-Identifier: BSD-2-Clause
"""The lab: hypervisors of stock kernels under test, inside an emulator."""
