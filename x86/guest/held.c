/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts and NMIs that the hypervisor gets in the guest's place. An interrupt stays in the
 * LAPIC's IRR until the guest is open to it: only then the hypervisor takes it, and injects its
 * vector. Taken earlier, it would be in service, and hold back what bare hardware lets in first.
 */
#include "base/string.h"
#include "guest.h"
#include "machine/desc.h"
#include "machine/lapic.h"
#include "machine/nmi.h"

enum { GATE_BYTES = 16, POLLS = 1 << 10 };

/* The vector that the LAPIC offers, taken out of IRR into ISR; 0: it offers none. */
static u8 acknowledge(void)
{
	int vector = lapic_highest_irr();
	u8 gate[GATE_BYTES], *of_idt = (u8 *)idt_page() + vector * GATE_BYTES;

	if (vector < 0)
		return 0;
	memcpy(gate, of_idt, sizeof(gate));
	gate_set_target((u8)vector, (u64)nmi_arrived, 0);
	nmi_take_without_iret(half()->open_root, POLLS);
	half()->close_root();
	memcpy(of_idt, gate, sizeof(gate));
	return lapic_isr((u8)vector) && !lapic_irr((u8)vector) ? (u8)vector : 0;
}

static bool is_open(struct vcpu *v)
{
	const u64 shadows = STATE_SHADOW | STATE_BLOCKED_BY_STI | STATE_BLOCKED_BY_MOV_SS;

	return vcpu_get(v, VCPU_RFLAGS) & RFLAGS_IF && !(v->exit.state & shadows);
}

const char *take_interrupt(struct vcpu *v)
{
	u8 vector;

	if (!is_open(v) && !is_wrong(LAW_HELD)) {
		half()->exit_on(v, EXIT_INTR, false);
		half()->exit_on(v, EXIT_INTR_WINDOW, true);
		return NULL;
	}
	vector = acknowledge();
	if (!vector)
		return "an interrupt exited, but root cannot take it";
	if (!is_wrong(LAW_STRAIGHT))
		inject(v, external(vector));
	return NULL;
}

/* What waited may be held back by now: the TPR has changed. */
const char *take_at_window(struct vcpu *v)
{
	half()->exit_on(v, EXIT_INTR_WINDOW, false);
	half()->exit_on(v, EXIT_INTR, true);
	return NULL;
}

const char *inject_nmi(struct vcpu *v)
{
	half()->exit_on(v, EXIT_NMI_WINDOW, false);
	if (!is_wrong(LAW_HELD))
		inject(v, nmi());
	return NULL;
}

const char *take_nmi(struct vcpu *v)
{
	half()->take_nmi(v);
	if (!(v->exit.state &
	      (STATE_BLOCKED_BY_NMI | STATE_BLOCKED_BY_MOV_SS | STATE_BLOCKED_BY_STI)))
		return inject_nmi(v);
	half()->exit_on(v, EXIT_NMI_WINDOW, true);
	return NULL;
}
