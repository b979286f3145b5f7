/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scene that is about to be played, as a situation of the model: read from the machine as it
 * stands, so that cases need not say it twice. Only in images that are linked with this file.
 */
#include "stage/note.h"
#include "scene/debug.h"
#include "machine/desc.h"
#include "machine/nmi.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "stage/case.h"
#include "stage/playground.h"
#include "stage/stage.h"

enum {
	GATE_BYTES = 16,
	GATE_IST = 4,
	GATE_TYPE = 5,
	GATE_PRESENT = 0x80,
	VECTOR_LEAVE = 0xf0, /* how a landing comes back from CPL 3: not the scene's */
	FRAME_WORDS = 5,
	MXCSR_ZERO_DIVIDE_MASK = 1 << 9,
};

static void note_registers(struct situation *s, const struct scene *scene)
{
	const struct gprs *in = &scene->in;

	s->registers[BASE_RSI] = in->rsi;
	s->registers[BASE_RDI] = in->rdi;
	s->registers[BASE_RBP] = in->rbp;
	s->registers[BASE_R9] = in->r9;
	s->rax = in->rax == read_cr3() ? 0 : in->rax; /* else it would say where the image lies */
	s->rbx = in->rbx;
	s->rcx = in->rcx == this_cpu.missing_msr ? 0 : in->rcx;
	s->r10 = in->r10;
	s->r11 = in->r11;
	s->cr2 = read_cr2();
	s->msr = in->rcx == this_cpu.missing_msr ? MSR_MISSING : MSR_GOOD;
	if (scene->rsp >= PLAY_WRITABLE && scene->rsp < PLAY_WRITABLE + PAGE_SIZE) {
		s->registers[BASE_RSP] = scene->rsp;
		/* By another address: the one that the scene uses may be watched. */
		const u64 *words =
			(const u64 *)(playground_page(PLAY_WRITABLE) + scene->rsp % PAGE_SIZE);

		for (size_t i = 0; i < FRAME_WORDS; i++)
			s->stack[i] = words[i];
		s->stack_words = FRAME_WORDS;
	}
}

static void note_state(struct situation *s, const struct scene *scene)
{
	u32 mxcsr = MXCSR_ZERO_DIVIDE_MASK;

	s->cpl = scene->in_cs & SEL_RPL3;
	s->rflags = (u32)scene->in_rflags;
	s->state = (cpu_is_amd() ? STATE_AMD : 0) | (read_cr0() & CR0_TS ? STATE_CR0_TS : 0) |
		   (read_cr0() & CR0_AM ? STATE_CR0_AM : 0) |
		   (read_cr4() & CR4_PVI ? STATE_PVI : 0) |
		   (rdmsr(MSR_EFER) & EFER_NXE ? STATE_NXE : 0) | (debug_guarded() ? STATE_GD : 0) |
		   (scene->enter_without_iret ? STATE_NMI_BLOCKED : 0);
	if (stage_msr_written(MSR_DEBUGCTL) & DEBUGCTL_BTF)
		s->state |= STATE_BTF;
	if (read_cr4() & CR4_OSFXSR)
		asm volatile("stmxcsr %0" : "=m"(mxcsr));
	if (!(mxcsr & MXCSR_ZERO_DIVIDE_MASK))
		s->state |= STATE_SSE_UNMASKED;
	s->lstar = stage_msr_written(MSR_LSTAR);
	s->fmask = (u32)stage_msr_written(MSR_FMASK);
	s->sysenter_rip = stage_msr_written(MSR_SYSENTER_EIP);
}

const char *note_habits(struct situation *s, const struct scene *scene)
{
	s->habits = scene->habits | (scene->eoi_in_handler ? HANDLERS_SEND_EOI : 0) |
		    (scene->faults == FAULTS_RETRY ? HANDLERS_RETRY : 0);
	if (scene->on_delivery == step_once)
		s->habits |= HANDLERS_STEP_ONCE;
	s->settled = scene->settled;
	s->settled_answer = scene->settled_answer;
	if (scene->on_delivery && scene->on_delivery != step_once && !scene->habits)
		return "its handlers do what the model does not know of";
	return NULL;
}

/* The vectors whose bits are set in a bank of the LAPIC. It is quick: a timer may be running. */
const char *note_vectors(u8 *vectors, enum lapic_register bank)
{
	size_t n = 0;

	for (unsigned int i = FIRST_IRQ_VECTOR / 32; i < 256 / 32; i++)
		for (u32 bits = lapic_read(bank + i * 0x10); bits; bits &= bits - 1) {
			if (n == SITUATION_PENDING)
				return "it has more interrupts than the model has room for";
			vectors[n++] = (u8)(i * 32 + (unsigned int)__builtin_ctz(bits));
		}
	return NULL;
}

static const char *note_lapic(struct situation *s)
{
	u32 timer = lapic_read(LAPIC_LVT_TIMER);
	const char *problem = note_vectors(s->pending, LAPIC_IRR);

	if (!problem)
		problem = note_vectors(s->in_service, LAPIC_ISR);
	s->tpr_class = (u8)(lapic_read(LAPIC_TPR) >> 4);
	if (!(timer & LVT_MASKED) && lapic_read(LAPIC_TIMER_INITIAL))
		s->timer = (u8)timer;
	s->nmis = (u8)nmi_sent();
	if (s->habits & HANDLERS_SEND_AGAIN) {
		u8 vector = s->nmis ? NMI_VECTOR : s->pending[0];

		s->arrivals[0] = (struct arrival){ vector, (u16)(PLACE_ENTRY | vector) };
	}
	return problem;
}

static u8 usual_stack(unsigned int vector)
{
	return vector == NMI_VECTOR  ? IST_NMI
	       : vector == DB_VECTOR ? IST_DB
	       : vector == DF_VECTOR ? IST_DF
	       : vector == MC_VECTOR ? IST_MC
				     : IST_NONE;
}

const char *note_gates(struct situation *s)
{
	struct descriptor_pointer idtr;
	const u8 *gate = (const u8 *)idt_page();

	asm volatile("sidt %0" : "=m"(idtr));
	s->idt_vectors = (u16)((idtr.limit + 1) / GATE_BYTES);
	for (unsigned int v = 0; v < 256; v++, gate += GATE_BYTES) {
		u8 type = gate[GATE_TYPE], ist = gate[GATE_IST];

		if (v == VECTOR_LEAVE ||
		    (type == (GATE_PRESENT | INTERRUPT_GATE) && ist == usual_stack(v)))
			continue;
		if (s->gate_count == SITUATION_GATES)
			return "it changes more gates than the model has room for";
		s->gates[s->gate_count++] = (struct gate_state){
			.vector = (u8)v,
			.trap = (type & 0xf) == TRAP_GATE,
			.absent = !(type & GATE_PRESENT),
			.unusable = (type & 0xf) != TRAP_GATE && (type & 0xf) != INTERRUPT_GATE,
			.ist = ist,
			.dpl = type >> 5 & 3,
		};
	}
	return NULL;
}

const char *note_scene(struct situation *s, struct layout *layout, const struct scene *scene)
{
	const char *problem, *next;

	*layout = scene->layout;
	situation_begin(s, layout);
	situation_add_playground(s);
	note_registers(s, scene);
	note_state(s, scene);
	problem = note_habits(s, scene);
	next = note_lapic(s);
	problem = problem ? problem : next;
	next = note_gates(s);
	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++)
		s->breakpoints[n] = debug_breakpoint(n);
	s->elsewhere = scene->elsewhere;
	s->elsewhere_bytes = scene->elsewhere_bytes;
	return problem ? problem : next;
}
