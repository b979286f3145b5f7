/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scene's stack, and the instructions that only prepare others: they load registers, and push
 * what POPF, IRET and RET take.
 */
#include "model/inside.h"

u64 pop(struct model *model)
{
	struct cpu *cpu = &model->cpu;
	u64 word;

	if (!cpu->stack_words) {
		unknown(model,
			"an instruction takes from the stack what the scene has not put there");
		return 0;
	}
	word = cpu->stack[0];
	cpu->stack_words--;
	cpu->registers[BASE_RSP] += 8;
	for (size_t i = 0; i < cpu->stack_words; i++)
		cpu->stack[i] = cpu->stack[i + 1];
	return word;
}

void push(struct model *model, u64 word)
{
	struct cpu *cpu = &model->cpu;

	if (cpu->stack_words == MODEL_STACK || cpu->bad_rsp) {
		unknown(model, "the scene pushes more than the model has room for");
		return;
	}
	for (size_t i = cpu->stack_words; i > 0; i--)
		cpu->stack[i] = cpu->stack[i - 1];
	cpu->stack[0] = word;
	cpu->stack_words++;
	cpu->registers[BASE_RSP] -= 8;
}

/* What only prepares the registers and the stack of instructions to come. */
void prepare(struct model *model, const struct instruction *i)
{
	struct cpu *cpu = &model->cpu;
	const struct situation *s = model->situation;
	u64 rsp = cpu->registers[BASE_RSP];

	switch ((enum effect)i->effect) {
	case EFFECT_PUSH:
		push(model, i->value);
		break;
	case EFFECT_PUSH_FLAGS:
		push(model, cpu->rflags);
		break;
	case EFFECT_PUSH_T:
		push(model, s->rbx);
		break;
	case EFFECT_PUSH_FRAME:
		push(model, i->selector & SEL_RPL3 ? SEL_USER_DATA | SEL_RPL3 : SEL_DATA);
		push(model, rsp);
		push(model, i->value);
		push(model, i->selector);
		push(model, s->rbx);
		break;
	case EFFECT_POP:
		pop(model);
		break;
	case EFFECT_SYSRET_FRAME:
		cpu->rcx = s->rbx;
		cpu->r11 = i->value;
		break;
	case EFFECT_SET_R11:
		cpu->r11 |= i->value;
		break;
	case EFFECT_RSP_RBP:
		cpu->registers[BASE_RSP] = cpu->registers[BASE_RBP];
		cpu->stack_words = 0;
		break;
	case EFFECT_RSP_BAD:
		cpu->bad_rsp = true;
		break;
	case EFFECT_MSR:
		cpu->msr = (u8)i->value;
		break;
	case EFFECT_X87_ERROR:
		cpu->x87_error = true;
		break;
	case EFFECT_MWAIT_BREAK:
		cpu->mwait_break = true;
		break;
	case EFFECT_STRING_SETUP:
		cpu->registers[BASE_RSI] = cpu->registers[BASE_RBP];
		cpu->registers[BASE_RDI] = cpu->registers[BASE_RBP] + 1024;
		cpu->rcx = s->r10;
		break;
	default:
		break;
	}
}
