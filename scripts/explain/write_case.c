/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The staging of a case: what x86/world/play.c does with a situation, as calls that an author
 * would write.
 */
#include "write_case.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "machine/paging.h"
#include "near.h"
#include "notation.h"
#include "wants.h"

static struct question_asked asked;

static const char *address_text(u64 address)
{
	static char text[32];

	if (address == PLAY_WRITABLE)
		return "PLAY_WRITABLE";
	if (address == PLAY_READ_ONLY)
		return "PLAY_READ_ONLY";
	if (address == PLAY_NOT_PRESENT)
		return "PLAY_NOT_PRESENT";
	snprintf(text, sizeof(text), "%#llx", (unsigned long long)address);
	return text;
}

/* --- Before the case --- */

static void print_includes(const struct situation *s)
{
	bool timer = s->timer, guard = s->state & STATE_GD;

	if (timer)
		puts("#include \"machine/settle.h\"");
	if (timer || guard)
		puts("");
}

static void print_arrival(const struct situation *s, const char *id)
{
	const struct arrival *a = &s->arrivals[0];

	if (!a->vector)
		return;
	printf("static void send_in_%s(struct scene *scene, struct frame *frame, struct log_entry *entry)\n"
	       "{\n\t(void)entry;\n\tif (frame->vector != %s)\n\t\treturn;\n"
	       "\tscene->on_delivery = NULL; /* once */\n",
	       id, vector_text(a->place & 0xff));
	if (a->vector == NMI_VECTOR)
		puts("\tnmi_send_self();\n}\n");
	else
		printf("\tlapic_self_ipi(%s);\n}\n\n", vector_text(a->vector));
}

/* --- The scene --- */

static void print_scene(const struct point *point, const struct places *places)
{
	static const char labels[] = { [LABEL_L] = 'L', [LABEL_M] = 'M', [LABEL_T] = 'T' };
	u16 steps[WORLD_STEPS];
	size_t at, n = world_steps(steps, &at, point);

	printf("\tstruct scene *s = scene(");
	for (size_t i = 0; i < n; i++) {
		u16 label = steps[i] >> LABEL_SHIFT;

		if (!label && places->m_used && places->m == i)
			label = LABEL_M;
		printf("%s", i ? ", " : "");
		if (label)
			printf("%c(%s)", labels[label], fragment_id(steps[i] & FRAGMENT_MASK));
		else
			printf("%s", fragment_id(steps[i] & FRAGMENT_MASK));
	}
	puts(");\n");
}

static void print_flags(const struct situation *s)
{
	static const struct {
		u32 bit;
		const char *name;
	} flags[] = { { RFLAGS_IF, "RFLAGS_IF" },
		      { RFLAGS_TF, "RFLAGS_TF" },
		      { RFLAGS_AC, "RFLAGS_AC" },
		      { RFLAGS_IOPL3, "RFLAGS_IOPL3" } };

	if (s->rflags == RFLAGS_FIXED)
		return;
	printf("\ts->in_rflags = RFLAGS_FIXED");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if ((s->rflags & flags[i].bit) == flags[i].bit)
			printf(" | %s", flags[i].name);
	puts(";");
}

static void print_registers(const struct situation *s, u16 how, const char *id)
{
	print_flags(s);
	if (how & PREPARE_KNOWN_MSR)
		puts("\ts->in.rcx = MSR_KERNEL_GS;");
	else if (s->rcx)
		printf("\ts->in.rcx = %llu;\n", (unsigned long long)s->rcx);
	if (s->r10)
		printf("\ts->in.r10 = %llu;\n", (unsigned long long)s->r10);
	if (s->r11)
		printf("\ts->in.r11 = %s;\n",
		       how & PREPARE_BEYOND ? "SEL_BEYOND" : "SEL_NOT_PRESENT");
	if (how & PREPARE_SAME_CR0)
		printf("\ts->in.rax = read_cr0()%s;\n", s->state & STATE_CR0_TS ? " | CR0_TS" : "");
	if (how & PREPARE_SAME_CR3)
		puts("\ts->in.rax = read_cr3();");
	if (how & PREPARE_SELECTOR)
		puts("\t*(volatile u16 *)PLAY_WRITABLE = SEL_DATA;");
	if (how & PREPARE_ABSENT_TARGET)
		puts("\ts->layout.elsewhere = s->in.rdi;");
	else if (s->layout->elsewhere)
		puts("\ts->layout.elsewhere = s->in.r9;");
	if (s->habits & HANDLERS_SEND_EOI)
		puts("\ts->eoi_in_handler = true;");
	if (s->state & STATE_NMI_BLOCKED)
		puts("\ts->enter_without_iret = true; /* NMIs stay blocked */");
	if (s->arrivals[0].vector)
		printf("\ts->on_delivery = send_in_%s;\n", id);
}

/* --- The machine --- */

static bool returns_by_sysret(const struct layout *layout)
{
	for (size_t i = 0; i < layout->step_count; i++)
		if ((layout->steps[i] & FRAGMENT_MASK) == FRAGMENT_SYSRETQ)
			return true;
	return false;
}

static void print_gates(const struct situation *s)
{
	static const char *const stacks[] = {
		[IST_NONE] = "IST_NONE",  [IST_NMI] = "IST_NMI", [IST_DB] = "IST_DB",
		[IST_DF] = "IST_DF",	  [IST_MC] = "IST_MC",	 [IST_IRQ] = "IST_IRQ",
		[IST_FAULT] = "IST_FAULT"
	};

	for (size_t i = 0; i < s->gate_count; i++) {
		const struct gate_state *g = &s->gates[i];

		if (g->ist == IST_IRQ || g->ist == IST_FAULT)
			printf("\tgate_stack_set(%s, %s);\n", vector_text(g->vector),
			       stacks[g->ist]);
		if (g->trap)
			printf("\tgate_type_set(%s, TRAP_GATE);\n", vector_text(g->vector));
	}
}

static void print_breakpoints(const struct situation *s)
{
	static const char *const kinds[] = { "WATCH_EXECUTE", "WATCH_WRITE", "WATCH_IO",
					     "WATCH_ACCESS" };

	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++) {
		const struct breakpoint *b = &s->breakpoints[n];
		bool on_t = b->address == layout_address(s->layout, LABEL_T);

		if (!b->armed)
			continue;
		if (b->kind == BREAK_EXECUTE)
			printf("\tbreak_on(%u, %s);\n", n, on_t ? "T" : "L");
		else
			printf("\twatch(%u, %s, %s, %u);\n", n, kinds[b->kind],
			       address_text(b->address), b->bytes);
	}
}

static void print_machine(const struct situation *s, const struct instruction *instruction)
{
	if (instruction->effect == EFFECT_WRMSR)
		puts("\tset_msr(MSR_LSTAR, 0); /* some write what they should refuse */");
	if (s->state & STATE_CR0_TS)
		puts("\twrite_cr0(read_cr0() | CR0_TS);");
	if (s->state & STATE_CR0_AM)
		puts("\twrite_cr0(read_cr0() | CR0_AM);");
	if (s->lstar || returns_by_sysret(s->layout))
		puts("\tsyscall_to(T, 0);");
	if (s->tpr_class)
		printf("\tlapic_set_tpr_class(%u);\n", s->tpr_class);
	if (s->nmis)
		puts("\tpend_blocked_nmi();");
	for (size_t i = 0; i < SITUATION_PENDING; i++)
		if (s->pending[i])
			printf("\tpend_irq(%s);\n", vector_text(s->pending[i]));
	print_gates(s);
	print_breakpoints(s);
	if (s->state & STATE_GD)
		puts("\tdebug_guard();");
	if (s->timer)
		printf("\tlapic_timer_init(%s, TIMER_ONE_SHOT);\n"
		       "\tlapic_timer_arm((u32)longer_than_stalls(20000000)); /* ends a HLT */\n",
		       vector_text(s->timer));
	printf("\tscene_%s_cpl3(s);\n\tplay();\n", s->cpl == 3 ? "run_at" : "land_from");
}

/* --- All together --- */

/* "STI.RDMSR.irq60+irq90" as a name in C: "sti_rdmsr_irq60_irq90". */
static void make_id(char *id, const char *name)
{
	for (; *name; name++)
		*id++ = isalnum((unsigned char)*name) ? (char)tolower((unsigned char)*name) : '_';
	*id = '\0';
}

const char *write_case(char *name)
{
	static struct legal_orders orders[2];
	struct situation *s = &asked.situation;
	struct places places = { .m_used = false };
	struct point point;
	const struct world_instruction *i;
	const char *problem = read_named(&asked, &name, 1, &point);
	char id[WORLD_NAME];

	if (problem)
		return problem;
	s->state |= STATE_NXE;
	for (unsigned int amd = 0; amd < 2; amd++) {
		problem = read_orders(&orders[amd], s, amd ? STATE_AMD : 0, &places);
		if (problem)
			return message("%s becomes no case: %s", name, problem);
	}
	i = &world_instructions[point.instruction];
	make_id(id, name);
	print_includes(s);
	print_arrival(s, id);
	print_head(name, id, &orders[0], &orders[1]);
	puts("{");
	print_scene(&point, &places);
	print_registers(s, i->preparation, id);
	print_machine(s, &instructions[i->fragment]);
	print_expectation(&orders[0], &orders[1]);
	puts("}");
	return NULL;
}
