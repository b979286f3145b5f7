/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a processor offers of all that the suites require(): `make models` boots this image on every
 * CPU model of Bochs and writes the table of docs/platforms.md. In group nodefault; the names are
 * the manuals' terms ("CPUID-CPU Identification", "VMX Capability Reporting Facility" of the Intel
 * SDM, "Function 8000_000Ah-SVM Features" of the APM).
 */
#include "boot/probe.h"
#include "hv/hv.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "stage/case.h"
#include "svm/controls.h"
#include "vmx/controls.h"
#include "vmx/vmx.h"

static void offers(const char *name, bool offered)
{
	observed("%s=%d", name, offered);
}

static void observe_processor(void)
{
	u64 ignored;

	offers("x2apic", cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC);
	offers("monitor", cpuid(1, 0).ecx & CPUID_1_ECX_MONITOR);
	offers("mwait_interrupt_break",
	       cpuid(0, 0).eax >= 5 && (cpuid(5, 0).ecx & CPUID_5_ECX_INTERRUPT_BREAK) ==
					       CPUID_5_ECX_INTERRUPT_BREAK);
	offers("cmpxchg16b", cpuid(1, 0).ecx & CPUID_1_ECX_CX16);
	offers("xsave", cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE);
	offers("execute_disable", rdmsr(MSR_EFER) & EFER_NXE);
	offers("debugctl", probe_rdmsr(MSR_DEBUGCTL, &ignored));
}

static void observe_vmx(void)
{
	static const struct {
		const char *name;
		enum vmcs_field field;
		u32 bit;
	} controls[] = {
		{ "virtual_nmis", PIN_BASED_CONTROLS, PIN_VIRTUAL_NMIS },
		{ "preemption_timer", PIN_BASED_CONTROLS, PIN_PREEMPTION_TIMER },
		{ "posted_interrupts", PIN_BASED_CONTROLS, PIN_POSTED_INTERRUPTS },
		{ "interrupt_window", PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW },
		{ "nmi_window", PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW },
		{ "monitor_trap_flag", PRIMARY_CONTROLS, PRIMARY_MTF },
		{ "tpr_shadow", PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW },
		{ "msr_bitmaps", PRIMARY_CONTROLS, PRIMARY_MSR_BITMAPS },
		{ "ept", SECONDARY_CONTROLS, SECONDARY_EPT },
		{ "unrestricted_guest", SECONDARY_CONTROLS, SECONDARY_UNRESTRICTED },
		{ "virtualize_apic", SECONDARY_CONTROLS, SECONDARY_VIRTUALIZE_APIC },
		{ "virtualize_x2apic", SECONDARY_CONTROLS, SECONDARY_VIRTUALIZE_X2APIC },
		{ "apic_registers", SECONDARY_CONTROLS, SECONDARY_APIC_REGISTERS },
		{ "virtual_interrupts", SECONDARY_CONTROLS, SECONDARY_VIRTUAL_INTERRUPTS },
		{ "rdtscp", SECONDARY_CONTROLS, SECONDARY_RDTSCP },
		{ "invpcid", SECONDARY_CONTROLS, SECONDARY_INVPCID },
		{ "acknowledge_on_exit", EXIT_CONTROLS, EXIT_ACKNOWLEDGE },
	};
	bool vmx = hv_is_vmx();

	offers("vmx", vmx);
	offers("true_controls", vmx && rdmsr(MSR_VMX_BASIC) & VMX_BASIC_TRUE_CONTROLS);
	for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
		offers(controls[i].name, vmx && vmx_allows(controls[i].field, controls[i].bit));
	offers("shutdown_state", vmx_offers_activity(ACTIVITY_SHUTDOWN));
}

static void observe_svm(void)
{
	offers("svm", hv_is_svm());
	offers("nested_paging", svm_offers(CPUID_8000000A_EDX_NPT));
	offers("nrip_save", svm_offers(CPUID_8000000A_EDX_NRIPS));
	offers("virtual_gif", svm_offers(CPUID_8000000A_EDX_VGIF));
	offers("virtual_nmi", svm_offers(CPUID_8000000A_EDX_VNMI));
	offers("idle_hlt", svm_offers(CPUID_8000000A_EDX_IDLE_HLT));
}

CASE(offered, "-", "what the processor offers, as name=1", "none: this case is a measurement")
{
	observe_vmx();
	observe_svm();
	observe_processor();
	scene(L(UD2));
	play();
	expect(UD(AT(L)));
}
