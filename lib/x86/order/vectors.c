/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Exception and Interrupt Vectors" of the Intel SDM; #HV, #VC and #SX of the AMD APM.
 */
#include "order/vectors.h"
#include "base/bits.h"

const char *exception_mnemonic(u8 vector)
{
	static const char *const names[32] = {
		[DE_VECTOR] = "#DE", [DB_VECTOR] = "#DB", [BP_VECTOR] = "#BP", [OF_VECTOR] = "#OF",
		[BR_VECTOR] = "#BR", [UD_VECTOR] = "#UD", [NM_VECTOR] = "#NM", [DF_VECTOR] = "#DF",
		[TS_VECTOR] = "#TS", [NP_VECTOR] = "#NP", [SS_VECTOR] = "#SS", [GP_VECTOR] = "#GP",
		[PF_VECTOR] = "#PF", [MF_VECTOR] = "#MF", [AC_VECTOR] = "#AC", [MC_VECTOR] = "#MC",
		[XM_VECTOR] = "#XM", [VE_VECTOR] = "#VE", [CP_VECTOR] = "#CP", [HV_VECTOR] = "#HV",
		[VC_VECTOR] = "#VC", [SX_VECTOR] = "#SX",
	};

	return vector < ARRAY_SIZE(names) ? names[vector] : NULL;
}

void vector_entry_name(struct text *text, u8 vector)
{
	const char *mnemonic = exception_mnemonic(vector);

	if (mnemonic)
		text_add(text, "%s_ENTRY", mnemonic + 1);
	else if (vector == NMI_VECTOR)
		text_add(text, "NMI_ENTRY");
	else
		text_add(text, "IRQ_%#x_ENTRY", vector);
}
