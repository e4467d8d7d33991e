"""`ofproto/trace` of random packets over random flow tables, beside Open vSwitch's.

What is compared of each trace is the final flow, the megaflow and the datapath actions: what forwarding
depends on. Ports are given by name, since the two switches may number their datapath's ports otherwise.
"""

import os
import random
import re
import unittest

import support

SEED = int(os.environ.get("APUS_SEED", "20261122"))
PACKETS = int(os.environ.get("APUS_TRACES", "200"))
PORTS = ["p1", "p2", "p3", "p4"]
ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.1.2.3", "10.1.9.9", "192.168.7.7"]
NETWORKS = ["10.0.0.0/8", "10.0.0.0/24", "10.1.0.0/16", "10.0.0.1", "10.1.2.3", "192.168.0.0/16"]
MACS = ["50:54:00:00:00:01", "50:54:00:00:00:02", "50:54:00:00:00:03"]


class Switch:
    """A switch of one kind with two bridges that a patch joins."""

    def __init__(self, kind):
        self.kind = kind
        self.sandbox = support.Sandbox("trace-" + kind)
        self.sandbox.start_database("oracle")
        self.process = self.sandbox.start_switch(kind, ["--enable-dummy=system"])
        commands = ["add-br", "br0", "--", "set", "bridge", "br0", "datapath-type=dummy", "fail-mode=secure",
                    "other-config:hwaddr=aa:55:aa:55:00:00",
                    "--", "add-br", "br1", "--", "set", "bridge", "br1", "datapath-type=dummy",
                    "fail-mode=secure", "other-config:hwaddr=aa:55:aa:55:00:01"]
        for number, port in enumerate(PORTS, 1):
            bridge = "br0" if number < 4 else "br1"
            commands += ["--", "add-port", bridge, port, "--", "set", "interface", port, "type=dummy",
                         "ofport_request=%d" % number]
        for bridge, port, peer, number in (("br0", "pa", "pb", 8), ("br1", "pb", "pa", 9)):
            commands += ["--", "add-port", bridge, port, "--", "set", "interface", port, "type=patch",
                         "options:peer=" + peer, "ofport_request=%d" % number]
        self.sandbox.check(
            "oracle", "ovs-vsctl", "--db=unix:" + self.sandbox.path("db.sock"), *commands)

    def control(self, *arguments):
        return self.sandbox.run("oracle", "ovs-appctl", "-t", self.sandbox.path("ovs-vswitchd.ctl"), *arguments)

    def flows(self, bridge, lines):
        """Puts rules in the place of those before; says whether they are such as ovs-ofctl takes."""
        self.sandbox.check("oracle", "ovs-ofctl", "del-flows", bridge)
        result = self.sandbox.run(
            "oracle", "ovs-ofctl", "-O", "OpenFlow13", "add-flows", bridge, "-", stdin="\n".join(lines) + "\n")
        if result.code != 0 and "actions are invalid" not in result.stderr:
            raise AssertionError(result)
        return result.code == 0

    def trace(self, bridge, flow, *options):
        return self.control("ofproto/trace", bridge, flow, "--names", *options)

    def close(self):
        self.sandbox.close()


def match(chance):
    """A random match of flow syntax."""
    parts = []
    if chance.random() < 0.5:
        parts.append("in_port=" + chance.choice(["1", "2", "3"]))
    if chance.random() < 0.2:
        parts.append("dl_dst=" + chance.choice(MACS))
    if chance.random() < 0.1:
        parts.append("dl_src=50:54:00:00:00:00/ff:ff:ff:ff:ff:f0")
    if chance.random() < 0.2:
        parts.append(chance.choice(["dl_vlan=5", "vlan_tci=0x1000/0x1000", "vlan_tci=0", "dl_vlan_pcp=3"]))
    kind = chance.choice(["", "", "ip", "tcp", "udp", "icmp", "arp", "ipv6", "tcp6"])
    if kind:
        parts.append(kind)
    if kind in ("ip", "tcp", "udp", "icmp"):
        if chance.random() < 0.6:
            parts.append("nw_dst=" + chance.choice(NETWORKS))
        if chance.random() < 0.3:
            parts.append("nw_src=" + chance.choice(NETWORKS))
        if chance.random() < 0.1:
            parts.append("nw_ttl=64")
    if kind in ("tcp", "udp", "tcp6") and chance.random() < 0.5:
        parts.append(chance.choice(["tp_dst=80", "tp_dst=0x50/0xfff0", "tp_src=1000"]))
    if kind == "arp" and chance.random() < 0.5:
        parts.append(chance.choice(["arp_op=1", "arp_tpa=10.0.0.0/8"]))
    if chance.random() < 0.1:
        parts.append("reg0=5")
    return ",".join(parts), kind


def actions(chance, kind, table, bridge):
    """Random actions that packets of a kind can have."""
    others = ["output:1", "output:2", "output:3"] if bridge == "br0" else ["output:4"]
    choices = others + others + [
        "drop", "set_field:5->reg0", "push_vlan:0x8100,set_field:4103->vlan_vid", "pop_vlan",
        "set_field:50:54:00:00:00:09->eth_dst", "in_port", "set_field:7->metadata", "move:reg0[0..7]->reg1[8..15]",
        "clone(set_field:9->reg0,%s)" % others[0], "push:reg0[],pop:reg2[]", "controller(max_len=64)",
        "set_field:50:54:00:00:00:0a->eth_src", "output:%d" % (8 if bridge == "br0" else 9),
        "set_field:3->reg4", "set_queue:3", "exit", "LOCAL",
    ]
    if table < 4:
        choices += ["resubmit(,%d)" % (table + 1), "resubmit(2,%d)" % (table + 1)]
    if kind in ("ip", "tcp", "udp", "icmp"):
        choices += ["set_field:10.9.9.9->ip_dst", "dec_ttl", "set_field:0x2->nw_ecn", "set_field:10->ip_dscp"]
    if kind in ("tcp",):
        choices += ["set_field:8080->tcp_dst", "set_field:81->tcp_src"]
    if kind == "ipv6":
        choices += ["set_field:2001:db8::9->ipv6_dst", "dec_ttl"]
    picked = [chance.choice(choices) for _ in range(chance.randint(1, 4))]
    if "drop" in picked:
        return "drop"
    if chance.random() < 0.3 and table < 4:
        picked.append("goto_table:%d" % (table + 1))
    # A tag can be taken off only where there is one; say so to both switches alike.
    return ",".join(part for part in picked if part != "pop_vlan") or "drop"


def random_table(chance, bridge):
    """Random rules, of which no two have the same priority: which of those wins is nobody's promise."""
    lines = []
    for table in range(5):
        for priority in chance.sample(range(1, 100), 8):
            fields, kind = match(chance)
            lines.append("table=%d,priority=%d%s actions=%s" % (
                table, priority, "," + fields if fields else "", actions(chance, kind, table, bridge)))
    return lines


def packet(chance, bridge):
    parts = ["in_port=" + (chance.choice(["1", "2", "3"]) if bridge == "br0" else "4"),
             "dl_src=" + chance.choice(MACS), "dl_dst=" + chance.choice(MACS)]
    if chance.random() < 0.3:
        parts += ["dl_vlan=5", "dl_vlan_pcp=3"]
    kind = chance.choice(["tcp", "tcp", "udp", "icmp", "arp", "ipv6", "tcp6", ""])
    if kind:
        parts.append(kind)
    if kind in ("tcp", "udp", "icmp"):
        parts += ["nw_src=" + chance.choice(ADDRESSES), "nw_dst=" + chance.choice(ADDRESSES),
                  "nw_ttl=" + chance.choice(["64", "64", "1"])]
    if kind == "tcp":
        parts += ["tcp_src=" + chance.choice(["1000", "33"]), "tcp_dst=" + chance.choice(["80", "90", "443"])]
    if kind == "udp":
        parts += ["udp_src=1000", "udp_dst=" + chance.choice(["80", "90", "443"])]
    if kind == "arp":
        parts += ["arp_op=" + chance.choice(["1", "2"]), "arp_tpa=" + chance.choice(ADDRESSES)]
    return ",".join(parts)


def essence(result, sorts=False):
    """The lines of a trace that forwarding depends on, without what depends on the order of events."""
    text = re.sub(r"recirc_id=[1-9][0-9]*", "recirc_id=N", result.stdout)
    text = re.sub(r"dont_send=[01]", "dont_send=N", text)
    wanted = ("Final flow: ", "Megaflow: ", "Datapath actions: ")
    lines = [line for line in text.splitlines() if line.startswith(wanted)]
    if sorts:
        lines = [",".join(sorted(line.split(": ", 1)[1].split(","))) if line.startswith("Datapath") else line
                 for line in lines]
    return [result.code] + lines


@unittest.skipUnless(support.has_program("apus", "ovs-vswitchd"), "ovs-vswitchd is not built")
class TraceTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.switches = [Switch("oracle")]
        cls.addClassCleanup(cls.switches[0].close)
        cls.switches.append(Switch("apus"))
        cls.addClassCleanup(cls.switches[1].close)

    def compare(self, bridge, flow, whole=False, sorts=False):
        oracle, ours = [switch.trace(bridge, flow) for switch in self.switches]
        if whole:
            self.assertEqual(oracle.stdout, ours.stdout, flow)
        if essence(oracle, sorts) != essence(ours, sorts):
            self.fail("seed %d: %s %s\nOpen vSwitch: %s%s\nApus: %s%s" % (
                SEED, bridge, flow, oracle.stdout, oracle.stderr, ours.stdout, ours.stderr))

    def test_random_tables(self):
        chance = random.Random(SEED)
        traced = 0
        while traced < PACKETS:
            for bridge in ("br0", "br1"):
                while True:
                    lines = random_table(chance, bridge)
                    if self.switches[0].flows(bridge, lines):
                        break
                self.assertTrue(self.switches[1].flows(bridge, lines))
            for _ in range(25):
                bridge = chance.choice(["br0", "br0", "br1"])
                flow = packet(chance, bridge)
                traced += 1
                with self.subTest(flow=flow):
                    self.compare(bridge, flow)

    def test_normal(self):
        for switch in self.switches:
            switch.flows("br0", ["actions=normal"])
            switch.flows("br1", ["actions=normal"])
        chance = random.Random(SEED)
        for _ in range(20):
            with self.subTest():
                self.compare("br0", packet(chance, "br0"), sorts=True)

    def test_whole_text(self):
        flows = [
            "table=0,priority=100,ip,in_port=1,nw_dst=10.0.0.0/8 actions=resubmit(,1)",
            "table=0,priority=80,in_port=2,ip actions=set_field:0x5->reg0,set_field:10.0.0.5->ip_dst,resubmit(,2),"
            "output:3",
            "table=0,priority=80,in_port=3 actions=learn(table=5,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],"
            "output:NXM_OF_IN_PORT[]),resubmit(,5)",
            "table=1,priority=10,cookie=0x1234,tcp,tp_dst=80 actions=push_vlan:0x8100,set_field:4103->vlan_vid,"
            "output:2,output:3",
            "table=1,priority=9,udp actions=dec_ttl,goto_table:3",
            "table=1,priority=8,icmp actions=drop",
            "table=1,priority=7,sctp actions=resubmit(,9),resubmit(,2),exit",
            "table=2,priority=1 actions=output:8,output:99,output:1",
            "table=3,priority=1,ip actions=clone(set_field:5->reg1,output:1,output:3),"
            "write_actions(set_field:1.1.1.1->ip_src,output:2)",
        ]
        for switch in self.switches:
            switch.flows("br0", flows)
            switch.flows("br1", ["in_port=9,actions=output:4"])
        for flow in [
                "in_port=1,tcp,nw_dst=10.1.1.1,tcp_dst=80,dl_src=00:00:00:00:00:01", "in_port=77,ip",
                "in_port=1,udp,nw_dst=10.1.1.1,nw_ttl=5", "in_port=1,icmp,nw_dst=10.1.1.1,nw_ttl=1",
                "in_port=1,sctp,nw_dst=10.1.1.1", "in_port=2,tcp,nw_ttl=9", "in_port=3,ip", "ip"]:
            with self.subTest(flow=flow):
                self.compare("br0", flow, whole=True)


if __name__ == "__main__":
    unittest.main()
