/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the instruction at the boundary raises, and which breakpoints it meets. Within one class of
 * the priority table the record's order decides; the page fault of an access comes last.
 */
#include "model/inside.h"

#define NON_CANONICAL (1ull << 63)
#define CR0_UPPER     0xffffffff00000000ull
#define CR8_UPPER     0xfffffffffffffff0ull

static unsigned int iopl(const struct cpu *cpu)
{
	return cpu->rflags >> 12 & 3;
}

const struct instruction *instruction_here(const struct model *model)
{
	const struct situation *s = model->situation;
	struct boundary at = model->cpu.at;

	if (at.place & PLACE_ENTRY || at.place == PLACE_OUTSIDE)
		return NULL;
	if (at.place & PLACE_STEP)
		return &instructions[s->layout->steps[at.place & 0xff] & FRAGMENT_MASK];
	if (at.place == PLACE_ELSEWHERE)
		return &instructions[s->elsewhere];
	return at.offset ? NULL : &instructions[FRAGMENT_CLI]; /* the landing begins with it */
}

static enum page_kind page_of(const struct situation *s, u64 address)
{
	for (size_t i = 0; i < s->page_count; i++)
		if ((s->pages[i].address ^ address) < PAGE_SIZE)
			return (enum page_kind)s->pages[i].kind;
	return PAGE_USUAL;
}

static bool holds(struct model *model, enum condition condition)
{
	const struct cpu *cpu = &model->cpu;
	const struct situation *s = model->situation;
	bool user = cpu->cpl == 3;

	switch (condition) {
	case NEVER:
		return false;
	case ALWAYS:
		return true;
	case AT_CPL3:
		return user && right(model, RULE_PRIVILEGE);
	case BEYOND_IOPL:
		return cpu->cpl > iopl(cpu) && right(model, RULE_PRIVILEGE);
	case STI_REFUSED:
		if (cpu->cpl <= iopl(cpu) || !right(model, RULE_PRIVILEGE))
			return false;
		if (cpu->state & STATE_PVI && right(model, RULE_STI_VIF))
			return cpu->rflags & RFLAGS_VIP;
		return true;
	case MSR_REFUSED:
		return cpu->msr == MSR_MISSING || cpu->msr == MSR_BAD_VALUE;
	case TASK_SWITCHED:
		return cpu->state & STATE_CR0_TS;
	case X87_PENDING:
		return cpu->x87_error;
	case UNMASKED:
		return cpu->state & STATE_SSE_UNMASKED;
	case UNALIGNED:
		return user && cpu->state & STATE_CR0_AM && cpu->rflags & RFLAGS_AC;
	case BAD_SELECTOR:
		return cpu->r11 == SEL_BEYOND;
	case ABSENT_SEGMENT:
		return cpu->r11 == SEL_NOT_PRESENT;
	case BAD_CR0:
		return s->rax & CR0_UPPER;
	case BAD_CR8:
		return s->rax & CR8_UPPER;
	case BAD_RSP:
		return cpu->bad_rsp;
	case BAD_RETURN_CS:
		return cpu->stack_words > 1 && cpu->stack[1] == SEL_BEYOND;
	case GUARDED:
		return cpu->guarded && right(model, RULE_GENERAL_DETECT);
	case GUARDED_FIRST:
		return user && cpu->guarded && right(model, RULE_GENERAL_DETECT) &&
		       choose(model, CHOICE_GENERAL_DETECT_OR_PRIVILEGE, 2);
	case ON_AMD:
		return cpu->state & STATE_AMD;
	case BRANCH_ITSELF:
		return !choose(model, CHOICE_NONCANONICAL_BRANCH, 2);
	}
	return false;
}

static u32 selector_of(const struct cpu *cpu, enum condition condition)
{
	return (u32)(condition == BAD_RETURN_CS ? cpu->stack[1] : cpu->r11);
}

static bool class_raises(struct model *model, bool decoding, struct raised *raised)
{
	const struct instruction *instruction = model->here;

	if (!instruction)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(instruction->faults); i++) {
		const struct fault *fault = &instruction->faults[i];
		enum condition condition = (enum condition)fault->condition;

		if (condition == NEVER)
			break; /* the record has no more */
		if (fault->decoding != decoding || !holds(model, condition))
			continue;
		if (model->allowed && is_not_raised(model, instruction, condition))
			continue;
		*raised = (struct raised){
			.vector = fault->vector,
			.kind = condition == GUARDED || condition == GUARDED_FIRST ? KIND_DETECT
										   : KIND_FAULT,
			.error = fault->selector_error ? selector_of(&model->cpu, condition) : 0,
		};
		return true;
	}
	return false;
}

/* Does an access raise #PF, or #GP because its address is not canonical? */
static bool access_raises(const struct model *model, bool write, u64 address, struct raised *raised)
{
	enum page_kind page = page_of(model->situation, address);
	u32 user = model->cpu.cpl == 3 ? PF_USER : 0;

	*raised = (struct raised){ .vector = GP_VECTOR, .kind = KIND_FAULT };
	if (address & NON_CANONICAL)
		return true;
	if (page != PAGE_ABSENT && !(page == PAGE_READ_ONLY && write))
		return false;
	raised->vector = PF_VECTOR;
	raised->address = address;
	raised->error = user | (write ? PF_WRITE : 0) | (page == PAGE_ABSENT ? 0 : PF_PRESENT);
	return true;
}

bool faulting_iret_blocks(struct model *model)
{
	if (is_amd(model))
		return choose(model, CHOICE_IRET_THAT_FAULTS, 2);
	if (!right(model, RULE_FAULTING_IRET_UNBLOCKS))
		return true;
	return model->cpu.nmi_blocked && quirk(model, QUIRK_FAULTING_IRET_KEEPS_NMIS_BLOCKED);
}

bool fetch_raises(struct model *model, struct raised *raised)
{
	const struct situation *s = model->situation;
	u64 address = s->layout->elsewhere;
	enum page_kind page;
	u32 error = s->state & STATE_NXE ? PF_FETCH : 0;

	if (model->cpu.at.place != PLACE_ELSEWHERE)
		return false;
	if (address & NON_CANONICAL) {
		*raised = (struct raised){ .vector = GP_VECTOR, .kind = KIND_FAULT };
		return true;
	}
	page = page_of(s, address);
	if (page == PAGE_USUAL && s->elsewhere_bytes) { /* the rest is on the next page */
		address = (address | (PAGE_SIZE - 1)) + 1;
		page = page_of(s, address);
	}
	if (page != PAGE_ABSENT && !(page == PAGE_NO_EXECUTE && s->state & STATE_NXE))
		return false;
	if (page == PAGE_NO_EXECUTE)
		error |= PF_PRESENT;
	if (model->cpu.cpl == 3)
		error |= PF_USER;
	*raised = (struct raised){ PF_VECTOR, KIND_FAULT, error, address };
	return true;
}

bool decoding_raises(struct model *model, struct raised *raised)
{
	const struct instruction *i = model->here;

	*raised = (struct raised){ .vector = UD_VECTOR, .kind = KIND_FAULT };
	if (i && i->effect == EFFECT_SOFTWARE && i->vector == DB_VECTOR &&
	    quirk(model, QUIRK_INT1_IS_UNDEFINED))
		return true;
	return class_raises(model, true, raised);
}

bool execution_raises(struct model *model, struct raised *raised)
{
	const struct cpu *cpu = &model->cpu;
	const struct instruction *instruction = model->here;

	if (!instruction)
		return false;
	if (class_raises(model, false, raised))
		return true;
	if (instruction->rep && !cpu->rcx)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(instruction->access); i++) {
		const struct access *access = &instruction->access[i];

		if (access->kind && access_raises(model, access->kind == ACCESS_WRITE,
						  cpu->registers[access->base], raised))
			return true;
	}
	return false;
}

bool breakpoint_meets(const struct model *model, unsigned int n, bool write, u64 address,
		      unsigned int bytes)
{
	const struct breakpoint *b = &model->situation->breakpoints[n];

	return b->armed && (b->kind == BREAK_ACCESS || (b->kind == BREAK_WRITE && write)) &&
	       address < b->address + b->bytes && b->address < address + bytes;
}

/* Quirk: does a store of @bytes to @address, which is not aligned, meet what lies before it? */
static bool meets_from_page(struct model *model, unsigned int n, u64 address, unsigned int bytes)
{
	u64 page = address & ~(u64)(PAGE_SIZE - 1);
	u64 end = address + bytes;

	return address % bytes && (end - 1) / PAGE_SIZE == page / PAGE_SIZE &&
	       breakpoint_meets(model, n, true, page, (unsigned int)(end - page)) &&
	       quirk(model, QUIRK_UNALIGNED_STORE_MEETS_PAGE);
}

u16 breakpoints_met(struct model *model, const struct instruction *instruction)
{
	const struct cpu *cpu = &model->cpu;
	u16 bits = 0;

	if (!model->other_breakpoints)
		return 0;
	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++) {
		const struct breakpoint *b = &model->situation->breakpoints[n];

		if (!b->armed)
			continue;
		if (b->kind == BREAK_IO && instruction->port_bytes &&
		    right(model, RULE_PORT_BREAKPOINT) &&
		    instruction->port < b->address + b->bytes &&
		    b->address < instruction->port + (u64)instruction->port_bytes)
			bits |= (u16)(DR6_B0 << n);
		for (size_t i = 0; i < ARRAY_SIZE(instruction->access); i++) {
			const struct access *access = &instruction->access[i];
			u64 address = cpu->registers[access->base];
			bool write = access->kind == ACCESS_WRITE;

			if (!access->kind || !right(model, RULE_DATA_BREAKPOINT))
				continue;
			if (breakpoint_meets(model, n, write, address, access->bytes) ||
			    (write && meets_from_page(model, n, address, access->bytes)))
				bits |= (u16)(DR6_B0 << n);
		}
	}
	return bits;
}

u16 met_before(struct model *model, const struct instruction *instruction, u64 address)
{
	struct instruction first = *instruction;
	u16 met;

	first.access[1] = (struct access){ 0 };
	if (!instruction->access[1].kind || model->cpu.registers[first.access[0].base] == address)
		return 0;
	met = data_breakpoints(model, breakpoints_met(model, &first));
	return met && quirk(model, QUIRK_DATA_BREAKPOINT_OF_UNFINISHED_INSTRUCTION) ? met : 0;
}
