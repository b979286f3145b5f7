# SPDX-License-Identifier: BSD-2-Clause
"""The lab: stock hypervisors under test, inside an emulator."""
