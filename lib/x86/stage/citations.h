/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sections of the manuals that more than one family cites.
 */
#ifndef ORDEAL_CITATIONS_H
#define ORDEAL_CITATIONS_H

#define EVENT_INJECTION "SDM 3C, Event Injection; APM 2, Event Injection"
#define FAULTS_VS_EXITS                                                                            \
	"SDM 3C, Relative Priority of Faults and VM Exits; APM 2, Instruction Intercepts"
#define VMX_INTERRUPTIBILITY "SDM 3C, Interruptibility State"

#endif
