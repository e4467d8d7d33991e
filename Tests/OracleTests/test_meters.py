#!/usr/bin/env python3
"""Meters: texts, messages, what a switch answers, and what passes, beside Open vSwitch's.

Both kinds of `ovs-ofctl` read the same texts and print the same messages; both kinds of switch are given the same commands and the
same packets at the same times of a stopped clock, and answer with the same descriptions, statistics and errors. Open vSwitch's
userspace datapath has no `dscp_remark`; of that, texts and messages alone are compared.
"""

import os
import random
import re
import unittest

import support
from support import said

SEED = int(os.environ.get("APUS_SEED", "20261201"))
VERSIONS = ["OpenFlow13", "OpenFlow14", "OpenFlow15"]

# Texts that are refused before a switch is asked, and some that are not.
TEXTS = """
meter=1 pktps
meter=1 pktps bands
meter=1 pktps bands=
pktps bands=type=drop rate=1
meter=1 bands=type=drop rate=1
meter=0 pktps bands=type=drop rate=1
meter=4294901761 pktps bands=type=drop rate=1
meter=x pktps bands=type=drop rate=1
meter=1 mbps=3 bands=type=drop rate=1
meter=1 mbps bands=type=drop rate=1
meter=1 pktps bands=type=drop
meter=1 pktps bands=rate=1
meter=1 pktps bands=type=experimenter rate=1
meter=1 pktps bands=type=drop rate=1 burst_size=1
meter=1 pktps burst bands=type=drop rate=1
meter=1 pktps bands=type=drop rate=1 prec_level=1
meter=1 pktps bands=type=dscp_remark rate=1
meter=1 pktps bands=type=dscp_remark rate=1 prec_level=256
meter=1 pktps bands=type=drop rate
meter=1 pktps bands=type=drop rate=x
meter=1 pktps bands=type=drop color=1
meter= 1 pktps bands=type=drop rate=1
""".strip().split("\n")

# Messages in hexadecimal, well formed or not.
MESSAGES = """
041d002000000002 0000000d00000005 0001001000000400 0000008000000000
041d00208501d738 0000000000000001 0005001000000002 0000000200000000
041d00208501d738 0000000000000001 ffff001000000002 0000000200000000
041d001028a62652 0008000000000001
041d002082b3a1a4 0000000300000001 0001001000000002 0000000200000000
051d002882b3a1a4 0001010000000001 0001001000000002 0000000200000000 0102030405060708
051d002082b3a1a4 00010100fffffffe 0002001000000002 0000000203000000
061d001882b3a1a4 00020100ffffffff 0102030405060708
041200180000000200090000000000000000000100000000
0412001800000002000a000000000000fffffffd00000000
0412001000000002000b000000000000
0413002000000002000b000000000000 00010000000000060000000f10020000
0413002000000002000b000000000000 0001000000000001000000f010020000
0413002000000002000b000000000000 00010000000000000000000010020000
0413005000000002000a000000000000 0028000500000001 00010010000100000000050000000000 00020010001000000000f00000000000 0018000900000002 00010010000200000000000000000000
0413009000000002000900000000000000000001004800000000000000000005000000000000100000000000000230000000018a0a6e2344000000000000007e000000000000343300000000000000e7000000000000942e000000020038000000000000000000020000000000000200000000000000300000000187 0a236e44000000000000002a0000000000000433
052000180000000205 1d001000000002 0000000000000001
""".strip().split("\n")


def answer(result):
    """What a command said, without transactions, ages, and the order of entries; of an error, which one it is."""
    text = re.sub(r"xid=0x[0-9a-f]+", "xid", "\n".join(said(result)[1:]))
    text = re.sub(r"duration[:=][0-9.]+s", "duration?s", text)
    entries = text.replace("\nmeter", "\0meter").split("\0")
    errors = [line for line in text.split("\n") if line.startswith("OFPT_ERROR")]
    return result.code, errors or sorted(entry.strip() for entry in entries)


class Texts(unittest.TestCase):
    def setUp(self):
        self.sandbox = support.Sandbox("meter-texts")
        self.addCleanup(self.sandbox.close)

    def both(self, *arguments):
        theirs, ours = (said(self.sandbox.run(kind, "ovs-ofctl", *arguments)) for kind in ("oracle", "apus"))
        self.assertEqual(theirs, ours, arguments)

    def test_texts(self):
        for text in TEXTS:
            for command in ("add-meter", "mod-meter", "del-meter", "dump-meter", "meter-stats"):
                with self.subTest(text=text, command=command):
                    # A text that is right is followed by a switch that is not there.
                    self.both("-O", "OpenFlow13", command, "unix:/nonexistent", text)

    def test_wrong_use(self):
        for arguments in (["add-meter", "br0"], ["mod-meter"], ["meter-features", "a", "b"], ["meter-stats"],
                          ["add-meter", "unix:/nonexistent", "meter=1 pktps bands=type=drop rate=1"]):
            with self.subTest(arguments=arguments):
                self.both(*arguments)

    def test_messages(self):
        for text in MESSAGES:
            with self.subTest(text=text):
                self.both("ofp-print", text)


def frame(byte_count):
    """A frame of so many bytes, in hexadecimal digits, of a type that nothing is known of."""
    return ("50540000000c" + "50540000000b" + "88b5").ljust(2 * byte_count, "0")


class Switches(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.switches = [
            support.DummySwitch(kind, "meter", {"br0": range(1, 4), "br1": range(4, 7)}, "fail-mode=secure")
            for kind in ("oracle", "apus")]
        for switch in cls.switches:
            switch.control("time/stop")

    @classmethod
    def tearDownClass(cls):
        for switch in cls.switches:
            switch.close()

    def setUp(self):
        for switch in self.switches:
            for bridge in ("br0", "br1"):
                switch.ofctl("-O", "OpenFlow15", "del-meters", bridge)
                switch.ofctl("del-flows", bridge)

    def both(self, *arguments):
        """Gives both switches a command, by Open vSwitch's tool, and compares what it says."""
        theirs, ours = (answer(switch.ofctl(*arguments)) for switch in self.switches)
        self.assertEqual(theirs, ours, arguments)
        return theirs

    def told(self, *arguments):
        theirs, ours = (switch.control(*arguments).stdout for switch in self.switches)
        self.assertEqual(theirs, ours, arguments)
        return theirs

    def test_every_version(self):
        for version in VERSIONS:
            v = ("-O", version)
            with self.subTest(version=version):
                self.both(*v, "add-meter", "br0", "meter=1 pktps bands=type=drop rate=7")
                self.both(*v, "add-meter", "br0", "meter=1 pktps bands=type=drop rate=7")
                self.both(*v, "mod-meter", "br0", "meter=2 pktps bands=type=drop rate=7")
                self.both(*v, "add-meter", "br0", "meter=2 kbps burst stats bands=type=drop rate=7 burst_size=9")
                self.both(*v, "mod-meter", "br0",
                          "meter=2 kbps burst bands=type=drop rate=7 burst_size=9,type=drop rate=4294967295 burst_size=1")
                self.both(*v, "add-meter", "br0", "meter=4294901760 kbps bands=type=drop rate=4294967295")
                for special in ("controller", "slowpath", "all"):
                    self.both(*v, "add-meter", "br0", "meter=%s pktps bands=type=drop rate=1000" % special)
                bands = ",".join("type=drop rate=%d" % rate for rate in range(1, 10))
                self.both(*v, "add-meter", "br0", "meter=3 pktps bands=" + bands)
                self.both(*v, "add-meter", "br0", "meter=3 stats bands=type=drop rate=1")
                self.both(*v, "dump-meters", "br0")
                self.both(*v, "dump-meter", "br0", "meter=2")
                self.both(*v, "dump-meter", "br0", "meter=9")
                self.both(*v, "meter-stats", "br0", "meter=9")
                self.both(*v, "meter-stats", "br0")
                self.both(*v, "add-flow", "br0", "priority=7,actions=meter:1,2")
                self.both(*v, "add-flow", "br0", "priority=8,actions=meter:77,2")
                self.both(*v, "add-flow", "br0", "priority=9,actions=meter:2,goto_table:3")
                self.both(*v, "meter-stats", "br0", "meter=1")
                self.both(*v, "--no-stats", "dump-flows", "br0")
                self.both(*v, "del-meter", "br0", "meter=1")
                self.both(*v, "del-meter", "br0", "meter=1")
                self.both(*v, "--no-stats", "dump-flows", "br0")
                self.both(*v, "del-meters", "br0")
                self.both(*v, "dump-meters", "br0")
                self.both(*v, "--no-stats", "dump-flows", "br0")

    def test_features(self):
        for version in VERSIONS:
            theirs, ours = (
                said(switch.ofctl("-O", version, "meter-features", "br0"))[1].split("\n") for switch in self.switches)
            self.assertEqual(theirs[1], ours[1])
            self.assertEqual("band_types: drop", theirs[2])
            self.assertEqual("band_types: drop dscp_remark", ours[2])
            self.assertEqual(theirs[3], ours[3])

    def test_our_tool_on_both(self):
        for switch in self.switches:
            for arguments in (("add-meter", "br0", "meter=5 pktps bands=type=drop rate=3"),
                              ("mod-meter", "br0", "meter=5 kbps bands=type=drop rate=3"),
                              ("dump-meters", "br0"), ("meter-stats", "br0", "meter=5"), ("dump-meter", "br0", "meter=6"),
                              ("del-meter", "br0", "meter=5"), ("dump-meters", "br0"),
                              ("-O", "OpenFlow10", "dump-meters", "br0")):
                if arguments[0] != "-O":
                    arguments = ("-O", "OpenFlow14") + arguments
                theirs, ours = (answer(switch.ofctl(*arguments, kind=kind)) for kind in ("oracle", "apus"))
                if arguments[2] not in ("add-meter", "del-meter"):
                    self.assertEqual(theirs, ours, (switch.kind, arguments))

    def test_traces(self):
        flow = "in_port=1,icmp,nw_src=10.0.0.1,nw_dst=10.0.0.2"
        self.both("-O", "OpenFlow15", "add-meter", "br0", "meter=1 pktps bands=type=drop rate=7")
        self.both("-O", "OpenFlow15", "add-meter", "br0", "meter=controller pktps bands=type=drop rate=7")
        for actions in ("meter:1,2", "clone(meter:1,2),3", "2,meter:1,3", "meter:1", "2,controller",
                        "controller(meter_id=1),3"):
            self.both("-O", "OpenFlow15", "add-flow", "br0", "actions=" + actions)
            theirs, ours = (
                re.findall("Datapath actions: .*", re.sub("recirc_id=[0-9]+", "", switch.control(
                    "ofproto/trace", "br0", flow).stdout)) for switch in self.switches)
            self.assertEqual(theirs, ours, actions)

    def test_packets(self):
        """The same packets at the same times come to the same counts."""
        chance = random.Random(SEED)
        meters = [(1, "br0", 1, "pktps burst", "type=drop rate=1 burst_size=1"),
                  (2, "br0", 2, "kbps burst", "type=drop rate=1 burst_size=2"),
                  (3, "br1", 4, "pktps", "type=drop rate=3"),
                  (4, "br1", 5, "kbps burst", "type=drop rate=9 burst_size=3,type=drop rate=2 burst_size=4")]
        for meter, bridge, port, flags, bands in meters:
            self.both("-O", "OpenFlow13", "add-meter", bridge, "meter=%d %s stats bands=%s" % (meter, flags, bands))
            self.both("-O", "OpenFlow13", "add-flow", bridge,
                      "in_port=%d,actions=meter:%d,%d" % (port, meter, port + 1))
        for _ in range(12):
            milliseconds = chance.choice((1, 10, 250, 870, 1000, 5000))
            for switch in self.switches:
                switch.control("time/warp", str(milliseconds))
            for _, _, port, _, _ in meters:
                length = chance.choice((60, 100, 500))
                for _ in range(chance.randrange(5)):
                    for switch in self.switches:
                        switch.control("netdev-dummy/receive", "p%d" % port, frame(length))
            for bridge in ("br0", "br1"):
                self.both("-O", "OpenFlow13", "meter-stats", bridge)
        for switch in self.switches:
            switch.control("time/warp", "5000")
        self.told("coverage/read-counter", "datapath_drop_meter")


if __name__ == "__main__":
    unittest.main()
