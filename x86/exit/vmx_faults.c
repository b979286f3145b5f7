/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One instruction that would fault and would exit: which is it? Faults of decoding, of privilege,
 * of the I/O permission bit map and of fetching an operand come first. Everything else that the
 * instruction itself would find wrong comes after the exit: the segment and alignment of INS, the
 * value for CR3. MOV to and from debug registers is the exception: its exit comes before even
 * privilege.
 */
#include "machine/segments.h"
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

#define CONDITIONAL_EXITS "SDM 3C, Instructions That Cause VM Exits Conditionally"

#define BAD_CR3		  BIT(60)
enum {
	PORT = 0x61, /* of the fragment IN */
	SMALL_LIMIT = 0xfff,
	RIGHTS_CODE32 = 0xc09b,
	RIGHTS_BYTE_LIMIT = 0x4093, /* writable data, limit in bytes */
};

#define RDTSC_EXITING  "RDTSC exiting (IA32_VMX_PROCBASED_CTLS bit 44)"
#define INVLPG_EXITING "INVLPG exiting (IA32_VMX_PROCBASED_CTLS bit 41)"
#define CR3_EXITING    "CR3-load exiting (IA32_VMX_PROCBASED_CTLS bit 47)"
#define MOV_DR_EXITING "MOV-DR exiting (IA32_VMX_PROCBASED_CTLS bit 55)"
#define IO_EXITING     "unconditional I/O exiting (IA32_VMX_PROCBASED_CTLS bit 56)"

/* A guest with this control set, which @what names. */
static struct vcpu *start_with(enum vmx_control control, const char *what)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers(control), what);
	v = hv_start();
	vmx_control(v, control, true);
	return v;
}

/* Skips the instruction that exited, as if root had completed it, and runs the guest to its end. */
static void complete(struct vcpu *v)
{
	vcpu_skip_instruction(v);
	run_to_end(v);
}

/* --- Privilege --- */

struct faults_at_cpl3 {
	u16 instruction;
	enum vmx_control control; /* because of which it exits in CPL 0 */
	const char *what;	  /* names that control; NULL: it exits without one of these */
};

static void faults_at_cpl3(const struct faults_at_cpl3 *p)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(PUSH_IRET_FRAME_CPL3, IRETQ, UD2, T(p->instruction));
	v = p->what ? start_with(p->control, p->what) : hv_start();
	vcpu_intercept(v, INTERCEPT_HLT, true);
	run_to_end(v);
	expect(GP(0, AT(T), CPL(3)));
}

#define PRIVILEGED(what) what " in CPL 3 raises #GP, and does not exit although it would in CPL 0"

TABLE(hlt_cpl3, "V75", PRIVILEGED("HLT"), FAULTS_VS_EXITS, faults_at_cpl3, .instruction = HLT);
TABLE(invlpg_cpl3, "V75", PRIVILEGED("INVLPG"), FAULTS_VS_EXITS, faults_at_cpl3, INVLPG,
      VMX_INVLPG_EXITING, INVLPG_EXITING);
TABLE(mov_cr3_cpl3, "V75", PRIVILEGED("MOV to CR3"), FAULTS_VS_EXITS, faults_at_cpl3, MOV_TO_CR3,
      VMX_CR3_LOAD_EXITING, CR3_EXITING);
TABLE(wrmsr_cpl3, "V75", PRIVILEGED("WRMSR"), FAULTS_VS_EXITS, faults_at_cpl3,
      .instruction = WRMSR);

CASE(cpuid_cpl3, "V75", "CPUID in CPL 3, where it is not privileged, exits", FAULTS_VS_EXITS)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(PUSH_IRET_FRAME_CPL3, IRETQ, UD2, T(CPUID));
	v = hv_start();
	run_to(v, EXIT_CPUID, T);
	complete(v);
	expect(EXIT(CPUID, AT(T)), ENTRY(AT(AFTER(T))));
}

/* --- Instructions that are undefined --- */

CASE(lock_cpuid, "V76", "LOCK CPUID raises #UD, and does not exit", FAULTS_VS_EXITS)
{
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(LOCK_CPUID), NOP);
	run_to_end(hv_start());
	expect(UD(AT(L)));
}

CASE(rdtscp_disabled, "V76",
     "RDTSCP that the VM-execution controls do not enable raises #UD, and does not exit although RDTSC would",
     CONDITIONAL_EXITS)
{
	struct vcpu *v;

	scene(L(RDTSCP), NOP);
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers(VMX_RDTSCP), "RDTSCP in the guest (IA32_VMX_PROCBASED_CTLS2 bit 35)");
	v = start_with(VMX_RDTSC_EXITING, RDTSC_EXITING);
	vmx_control(v, VMX_RDTSCP, false);
	run_to_end(v);
	expect(UD(AT(L)));
}

CASE(invpcid_disabled, "V76",
     "INVPCID that the VM-execution controls do not enable raises #UD, and does not exit although INVLPG would",
     CONDITIONAL_EXITS)
{
	struct vcpu *v;

	scene(L(INVPCID), NOP);
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers(VMX_INVPCID), "INVPCID in the guest (IA32_VMX_PROCBASED_CTLS2 bit 44)");
	v = start_with(VMX_INVLPG_EXITING, INVLPG_EXITING);
	vmx_control(v, VMX_INVPCID, false);
	run_to_end(v);
	expect(UD(AT(L)));
}

/* --- I/O --- */

static struct vcpu *in_at_cpl3(void)
{
	scene(PUSH_IRET_FRAME_CPL3_IOPL0, IRETQ, UD2, T(IN));
	return start_with(VMX_IO_EXITING, IO_EXITING);
}

CASE(in_denied, "V77",
     "IN in CPL 3 that the I/O permission bit map denies raises #GP, and does not exit",
     FAULTS_VS_EXITS)
{
	run_to_end(in_at_cpl3());
	expect(GP(0, AT(T), CPL(3)));
}

CASE(in_allowed, "V77", "IN in CPL 3 that the I/O permission bit map allows exits", FAULTS_VS_EXITS)
{
	struct vcpu *v;

	tss_allow_port(PORT);
	v = in_at_cpl3();
	run_to(v, EXIT_IO, T);
	vcpu_set(v, VCPU_RFLAGS, vcpu_get(v, VCPU_RFLAGS) | RFLAGS_IOPL3); /* for the landing */
	complete(v);
	expect(EXIT(IO, AT(T)), ENTRY(AT(AFTER(T))));
}

/* INSB in compatibility mode, where segments count. */
static struct vcpu *insb_in_compatibility_mode(void)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(L(INSB), NOP);
	s->in.rdx = PORT;
	s->in.rdi = s->rsp - PAGE_SIZE;
	v = start_with(VMX_IO_EXITING, IO_EXITING);
	vmwrite(GUEST_ACCESS_RIGHTS + 2 * SEG_CS, RIGHTS_CODE32);
	return v;
}

static void exits_on_io(struct vcpu *v)
{
	run_to(v, EXIT_IO, L);
	complete(v);
	expect(EXIT(IO, AT(L)), ENTRY(AT(AFTER(L))));
}

CASE(ins_unusable, "V78", "INS with an unusable ES exits, and does not fault", FAULTS_VS_EXITS)
{
	struct vcpu *v = insb_in_compatibility_mode();

	vmwrite(GUEST_ACCESS_RIGHTS + 2 * SEG_ES, SEGMENT_UNUSABLE);
	exits_on_io(v);
}

CASE(ins_beyond_limit, "V78", "INS beyond the limit of ES exits, and does not fault",
     FAULTS_VS_EXITS)
{
	struct vcpu *v = insb_in_compatibility_mode();

	vmwrite(GUEST_ACCESS_RIGHTS + 2 * SEG_ES, RIGHTS_BYTE_LIMIT);
	vmwrite(GUEST_LIMIT + 2 * SEG_ES, SMALL_LIMIT);
	exits_on_io(v);
}

static void enter_at_cpl3(void)
{
	vmwrite(GUEST_SELECTOR + 2 * SEG_CS, SEL_USER_CODE64 | SEL_RPL3);
	vmwrite(GUEST_ACCESS_RIGHTS + 2 * SEG_CS,
		segment_access_rights(SEL_USER_CODE64 | SEL_RPL3));
	vmwrite(GUEST_SELECTOR + 2 * SEG_SS, SEL_USER_DATA | SEL_RPL3);
	vmwrite(GUEST_ACCESS_RIGHTS + 2 * SEG_SS, segment_access_rights(SEL_USER_DATA | SEL_RPL3));
}

CASE(ins_unaligned, "V78",
     "INSW to an odd address, with alignment checked, exits, and does not raise #AC",
     FAULTS_VS_EXITS)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(L(INSW), NOP);
	s->in.rdx = PORT;
	s->in.rdi = s->rsp - PAGE_SIZE + 1;
	s->in_rflags |= RFLAGS_AC | RFLAGS_IOPL3;
	v = start_with(VMX_IO_EXITING, IO_EXITING);
	vmwrite(GUEST_CR0, vmread(GUEST_CR0) | CR0_AM);
	enter_at_cpl3();
	exits_on_io(v);
}

/* --- Control registers --- */

static struct vcpu *start_with_cr0_mask(void)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	v = hv_start();
	vmwrite(CR0_GUEST_HOST_MASK, CR0_TS);
	vmwrite(CR0_READ_SHADOW, 0);
	return v;
}

CASE(lmsw_page_fault, "V79",
     "LMSW from a page that is not present raises #PF, and does not exit, whatever the guest/host mask of CR0 is",
     FAULTS_VS_EXITS)
{
	scene(L(LMSW_NOT_PRESENT), NOP);
	run_to_end(start_with_cr0_mask());
	expect(PF(0, AT(L), CR2(PLAY_NOT_PRESENT)));
}

CASE(lmsw_exits, "V79",
     "LMSW exits if the value that it has read from memory would change a bit of CR0 that the host owns",
     CONDITIONAL_EXITS)
{
	struct vcpu *v;

	*(volatile u16 *)PLAY_WRITABLE = CR0_PE | CR0_TS;
	scene(L(LMSW), NOP);
	v = start_with_cr0_mask();
	run_to(v, EXIT_CR_ACCESS, L);
	complete(v);
	expect(EXIT(CR_ACCESS, AT(L)), ENTRY(AT(AFTER(L))));
}

CASE(bad_cr3, "V82", "MOV to CR3 of a value with reserved bits exits, and does not raise #GP",
     FAULTS_VS_EXITS)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(L(MOV_TO_CR3), NOP);
	s->in.rax = BAD_CR3;
	v = start_with(VMX_CR3_LOAD_EXITING, CR3_EXITING);
	run_to(v, EXIT_CR_ACCESS, L);
	complete(v);
	expect(EXIT(CR_ACCESS, AT(L)), ENTRY(AT(AFTER(L))));
}

/* --- Debug registers --- */

static void exits_on_dr(struct vcpu *v)
{
	run_to(v, EXIT_DR_ACCESS, L);
	vcpu_set(v, VCPU_DR7, DR7_RESET);
	complete(v);
	expect(EXIT(DR_ACCESS, AT(L)), ENTRY(AT(AFTER(L))));
}

CASE(mov_dr5, "V80", "MOV to DR5 with CR4.DE=1 exits, and does not raise #UD", CONDITIONAL_EXITS)
{
	scene(L(MOV_TO_DR5), NOP);
	write_cr4(read_cr4() | CR4_DE);
	exits_on_dr(start_with(VMX_MOV_DR_EXITING, MOV_DR_EXITING));
}

CASE(mov_dr_cpl3, "V80", "MOV to a debug register in CPL 3 exits, and does not raise #GP",
     CONDITIONAL_EXITS)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(L(MOV_TO_DR0), NOP);
	s->in_rflags |= RFLAGS_IOPL3;
	v = start_with(VMX_MOV_DR_EXITING, MOV_DR_EXITING);
	enter_at_cpl3();
	exits_on_dr(v);
}

/*
 * Asserted because two implementations agree: Linux' KVM (handle_dr) relies on it, Bochs does it.
 */
CASE(mov_dr_guarded, "V81", "MOV to a debug register with DR7.GD=1 exits, and does not raise #DB",
     FAULTS_VS_EXITS)
{
	struct vcpu *v;

	scene(L(MOV_TO_DR0), NOP);
	v = start_with(VMX_MOV_DR_EXITING, MOV_DR_EXITING);
	vcpu_set(v, VCPU_DR7, DR7_RESET | DR7_GD);
	exits_on_dr(v);
}
