/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Just enough ACPI to switch the machine off, and to find its I/O APICs: RSDP, RSDT or XSDT, FADT,
 * the \_S5 package in the DSDT, and the MADT. ACPI Specification: "Root System Description Pointer (RSDP)", "Fixed ACPI Description Table
 * (FADT)", "\_Sx (System States)".
 */
#include "report/power.h"
#include "machine/processor.h"
#include "base/string.h"

enum {
	BIOS_AREA_START = 0xe0000,
	BIOS_AREA_END = 0x100000,
	EBDA_SEGMENT_AT = 0x40e,
	EBDA_SEARCH = 1024,
	RSDP_ALIGN = 16,
	PM1_SLEEP_TYPE_SHIFT = 10,
	PM1_SLEEP_ENABLE = 1 << 13,
	AML_BYTE_PREFIX = 0x0a,
	DSDT_LIMIT = 1 << 20,
};

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
} __attribute__((packed));

struct table {
	char signature[4];
	u32 length;
	u8 rest[28];
} __attribute__((packed));

struct fadt {
	struct table header;
	u32 firmware_control;
	u32 dsdt;
	u8 skipped[20];
	u32 pm1a_control;
	u32 pm1b_control;
} __attribute__((packed));

_Static_assert(sizeof(struct table) == 36, "ACPI table header");
_Static_assert(offsetof(struct fadt, pm1a_control) == 64, "FADT");

/* Firmware's own code has the signature in it, too; the sum of the table's first bytes is 0. */
static bool is_rsdp(u64 address)
{
	const u8 *bytes = (const u8 *)address;
	u8 sum = 0;

	if (memcmp(bytes, "RSD PTR ", 8))
		return false;
	for (size_t i = 0; i < offsetof(struct rsdp, length); i++)
		sum += bytes[i];
	return !sum;
}

static const struct rsdp *find_rsdp(u64 start, u64 end)
{
	for (u64 p = start & ~(u64)(RSDP_ALIGN - 1); p < end; p += RSDP_ALIGN)
		if (is_rsdp(p))
			return (const void *)p;
	return NULL;
}

static const struct rsdp *locate_rsdp(u64 told)
{
	const struct rsdp *rsdp = (const void *)told;
	u64 ebda_pointer = EBDA_SEGMENT_AT;
	u64 ebda;

	if (rsdp)
		return rsdp;
	asm("" : "+r"(ebda_pointer)); /* or the compiler takes it for a null pointer */
	ebda = *(volatile u16 *)ebda_pointer;
	ebda <<= 4; /* a real-mode segment */
	if (ebda)
		rsdp = find_rsdp(ebda, ebda + EBDA_SEARCH);
	return rsdp ? rsdp : find_rsdp(BIOS_AREA_START, BIOS_AREA_END);
}

static const void *find_table(const struct rsdp *rsdp, const char *signature)
{
	bool wide = rsdp->revision >= 2 && rsdp->xsdt;
	const struct table *root = (const void *)(wide ? rsdp->xsdt : rsdp->rsdt);
	size_t size = wide ? 8 : 4;
	size_t n;

	if (!root)
		return NULL;
	n = (root->length - sizeof(*root)) / size;
	for (size_t i = 0; i < n; i++) {
		const struct table *table;
		u64 address = 0;

		memcpy(&address, (const u8 *)(root + 1) + i * size, size);
		table = (const void *)address;
		if (!memcmp(table->signature, signature, sizeof(table->signature)))
			return table;
	}
	return NULL;
}

/* The first element of the \_S5 package: NameOp "_S5_" PackageOp length count, then a byte. */
static bool sleep_type_s5(const struct table *dsdt, u16 *type)
{
	const u8 *bytes = (const u8 *)dsdt;

	if (dsdt->length > DSDT_LIMIT)
		return false;
	for (u32 i = sizeof(*dsdt); i + 8 < dsdt->length; i++) {
		const u8 *p = bytes + i;

		if (memcmp(p, "_S5_", 4))
			continue;
		p += 5;		    /* name and PackageOp */
		p += (*p >> 6) + 2; /* PkgLength, of up to four bytes, and the element count */
		if (*p == AML_BYTE_PREFIX)
			p++;
		*type = *p & 7;
		return true;
	}
	return false;
}

void acpi_power_off(u64 told)
{
	const struct rsdp *rsdp = locate_rsdp(told);
	const struct fadt *fadt = rsdp ? find_table(rsdp, "FACP") : NULL;
	u16 type;

	if (!fadt || !fadt->pm1a_control || !fadt->dsdt)
		return;
	if (!sleep_type_s5((const void *)(u64)fadt->dsdt, &type))
		return;
	type = (u16)(type << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE);
	outw((u16)fadt->pm1a_control, type);
	if (fadt->pm1b_control)
		outw((u16)fadt->pm1b_control, type);
}

/* "Multiple APIC Description Table (MADT)": entries behind 8 bytes of its own; type 1 is an I/O APIC,
 * whose address stands in its bytes 4 to 7. */
size_t acpi_ioapics(u64 told, u64 *addresses, size_t most)
{
	enum { OWN_BYTES = 8, TYPE_IOAPIC = 1, SHORTEST = 2, ADDRESS_AT = 4 };
	const struct rsdp *rsdp = locate_rsdp(told);
	const struct table *madt = rsdp ? find_table(rsdp, "APIC") : NULL;
	const u8 *p, *end;
	size_t n = 0;

	if (!madt)
		return 0;
	end = (const u8 *)madt + madt->length;
	for (p = (const u8 *)(madt + 1) + OWN_BYTES; p + SHORTEST <= end && p[1] >= SHORTEST;
	     p += p[1]) {
		u32 address;

		if (p[0] != TYPE_IOAPIC || n == most)
			continue;
		memcpy(&address, p + ADDRESS_AT, sizeof(address));
		addresses[n++] = address;
	}
	return n;
}
