"""Commands about connection tracking, beside Open vSwitch's userspace datapath: the same packets, commands and answers."""

import unittest

import support

# Connections begin by what comes in at p1, and are looked up for what comes in at p2.
RULES = [
    "table=0,arp,actions=drop",
    "table=0,in_port=1,tcp,actions=ct(commit,zone=1,exec(set_field:0x5->ct_mark)),2",
    "table=0,in_port=1,udp,actions=ct(commit,zone=2,exec(set_field:0x77->ct_label)),2",
    "table=0,in_port=1,tcp6,actions=ct(commit,nat(src=fd00::99)),2",
    "table=0,in_port=1,icmp,actions=ct(commit,zone=3,nat(src=10.0.0.200)),2",
    "table=0,in_port=2,tcp,actions=ct(zone=1),1",
    "table=0,in_port=2,udp,actions=ct(zone=2),1",
]
ETHERNET = "eth(src=50:54:00:00:00:01,dst=50:54:00:00:00:02),"
IPV4 = ETHERNET + "eth_type(0x0800),ipv4(src=%s,dst=%s,proto=%d,tos=0,ttl=64,frag=no),"
IPV6 = ETHERNET + "eth_type(0x86dd),ipv6(src=%s,dst=%s,label=0,proto=%d,tclass=0,hlimit=64,frag=no),"
PACKETS = [
    ("p1", "in_port(1)," + IPV4 % ("10.0.0.1", "10.0.0.2", 6) + "tcp(src=1000,dst=80),tcp_flags(syn)"),
    ("p2", "in_port(2)," + IPV4 % ("10.0.0.2", "10.0.0.1", 6) + "tcp(src=80,dst=1000),tcp_flags(syn|ack)"),
    ("p1", "in_port(1)," + IPV4 % ("10.0.0.1", "10.0.0.2", 17) + "udp(src=1000,dst=53)"),
    ("p2", "in_port(2)," + IPV4 % ("10.0.0.2", "10.0.0.1", 17) + "udp(src=53,dst=1000)"),
    ("p1", "in_port(1)," + IPV4 % ("10.0.0.3", "10.0.0.2", 17) + "udp(src=1000,dst=53)"),
    ("p1", "in_port(1)," + IPV4 % ("10.0.0.1", "10.0.0.2", 1) + "icmp(type=8,code=0)"),
    ("p1", "in_port(1)," + IPV6 % ("fd00::1", "fd00::2", 6) + "tcp(src=1000,dst=80),tcp_flags(syn)"),
]
# What the daemon is asked, in order; answers are compared, with their exit status. Lines of dumps have no order.
COMMANDS = [
    ["dump-conntrack"], ["dump-conntrack", "zone=2"], ["dump-conntrack", "-m"], ["dump-conntrack", "zone=x"],
    ["dump-conntrack", "nobody"], ["dump-conntrack", "dummy@ovs-dummy"], ["dump-conntrack", "-x"],
    ["ct-stats-show"], ["ct-stats-show", "-m"], ["ct-stats-show", "zone=2"], ["ct-stats-show", "verbose"],
    ["ct-bkts"], ["ct-bkts", "gt=10"], ["ct-get-nconns"], ["ct-get-maxconns"], ["ct-get-maxconns", "x"],
    ["ct-set-maxconns"], ["ct-set-maxconns", "x"], ["ct-set-maxconns", "dummy@ovs-dummy", "1000"], ["ct-get-maxconns"],
    ["ct-get-tcp-seq-chk"], ["ct-disable-tcp-seq-chk"], ["ct-get-tcp-seq-chk"], ["ct-enable-tcp-seq-chk"],
    ["ct-get-tcp-seq-chk"], ["ct-get-limits"], ["ct-set-limits", "default=x"], ["ct-set-limits", "zone=1"],
    ["ct-set-limits", "zone=x,limit=1"], ["ct-set-limits", "zone=1,limit=x"], ["ct-set-limits", "foo=1"],
    ["ct-set-limits", "zone=,limit=1"], ["ct-set-limits", "default=10", "zone=9,limit=5", "zone=7,limit=0"],
    ["ct-get-limits"], ["ct-get-limits", "zone=7"], ["ct-get-limits", "x"], ["ct-get-limits", "zone=x"],
    ["ct-del-limits", "zone=9"], ["ct-del-limits", "x"], ["ct-get-limits"],
    ["flush-conntrack", "zone=x"], ["flush-conntrack", "ct_nw_src=x"], ["flush-conntrack", "ct_tp_src=1"],
    ["flush-conntrack", "nw_src=1.1.1.1"], ["flush-conntrack", "icmp_id=3"],
    ["flush-conntrack", "ct_nw_src=1.1.1.1,ct_ipv6_dst=::1"], ["flush-conntrack", "ct_nw_src"],
    ["flush-conntrack", "ct_nw_src=1.1.1.1,ct_nw_src=1.1.1.2"], ["flush-conntrack", "ct_nw_proto=x"],
    ["flush-conntrack", "zone=2", "ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,ct_nw_proto=17,ct_tp_src=1000,ct_tp_dst=53"],
    ["dump-conntrack"],
    ["flush-conntrack", "zone=2", "ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,ct_nw_proto=17,ct_tp_src=1000,ct_tp_dst=53"],
    ["flush-conntrack", "", "ct_nw_src=10.0.0.2,ct_nw_proto=17"], ["dump-conntrack"],
    ["flush-conntrack", "zone=1"], ["dump-conntrack"], ["flush-conntrack"], ["dump-conntrack"],
    ["ipf-set-enabled", "x"], ["ipf-set-min-frag", "v4"], ["ipf-set-min-frag", "v5", "1000"],
    ["ipf-set-max-nfrags", "x"],
]


class Switch(support.DummySwitch):
    """A switch with rules and packets."""

    def __init__(self, kind):
        super().__init__(kind, "conntrack", {"br0": (1, 2)})
        for rule in RULES:
            self.sandbox.check("oracle", "ovs-ofctl", "add-flow", "br0", rule)
        for port, packet in PACKETS:
            self.sandbox.check(
                "oracle", "ovs-appctl", "-t", self.sandbox.path("ovs-vswitchd.ctl"), "netdev-dummy/receive", port, packet)
        # The first packet of a flow is carried out by the daemon; what follows asks once it was.
        self.sandbox.wait_until(
            lambda: len(self.ask("dump-conntrack")[1]) == 5, "five connections, not %r" % (self.ask("dump-conntrack"),))

    def ask(self, command, *arguments):
        result = self.control("dpctl/" + command, *arguments)
        error = result.stderr.replace(self.sandbox.directory, "DIRECTORY")
        output = sorted(result.stdout.splitlines()) if command == "dump-conntrack" else result.stdout
        return result.code, output, error

    def own_ofctl(self, *arguments):
        result = self.ofctl(*arguments, kind=self.kind)
        return result.code, result.stdout, result.stderr.replace(self.sandbox.directory, "DIRECTORY")


class Commands(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.switches = [Switch("oracle"), Switch("apus")]
        for switch in self.switches:
            self.addCleanup(switch.sandbox.close)

    def test_commands_answer_alike(self):
        for command in COMMANDS:
            theirs, ours = [switch.ask(*command) for switch in self.switches]
            with self.subTest(command=command):
                self.assertEqual(ours, theirs)

    def test_controllers_flush_alike(self):
        for arguments in (
            ["ct-flush-zone", "br0", "x"], ["ct-flush-zone", "br0", "2"], ["ct-flush", "br0", "zone=x"],
            ["ct-flush", "br0", "ct_nw_src=x"], ["ct-flush", "br0", "ct_nw_src=10.0.0.1,ct_nw_proto=6"], ["ct-flush", "br0"],
        ):
            theirs, ours = [
                (switch.own_ofctl(*arguments), switch.ask("dump-conntrack")) for switch in self.switches]
            with self.subTest(arguments=arguments):
                self.assertEqual(ours, theirs)


if __name__ == "__main__":
    unittest.main()
