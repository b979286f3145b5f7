/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From kvm-unit-tests' main() to the case and back. The case gets the machine as the suite's own
 * images leave it: page tables, descriptors, LAPIC, control registers. Then all that
 * kvm-unit-tests looks at is put back, and it reports the verdict. What the case wanted and saw is
 * printed on the way, with kvm-unit-tests' puts().
 */
#include "base/text.h"
#include "boot/probe.h"
#include "machine/desc.h"
#include "machine/lapic.h"
#include "machine/paging.h"
#include "machine/percpu.h"
#include "machine/pic.h"
#include "machine/processor.h"
#include "report/console.h"
#include "report/panic.h"
#include "report/power.h"
#include "report/report.h"
#include "stage/case.h"
#include "stage/stage.h"

/* Of kvm-unit-tests' lib/libcflat.h. */
bool report(bool pass, const char *format, ...) PRINTF(2, 3);
void report_skip(const char *format, ...) PRINTF(1, 2);
int report_summary(void);
void puts(const char *s);
void exit(int code) NORETURN;
int main(int argc, char **argv);

enum {
	LARGE_PAGES = 2048,
	DEVICES = 0xfe000000 >> 21, /* I/O APIC, LAPIC, firmware: uncached */
	LOW_PAGES = 8 * 512,
	TSS_BUSY_SHIFT = 41,
};

extern u64 pml4[], pdpt[], page_directories[], low_page_table[];
extern u8 boot_stack_guard[], boot_stack_top[];

static struct {
	enum verdict verdict;
	char text[512];
} result;

/* What kvm-unit-tests had. */
static struct {
	u64 cr0, cr3, cr4, efer, gs_base;
	struct descriptor_pointer gdtr, idtr;
	u16 tr;
} before;

static void put_formatted(const char *format, va_list args)
{
	char buffer[4096];
	struct text t = TEXT(buffer);

	text_vadd(&t, format, args);
	puts(text_seal(&t));
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_formatted(format, args);
	va_end(args);
}

void report_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_formatted(format, args);
	va_end(args);
	puts("\n");
}

void report_case_begin(const char *name)
{
	report_line("CASE: %s", name);
}

void report_case_end(enum verdict verdict, const char *name, const char *sentence,
		     const char *reason)
{
	bool bad = verdict == VERDICT_FAIL || verdict == VERDICT_ERROR;
	struct text t = TEXT(result.text);

	result.verdict = verdict;
	text_add(&t, "%s: %s%s%s%s", name, verdict == VERDICT_SKIP ? reason : sentence,
		 bad ? " -- " : "", verdict == VERDICT_ERROR ? "could not be staged: " : "",
		 bad ? reason : "");
	text_seal(&t);
}

void power_exit(enum exit_code code)
{
	exit(code);
}

void panic(const char *format, ...)
{
	char buffer[256];
	struct text t = TEXT(buffer);
	va_list args;

	va_start(args, format);
	text_vadd(&t, format, args);
	va_end(args);
	print("ABORT: %s\n", text_seal(&t));
	power_exit(EXIT_CODE_ABORT);
}

void assertion_failed(const char *condition, const char *file, int line)
{
	panic("assertion failed: %s, %s:%d", condition, file, line);
}

void panic_backtrace(u64 rip, const struct stack_frame *frame)
{
	print("  at %#lx, frame %#lx\n", rip, (u64)frame);
}

static void build_page_tables(void)
{
	pml4[0] = (u64)pdpt | PTE_P | PTE_W | PTE_U;
	for (u64 i = 0; i < 4; i++)
		pdpt[i] = ((u64)page_directories + i * PAGE_SIZE) | PTE_P | PTE_W | PTE_U;
	for (u64 i = 0; i < LARGE_PAGES; i++)
		page_directories[i] =
			i << 21 | PTE_P | PTE_W | PTE_PS | (i < DEVICES ? 0 : PTE_PCD | PTE_PWT);
	for (u64 i = 0; i < LOW_PAGES; i++)
		low_page_table[i] = i * PAGE_SIZE | PTE_P | PTE_W;
	low_page_table[(u64)boot_stack_guard / PAGE_SIZE] = 0;
	for (u64 i = 0; i < LOW_PAGES / 512; i++)
		page_directories[i] = ((u64)low_page_table + i * PAGE_SIZE) | PTE_P | PTE_W | PTE_U;
}

static void load_data_segments(void)
{
	asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss" ::"r"(SEL_DATA));
}

static void take_machine(void)
{
	cli();
	before.cr0 = read_cr0();
	before.cr3 = read_cr3();
	before.cr4 = read_cr4();
	before.efer = rdmsr(MSR_EFER);
	before.gs_base = rdmsr(MSR_GS_BASE);
	asm volatile("sgdt %0; sidt %1" : "=m"(before.gdtr), "=m"(before.idtr));
	asm volatile("str %0" : "=r"(before.tr));
	build_page_tables();
	write_cr4(CR4_PAE);
	wrmsr(MSR_EFER, before.efer | (cpuid(0x80000001, 0).edx & 1 << 20 ? EFER_NXE : 0));
	write_cr3((u64)pml4);
	write_cr0((u32)(CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE));
	desc_init();
	load_data_segments();
	paging_init();
	pic_mask_all();
	/* Not lapic_init(): kvm-unit-tests has disabled the LAPIC for a moment, and for QEMU it is
	 * then no more among the features of CPUID. */
	lapic_start(cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC);
	probe_missing_msr();
	probe_virtualization();
}

/* A TSS that was in use is marked busy, and could not be loaded again. */
static void return_machine(void)
{
	u64 *tss = (u64 *)(before.gdtr.base + (before.tr & ~7u));

	write_cr0(before.cr0);
	write_cr4(before.cr4);
	write_cr3(before.cr3);
	wrmsr(MSR_EFER, before.efer);
	*tss &= ~BIT(TSS_BUSY_SHIFT);
	asm volatile("lgdt %0; lidt %1" ::"m"(before.gdtr), "m"(before.idtr));
	asm volatile("ltr %w0" ::"r"(before.tr));
	load_data_segments();
	wrmsr(MSR_GS_BASE, before.gs_base);
}

static void run(void)
{
	take_machine();
	stage_run(&THE_CASE);
	return_machine();
}

/* kvm-unit-tests' own stack may be no more than a page. */
static void call_on_main_stack(void (*function)(void))
{
	asm volatile("mov %%rsp, %%rbx; mov %0, %%rsp; call *%1; mov %%rbx, %%rsp"
		     :
		     : "r"(boot_stack_top), "r"(function)
		     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc",
		       "memory");
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	call_on_main_stack(run);
	if (result.verdict == VERDICT_SKIP)
		report_skip("%s", result.text);
	else
		report(result.verdict == VERDICT_PASS, "%s", result.text);
	return report_summary();
}
