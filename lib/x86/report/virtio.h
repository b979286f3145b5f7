/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sending half of a virtio serial port: a whole line is one write of the host. Only the legacy
 * interface, and only what a log needs: "Legacy Interfaces: A Note on PCI Device Layout",
 * "Console Device" of the VIRTIO specification.
 */
#ifndef ORDEAL_VIRTIO_H
#define ORDEAL_VIRTIO_H

#include "base/types.h"

/* Finds the device and sets up its port 1. NULL, or why that cannot be done. */
const char *virtio_init(void);

/* Returns when the host has taken all of it, which is at once unless its pipe is full. */
void virtio_write(const char *bytes, size_t n);

#endif
