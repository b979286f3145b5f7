/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One descriptor, offered again for every write. Port 1 is used, because port 0 belongs to a
 * virtconsole, which drops bytes when its pipe is full; nothing has to be negotiated to send.
 */
#include "report/virtio.h"
#include "machine/processor.h"

enum pci {
	PCI_ADDRESS = 0xcf8,
	PCI_DATA = 0xcfc,
	PCI_ENABLE = 1u << 31,
	PCI_DEVICE_SHIFT = 11,
	PCI_DEVICES = 32,
	PCI_ID = 0x00,
	PCI_COMMAND = 0x04,
	PCI_BAR_0 = 0x10,
	PCI_COMMAND_IO = 1 << 0,
	PCI_COMMAND_MASTER = 1 << 2,
	PCI_BAR_IS_IO = 1 << 0,
	VIRTIO_SERIAL_ID = 0x10031af4, /* device 1003H of vendor 1AF4H */
};

enum legacy_register {
	GUEST_FEATURES = 0x04,
	QUEUE_ADDRESS = 0x08, /* in pages */
	QUEUE_SIZE = 0x0c,
	QUEUE_SELECT = 0x0e,
	QUEUE_NOTIFY = 0x10,
	DEVICE_STATUS = 0x12,
};

enum {
	STATUS_ACKNOWLEDGE = 1,
	STATUS_DRIVER = 2,
	STATUS_DRIVER_OK = 4,
	AVAILABLE_NO_INTERRUPT = 1,
	PORT_1_TRANSMIT = 5, /* after two queues of port 0 and two for control */
	MOST = 1024,	     /* entries of a queue that fits here */
};

struct descriptor {
	u64 address;
	u32 length;
	u16 flags, next;
};

/*
 * "Virtqueue Layout" of the legacy interface, for the largest queue: a smaller one is laid out in
 * its beginning. QEMU 7.2 has queues of 128 entries, QEMU 10 of 1024.
 */
static u8 queue[8 * 4096] __attribute__((aligned(4096)));
_Static_assert(MOST * sizeof(struct descriptor) + 4096 + MOST * 8 + 6 <= sizeof(queue),
	       "descriptors, available ring (less than a page), used ring");
static struct descriptor *const descriptor = (void *)queue;
static volatile u16 *available, *used_index;
static u16 io_base, size, written;

static u32 pci_read(u32 device, u32 offset)
{
	outl(PCI_ADDRESS, PCI_ENABLE | device << PCI_DEVICE_SHIFT | offset);
	return inl(PCI_DATA);
}

static void pci_write(u32 device, u32 offset, u32 value)
{
	outl(PCI_ADDRESS, PCI_ENABLE | device << PCI_DEVICE_SHIFT | offset);
	outl(PCI_DATA, value);
}

static void set_status(u8 status)
{
	outb(io_base + DEVICE_STATUS, status);
}

static const char *set_up_queue(void)
{
	size_t used;

	outw(io_base + QUEUE_SELECT, PORT_1_TRANSMIT);
	size = inw(io_base + QUEUE_SIZE);
	if (!size || size > MOST)
		return "the virtio serial device has no port 1, or a queue of an unknown size";
	used = (size * sizeof(struct descriptor) + (size + 3) * sizeof(u16) + 4095) & ~4095ul;
	available = (u16 *)(queue + size * sizeof(struct descriptor));
	available[0] = AVAILABLE_NO_INTERRUPT;
	used_index = (u16 *)(queue + used) + 1;
	outl(io_base + QUEUE_ADDRESS, (u32)((u64)queue >> 12));
	return NULL;
}

const char *virtio_init(void)
{
	const char *problem;
	u32 device = 0, bar;

	while (device < PCI_DEVICES && pci_read(device, PCI_ID) != VIRTIO_SERIAL_ID)
		device++;
	if (device == PCI_DEVICES)
		return "there is no legacy virtio serial device (1af4:1003) on PCI bus 0";
	bar = pci_read(device, PCI_BAR_0);
	if (!(bar & PCI_BAR_IS_IO) || bar == PCI_BAR_IS_IO)
		return "the virtio serial device has no I/O ports: no firmware gave it any";
	pci_write(device, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	io_base = bar & 0xfffc;
	set_status(0);
	set_status(STATUS_ACKNOWLEDGE);
	set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	outl(io_base + GUEST_FEATURES, 0);
	problem = set_up_queue();
	if (!problem)
		set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK);
	return problem;
}

void virtio_write(const char *bytes, size_t n)
{
	if (!n)
		return; /* a descriptor of no bytes is not legal */
	*descriptor = (struct descriptor){ .address = (u64)bytes, .length = (u32)n };
	available[2 + written % size] = 0; /* the descriptor's number */
	available[1] = ++written;
	mfence_lfence();
	outw(io_base + QUEUE_NOTIFY, PORT_1_TRANSMIT);
	while (*used_index != written)
		cpu_pause();
}
