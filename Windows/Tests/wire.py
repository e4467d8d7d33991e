"""Wires between NICs of the simulated switches and Linux network namespaces, where real peers answer.

A wire is a UDP socket on the loopback (the harness's bridge has the other end) and a packet socket on one end of a veth
pair. It does what a real adapter would: fills in checksums and cuts segments that were left to the hardware.
"""

import ctypes
import os
import select
import socket
import struct
import sys
import threading

from wine import ROOT
import fakeswitch as fake

sys.path.insert(0, os.path.join(ROOT, "Scripts", "laboratory"))

from network import CommandFailed, Namespace, join, run  # noqa: E402,F401

CLONE_NEWNET = 0x40000000
PACKET_OUTGOING = 4
SOL_PACKET, PACKET_VNET_HDR = 263, 15
NEEDS_CHECKSUM, SEGMENTS_OF_TCP4, SEGMENTS_OF_TCP6 = 1, 1, 4
OFFLOAD = struct.Struct("<BBHHHH")
INJECTION = struct.Struct("<17I")
FRAME = struct.Struct("<8I")


def socket_in(namespace, family, kind, protocol=0):
    """Opens a socket inside a namespace; a thread of its own goes there and ends."""
    result = []

    def open_socket():
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = os.open(f"/var/run/netns/{namespace.name}", os.O_RDONLY)
        try:
            if libc.setns(descriptor, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"setns {namespace.name}")
            result.append(socket.socket(family, kind, protocol))
        finally:
            os.close(descriptor)
    thread = threading.Thread(target=open_socket)
    thread.start()
    thread.join()
    return result[0]


def checksum(data, start=0):
    """The Internet checksum (RFC 1071) of bytes, not inverted."""
    if len(data) % 2:
        data += b"\0"
    total = start + sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def with_transport_checksum(packet, network, transport, protocol):
    """The frame with its TCP or UDP checksum filled in, over IPv4 or IPv6."""
    at = transport + (16 if protocol == socket.IPPROTO_TCP else 6)
    body = bytearray(packet[transport:])
    body[at - transport:at - transport + 2] = b"\0\0"
    addresses = packet[network + 12:network + 20] if packet[network] >> 4 == 4 else packet[network + 8:network + 40]
    pseudo = addresses + struct.pack("!II", len(body), protocol)
    value = ~checksum(bytes(body), checksum(bytes(pseudo))) & 0xFFFF
    if value == 0 and protocol == socket.IPPROTO_UDP:
        value = 0xFFFF
    return packet[:at] + struct.pack("!H", value) + packet[at + 2:]


def with_header_checksum(packet, network):
    length = 4 * (packet[network] & 15)
    header = bytearray(packet[network:network + length])
    header[10:12] = b"\0\0"
    return packet[:network + 10] + struct.pack("!H", ~checksum(bytes(header)) & 0xFFFF) + packet[network + 12:]


def network_offset(packet):
    offset = 14
    while packet[offset - 2:offset] in (b"\x81\x00", b"\x88\xa8"):
        offset += 4
    return offset


def segments(packet, network, tcp, size):
    """Cuts a large TCP send as hardware does: sequence numbers, lengths, identifications, flags."""
    header_end = tcp + 4 * (packet[tcp + 12] >> 4)
    payload = packet[header_end:]
    sequence, = struct.unpack_from("!I", packet, tcp + 4)
    for number, start in enumerate(range(0, max(len(payload), 1), size)):
        piece = bytearray(packet[:header_end]) + payload[start:start + size]
        struct.pack_into("!I", piece, tcp + 4, (sequence + start) & 0xFFFFFFFF)
        if start + size < len(payload):
            piece[tcp + 13] &= ~0x09  # FIN and PSH belong to the last
        if number:
            piece[tcp + 13] &= ~0x80  # CWR to the first
        if piece[network] >> 4 == 4:
            struct.pack_into("!H", piece, network + 2, len(piece) - network)
            identification, = struct.unpack_from("!H", piece, network + 4)
            struct.pack_into("!H", piece, network + 4, (identification + number) & 0xFFFF)
            piece = bytearray(with_header_checksum(bytes(piece), network))
        else:
            struct.pack_into("!H", piece, network + 4, len(piece) - network - 40)
        yield with_transport_checksum(bytes(piece), network, tcp, socket.IPPROTO_TCP)


def finished(packet, checksum_flags, segment_size, tcp_offset):
    """The frames that hardware would put on the wire for one whose work was left to it."""
    network = network_offset(packet)
    if segment_size:
        return list(segments(packet, network, tcp_offset, segment_size))
    if checksum_flags & fake.CHECKSUM_IPV4_HEADER:
        packet = with_header_checksum(packet, network)
    if checksum_flags & (fake.CHECKSUM_TCP | fake.CHECKSUM_UDP):
        protocol = socket.IPPROTO_TCP if checksum_flags & fake.CHECKSUM_TCP else socket.IPPROTO_UDP
        transport = tcp_offset or network + (4 * (packet[network] & 15) if packet[network] >> 4 == 4 else 40)
        packet = with_transport_checksum(packet, network, transport, protocol)
    return [packet]


def left_to_hardware(packet, flags, kind, segment_size, start, offset):
    """The metadata of the send kind for what Linux leaves to a device, and the packet as Hyper-V's machines send it."""
    if not flags & NEEDS_CHECKSUM:
        return packet, {}
    network = network_offset(packet)
    version = fake.CHECKSUM_IPV4 if packet[network] >> 4 == 4 else fake.CHECKSUM_IPV6
    if kind & 0x7F not in (SEGMENTS_OF_TCP4, SEGMENTS_OF_TCP6):
        transport = fake.CHECKSUM_TCP if offset == 16 else fake.CHECKSUM_UDP
        return packet, dict(checksum=version | transport, tcp=start)
    # A machine's large send says no length, has no header checksum, and a pseudo-header's sum without the length.
    changed = bytearray(packet)
    if version == fake.CHECKSUM_IPV4:
        addresses = packet[network + 12:network + 20]
        changed[network + 2:network + 4] = changed[network + 10:network + 12] = b"\0\0"
    else:
        addresses = packet[network + 8:network + 40]
        changed[network + 4:network + 6] = b"\0\0"
    struct.pack_into("!H", changed, start + 16, checksum(addresses + struct.pack("!I", socket.IPPROTO_TCP)))
    return bytes(changed), dict(checksum=version, segment=segment_size, tcp=start)


class Wire:
    """Joins a NIC to a link of a namespace, both ways, until it is cut."""

    def __init__(self, nic, namespace, link, offload=False, **injection):
        self.packets = socket_in(namespace, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.offload = offload
        if offload:
            self.packets.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.packets.bind((link, 3))
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", 0))
        self.injection = injection
        self.sent = self.received = self.large = 0
        remote = self.free_port()
        nic.bridge(remote, self.datagrams.getsockname()[1])
        self.datagrams.connect(("127.0.0.1", remote))
        self.end, self.cutter = os.pipe()
        self.thread = threading.Thread(target=self.pump)
        self.thread.start()

    @staticmethod
    def free_port():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def pump(self):
        while True:
            ready, _, _ = select.select([self.packets, self.datagrams, self.end], [], [])
            if self.end in ready:
                return
            try:
                if self.packets in ready:
                    self.inject()
                if self.datagrams in ready:
                    self.emit()
            except OSError:
                continue  # a link that goes down, a harness that has gone

    def inject(self):
        packet, address = self.packets.recvfrom(0x11000)
        if address[2] == PACKET_OUTGOING:
            return
        metadata = {}
        if self.offload:
            flags, kind, _, segment, start, offset = OFFLOAD.unpack_from(packet)
            packet, metadata = left_to_hardware(packet[OFFLOAD.size:], flags, kind, segment, start, offset)
            self.large += "segment" in metadata
        words = dict(
            checksum=0, segment=0, tcp=0, vlan=0, pieces=1, first=0, headroom=0, buffers=1, lists=1, flags=0, at=0, to=0,
            safe=0)
        words.update(self.injection)
        words.update(metadata)
        words["pieces"] = min(words["pieces"], len(packet))
        self.received += 1
        self.datagrams.send(INJECTION.pack(0, 0, 0, len(packet), *words.values()) + packet)

    def emit(self):
        datagram = self.datagrams.recv(0x12000)
        _, _, _, flags, segment, tcp, vlan, kind = FRAME.unpack_from(datagram)
        packet = datagram[FRAME.size:]
        frames = [packet] if kind & fake.RECEIVE_KIND else finished(packet, flags, segment, tcp)
        for frame in frames:
            if vlan:
                frame = frame[:12] + struct.pack("!HH", 0x8100, vlan & 0xFFFF) + frame[12:]
            self.packets.send(bytes(OFFLOAD.size) + frame if self.offload else frame)
            self.sent += 1

    def cut(self):
        os.write(self.cutter, b"x")
        self.thread.join()
        for descriptor in (self.end, self.cutter):
            os.close(descriptor)
        self.packets.close()
        self.datagrams.close()


class Peers:
    """Namespaces of a test, every one with the test's prefix in its name, and the wires to them."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.remove()
        self.wires = []
        self.middle = Namespace(prefix + "wires").create()

    def namespace(self, name):
        return Namespace(self.prefix + name).create()

    def attach(self, nic, namespace, link="eth0", mac=None, mtu=1500, offload=False, **injection):
        """A link in the namespace whose other end is the NIC's wire; with `offload` work is left to the NIC."""
        inner = f"w{len(self.wires)}"
        join(self.middle, inner, namespace, link, right_mac=mac, mtu=mtu)
        if offload:
            namespace.run("ethtool", "-K", link, "tx-udp-segmentation", "off", "tx-tcp-ecn-segmentation", "off", check=False)
        else:
            namespace.set_checksum_offload(link, False)
        wire = Wire(nic, self.middle, inner, offload, **injection)
        self.wires.append(wire)
        return wire

    def remove(self):
        for wire in getattr(self, "wires", []):
            wire.cut()
        self.wires = []
        for line in run("ip", "netns", "list", check=False).splitlines():
            name = line.split()[0]
            if name.startswith(self.prefix):
                for process in run("ip", "netns", "pids", name, check=False).split():
                    try:
                        os.kill(int(process), 9)
                    except (ProcessLookupError, ValueError):
                        pass
                run("ip", "netns", "delete", name, check=False)
