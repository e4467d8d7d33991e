"""Conversations through connection tracking, packet for packet beside Open vSwitch's userspace datapath.

Rules track every packet, commit what is new with a translation that goes by the port asked for, and show the controller what came
of it: state, zone, mark, label, original tuple and bytes. Answers are made of what Open vSwitch has sent on.
"""

import json
import os
import random
import re
import socket
import struct
import time
import unittest

import support

RULES = """
table=0,priority=10,ip,actions=ct(table=1,zone=5,nat)
table=0,priority=10,ipv6,actions=ct(table=1,zone=5,nat)
table=1,priority=100,ct_state=+inv,actions=controller
table=1,priority=50,ct_state=+trk+new,tcp,tp_dst=80,actions=ct(commit,zone=5,table=2,exec(set_field:0x80->ct_mark,set_field:0x123/0xfff->ct_label))
table=1,priority=50,ct_state=+trk+new,udp,tp_dst=80,actions=ct(commit,zone=5,table=2,exec(set_field:0x80->ct_mark,set_field:0x123/0xfff->ct_label))
table=1,priority=50,ct_state=+trk+new,tcp,tp_dst=81,actions=ct(commit,zone=5,table=2,nat(src=10.1.1.240))
table=1,priority=50,ct_state=+trk+new,udp,tp_dst=81,actions=ct(commit,zone=5,table=2,nat(src=10.1.1.240))
table=1,priority=50,ct_state=+trk+new,tcp,tp_dst=82,actions=ct(commit,zone=5,table=2,nat(dst=10.1.1.10:8080))
table=1,priority=50,ct_state=+trk+new,udp,tp_dst=82,actions=ct(commit,zone=5,table=2,nat(dst=10.1.1.10:8080))
table=1,priority=50,ct_state=+trk+new,tcp,tp_dst=83,actions=ct(commit,zone=5,table=2,nat(src=0.0.0.0))
table=1,priority=50,ct_state=+trk+new,udp,tp_dst=83,actions=ct(commit,zone=5,table=2,nat(src=10.1.1.241:5000))
table=1,priority=50,ct_state=+trk+new,tcp,tp_dst=84,actions=ct(commit,force,zone=5,table=2)
table=1,priority=50,ct_state=+trk+new,icmp,actions=ct(commit,zone=5,table=2,nat(src=10.1.1.242))
table=1,priority=50,ct_state=+trk+new,tcp6,tp_dst=80,actions=ct(commit,zone=5,table=2,exec(set_field:0x86->ct_mark))
table=1,priority=50,ct_state=+trk+new,udp6,tp_dst=80,actions=ct(commit,zone=5,table=2)
table=1,priority=50,ct_state=+trk+new,tcp6,tp_dst=81,actions=ct(commit,zone=5,table=2,nat(src=fd00::240))
table=1,priority=50,ct_state=+trk+new,udp6,tp_dst=82,actions=ct(commit,zone=5,table=2,nat(dst=[fd00::10]:8080))
table=1,priority=50,ct_state=+trk+new,icmp6,actions=ct(commit,zone=5,table=2,nat(src=fd00::242))
table=1,priority=20,ct_state=+trk+new,ip,actions=ct(commit,zone=5,table=2)
table=1,priority=10,actions=controller
table=2,actions=controller
"""

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Packet:
    """A frame of IPv4 or IPv6, whose transport header has a checksum at `field`."""

    def __init__(self, source, destination, proto, transport, field):
        self.source, self.destination, self.proto = source, destination, proto
        self.is6 = len(source) == 16
        if field is not None:
            pseudo = b"" if proto == 1 else source + destination + struct.pack("!II", len(transport), proto)
            value = checksum(pseudo + transport[:field] + b"\0\0" + transport[field + 2:])
            if proto == 17 and value == 0:
                value = 0xffff
            transport = transport[:field] + struct.pack("!H", value) + transport[field + 2:]
        self.transport = transport
        if self.is6:
            header = struct.pack("!IHBB", 6 << 28, len(transport), proto, 64) + source + destination
        else:
            header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(transport), 1, 0, 64, proto, 0) + source + destination
            header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
        self.network = header + transport

    @property
    def frame(self):
        return bytes.fromhex("505400000009505400000001") + (b"\x86\xdd" if self.is6 else b"\x08\x00") + self.network


def address(number, is6):
    return bytes.fromhex("fd00" + "00" * 12) + struct.pack("!H", number) if is6 else bytes([10, 1]) + struct.pack("!H", number)


def tcp(source, destination, ports, flags, sequence, acknowledgment, payload=b"", window=1000, options=b""):
    header = struct.pack("!HHIIHHHH", *ports, sequence & 0xffffffff, acknowledgment & 0xffffffff,
                         (5 + len(options) // 4) << 12 | flags, window, 0, 0)
    return Packet(source, destination, 6, header + options + payload, 16)


def udp(source, destination, ports, payload=b"hello"):
    return Packet(source, destination, 17, struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload, 6)


def echo(source, destination, identifier, is_reply):
    is6 = len(source) == 16
    kind = (129 if is_reply else 128) if is6 else (0 if is_reply else 8)
    return Packet(source, destination, 58 if is6 else 1, struct.pack("!BBHHH", kind, 0, 0, identifier, 1) + b"abcd", 2)


def error(about, router):
    """An ICMP error about a network packet, for its sender."""
    is6 = about[0] >> 4 == 6
    sender = about[8:24] if is6 else about[12:16]
    head = struct.pack("!BBHI", 1, 4, 0, 0) if is6 else struct.pack("!BBHI", 3, 1, 0, 0)
    return Packet(router, sender, 58 if is6 else 1, head + about, 2)


def spoils_errors(is6, ports):
    """Whether Open vSwitch 3.1 makes the checksum wrong of the packet that an error is about.

    Of a translated IPv6 packet it corrects a TCP or UDP checksum within the outer header's payload too, which is none.
    """
    return is6 and ports[1] in (81, 82)


class Ends:
    """Who talks to whom, as the other side sees it."""

    def __init__(self, network):
        self.is6 = network[0] >> 4 == 6
        start = 40 if self.is6 else 20
        self.source, self.destination = (network[8:24], network[24:40]) if self.is6 else (network[12:16], network[16:20])
        self.ports = struct.unpack("!HH", network[start:start + 4])
        self.proto = network[6] if self.is6 else network[9]

    def answer(self, flags, sequence, acknowledgment, payload=b"", **options):
        return tcp(self.destination, self.source, self.ports[::-1], flags, sequence, acknowledgment, payload, **options)


class Switch:
    """A switch of one kind whose packets come to a monitor."""

    def __init__(self, kind):
        self.sandbox = support.Sandbox("conntrack-" + kind)
        self.sandbox.start_database("oracle")
        self.process = self.sandbox.start_switch(kind, ["--enable-dummy=override"])
        self.sandbox.check(
            "oracle", "ovs-vsctl", "--db=unix:" + self.sandbox.path("db.sock"), "add-br", "br0", "--", "set", "bridge",
            "br0", "datapath-type=dummy", "fail-mode=secure", "--", "add-port", "br0", "p1", "--", "set", "interface",
            "p1", "type=dummy", "ofport_request=1")
        self.sandbox.check("oracle", "ovs-ofctl", "add-flows", "br0", "-", stdin=RULES)
        self.sandbox.start("oracle", "ovs-ofctl", "-m", "monitor", "br0", "65534", "-P", "nxt_packet_in",
                           log="monitor.out")
        self.control = socket.socket(socket.AF_UNIX)
        self.control.connect(self.sandbox.path("ovs-vswitchd.ctl"))
        self.shown = open(self.sandbox.path("monitor.out"), errors="replace")
        self.text = ""
        # The monitor has to be there before packets are.
        self.sandbox.wait_until(lambda: self.is_watched(), "the monitor is connected")

    def is_watched(self):
        self.call("netdev-dummy/receive", "p1", udp(address(1, False), address(2, False), (9, 9)).frame.hex())
        self.text += self.shown.read()
        if "\n00000020" in self.text:
            # Packets that were sent before may still be on their way.
            time.sleep(0.5)
            self.shown.read()
            self.take()
            return True
        return False

    def call(self, method, *arguments):
        self.control.sendall(json.dumps({"method": method, "params": list(arguments), "id": 0}).encode())
        answer = b""
        while True:
            answer += self.control.recv(65536)
            try:
                return json.loads(answer.decode())
            except ValueError:
                continue

    def take(self):
        text, self.text = self.text, ""
        return text

    def send(self, packet):
        """What the controller is shown of a packet: metadata, and the frame."""
        self.call("netdev-dummy/receive", "p1", packet.frame.hex())
        found = None

        def is_there():
            nonlocal found
            self.text += self.shown.read()
            match = re.search(r"total_len=(\d+) (.*?)\(via .*?\) data_len=.*?\n(.*?)\n((?:[0-9a-f]{8}  .*\n)+)", self.text)
            if match is None:
                return False
            digits = "".join(re.sub(r"[ -]", "", line[10:58]) for line in match.group(4).splitlines())
            if len(digits) < 2 * int(match.group(1)):
                return False
            found = (match.group(2).strip(), bytes.fromhex(digits)[:int(match.group(1))])
            return True
        self.sandbox.wait_until(is_there, "a packet is shown", seconds=20, process=self.process)
        self.take()
        return found


class ConversationTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.switches = [Switch("oracle"), Switch("apus")]

    @classmethod
    def tearDownClass(cls):
        for switch in cls.switches:
            switch.sandbox.close()

    def both(self, packet, story):
        """Gives both switches a packet, and returns the network packet that came of it."""
        theirs, ours = (switch.send(packet) for switch in self.switches)
        story.append("%s -> %s" % (packet.network.hex(), theirs[0]))
        self.assertEqual(theirs, ours, "\n".join(story))
        return theirs[1][14:]

    def converse(self, number, chance):
        """A conversation, legal or not."""
        is6 = chance.random() < 0.3
        client, server = address(1000 + number % 60000, is6), address(20 + chance.randrange(5), is6)
        ports = (10000 + number % 50000, chance.choice((80, 81, 82, 83, 84, 9999)))
        story = ["conversation %d" % number]
        kind = chance.choice(("tcp", "tcp", "tcp", "udp", "echo", "other"))
        if kind == "tcp":
            self.transmit(client, server, ports, chance, story)
        elif kind == "udp":
            if ports[1] == 83 and number >= 300:
                # One port for all: whether it is free again depends on the time that has gone by.
                ports = (ports[0], 82)
            sent = self.both(udp(client, server, ports), story)
            for _ in range(chance.randrange(5)):
                ends = Ends(sent)
                if chance.random() < 0.2 and not spoils_errors(is6, ports):
                    self.both(error(sent, address(7, is6)), story)
                elif chance.random() < 0.5:
                    back = udp(ends.destination, ends.source, ends.ports[::-1])
                    self.both(back, story)
                    if chance.random() < 0.3 and not spoils_errors(is6, ports):
                        self.both(error(back.network, address(8, is6)), story)
                else:
                    sent = self.both(udp(client, server, ports), story)
        elif kind == "echo":
            identifier = number & 0xffff
            sent = self.both(echo(client, server, identifier, False), story)
            for _ in range(chance.randrange(4)):
                ends = Ends(sent)
                if chance.random() < 0.3:
                    self.both(error(sent, address(7, is6)), story)
                elif chance.random() < 0.7:
                    self.both(echo(ends.destination, ends.source, identifier, chance.random() < 0.9), story)
                else:
                    sent = self.both(echo(client, server, identifier, False), story)
        else:
            self.both(Packet(client, server, 47, b"\0\0\x65\x58abcd", None), story)
            self.both(Packet(server, client, 47, b"\0\0\x65\x58abcd", None), story)

    def transmit(self, client, server, ports, chance, story):
        """Segments, most of them legal, some in the wrong order, some with numbers or flags of their own."""
        is6 = len(client) == 16
        numbers = [chance.randrange(1 << 32), chance.randrange(1 << 32)]
        scale = bytes([1, 3, 3, chance.randrange(15)]) if chance.random() < 0.5 else b""
        window = chance.choice((0, 100, 1000, 65535))
        sent = self.both(tcp(client, server, ports, SYN, numbers[0], 0, window=window, options=scale), story)
        ends = Ends(sent)
        numbers[0] += 1
        steps = [(True, SYN | ACK), (False, ACK)]
        for _ in range(chance.randrange(4)):
            steps.append((chance.random() < 0.5, PSH | ACK))
        steps += chance.choice(([(False, FIN | ACK), (True, FIN | ACK), (False, ACK)], [(True, RST)], [(False, RST | ACK)], []))
        # Open vSwitch keeps a translated connection's twin for some seconds, so that one that is opened again gets another port.
        is_translated = ports[1] in (81, 82, 83)
        if chance.random() < 0.3 and not is_translated:
            steps.append((False, SYN))
        if chance.random() < 0.3:
            place = chance.randrange(len(steps))
            steps.insert(place, steps.pop(chance.randrange(len(steps))))
        for is_reply, flags in steps:
            sequence, acknowledgment = numbers[1 if is_reply else 0], numbers[0 if is_reply else 1]
            payload = b"x" * chance.randrange(1, 200) if flags == PSH | ACK else b""
            if chance.random() < 0.15:
                sequence += chance.choice((-70000, -5, 1, 3, 600, 70000, 1 << 30))
            if chance.random() < 0.1:
                acknowledgment += chance.choice((-70000, -1, 1, 70000, 1 << 30))
            if chance.random() < 0.07:
                flags = chance.randrange(64) | (0 if not is_translated else ACK)
            options = scale if flags & SYN and chance.random() < 0.8 else b""
            window = chance.choice((0, 10, 1000, 65535))
            if is_reply:
                packet = ends.answer(flags, sequence, acknowledgment if flags & ACK else 0, payload, window=window, options=options)
            else:
                packet = tcp(client, server, ports, flags, sequence, acknowledgment if flags & ACK else 0, payload,
                             window=window, options=options)
            if chance.random() < 0.05:
                packet.network = packet.network[:-1] + bytes([packet.network[-1] ^ 1])
            out = self.both(packet, story)
            if chance.random() < 0.1 and not spoils_errors(is6, ports):
                self.both(error(out if not is_reply else packet.network, address(9, is6)), story)
            length = len(payload) + (1 if flags & SYN else 0) + (1 if flags & FIN else 0)
            numbers[1 if is_reply else 0] += length

    def test_conversations(self):
        seed = int(os.environ.get("APUS_CONVERSATION_SEED", "1"))
        count = int(os.environ.get("APUS_CONVERSATIONS", "150"))
        for number in range(count):
            with self.subTest(seed=seed, number=number):
                self.converse(number, random.Random(seed * 1_000_003 + number))


if __name__ == "__main__":
    unittest.main()
