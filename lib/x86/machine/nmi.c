/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NMI is sent through the ICR; what becomes of it outside a scene is decided by where the NMI's
 * gate leads. "Handling Multiple NMIs", "Interrupt Command Register (ICR)" of the Intel SDM.
 */
#include "machine/nmi.h"
#include "machine/desc.h"
#include "machine/lapic.h"
#include "base/mutate.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "machine/profile.h"
#include "machine/settle.h"

enum {
	X2APIC_ICR = MSR_X2APIC + (LAPIC_ICR_LOW >> 4),
	POLL_LIMIT = 1 << 16,
	NMI_POLLS = 1 << 20,
	DRAIN_LOOKS = 16, /* one NMI may come after the other, but not without end */
};

/* nmi_entry.S */
extern const u8 nmi_count[];
extern volatile u32 nmi_counter;

static void send(u32 mode)
{
	if (this_cpu.lapic_mode == LAPIC_X2APIC) {
		mfence_lfence();
		wrmsr(X2APIC_ICR, (u64)this_cpu.lapic_id << 32 | mode | ICR_ASSERT);
		return;
	}
	lapic_write(LAPIC_ICR_HIGH, this_cpu.lapic_id << XAPIC_ID_SHIFT);
	lapic_write(LAPIC_ICR_LOW, mode | ICR_ASSERT);
	for (int i = 0; i < POLL_LIMIT && lapic_read(LAPIC_ICR_LOW) & ICR_PENDING; i++)
		cpu_pause();
}

static bool may_be_ours;

bool nmi_may_be_ours(void)
{
	return may_be_ours;
}

void nmi_told(void)
{
	may_be_ours = true;
}

static void send_nmi(void)
{
	nmi_told();
	send(ICR_NMI);
}

void nmi_send_stray(void)
{
	send(ICR_NMI);
	settle_bus();
}

static u32 nmis_sent;
static struct sent sent;

struct sent events_sent(void)
{
	return sent;
}

u32 nmi_sent(void)
{
	return nmis_sent;
}

static void send_and_settle(u32 mode)
{
	if (mutated(MUTATE_NO_EVENT))
		return;
	send(mode);
	settle_bus();
}

void nmi_send_self(void)
{
	nmis_sent++;
	nmi_told();
	sent.nmis++;
	send_and_settle(ICR_NMI);
}

const char *nmi_prove_exact(void)
{
	u32 arrived;

	nmi_count_all();
	send_nmi();
	arrived = nmi_counted();
	desc_reset();
	if (arrived == 1)
		return NULL;
	return "an NMI to this CPU has not arrived when the instruction that sent it is over";
}

static bool allowed;

void init_allow(void)
{
	allowed = true;
}

bool init_allowed(void)
{
	return allowed || settles_exactly() || cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR;
}

void init_send_self(void)
{
	sent.inits++;
	send_and_settle(ICR_INIT);
}

void nmi_block(void)
{
	enum profile_section before = profile_enter(PROFILE_BLOCK);

	nmis_sent = 0;
	gate_set_target(NMI_VECTOR, (u64)nmi_arrived, 0);
	nmi_take_without_iret(send_nmi, (u32)longer_than_stalls(NMI_POLLS));
	gate_set(NMI_VECTOR, INTERRUPT_GATE, IST_NMI, 0);
	profile_leave(before);
}

void nmi_take_pending(void (*let)(void), u32 polls)
{
	u64 *gate = (u64 *)idt_page() + 2 * NMI_VECTOR, before[2] = { gate[0], gate[1] };

	gate_set_target(NMI_VECTOR, (u64)nmi_arrived, 0);
	nmi_take_without_iret(let, polls);
	gate[0] = before[0];
	gate[1] = before[1];
}

void nmi_unblock(void)
{
	asm volatile("mov %%rsp, %%rax; pushq %0; pushq %%rax; pushfq; pushq %1;"
		     "lea 1f(%%rip), %%rax; pushq %%rax; iretq; 1:" ::"i"(SEL_DATA),
		     "i"(SEL_CODE64)
		     : "rax", "cc", "memory");
}

void nmi_dismiss_all(void)
{
	gate_set_target(NMI_VECTOR, (u64)nmi_dismiss, 0);
}

void nmi_count_all(void)
{
	nmi_counter = 0;
	gate_set_target(NMI_VECTOR, (u64)nmi_count, 0);
}

u32 nmi_counted(void)
{
	return nmi_counter;
}

void nmi_drain(void)
{
	u32 before = 1;

	nmis_sent = 0;
	nmi_count_all();
	for (int looks = 0; nmi_counted() != before && looks < DRAIN_LOOKS; looks++) {
		before = nmi_counted();
		nmi_unblock();
		cpuid(0, 0); /* a hypervisor may have held one back until it looks again */
	}
	nmi_dismiss_all();
	may_be_ours = false;
}
