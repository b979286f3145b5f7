/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect.c and the formatting of trace.c: each thing that may differ, and how it is written. Given
 * an argument, it also prints each comparison, which test_trace.py makes again from the text.
 */
#include "made_up.h"

enum {
	VEC = 0x60,
	VEC_HIGH = 0x90,
};

static char buffer[512];
static struct trace trace;
static bool printing;

/* The one event of a log of one entry. */
static const struct event *read_one(const struct log_entry *entry)
{
	trace_read(&trace, &made_up, entry, 1);
	return &trace.events[0];
}

/* What of @entry differs from @want; "want<TAB>event<TAB>difference" on standard output. */
static const char *mismatch(const struct want *want, const struct log_entry *entry)
{
	const struct event *event = read_one(entry);
	const char *difference = want_mismatch(want, &made_up, event);
	char wanted[128], seen[128];
	struct text w = TEXT(wanted), s = TEXT(seen);

	want_format(&w, &made_up, want);
	event_format(&s, &made_up, event);
	if (printing)
		printf("%s\t%s\t%s\n", text_seal(&w), text_seal(&s), difference ? difference : "");
	return difference ? difference : "none";
}

#define MISMATCH(wanted, seen)                                                                     \
	({                                                                                         \
		const struct want want_ = (wanted);                                                \
		const struct log_entry entry_ = (seen);                                            \
		mismatch(&want_, &entry_);                                                         \
	})

#define WANTED(wanted)                                                                             \
	({                                                                                         \
		const struct want want_ = (wanted);                                                \
		struct text t = TEXT(buffer);                                                      \
		want_format(&t, &made_up, &want_);                                                 \
		text_seal(&t);                                                                     \
	})

#define SEEN(seen)                                                                                 \
	({                                                                                         \
		const struct log_entry entry_ = (seen);                                            \
		struct text t = TEXT(buffer);                                                      \
		event_format(&t, &made_up, read_one(&entry_));                                     \
		text_seal(&t);                                                                     \
	})

static u64 at_l(void)
{
	return at(L);
}

static struct log_entry gp(u64 error)
{
	struct log_entry entry = delivery(GP_VECTOR, at_l());

	entry.error = error;
	entry.rflags |= RFLAGS_RF;
	return entry;
}

static void kinds(void)
{
	struct log_entry nmi = delivery(NMI_VECTOR, at_l());

	CHECK_TEXT(MISMATCH(IRQ(VEC), irq(VEC, at_l())), "none");
	CHECK_TEXT(MISMATCH(IRQ(VEC), delivery(VEC, at_l())), "event"); /* no ISR bit */
	CHECK_TEXT(MISMATCH(INTN(VEC), delivery(VEC, at_l())), "none");
	CHECK_TEXT(MISMATCH(INTN(VEC), irq(VEC, at_l())), "event");
	CHECK_TEXT(MISMATCH(NMI(), nmi), "none");
	CHECK_TEXT(MISMATCH(NMI(), gp(0)), "event");
	CHECK_TEXT(MISMATCH(GP(0), nmi), "event");
	CHECK_TEXT(MISMATCH(GP(0), gp(0)), "none");
	CHECK_TEXT(MISMATCH(GP(0), transition(LOG_EXIT, at_l(), STACK)), "event");
	CHECK_TEXT(MISMATCH(EXIT(RDMSR), gp(0)), "event");
	CHECK_TEXT(MISMATCH(ENTRY(), transition(LOG_EXIT, at_l(), STACK)), "event");
}

static void details(void)
{
	struct log_entry pf = delivery(PF_VECTOR, at_l()), user = gp(0), tf = gp(0);

	pf.cr2 = 0x5000;
	user.cs = SEL_USER_CODE64 | SEL_RPL3;
	tf.rflags |= RFLAGS_TF;
	CHECK_TEXT(MISMATCH(IRQ(VEC), irq(VEC_HIGH, at_l())), "vector");
	CHECK_TEXT(MISMATCH(UD(), gp(0)), "vector");
	CHECK_TEXT(MISMATCH(GP(0), gp(8)), "error code");
	CHECK_TEXT(MISMATCH(EXCEPTION(GP_VECTOR), gp(8)), "none");
	CHECK_TEXT(MISMATCH(GP(0, IF(1)), gp(0)), "none");
	CHECK_TEXT(MISMATCH(GP(0, IF(0)), gp(0)), "saved IF");
	CHECK_TEXT(MISMATCH(GP(0, RF(1)), gp(0)), "none");
	CHECK_TEXT(MISMATCH(GP(0, RF(0)), gp(0)), "saved RF");
	CHECK_TEXT(MISMATCH(GP(0, TF(0)), tf), "saved TF");
	CHECK_TEXT(MISMATCH(GP(0, TF(1)), tf), "none");
	CHECK_TEXT(MISMATCH(PF(0, CR2(0x5000)), pf), "none");
	CHECK_TEXT(MISMATCH(PF(0, CR2(0x5001)), pf), "CR2");
	CHECK_TEXT(MISMATCH(PF(0, CR2(0)), pf), "CR2");
	CHECK_TEXT(MISMATCH(GP(0, CPL(0)), user), "saved CPL");
	CHECK_TEXT(MISMATCH(GP(0, CPL(3)), user), "none");
	CHECK_TEXT(MISMATCH(GP(0, CPL(3)), gp(0)), "saved CPL");
}

static void places(void)
{
	CHECK_TEXT(MISMATCH(GP(0, AT(L)), gp(0)), "none");
	CHECK_TEXT(MISMATCH(GP(0, AT(AFTER(L))), gp(0)), "place");
	CHECK_TEXT(MISMATCH(GP(0, AT(M)), gp(0)), "place"); /* no step bears M */
	CHECK_TEXT(MISMATCH(IRQ(VEC, AT(ENTRY_OF(GP_VECTOR))), irq(VEC, entry_of(GP_VECTOR, 0))),
		   "none");
	CHECK_TEXT(MISMATCH(IRQ(VEC, AT(ENTRY_OF(GP_VECTOR))), irq(VEC, entry_of(GP_VECTOR, 1))),
		   "place");
	CHECK_TEXT(MISMATCH(IRQ(VEC, AT(LANDING)), irq(VEC, made_up.landing)), "none");
	CHECK_TEXT(MISMATCH(IRQ(VEC, AT(AFTER_IRET)), irq(VEC, made_up.landing)), "place");
}

static void stacks(void)
{
	struct log_entry on_ist = gp(0);

	on_ist.ist = IST_FAULT;
	CHECK_TEXT(MISMATCH(GP(0, ON_IST(IST_FAULT)), on_ist), "none");
	CHECK_TEXT(MISMATCH(GP(0, ON_IST(IST_IRQ)), on_ist), "stack");
	CHECK_TEXT(MISMATCH(GP(0, ON_IST(IST_FAULT)), gp(0)), "stack");
	CHECK_TEXT(MISMATCH(GP(0), on_ist), "none");
}

static void transitions(void)
{
	const u64 intr = event_make(EVENT_INTR, 0x40);
	struct log_entry left = transition(LOG_EXIT, at_l(), STACK);
	struct log_entry entered = transition(LOG_ENTRY, at_l(), STACK);

	left.reason = EXIT_RDMSR;
	left.state = STATE_BLOCKED_BY_STI;
	CHECK_TEXT(MISMATCH(EXIT(RDMSR, AT(L)), left), "none");
	CHECK_TEXT(MISMATCH(EXIT(CPUID), left), "exit reason");
	CHECK_TEXT(MISMATCH(EXIT(RDMSR, AT(AFTER(L))), left), "place");
	CHECK_TEXT(MISMATCH(EXIT(RDMSR, BLOCKED(STATE_BLOCKED_BY_STI)), left), "none");
	CHECK_TEXT(MISMATCH(EXIT(RDMSR, BLOCKED(STATE_BLOCKED_BY_NMI)), left), "interruptibility");
	CHECK_TEXT(MISMATCH(EXIT(RDMSR, NOT_BLOCKED(STATE_BLOCKED_BY_STI)), left),
		   "interruptibility");
	CHECK_TEXT(MISMATCH(EXIT(RDMSR, NO_EVENT), left), "none");
	left.state = STATE_BLOCKED_BY_NMI;
	CHECK_TEXT(MISMATCH(EXIT(RDMSR, NOT_BLOCKED(STATE_BLOCKED_BY_NMI)), left),
		   "interruptibility");
	left.event = intr;
	CHECK_TEXT(MISMATCH(EXIT(RDMSR), left), "none");
	CHECK_TEXT(MISMATCH(EXIT(RDMSR, NO_EVENT), left), "event being delivered");
	CHECK_TEXT(MISMATCH(ENTRY(), entered), "none");
	CHECK_TEXT(MISMATCH(ENTRY(INJECT(intr)), entered), "injected event");
	entered.event = intr;
	CHECK_TEXT(MISMATCH(ENTRY(), entered), "injected event");
	CHECK_TEXT(MISMATCH(ENTRY(INJECT(intr)), entered), "none");
}

static int trace_of(const struct want *wants, size_t n, const struct log_entry *log, size_t events)
{
	trace_read(&trace, &made_up, log, events);
	return trace_mismatch(wants, n, &made_up, &trace);
}

static void whole_traces(void)
{
	const struct log_entry log[] = { irq(VEC, at_l()), gp(0), irq(VEC_HIGH, at_l()) };
	const struct want wants[] = { IRQ(VEC, AT(L)), GP(0, AT(L)) };
	const struct want swapped[] = { GP(0, AT(L)), IRQ(VEC, AT(L)) };

	CHECK_INT(trace_of(wants, 2, log, 2), -1);
	CHECK_INT(trace_of(swapped, 2, log, 2), 0);
	CHECK_INT(trace_of(wants, 1, log, 2), 1); /* one event too many */
	CHECK_INT(trace_of(wants, 2, log, 3), 2);
	CHECK_INT(trace_of(wants, 2, log, 0), 0); /* missing */
	CHECK_INT(trace_of(wants, 0, log, 0), -1);
}

static void wants_as_text(void)
{
	CHECK_TEXT(WANTED(IRQ(0x40)), "IRQ(0x40)");
	CHECK_TEXT(WANTED(IRQ(0x40, AT(L), IF(1), RF(0))), "IRQ(0x40)@RDMSR[if=1,rf=0]");
	CHECK_TEXT(WANTED(INTN(0x50, TF(1))), "INT(0x50)[tf=1]");
	CHECK_TEXT(WANTED(NMI(AT(LANDING))), "NMI@landing");
	CHECK_TEXT(WANTED(UD(CPL(3))), "#UD[cpl=3]");
	CHECK_TEXT(WANTED(GP(0x18, AT(L))), "#GP(0x18)@RDMSR");
	CHECK_TEXT(WANTED(PF(PF_WRITE, CR2(0x5000), ON_IST(6))), "#PF(0x2)[cr2=0x5000,ist=6]");
	CHECK_TEXT(WANTED(EXIT(RDMSR, AT(L), BLOCKED(STATE_BLOCKED_BY_STI))),
		   "EXIT(RDMSR)@RDMSR[sti=1]");
	CHECK_TEXT(WANTED(EXIT(RDMSR, NOT_BLOCKED(STATE_BLOCKED_BY_STI))), "EXIT(RDMSR)[sti=0]");
	CHECK_TEXT(WANTED(EXIT(RDMSR, NOT_BLOCKED(STATE_BLOCKED_BY_NMI | STATE_SHADOW),
			       BLOCKED(STATE_BLOCKED_BY_MOV_SS))),
		   "EXIT(RDMSR)[movss=1,nmi=0,shadow=0]");
	CHECK_TEXT(WANTED(EXIT(RDMSR, INJECT(event_make(EVENT_INTR, 0x40)))),
		   "EXIT(RDMSR during INTR(0x40))");
	CHECK_TEXT(WANTED(ENTRY()), "ENTRY");
	CHECK_TEXT(WANTED(ENTRY(INJECT(event_make(EVENT_NMI, 2)))), "ENTRY(NMI)");
}

static void list_of_wants(void)
{
	const struct want wants[] = { GP(0, AT(L)), IRQ(0x40, AT(AFTER_IRET)) };
	struct text t = TEXT(buffer);

	wants_format(&t, &made_up, wants, 2);
	CHECK_TEXT(text_seal(&t), "#GP(0x0)@RDMSR; IRQ(0x40)@after IRET");
}

static void debug_status(void)
{
	struct log_entry db = delivery(DB_VECTOR, at_l());

	db.dr6 = 0xffff4ff1;
	CHECK_TEXT(MISMATCH(DB(DR6(DR6_BS)), db), "none");
	CHECK_TEXT(MISMATCH(DB(DR6(DR6_BS | DR6_B0)), db), "none");
	CHECK_TEXT(MISMATCH(DB(DR6(DR6_BS | DR6_B1)), db), "DR6");
	CHECK_TEXT(MISMATCH(DB(NO_DR6(DR6_B1)), db), "none");
	CHECK_TEXT(MISMATCH(DB(NO_DR6(DR6_B1 | DR6_B0)), db), "DR6");
}

static void cr2_to_the_page(void)
{
	struct log_entry pf = delivery(PF_VECTOR, at_l());

	pf.cr2 = 0x5ff8;
	CHECK_TEXT(MISMATCH(PF(0, CR2_PAGE(0x5000)), pf), "none");
	CHECK_TEXT(MISMATCH(PF(0, CR2_PAGE(0x5abc)), pf), "none");
	CHECK_TEXT(MISMATCH(PF(0, CR2_PAGE(0x6000)), pf), "CR2");
	CHECK_TEXT(MISMATCH(PF(0, CR2(0x5000)), pf), "CR2");
}

static void events_as_text(void)
{
	struct log_entry pf = delivery(PF_VECTOR, at_l()), db = delivery(DB_VECTOR, at_l());
	struct log_entry left = transition(LOG_EXIT, at_l(), STACK), user = gp(0);

	pf.cr2 = 0x5000;
	pf.error = PF_WRITE;
	db.dr6 = 0xffff4ff0;
	db.rflags |= RFLAGS_TF;
	left.reason = EXIT_RDMSR;
	left.state = STATE_BLOCKED_BY_STI;
	user.cs = SEL_USER_CODE64 | SEL_RPL3;
	CHECK_TEXT(SEEN(irq(0x40, at_l())), "IRQ(0x40)@RDMSR[if=1,rf=0]");
	CHECK_TEXT(SEEN(delivery(0x50, at_l())), "INT(0x50)@RDMSR[if=1,rf=0]");
	CHECK_TEXT(SEEN(delivery(NMI_VECTOR, at_l())), "NMI@RDMSR[if=1,rf=0]");
	CHECK_TEXT(SEEN(gp(0)), "#GP(0x0)@RDMSR[if=1,rf=1]");
	CHECK_TEXT(SEEN(user), "#GP(0x0)@RDMSR[if=1,rf=1,cpl=3]");
	user.ist = IST_FAULT;
	CHECK_TEXT(SEEN(user), "#GP(0x0)@RDMSR[if=1,rf=1,cpl=3,ist=6]");
	CHECK_TEXT(SEEN(pf), "#PF(0x2)@RDMSR[if=1,rf=0,cr2=0x5000]");
	CHECK_TEXT(SEEN(db), "#DB@RDMSR[if=1,rf=0,tf=1,dr6=0xffff4ff0]");
	CHECK_TEXT(SEEN(left), "EXIT(RDMSR)@RDMSR[sti=1]");
	CHECK_TEXT(SEEN(transition(LOG_ENTRY, at_l(), STACK)), "ENTRY@RDMSR");
}

static void traces_as_text(void)
{
	const struct log_entry log[] = { returns(gp(0), made_up.landing),
					 irq(0x40, made_up.landing) };
	struct text t = TEXT(buffer);

	trace_read(&trace, &made_up, log, 2);
	trace_format(&t, &made_up, &trace);
	CHECK_TEXT(text_seal(&t), "#GP(0x0)@RDMSR[if=1,rf=1]; IRQ(0x40)@after IRET[if=1,rf=0]");
	t = TEXT(buffer);
	trace_read(&trace, &made_up, log, 0);
	trace_format(&t, &made_up, &trace);
	CHECK_TEXT(text_seal(&t), "nothing");
}

int main(int argc, char **argv)
{
	(void)argv;
	printing = argc > 1;
	lay_out(STI, NOP, L(RDMSR), NOP);
	kinds();
	details();
	places();
	stacks();
	transitions();
	whole_traces();
	wants_as_text();
	list_of_wants();
	debug_status();
	cr2_to_the_page();
	events_as_text();
	traces_as_text();
	return checks_done("expect");
}
