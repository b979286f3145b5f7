/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a handler does once its entry is in the log: decide where its IRET returns to. It neither
 * prints nor judges. A fault of the scene resumes at the landing, with the scene's own stack; a
 * trap or an interrupt simply returns. What the machine raises by itself is counted as noise; any
 * other event outside a scene is unexpected, and ends the boot.
 */
#include "base/bits.h"
#include "scene/debug.h"
#include "machine/desc.h"
#include "machine/entry.h"
#include "machine/lapic.h"
#include "machine/nmi.h"
#include "order/log.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "scene/scene.h"
#include "scene/unexpected.h"

_Static_assert(offsetof(struct frame, vector) == FRAME_VECTOR, "log_layout.h");
_Static_assert(offsetof(struct frame, error) == FRAME_ERROR, "log_layout.h");
_Static_assert(offsetof(struct frame, rip) == FRAME_RIP, "log_layout.h");
_Static_assert(offsetof(struct frame, cs) == FRAME_CS, "log_layout.h");
_Static_assert(offsetof(struct frame, rflags) == FRAME_RFLAGS, "log_layout.h");
_Static_assert(offsetof(struct frame, rsp) == FRAME_RSP, "log_layout.h");
_Static_assert(offsetof(struct frame, ss) == FRAME_SS, "log_layout.h");

/* "Exception Classifications": these report the boundary after the instruction. */
#define TRAPS (BIT(DB_VECTOR) | BIT(BP_VECTOR) | BIT(OF_VECTOR))

static bool is_fault(u64 vector)
{
	return vector < FIRST_IRQ_VECTOR && vector != NMI_VECTOR && !(TRAPS >> vector & 1);
}

static void resume_at_landing(const struct scene *scene, struct frame *frame)
{
	frame->rip = scene->layout.landing;
	frame->rsp = scene->rsp;
	frame->rflags &= ~(u64)RFLAGS_TF;
	if (frame->vector == DF_VECTOR) { /* "Saved contents of CS and EIP are undefined" */
		frame->cs = scene->in_cs;
		frame->ss = scene->in_ss;
	}
	if (frame->cs & SEL_RPL3)
		frame->rflags |= RFLAGS_IOPL3;
}

/* Changes @frame where the IRET is not to go back to what was interrupted. */
static void handle(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	if (scene->on_delivery)
		scene->on_delivery(scene, frame, entry);
	if (entry->in_service && scene->eoi_in_handler)
		lapic_eoi();
	if (frame->vector == DB_VECTOR)
		debug_delivered(scene, frame, entry);
	if (!is_fault(frame->vector))
		return;
	if ((frame->vector == MC_VECTOR || frame->vector == DF_VECTOR) && !scene->expect_abort)
		panic_exception(frame, "an abort cannot be resumed");
	if (frame->vector != DF_VECTOR && !layout_contains(&scene->layout, entry->rip))
		panic_exception(frame, "raised outside the scene");
	if (scene->faults == FAULTS_RESUME_AT_LANDING)
		resume_at_landing(scene, frame);
}

/*
 * An interrupt through the LAPIC for which nobody here has asked, or an NMI outside scenes that is
 * nobody's: the machine's own, not the case's. It is counted, and the case is played again.
 */
static bool is_stray(const struct scene *scene, const struct frame *frame, bool in_service)
{
	if (frame->vector == NMI_VECTOR)
		return !scene && !nmi_may_be_ours();
	return in_service && !lapic_asked((u8)frame->vector);
}

/* What is on this handler's stack stays, and so does what is on that of a handler which it has
 * interrupted before it came here. */
static void keep_frames(const struct frame *frame, unsigned int ist)
{
	unsigned int other = interrupt_stack_of(frame->rsp);
	bool kept = interrupt_stack_keep(ist, (u64)frame);

	if (other != ist && interrupt_stack_begins(other) > frame->rsp)
		kept &= interrupt_stack_keep(other, frame->rsp);
	if (!kept)
		panic_exception(frame, "too many handlers at once are on one interrupt stack");
}

void delivered(struct frame *frame, struct log_entry *entry)
{
	struct scene *scene = this_cpu.playing;
	bool in_service = frame->vector >= FIRST_IRQ_VECTOR && frame->vector != SPURIOUS_VECTOR &&
			  lapic_isr((u8)frame->vector);
	u64 began;

	if (is_stray(scene, frame, in_service)) {
		this_cpu.strays++;
		this_cpu.stray_vector = (u8)frame->vector;
		if (in_service)
			lapic_eoi();
		log_take_back(entry);
		return;
	}
	if (!entry)
		panic_exception(frame, "the event log is full: events repeat without end");
	if (frame->vector == SPURIOUS_VECTOR)
		return; /* no ISR bit, no EOI: "Spurious Interrupt" */
	if (!scene)
		panic_exception(frame, "no scene is playing");
	entry->ist = (u8)interrupt_stack_of(entry->frame);
	began = interrupt_stack_begins(entry->ist);
	entry->in_service = in_service;
	keep_frames(frame, entry->ist);
	handle(scene, frame, entry);
	entry->resume = frame->rip;
	interrupt_stack_return(entry->ist, began, (u64)(frame + 1));
}
