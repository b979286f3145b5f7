/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shuffle.c: the order of a seed. tests/test_shuffle.py holds the runner's to the same numbers.
 */
#include "check.h"

#include "boot/shuffle.h"

enum { MANY = 300 };

static void one_order(void)
{
	static const u16 wanted[] = { 4, 3, 5, 7, 1, 0, 2, 9, 8, 6 };
	u16 places[ARRAY_SIZE(wanted)];

	for (u16 i = 0; i < ARRAY_SIZE(places); i++)
		places[i] = i;
	shuffle(places, ARRAY_SIZE(places), 1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		CHECK_INT(places[i], wanted[i]);
}

static void every_place_once(void)
{
	for (u32 seed = 1; seed < 20; seed++) {
		u16 places[MANY];
		bool met[MANY] = { false };
		size_t moved = 0;

		for (u16 i = 0; i < MANY; i++)
			places[i] = i;
		shuffle(places, MANY, seed);
		for (u16 i = 0; i < MANY; i++) {
			CHECK(places[i] < MANY && !met[places[i]]);
			met[places[i]] = true;
			moved += places[i] != i;
		}
		CHECK(moved > MANY / 2);
	}
}

static void nothing_to_move(void)
{
	u16 place = 5;

	shuffle(&place, 1, 1);
	CHECK_INT(place, 5);
	shuffle(&place, 0, 1);
	CHECK_INT(place, 5);
}

int main(void)
{
	one_order();
	every_place_once();
	nothing_to_move();
	return checks_done("shuffle");
}
