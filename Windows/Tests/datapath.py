"""The driver's device spoken to directly: netlink messages of the datapath's families through the harness.

Only what the driver tests need: ports, flows, packets. The daemon and ovs-dpctl.exe do the same in Swift; this is written
from the protocol alone, so that an error on both sides of the Swift code does not pass unseen.
"""

import struct

from fakeswitch import Refused  # noqa: F401
from wine import wait_until

CONTROL, DATAPATH, PACKET, VPORT, FLOW, NETDEV = 17, 18, 19, 20, 21, 22
NEW, DELETE, GET, SET = 1, 2, 3, 4
EXECUTE = 3
SUBSCRIBE = 3
REQUEST, ACKNOWLEDGE, DUMP, CREATE, EXCLUSIVE, ECHO = 1, 4, 0x300, 0x400, 0x200, 8
ERROR, DONE = 2, 3
VPORT_NETDEV, VPORT_INTERNAL = 1, 2

DEVICE = "\\\\.\\OpenvSwitchDevice"


def code(function, method, access):
    return 45000 << 16 | access << 14 | function << 2 | method


GET_PID = code(0x100, 0, 2)
READ = code(0x101, 2, 1)
READ_EVENT = code(0x102, 2, 1)
READ_PACKET = code(0x103, 2, 1)
WRITE = code(0x104, 1, 1)
TRANSACT = code(0x105, 2, 2)


def attribute(kind, value):
    """One netlink attribute, padded; integers are 32 bits, truth is 8, lists are nested attributes."""
    if isinstance(value, bool):
        value = struct.pack("<B", value)
    elif isinstance(value, int):
        value = struct.pack("<I", value)
    elif isinstance(value, str):
        value = value.encode() + b"\0"
    elif isinstance(value, list):
        value = b"".join(value)
    length = 4 + len(value)
    return struct.pack("<HH", length, kind) + value + b"\0" * (-length % 4)


def attributes(data):
    """The attributes of a message by kind."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("<HH", data)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[4:length]
        data = data[length + 3 & ~3:]
    return found


def ethernet(source=bytes(6), destination=bytes(6)):
    return attribute(4, source + destination)


def ethertype(number):
    return attribute(6, struct.pack("!H", number))


def output(*ports):
    return [attribute(1, port) for port in ports]


class DatapathError(Exception):
    """The driver refused a request: the positive error number of the reply."""

    def __init__(self, number, what):
        super().__init__(f"{what}: error {number}")
        self.number = number


class Datapath:
    """A handle on the driver's device."""

    def __init__(self, host):
        self.host = host
        self.handle = int(host.ask("open", path=DEVICE))
        self.sequence = 0
        self.index = 0
        error, data = self.control(GET_PID, b"", 4)
        self.pid = struct.unpack("<I", data)[0] if error == 0 and len(data) == 4 else 0

    def control(self, number, data, room):
        words = dict(handle=self.handle, code=number, out=room)
        if data:
            words["in"] = data.hex()
        answer = self.host.ask("control", **words).split(" ")
        return int(answer[0]), bytes.fromhex(answer[1]) if len(answer) > 1 else b""

    def close(self):
        self.host.ask("close", handle=self.handle)

    def message(self, family, command, parts, flags=REQUEST):
        self.sequence += 1
        version = 2 if family == DATAPATH else 1
        body = struct.pack("<BBHi", command, version, 0, self.index) + b"".join(parts)
        return struct.pack("<IHHII", 16 + len(body), family, flags, self.sequence, self.pid) + body

    def transact(self, family, command, parts, flags=REQUEST | ACKNOWLEDGE):
        """A request and its answer: the attributes, or DatapathError."""
        error, data = self.control(TRANSACT, self.message(family, command, parts, flags), 65536)
        if error:
            raise DatapathError(error, f"family {family} command {command}: the call failed")
        if len(data) >= 20:
            _, kind = struct.unpack_from("<IH", data)
            if kind == ERROR:
                number, = struct.unpack_from("<i", data, 16)
                if number:
                    raise DatapathError(-number, f"family {family} command {command}")
                return {}
        return attributes(data[24:])

    def dump(self, family, command=GET):
        """All objects of a family."""
        error, _ = self.control(WRITE, self.message(family, command, [], REQUEST | DUMP), 0)
        if error:
            raise DatapathError(error, f"dump of family {family}")
        found = []
        while True:
            error, data = self.control(READ, b"", 65536)
            if error or not data:
                return found
            while len(data) >= 16:
                length, kind = struct.unpack_from("<IH", data)
                if kind in (DONE, ERROR):
                    return found
                found.append(attributes(data[24:length]))
                data = data[length + 3 & ~3:]

    def subscribe(self):
        """Asks for packets, one a read."""
        error, _ = self.control(WRITE, self.message(CONTROL, SUBSCRIBE, [attribute(2, True), attribute(3, self.pid)]), 0)
        if error:
            raise DatapathError(error, "subscription to packets")

    def packet(self):
        """A packet that was sent up: its attributes, or None."""
        error, data = self.control(READ_PACKET, b"", 65536)
        return attributes(data[24:]) if not error and data else None

    def next_packet(self):
        """The next packet that is sent up; the driver's worker thread brings it."""
        return wait_until(self.packet, "a packet is sent up", 30)

    def find(self):
        """Learns the datapath's index."""
        error, data = self.control(
            TRANSACT, self.message(DATAPATH, GET, [attribute(1, "ovs-system")], REQUEST | ACKNOWLEDGE), 65536)
        if error or len(data) < 24:
            raise DatapathError(error, "no datapath ovs-system")
        self.index, = struct.unpack_from("<i", data, 20)
        return attributes(data[24:])

    def add_port(self, name, kind=VPORT_NETDEV, number=None):
        parts = [attribute(2, kind), attribute(3, name), attribute(5, self.pid)]
        if number is not None:
            parts.insert(0, attribute(1, number))
        answer = self.transact(VPORT, NEW, parts, REQUEST | ACKNOWLEDGE | CREATE | ECHO)
        return struct.unpack("<I", answer[1])[0] if 1 in answer else self.port(name)

    def port(self, name):
        return struct.unpack("<I", self.transact(VPORT, GET, [attribute(3, name)])[1])[0]

    def delete_port(self, number):
        self.transact(VPORT, DELETE, [attribute(1, number)])

    def port_statistics(self, number):
        """(received packets, sent packets, received bytes, sent bytes, …)"""
        return struct.unpack("<8Q", self.transact(VPORT, GET, [attribute(1, number)])[6])

    def ports(self):
        return {entry[3].rstrip(b"\0").decode(): struct.unpack("<I", entry[1])[0] for entry in self.dump(VPORT)}

    def add_flow(self, port, actions, key=(), mask=()):
        """A flow for what comes by a port; `key` and `mask` narrow it."""
        keys = [attribute(3, port)] + (list(key) or [ethernet(), ethertype(0x05FF)])
        masks = [attribute(3, 0xFFFFFFFF)] + (list(mask) or [ethernet(), ethertype(0)])
        self.transact(
            FLOW, NEW, [attribute(1, keys), attribute(7, masks), attribute(2, list(actions))],
            REQUEST | ACKNOWLEDGE | CREATE)

    def flush(self):
        self.transact(FLOW, DELETE, [])

    def flows(self):
        return self.dump(FLOW)

    def execute(self, packet, port, actions):
        self.transact(PACKET, EXECUTE, [
            attribute(1, packet), attribute(2, [attribute(3, port), ethernet(), ethertype(0x05FF)]), attribute(3, list(actions))])
