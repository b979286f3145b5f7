/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the LAPIC a boundary sees: IRR, ISR, TPR. "Interrupt, Task, and Processor Priority" of the
 * Intel SDM; "Selecting and Handling Interrupts" of the AMD APM, volume 2.
 */
#include "base/string.h"
#include "model/inside.h"

static u8 highest(const u8 *vectors, size_t n)
{
	u8 found = 0;

	for (size_t i = 0; i < n; i++)
		if (vectors[i] > found)
			found = vectors[i];
	return found;
}

/* IRR or ISR has changed. */
static void update(struct cpu *cpu)
{
	cpu->highest_pending = highest(cpu->pending, ARRAY_SIZE(cpu->pending));
	cpu->highest_in_service = highest(cpu->in_service, ARRAY_SIZE(cpu->in_service));
}

static bool is_any(const u8 *vectors, size_t n)
{
	u8 any = 0;

	for (size_t i = 0; i < n; i++)
		any |= vectors[i];
	return any;
}

void lapic_begin(struct model *model)
{
	const struct situation *s = model->situation;
	struct cpu *cpu = &model->cpu;

	cpu->tpr_class = s->tpr_class;
	if (!is_any(s->pending, SITUATION_PENDING) && !is_any(s->in_service, SITUATION_PENDING))
		return;
	memcpy(cpu->pending, s->pending, sizeof(s->pending));
	memcpy(cpu->in_service, s->in_service, sizeof(s->in_service));
	update(cpu);
}

/* Puts @to where @from is; false: it is nowhere. */
static bool replace(u8 *vectors, size_t n, u8 from, u8 to)
{
	for (size_t i = 0; i < n; i++) {
		if (vectors[i] != from)
			continue;
		vectors[i] = to;
		return true;
	}
	return false;
}

void request(struct model *model, u8 vector)
{
	struct cpu *cpu = &model->cpu;

	if (!replace(cpu->pending, ARRAY_SIZE(cpu->pending), vector, vector) &&
	    !replace(cpu->pending, ARRAY_SIZE(cpu->pending), 0, vector))
		unknown(model, "more interrupts are pending than the model has room for");
	update(cpu);
}

void acknowledge(struct model *model, u8 vector)
{
	struct cpu *cpu = &model->cpu;

	replace(cpu->pending, ARRAY_SIZE(cpu->pending), vector, 0);
	replace(cpu->in_service, ARRAY_SIZE(cpu->in_service), 0, vector);
	update(cpu);
}

void take_back(struct model *model, u8 vector)
{
	struct cpu *cpu = &model->cpu;

	replace(cpu->in_service, ARRAY_SIZE(cpu->in_service), vector, 0);
	request(model, vector);
}

u8 offered(struct model *model)
{
	struct cpu *cpu = &model->cpu;
	u8 vector = cpu->highest_pending, in_service = cpu->highest_in_service;

	if (!vector)
		return 0;
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

	if (!right(model, RULE_EOI) || !cpu->highest_in_service)
		return;
	replace(cpu->in_service, ARRAY_SIZE(cpu->in_service), cpu->highest_in_service, 0);
	update(cpu);
}

void arrive_at(struct model *model, u16 place)
{
	struct cpu *cpu = &model->cpu;

	if (!(model->arrivals & ~cpu->arrived))
		return;
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
