/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * search.c against timers and clocks that behave and others that do not: whatever they do, a sweep
 * ends within its budget and says what it saw.
 */
#include "check.h"

#include "sweep/search.h"

/* A machine of five orders: "before" up to the count 99, "at" at 100, then up to "later". */
static struct {
	const u32 *bounds; /* the first count of orders 1, 2, 3, 4 */
	u64 clock, price;  /* of a sample */
	u32 noise;	   /* counts by which a sample may come early */
	u32 seed, samples, firsts;
	u32 illegal_at, jump_at, back_at;
} fake;

static const u32 usual[] = { 100, 101, 150, 240 };
static struct search_outcome out;

static int play_fake(const void *argument, u32 ticks)
{
	(void)argument;
	fake.samples++;
	fake.clock += fake.price;
	if (ticks == fake.jump_at)
		fake.clock += 1ull << 40;
	if (ticks == fake.back_at)
		fake.clock -= 1000000;
	if (ticks == fake.illegal_at)
		return -1;
	if (fake.noise) {
		fake.seed = fake.seed * 1103515245 + 12345;
		ticks += (fake.seed >> 16) % fake.noise;
	}
	for (int order = 0; order < 4; order++)
		if (ticks < fake.bounds[order])
			return order;
	return 4;
}

static void count_first(const void *argument, int order, u32 ticks)
{
	(void)argument;
	fake.firsts |= 1u << order;
	if (!fake.noise && out.end == SEARCH_WHOLE && order > 0)
		CHECK_INT(ticks, fake.bounds[order - 1]);
}

static u64 fake_clock(void)
{
	return fake.clock;
}

static void run(u32 samples, u64 clock)
{
	const struct search_subject subject = {
		.orders = 5, .sample = play_fake, .first = count_first, .now = fake_clock
	};

	fake.clock = 1ull << 32;
	fake.samples = fake.firsts = 0;
	search_window(&subject, (struct search_budget){ .samples = samples, .clock = clock }, &out);
	CHECK_INT(out.searched + out.samples, fake.samples);
	CHECK(fake.samples <= samples);
}

static void reset(const u32 *bounds)
{
	memset(&fake, 0, sizeof(fake));
	fake.bounds = bounds;
	fake.price = 1000;
}

static const char *ticks(int order)
{
	static char buffer[256];
	struct text t = TEXT(buffer);

	search_ticks_format(&t, &out, order);
	return text_seal(&t);
}

static const char *why(void)
{
	static char buffer[256];
	struct text t = TEXT(buffer);

	search_end_format(&t, &out);
	return text_seal(&t);
}

static void finds_the_window_by_itself(void)
{
	static const u32 far[] = { 1000000, 1000001, 1000050, 1000200 };
	static const u32 near[] = { 1, 2, 3, 4 };

	reset(usual);
	run(6000, 1 << 28);
	CHECK_INT(out.end, SEARCH_WHOLE);
	CHECK_INT(out.from, 99);
	CHECK_INT(out.to, 240);
	CHECK_INT(out.samples, 142);
	CHECK_INT(fake.firsts, 0x1f);
	CHECK_INT(out.counts[1], 1);
	CHECK_INT(out.counts[2], 49);
	CHECK_TEXT(ticks(0), "99");
	CHECK_TEXT(ticks(2), "101-149");
	CHECK_TEXT(ticks(4), "240");
	CHECK_TEXT(why(), "");
	reset(far);
	run(6000, 1 << 28);
	CHECK_INT(out.from, 999999);
	CHECK_INT(out.to, 1000200);
	CHECK_INT(out.end, SEARCH_WHOLE);
	CHECK(out.searched < 80);
	reset(near); /* nothing is ever "before" */
	run(6000, 1 << 28);
	CHECK_INT(out.from, 1);
	CHECK_INT(out.to, 4);
	CHECK_INT(out.counts[0], 0);
	CHECK_INT(out.end, SEARCH_WHOLE);
}

static void repeats_where_the_platform_does_not(void)
{
	reset(usual);
	fake.noise = 30;
	run(6000, 1 << 28);
	CHECK(out.noisy);
	CHECK_INT(out.repeats, SEARCH_NOISY_REPEATS);
	CHECK_INT(out.end, SEARCH_WHOLE);
	CHECK_INT(out.samples, (out.to - out.from + 1) * SEARCH_NOISY_REPEATS);
	CHECK(out.from < 99 - 30 && out.to > 240);
	CHECK(ticks(0)[0] == '~');
}

/* Too wide for the budget: every n-th count, and still each change of order to the count. */
static void strides(void)
{
	static const u32 wide[] = { 100, 101, 5000, 500000 };

	reset(wide);
	run(300, 1 << 28);
	CHECK_INT(out.end, SEARCH_STRIDED);
	CHECK(out.step > 1000);
	CHECK_INT(out.from, 99);
	CHECK_INT(out.to, 500000);
	CHECK_INT(fake.firsts, 0x1f);
	CHECK_TEXT(ticks(1), "100");
	CHECK(strstr(ticks(2), "101-4999"));
	CHECK_TEXT(ticks(4), "500000");
	CHECK(strstr(why(), "one timer count in"));
	reset(wide);
	fake.price = 1 << 20; /* the clock is what is short */
	run(6000, 1 << 28);
	CHECK(out.end == SEARCH_STRIDED || out.end == SEARCH_CUT);
	CHECK(out.clock <= (1 << 28) + fake.price);
}

static void ends_within_its_budget(void)
{
	reset(usual);
	run(20, 1 << 28);
	CHECK_INT(out.end, SEARCH_NO_WINDOW);
	CHECK(strstr(why(), "before they showed where to look"));
	reset(usual);
	fake.price = 0; /* a TSC that stands still: the samples are bounded, too */
	run(100, 1 << 28);
	CHECK(out.end == SEARCH_STRIDED || out.end == SEARCH_CUT);
	CHECK(why()[0]);
}

static void timers_and_clocks_that_misbehave(void)
{
	static const u32 never[] = { ~0u, ~0u, ~0u, ~0u };

	reset(never);
	run(6000, 1 << 28);
	CHECK_INT(out.end, SEARCH_NEVER_LATE);
	CHECK(strstr(why(), "too fast"));
	reset(usual);
	fake.jump_at = 120;
	run(6000, 1 << 28);
	CHECK_INT(out.end, SEARCH_CLOCK_JUMP);
	CHECK(strstr(why(), "TSC jumped from"));
	reset(usual);
	fake.back_at = 64;
	run(6000, 1 << 28);
	CHECK_INT(out.end, SEARCH_CLOCK_JUMP);
	CHECK_INT(out.jumped_from - out.jumped_to, 1000000 - 1000);
	reset(usual);
	fake.illegal_at = 130;
	run(6000, 1 << 28);
	CHECK_INT(out.end, SEARCH_ILLEGAL);
	CHECK_INT(out.last_ticks, 130);
	CHECK(strstr(why(), "illegal sample, timer count 130"));
}

int main(void)
{
	finds_the_window_by_itself();
	repeats_where_the_platform_does_not();
	strides();
	ends_within_its_budget();
	timers_and_clocks_that_misbehave();
	return checks_done("search");
}
