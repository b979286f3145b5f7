/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generated world on ground that is made up: each situation has one name, a name leads back to
 * its situation, and the model knows what becomes of most of them.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "stage/playground.h"
#include "world/world.h"

enum {
	SITUATIONS_AT_LEAST = 250000,
	ASKED_OF = 16,
	HASHES = 1 << 20,
	CODE = 0x150000,
	STUBS = 0x140000,
	STUB_BYTES = 16,
	PROLOGUE_BYTES = 64,
};

static struct ground ground;
static struct model model;

static void make_ground(u16 vendor)
{
	struct situation *s = &ground.situation;

	situation_begin(s, NULL);
	situation_add_playground(s);
	s->state = vendor | STATE_NXE;
	s->registers[BASE_RSI] = PLAY_READ_ONLY;
	s->registers[BASE_RDI] = PLAY_NOT_PRESENT;
	s->registers[BASE_RBP] = PLAY_WRITABLE;
	s->registers[BASE_R9] = 1ull << 63;
	ground.steps = CODE;
	ground.stubs = STUBS;
	ground.stub_size = STUB_BYTES;
	ground.recorded = STUBS + 256 * STUB_BYTES + PROLOGUE_BYTES;
	ground.x2apic = true;
}

static bool same(const struct point *a, const struct point *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static int by_number(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Every name leads back; hashes collide as rarely as 32 bits let them. @pairs: those with a second
 * instruction are there, too. */
static void names(unsigned int depth, bool pairs)
{
	static struct world_prefixes before;
	static u32 hashes[HASHES];
	size_t n = 0, blocks = 0, same_hash = 0;

	for (unsigned int o = 0; o < opener_count; o++)
		for (unsigned int i = 0; i < world_instruction_count; i++) {
			struct point p, found;

			if (world_excludes(o, i))
				continue;
			blocks++;
			world_first(&p, o, i);
			do {
				char buffer[WORLD_NAME];
				struct text text = TEXT(buffer);

				world_name(&text, &p);
				CHECK(!text.lost);
				CHECK(!world_find(text_seal(&text), &found));
				CHECK(same(&p, &found));
				CHECK(world_next_hash(&before, &p) == world_hash(&p));
				CHECK(n < HASHES);
				hashes[n++] = world_hash(&p);
			} while (world_next(&p, depth, pairs));
		}
	qsort(hashes, n, sizeof(*hashes), by_number);
	for (size_t i = 1; i < n; i++)
		same_hash += hashes[i] == hashes[i - 1];
	printf("world: %zu situations%s of %zu openers and %zu instructions in %zu blocks\n", n,
	       pairs ? " (pairs, depth 1)" : "", opener_count, world_instruction_count, blocks);
	CHECK(n >= SITUATIONS_AT_LEAST);
	CHECK(same_hash <= n / 1000);
}

/* The model has a legal trace for each, or says why not. */
static void legal_sets(u16 vendor, unsigned int depth, bool pairs)
{
	size_t asked = 0, outside = 0, traces = 0, largest = 0;

	make_ground(vendor);
	for (unsigned int o = 0; o < opener_count; o++)
		for (unsigned int i = 0; i < world_instruction_count; i++) {
			static struct situation situation;
			static struct layout layout;
			struct point p;

			if (world_excludes(o, i))
				continue;
			world_first(&p, o, i);
			do {
				size_t n = 0;

				if (world_hash(&p) % ASKED_OF)
					continue;
				world_situation(&situation, &layout, &p, &ground);
				model_begin(&model, &situation);
				while (model_next(&model))
					n++;
				asked++;
				outside += !!model.unknown;
				CHECK(n || model.unknown);
				if (model.unknown)
					continue;
				traces += n;
				largest = n > largest ? n : largest;
			} while (world_next(&p, depth, pairs));
		}
	printf("world: of %zu situations %zu are outside the model's world; %zu traces, at most %zu\n",
	       asked, outside, traces, largest);
	CHECK(outside * 4 < asked);
}

static void bad_names(void)
{
	struct point p;

	CHECK(world_find("XYZ.RDMSR", &p));
	CHECK(world_find("STI.XYZ", &p));
	CHECK(world_find("STI", &p));
	CHECK(world_find("STI.RDMSR.nonsense", &p));
	CHECK(world_find("STI.RDMSR.tg.irq60", &p)); /* in another order */
	CHECK(world_find("STI.RDMSR.eoi", &p));	     /* of nothing */
	CHECK(world_find("STI.NOP.watch", &p));
	CHECK(world_find("STI.RDMSR.irq60.", &p) == NULL);
	CHECK(!world_find("STI.RDMSR.irq60.tg", &p));
}

/* How many situations of a block the selection takes. */
static size_t taken(struct world_selection selection, u32 *sum)
{
	struct point p;
	size_t n = 0;

	CHECK(!world_find("STI.REP_MOVSB_3", &p));
	do {
		if (!world_takes(&selection, &p))
			continue;
		n++;
		*sum += world_mix(0, world_hash(&p));
	} while (world_next(&p, WORLD_DEPTH, false));
	return n;
}

static void selections(void)
{
	u32 every = 0, parts = 0, none = 0, axes, wrong;
	size_t all = taken((struct world_selection){ 0 }, &every), n = 0;

	for (u32 from = 1; from <= all; from += 100)
		n += taken((struct world_selection){ .from = from, .to = from + 99 }, &parts);
	CHECK(n == all && parts == every);
	CHECK(all > 200 && !taken((struct world_selection){ .from = (u32)all + 1 }, &none));
	n = taken((struct world_selection){ .sample = 8, .seed = 3 }, &none);
	CHECK(n > all / 16 && n < all / 4);
	CHECK(!world_read_axes("tf,FAULT-GATE", &axes));
	CHECK(axes == (1u << AXIS_TF | 1u << AXIS_FAULT_GATE));
	n = taken((struct world_selection){ .axes = 1u << AXIS_TPR }, &none);
	CHECK(n == 1); /* TPR needs an interrupt */
	n = taken((struct world_selection){ .axes = 1u << AXIS_TPR | 1u << AXIS_PENDING }, &none);
	CHECK(n > 10 && n < 20);
	CHECK(!strcmp(world_read_axes("tf,x,cpl", &wrong), "x,cpl"));
	CHECK(world_read_axes("tf,fault", &wrong));
	CHECK(world_read_axes("", &wrong) && world_read_axes("tf,", &wrong));
}

static const char *refusal(const char *name)
{
	struct point p;

	return world_find(name, &p);
}

static void second_instructions(void)
{
	u64 then, all;
	struct point p;
	size_t at;
	u16 steps[WORLD_STEPS];

	CHECK(!world_read_followers("all", &all) && !(all & 1));
	CHECK(!world_read_followers("rdmsr,INT3", &then) && (then & all) == then);
	CHECK(!world_find("STI.CPUID.then-INT3.irq60", &p));
	CHECK(then >> (p.values[AXIS_THEN] - THEN_USUAL) & 1);
	CHECK(world_steps(steps, &at, &p) == 3 && steps[2] == FRAGMENT_INT3);
	CHECK(!strcmp(world_read_followers("INT3,INT,UD2", &then), "INT,UD2"));
	CHECK(world_read_followers("", &then) && world_read_followers("INT3,", &then));
	CHECK(world_read_followers("then-INT3", &then) && world_read_followers("NOP", &then));
	CHECK(refusal("STI.NOP.then-NOP"));	     /* as usual */
	CHECK(refusal("STI.UD2.then-INT3"));	     /* never reached */
	CHECK(refusal("STI.NOP.irq60.then-INT3"));   /* in another order */
	CHECK(refusal("IRETQ_CPL3.NOP.then-STORE")); /* no right to the page */
	CHECK(refusal("STI.NOP.then-MOV_SS.cpl3"));
	CHECK(refusal("STI.CPUID.then-RDMSR")); /* CPUID changes RCX */
	CHECK(refusal("STI.HLT.then-HLT"));
	CHECK(!refusal("STI.NOP.then-RDMSR.irq60") && !refusal("STI.INT3.then-STORE"));
}

int main(void)
{
	selections();
	second_instructions();
	names(WORLD_DEPTH, false);
	names(1, true);
	bad_names();
	legal_sets(0, WORLD_DEPTH, false);
	legal_sets(STATE_AMD, WORLD_DEPTH, false);
	legal_sets(0, 1, true);
	legal_sets(STATE_AMD, 1, true);
	return checks_done("world");
}
