/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the LAPIC a boundary sees: IRR, ISR, TPR. "Interrupt, Task, and Processor Priority" of the
 * Intel SDM; "Selecting and Handling Interrupts" of the AMD APM, volume 2.
 */
#include "model/inside.h"

static u8 highest(const u8 *vectors, size_t n)
{
	u8 found = 0;

	for (size_t i = 0; i < n; i++)
		if (vectors[i] > found)
			found = vectors[i];
	return found;
}

void request(struct model *model, u8 vector)
{
	u8 *pending = model->cpu.pending;

	for (size_t i = 0; i < ARRAY_SIZE(model->cpu.pending); i++)
		if (pending[i] == vector)
			return;
	for (size_t i = 0; i < ARRAY_SIZE(model->cpu.pending); i++) {
		if (pending[i])
			continue;
		pending[i] = vector;
		return;
	}
	unknown(model, "more interrupts are pending than the model has room for");
}

u8 offered(struct model *model)
{
	struct cpu *cpu = &model->cpu;
	u8 vector = highest(cpu->pending, ARRAY_SIZE(cpu->pending));
	u8 in_service;

	if (!vector)
		return 0;
	in_service = highest(cpu->in_service, ARRAY_SIZE(cpu->in_service));
	if (!right(model, RULE_IRQ_HIGHEST))
		for (size_t i = 0; i < ARRAY_SIZE(cpu->pending); i++)
			if (cpu->pending[i] && cpu->pending[i] < vector)
				vector = cpu->pending[i];
	if (vector >> 4 <= cpu->tpr_class && right(model, RULE_TPR_HOLDS)) {
		cpu->held = RULE_TPR_HOLDS;
		return 0;
	}
	if (in_service && vector >> 4 <= in_service >> 4 && right(model, RULE_ISR_HOLDS)) {
		cpu->held = RULE_ISR_HOLDS;
		return 0;
	}
	return vector;
}

void send_eoi(struct model *model)
{
	struct cpu *cpu = &model->cpu;
	u8 *first = &cpu->in_service[0];

	if (!right(model, RULE_EOI))
		return;
	for (size_t i = 1; i < ARRAY_SIZE(cpu->in_service); i++)
		if (cpu->in_service[i] > *first)
			first = &cpu->in_service[i];
	*first = 0;
}

void arrive_at(struct model *model, u16 place)
{
	struct cpu *cpu = &model->cpu;

	for (size_t i = 0; i < SITUATION_ARRIVALS; i++) {
		const struct arrival *arrival = &model->situation->arrivals[i];

		if (!arrival->vector || arrival->place != place || cpu->arrived & 1 << i)
			continue;
		cpu->arrived |= (u8)(1 << i);
		if (arrival->vector == NMI_VECTOR)
			cpu->nmis++;
		else
			request(model, arrival->vector);
	}
}

void catch_up(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (cpu->tpr_is_late)
		cpu->tpr_class = cpu->late_tpr_class;
	if (cpu->late_vector)
		request(model, cpu->late_vector);
	cpu->tpr_is_late = false;
	cpu->late_vector = 0;
}
