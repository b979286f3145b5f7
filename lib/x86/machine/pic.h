/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two 8259 interrupt controllers: moved out of the exceptions' vectors, and masked.
 */
#ifndef ORDEAL_PIC_H
#define ORDEAL_PIC_H

void pic_mask_all(void);

#endif
