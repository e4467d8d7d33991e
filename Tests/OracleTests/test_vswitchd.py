"""Compares ovs-vswitchd with Open vSwitch's: the same commands to both, with dummy devices, and the same answers."""

import os
import re
import socket
import struct
import unittest

from support import Sandbox

HARDWARE = "other_config:hwaddr=aa:bb:cc:dd:ee:01"


def without_times(text):
    """The text without what differs from run to run: ages, and the addresses that dummies count up."""
    text = re.sub(r"duration=[0-9.]+s", "duration=*", text)
    text = re.sub(r"(idle|hard)_age=\d+(, )?", "", text)
    text = re.sub(r"xid=0x[0-9a-f]+", "xid=*", text)
    text = re.sub(r"addr:([0-9a-f]{2}:){5}[0-9a-f]{2}", "addr:*", text)
    return text


def sorted_lines(text):
    lines = text.splitlines()
    return lines[:1] + sorted(lines[1:])


class Switch:
    """One daemon with its database, driven by Open vSwitch's tools."""

    def __init__(self, kind):
        self.sandbox = Sandbox("vswitchd-" + kind)
        try:
            self.sandbox.start_database("oracle")
            self.vsctl("--no-wait", "init")
            control = self.sandbox.path("ovs-vswitchd.ctl")
            self.process = self.sandbox.start(
                kind, "ovs-vswitchd", "unix:" + self.sandbox.path("db.sock"), "--unixctl=" + control,
                "--log-file=" + self.sandbox.path("ovs-vswitchd.log"), "--enable-dummy=override")
            self.sandbox.wait_until(lambda: os.path.exists(control), "ovs-vswitchd listens", process=self.process)
        except BaseException:
            self.sandbox.close()
            raise

    def vsctl(self, *arguments):
        return self.sandbox.check("oracle", "ovs-vsctl", "--db=unix:" + self.sandbox.path("db.sock"), *arguments)

    def ofctl(self, *arguments, version=None):
        options = [] if version is None else ["-O", version]
        return self.sandbox.run("oracle", "ovs-ofctl", *options, *arguments)

    def appctl(self, *arguments):
        return self.sandbox.run("oracle", "ovs-appctl", "-t", self.sandbox.path("ovs-vswitchd.ctl"), *arguments)


# An OpenFlow 1.0 flow mod: any packet, no cookie, add, no timeouts, priority 9, no buffer, output to port 2.
FLOW_ADDED = (struct.pack("!I36x", 0x3fffff) + struct.pack("!QHHHHIHH", 0, 0, 0, 0, 9, 0xffffffff, 0xffff, 0)
              + struct.pack("!HHHH", 0, 8, 2, 0))


class Controller:
    """An OpenFlow 1.0 controller that does what it is told."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(15)
        self.port = self.listener.getsockname()[1]
        self.connection = None
        return self

    def __exit__(self, *_):
        for end in (self.connection, self.listener):
            if end is not None:
                end.close()

    def accept(self):
        """Waits for a switch, greets it and reads its greeting."""
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(5)
        self.send(0, b"")
        self.connection.recv(65536)

    def send(self, kind, body):
        self.connection.sendall(struct.pack("!BBHI", 1, kind, 8 + len(body), 0x77) + body)

    def echo(self):
        """Sends an echo request and throws away whatever has come in."""
        self.send(2, b"")
        self.connection.recv(65536)
        return True


class VswitchdTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.switches = []
        for kind in ("oracle", "apus"):
            cls.switches.append(Switch(kind))

    @classmethod
    def tearDownClass(cls):
        for switch in cls.switches:
            switch.sandbox.close()

    def setUp(self):
        for switch in self.switches:
            switch.vsctl("add-br", "br0", "--", "set", "bridge", "br0", HARDWARE)
            for number in (1, 2, 3):
                name = "p%d" % number
                switch.vsctl("add-port", "br0", name, "--", "set", "interface", name, "type=dummy",
                             "ofport_request=%d" % number)

    def tearDown(self):
        for switch in self.switches:
            switch.vsctl("--if-exists", "del-br", "br0", "--", "--if-exists", "del-br", "br1")

    def same(self, command, normalise=without_times):
        """Runs a command on both and compares code, output and errors."""
        oracle, apus = [command(switch) for switch in self.switches]
        if isinstance(oracle, str):
            self.assertEqual(normalise(oracle), normalise(apus))
        else:
            self.assertEqual(oracle.code, apus.code, (oracle, apus))
            self.assertEqual(normalise(oracle.stdout), normalise(apus.stdout))
            self.assertEqual(normalise(oracle.stderr), normalise(apus.stderr))
        return apus

    def same_ofctl(self, *arguments, version=None, normalise=without_times):
        return self.same(lambda switch: switch.ofctl(*arguments, version=version), normalise)

    def dump(self, version=None):
        self.same_ofctl("dump-flows", "br0", version=version,
                        normalise=lambda text: sorted_lines(without_times(text)))

    def test_show_and_ports(self):
        for version in (None, "OpenFlow13", "OpenFlow14", "OpenFlow15"):
            with self.subTest(version):
                self.same_ofctl("show", "br0", version=version)
                self.same_ofctl("dump-ports-desc", "br0", version=version)
                if version in (None, "OpenFlow13"):
                    # Later versions list counters that Open vSwitch's dummies make up.
                    self.same_ofctl("dump-ports", "br0", version=version)
                self.same_ofctl("dump-tables", "br0", version=version)
                self.same_ofctl("get-frags", "br0", version=version)

    def test_flows_in_every_version(self):
        flows = [
            "priority=10,in_port=1,actions=output:2",
            "table=1,priority=20,tcp,nw_src=10.0.0.0/8,tp_dst=80,actions=mod_nw_tos:32,dec_ttl,output:3",
            "priority=30,dl_vlan=5,actions=strip_vlan,normal",
            "priority=40,arp,arp_tpa=10.1.2.3,actions=load:0x1->NXM_NX_REG1[],resubmit(,2)",
            "priority=50,ipv6,ipv6_dst=fe80::/10,actions=drop",
            "cookie=0x1234,priority=60,icmp,idle_timeout=100,hard_timeout=200,actions=controller",
        ]
        for version in (None, "OpenFlow11", "OpenFlow12", "OpenFlow13", "OpenFlow14", "OpenFlow15"):
            with self.subTest(version):
                self.same_ofctl("del-flows", "br0", version=version)
                for flow in flows:
                    self.same_ofctl("add-flow", "br0", flow, version=version)
                self.dump(version)
                self.same_ofctl("dump-aggregate", "br0", version=version)

    def test_changes_and_deletions(self):
        self.same_ofctl("del-flows", "br0")
        for number in range(1, 20):
            self.same_ofctl("add-flow", "br0", "cookie=%d,priority=%d,ip,nw_dst=10.0.%d.0/24,actions=output:%d" % (
                number % 4, number, number % 3, number % 3 + 1))
        self.dump()
        self.same_ofctl("mod-flows", "br0", "ip,nw_dst=10.0.1.0/24,actions=drop")
        self.dump()
        self.same_ofctl("--strict", "mod-flows", "br0", "priority=3,ip,nw_dst=10.0.0.0/24,actions=output:1")
        self.dump()
        self.same_ofctl("del-flows", "br0", "cookie=2/-1")
        self.dump()
        self.same_ofctl("del-flows", "br0", "out_port=3")
        self.dump()
        self.same_ofctl("--strict", "del-flows", "br0", "priority=1,ip,nw_dst=10.0.1.0/24")
        self.dump()
        self.same_ofctl("del-flows", "br0", "ip,nw_dst=10.0.0.0/24")
        self.dump()

    def test_refusals(self):
        for version, flow in (
                ("OpenFlow13", "table=3,actions=goto_table:2"),
                ("OpenFlow13", "actions=meter:7"),
                ("OpenFlow13", "actions=group:7"),
                (None, "table=254,actions=drop"),
                (None, "check_overlap,priority=0,actions=drop")):
            with self.subTest(flow):
                self.same_ofctl("add-flow", "br0", flow, version=version,
                                normalise=lambda text: without_times(text).split("\n")[0])

    def test_bundles(self):
        self.same_ofctl("del-flows", "br0", version="OpenFlow14")
        self.same_ofctl("--bundle", "add-flow", "br0", "priority=5,actions=output:1", version="OpenFlow14")
        self.dump("OpenFlow14")

    def test_database_columns(self):
        for name, columns in (
                ("p1", "ofport,admin_state,link_state,mtu,error,type"),
                ("br0", "ofport,admin_state,link_state,mac_in_use,mtu,error,type")):
            self.same(lambda switch: switch.vsctl("--columns=" + columns, "list", "interface", name))
        self.same(lambda switch: switch.vsctl("--columns=datapath_id,datapath_version", "list", "bridge", "br0"))
        self.same(lambda switch: switch.vsctl("get", "Open_vSwitch", ".", "cur_cfg"),
                  normalise=lambda text: text.strip().isdigit())

    def test_what_was_dropped_can_be_read(self):
        frame = "in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x1234)"
        counts = []
        for switch in self.switches:
            before = switch.appctl("coverage/read-counter", "drop_action_of_pipeline").stdout
            self.assertEqual(switch.ofctl("add-flow", "br0", "dl_type=0x1234,actions=drop").code, 0)
            for _ in range(5):
                self.assertEqual(switch.appctl("netdev-dummy/receive", "p1", frame).code, 0)
            # Both count once a second what their datapath did.
            switch.sandbox.wait_until(
                lambda: int(switch.appctl("coverage/read-counter", "drop_action_of_pipeline").stdout) - int(before) >= 4,
                "the drops are counted")
            line = [line for line in switch.appctl("coverage/show").stdout.splitlines()
                    if line.startswith("drop_action_of_pipeline ")][0]
            counts.append(re.sub(r"[0-9.]+|\s+", " ", line).split())
        self.assertEqual(counts[0], counts[1])
        shown = self.switches[1].appctl("dpctl/show", "-s").stdout.splitlines()
        self.assertRegex(shown[-1], r"^  drops: .*drop_action_of_pipeline:[45]\b")
        self.assertNotIn("drops:", self.switches[1].appctl("dpctl/show").stdout)

    def test_fail_modes_and_controllers(self):
        for command in (
                ["set-fail-mode", "br0", "secure"], ["set-fail-mode", "br0", "standalone"],
                ["set-controller", "br0", "ptcp:0"], ["set-controller", "br0", "tcp:127.0.0.1:1"],
                ["del-controller", "br0"], ["del-fail-mode", "br0"]):
            with self.subTest(command):
                for switch in self.switches:
                    switch.vsctl(*command)
                self.dump()

    def test_snoop_shows_what_passes_between_switch_and_controller(self):
        printed = []
        for number, switch in enumerate(self.switches):
            for kind in ("oracle", "apus"):
                with self.subTest(switch=number, snoop=kind), Controller() as controller:
                    printed.append(self.snooped(switch, kind, controller))
        self.assertEqual([printed[0]] * 4, printed)

    def snooped(self, switch, kind, controller):
        """What `ovs-ofctl snoop` of a kind prints while a controller adds a flow and asks for the flows."""
        switch.vsctl("set", "bridge", "br0", "protocols=OpenFlow10", "--",
                     "set-controller", "br0", "tcp:127.0.0.1:%d" % controller.port)
        controller.accept()
        log = "snoop-%s.out" % kind
        snoop = switch.sandbox.start(kind, "ovs-ofctl", "snoop", "br0", log=log)

        def text():
            with open(switch.sandbox.path(log)) as file:
                return file.read()
        # The switch copies only to those whose greeting it has seen: go on until the first copy is printed.
        switch.sandbox.wait_until(lambda: controller.echo() and "ECHO_REPLY" in text(), "a copy is printed",
                                  process=snoop)
        controller.send(14, FLOW_ADDED)
        controller.send(18, b"")
        switch.sandbox.wait_until(lambda: "BARRIER_REPLY" in text(), "the barrier's answer is printed", process=snoop)
        switch.sandbox.stop(snoop)
        switch.vsctl("del-controller", "br0", "--", "clear", "bridge", "br0", "protocols")
        lines = without_times(text()).splitlines()
        # Neither the echoes and their bytes, nor a log line at the end.
        return [line for line in lines if "ECHO" not in line and not re.match(r"[0-9a-f]{8}  |\d{4}-\d\d-\d\dT", line)]

    def test_a_port_that_is_asked_for_again_moves(self):
        for switch in self.switches:
            switch.vsctl("set", "interface", "p2", "ofport_request=9")
        self.same(lambda switch: switch.vsctl("wait-until", "interface", "p2", "ofport=9"))
        self.same_ofctl("show", "br0")


if __name__ == "__main__":
    unittest.main()
