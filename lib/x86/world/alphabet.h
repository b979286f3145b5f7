/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the names of situations begin with: an opener and an instruction. Macro lists, because the
 * image's table of cases has one for each pair (x86/world/blocks.c).
 *
 * Each fragment that has a record in order/fragments.def is an instruction of the world, as it
 * stands there; so a line there adds one. PREPARED_INSTRUCTIONS lists those that need something
 * before they mean anything, and LEFT_OUT_* says of the other fragments why they are not played.
 */
#ifndef ORDEAL_WORLD_ALPHABET_H
#define ORDEAL_WORLD_ALPHABET_H

/* X(word, flags on the first instruction, enum opener_property, steps ...) */
#define OPENERS(X, ...)                                                                            \
	X(IF0, RFLAGS_FIXED, 0, (), ##__VA_ARGS__)                                                 \
	X(IF1, RFLAGS_FIXED | RFLAGS_IF, 0, (), ##__VA_ARGS__)                                     \
	X(STI, RFLAGS_FIXED, 0, (FRAGMENT_STI), ##__VA_ARGS__)                                     \
	X(STI_STI, RFLAGS_FIXED, 0, (FRAGMENT_STI, FRAGMENT_STI), ##__VA_ARGS__)                   \
	X(STI_NOP, RFLAGS_FIXED, 0, (FRAGMENT_STI, FRAGMENT_NOP), ##__VA_ARGS__)                   \
	X(CLI, RFLAGS_FIXED | RFLAGS_IF, 0, (FRAGMENT_CLI), ##__VA_ARGS__)                         \
	X(POPF, RFLAGS_FIXED, 0, (FRAGMENT_PUSH_FLAGS_IF, FRAGMENT_POPF), ##__VA_ARGS__)           \
	X(POPF_TF, RFLAGS_FIXED, 0, (FRAGMENT_PUSH_FLAGS_TF, FRAGMENT_POPF), ##__VA_ARGS__)        \
	X(POPF_IF_TF, RFLAGS_FIXED, 0, (FRAGMENT_PUSH_FLAGS_IF_TF, FRAGMENT_POPF), ##__VA_ARGS__)  \
	X(MOV_SS, RFLAGS_FIXED, OPENER_SYSTEM, (FRAGMENT_MOV_SS), ##__VA_ARGS__)                   \
	X(STI_MOV_SS, RFLAGS_FIXED, OPENER_SYSTEM, (FRAGMENT_STI, FRAGMENT_MOV_SS), ##__VA_ARGS__) \
	X(MOV_SS_STI, RFLAGS_FIXED, OPENER_SYSTEM, (FRAGMENT_MOV_SS, FRAGMENT_STI), ##__VA_ARGS__) \
	X(MOV_CR8, RFLAGS_FIXED | RFLAGS_IF, OPENER_SYSTEM, (FRAGMENT_MOV_TO_CR8), ##__VA_ARGS__)  \
	X(IRETQ, RFLAGS_FIXED, OPENER_SYSTEM | OPENER_TO_T | OPENER_LOSES_RAX,                     \
	  (FRAGMENT_PUSH_IRET_FRAME, FRAGMENT_IRETQ, FRAGMENT_UD2), ##__VA_ARGS__)                 \
	X(IRETQ_IF0, RFLAGS_FIXED, OPENER_SYSTEM | OPENER_TO_T | OPENER_LOSES_RAX,                 \
	  (FRAGMENT_PUSH_IRET_FRAME_IF0, FRAGMENT_IRETQ, FRAGMENT_UD2), ##__VA_ARGS__)             \
	X(IRETQ_TF, RFLAGS_FIXED, OPENER_SYSTEM | OPENER_TO_T | OPENER_LOSES_RAX,                  \
	  (FRAGMENT_PUSH_IRET_FRAME_TF, FRAGMENT_IRETQ, FRAGMENT_UD2), ##__VA_ARGS__)              \
	X(IRETQ_CPL3, RFLAGS_FIXED, OPENER_SYSTEM | OPENER_TO_T | OPENER_TO_CPL3,                  \
	  (FRAGMENT_PUSH_IRET_FRAME_CPL3, FRAGMENT_IRETQ, FRAGMENT_UD2), ##__VA_ARGS__)            \
	X(SYSRETQ, RFLAGS_FIXED, OPENER_SYSTEM | OPENER_TO_T | OPENER_TO_CPL3 | OPENER_LOSES_RCX,  \
	  (FRAGMENT_LOAD_SYSRET_TO_T, FRAGMENT_SYSRETQ, FRAGMENT_UD2), ##__VA_ARGS__)              \
	X(SYSCALL, RFLAGS_FIXED, OPENER_TO_T | OPENER_CALLS | OPENER_LOSES_RCX,                    \
	  (FRAGMENT_STI, FRAGMENT_SYSCALL, FRAGMENT_UD2), ##__VA_ARGS__)

/* X(word, fragment, enum preparation, setup steps ...) */
#define PREPARED_INSTRUCTIONS(X, ...)                                                              \
	X(RDMSR_KNOWN, RDMSR, PREPARE_KNOWN_MSR, (), ##__VA_ARGS__)                                \
	X(WRMSR_KNOWN, WRMSR, PREPARE_KNOWN_MSR, (), ##__VA_ARGS__)                                \
	X(WRMSR_LSTAR, WRMSR, 0, (FRAGMENT_LOAD_NONCANONICAL_LSTAR), ##__VA_ARGS__)                \
	X(RET_TO_NEXT, RET, PREPARE_NEXT_IS_T, (FRAGMENT_PUSH_T), ##__VA_ARGS__)                   \
	X(POPF_IF1, POPF, 0, (FRAGMENT_PUSH_FLAGS_IF), ##__VA_ARGS__)                              \
	X(POPF_IF0, POPF, 0, (FRAGMENT_PUSH_FLAGS), ##__VA_ARGS__)                                 \
	X(POPF_TF1, POPF, 0, (FRAGMENT_PUSH_FLAGS_TF), ##__VA_ARGS__)                              \
	X(IRETQ_IF1, IRETQ, PREPARE_NEXT_IS_T | PREPARE_SYSTEM, (FRAGMENT_PUSH_IRET_FRAME),        \
	  ##__VA_ARGS__)                                                                           \
	X(IRETQ_BAD_CS, IRETQ, PREPARE_NEXT_IS_T | PREPARE_SYSTEM, (FRAGMENT_PUSH_IRET_FRAME_BAD), \
	  ##__VA_ARGS__)                                                                           \
	X(IRETQ_TO_CPL3, IRETQ, PREPARE_NEXT_IS_T | PREPARE_SYSTEM | PREPARE_ENDS_IN_CPL3,         \
	  (FRAGMENT_PUSH_IRET_FRAME_CPL3), ##__VA_ARGS__)                                          \
	X(SYSRETQ_TO_CPL3, SYSRETQ, PREPARE_NEXT_IS_T | PREPARE_ENDS_IN_CPL3 | PREPARE_KEEP_RCX,   \
	  (FRAGMENT_LOAD_SYSRET_TO_T), ##__VA_ARGS__)                                              \
	X(SYSCALL_TO_NEXT, SYSCALL, PREPARE_NEXT_IS_T | PREPARE_CALLS, (), ##__VA_ARGS__)          \
	X(MOVSB_INSIDE, MOVSB, PREPARE_STRING, (FRAGMENT_LOAD_MOVSB_COUNT), ##__VA_ARGS__)         \
	X(REP_MOVSB_3, REP_MOVSB, PREPARE_STRING, (FRAGMENT_LOAD_MOVSB_COUNT), ##__VA_ARGS__)      \
	X(REP_MOVSB_FAULTING, REP_MOVSB, PREPARE_COUNT, (), ##__VA_ARGS__)                         \
	X(FWAIT_WITH_ERROR, FWAIT, 0, (FRAGMENT_LEAVE_X87_ERROR), ##__VA_ARGS__)                   \
	X(MOV_DS_BEYOND, MOV_DS, PREPARE_BEYOND, (), ##__VA_ARGS__)                                \
	X(MOV_DS_ABSENT, MOV_DS, PREPARE_ABSENT | PREPARE_SYSTEM, (), ##__VA_ARGS__)               \
	X(MOV_CR0_SAME, MOV_TO_CR0, PREPARE_SAME_CR0, (), ##__VA_ARGS__)                           \
	X(MOV_CR3_SAME, MOV_TO_CR3, PREPARE_SAME_CR3, (), ##__VA_ARGS__)                           \
	X(MOV_SS_FROM_MEMORY, MOV_SS_MEMORY, PREPARE_SELECTOR | PREPARE_SYSTEM, (), ##__VA_ARGS__) \
	X(JMP_ABSENT, JMP_ELSEWHERE, PREPARE_ABSENT_TARGET, (), ##__VA_ARGS__)

/* Is a fragment left out? Of those that are, LEFT_OUT_NAME is defined here. */
#define WHY(reason)			    ~, 1
#define LEFT_OUT_SECOND(first, second, ...) second
#define LEFT_OUT_CHECK(...)		    LEFT_OUT_SECOND(__VA_ARGS__, 0, ~)
#define IS_LEFT_OUT(id)			    LEFT_OUT_CHECK(LEFT_OUT_##id)

#define LEFT_OUT_POPF			    WHY("prepared: POPF_IF1")
#define LEFT_OUT_IRETQ			    WHY("prepared: IRETQ_IF1")
#define LEFT_OUT_SYSRETQ		    WHY("prepared: SYSRETQ_TO_CPL3")
#define LEFT_OUT_SYSCALL		    WHY("prepared: SYSCALL_TO_NEXT")
#define LEFT_OUT_SYSENTER		    WHY("in 64-bit mode AMD has none")
#define LEFT_OUT_JMP_OVER_SYSRETQ	    WHY("jumps over a SYSRETQ that is not there")
#define LEFT_OUT_PUSH_FLAGS_IF		    WHY("prepares")
#define LEFT_OUT_PUSH_FLAGS		    WHY("prepares")
#define LEFT_OUT_PUSH_FLAGS_TF		    WHY("prepares")
#define LEFT_OUT_PUSH_FLAGS_IF_TF	    WHY("prepares")
#define LEFT_OUT_PUSH_FLAGS_RF		    WHY("prepares")
#define LEFT_OUT_PUSH_T			    WHY("prepares")
#define LEFT_OUT_PUSH_IRET_FRAME	    WHY("prepares")
#define LEFT_OUT_PUSH_IRET_FRAME_IF0	    WHY("prepares")
#define LEFT_OUT_PUSH_IRET_FRAME_TF	    WHY("prepares")
#define LEFT_OUT_PUSH_IRET_FRAME_BAD	    WHY("prepares")
#define LEFT_OUT_PUSH_IRET_FRAME_CPL3	    WHY("prepares")
#define LEFT_OUT_PUSH_IRET_FRAME_CPL3_IOPL0 WHY("prepares")
#define LEFT_OUT_LOAD_SYSRET_TO_T	    WHY("prepares")
#define LEFT_OUT_SET_TF_IN_R11		    WHY("prepares")
#define LEFT_OUT_LOAD_NONCANONICAL_LSTAR    WHY("prepares")
#define LEFT_OUT_LOAD_RESERVED_EFER	    WHY("prepares")
#define LEFT_OUT_LOAD_NONCANONICAL_RSP	    WHY("prepares, and no event can be delivered after it")
#define LEFT_OUT_MONITOR		    WHY("prepares")
#define LEFT_OUT_LOAD_MWAIT_BREAK	    WHY("prepares")
#define LEFT_OUT_LOAD_MWAIT		    WHY("prepares")
#define LEFT_OUT_LOAD_SELF_IPI_HIGH	    WHY("prepares")
#define LEFT_OUT_LOAD_RSP_RBP		    WHY("prepares")
#define LEFT_OUT_LOAD_MOVSB_COUNT	    WHY("prepares")
#define LEFT_OUT_LEAVE_X87_ERROR	    WHY("prepares")
#define LEFT_OUT_LOAD_ONE_AND_ZERO	    WHY("prepares")
#define LEFT_OUT_INT_3			    WHY("INT n, of which INT 0x50 is played")
#define LEFT_OUT_MWAIT			    WHY("nothing ends it where it does not wait for interrupts")
#define LEFT_OUT_PUSH			    WHY("the scene never reads what it pushes: see CALL")
#define LEFT_OUT_RET			    WHY("prepared: RET_TO_NEXT")
#define LEFT_OUT_POP_RAX		    WHY("the scene has pushed nothing")
#define LEFT_OUT_DIVSS			    WHY("needs CR4.OSFXSR")
#define LEFT_OUT_XGETBV			    WHY("needs CR4.OSXSAVE")
#define LEFT_OUT_MOV_TO_CR0		    WHY("prepared: MOV_CR0_SAME")
#define LEFT_OUT_MOV_TO_CR3		    WHY("prepared: MOV_CR3_SAME")
#define LEFT_OUT_MOV_SS_MEMORY		    WHY("prepared: MOV_SS_FROM_MEMORY")
#define LEFT_OUT_JMP_ELSEWHERE		    WHY("prepared: JMP_ABSENT")
#define LEFT_OUT_REP_MOVSB		    WHY("prepared: REP_MOVSB_3")

#endif
