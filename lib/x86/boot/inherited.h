/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What firmware and loader have left in control registers and MSRs. boot.S notes what it replaces
 * before paging is on; the rest is noted, and given its value after reset, once a missing MSR can
 * be found out.
 */
#ifndef ORDEAL_INHERITED_H
#define ORDEAL_INHERITED_H

/*
 * Gives IA32_PAT, IA32_DEBUGCTL, IA32_S_CET and XCR0, where there are such, their values after
 * reset. Call it once, when scenes can be played.
 */
void inherited_replace(void);

/* ENV lines: what was there before us. */
void inherited_report(void);

#endif
