"""The switch daemon and its tools for Windows, run in Wine with ports that have no devices; beside those for Linux."""

import re
import time
import unittest

import wine
from programs import ProgramTestCase, Wire, free_port, support

FLOWS = """\
table=0,priority=10,arp,actions=NORMAL
table=0,priority=20,ip,nw_src=10.0.0.0/8,actions=load:0x5->NXM_NX_REG0[],resubmit(,1)
table=1,priority=1,reg0=0x5,tcp,tp_dst=80,actions=mod_vlan_vid:7,output:2
table=1,priority=0,actions=drop
"""
TRACES = [
    "in_port=1,arp,dl_src=50:54:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff",
    "in_port=1,tcp,nw_src=10.1.2.3,nw_dst=10.9.9.9,tp_src=1000,tp_dst=80",
    "in_port=2,udp,nw_src=10.1.2.3,nw_dst=10.9.9.9",
    "in_port=1,tcp6,ipv6_src=2001:db8::1,tp_dst=80",
]


def comparable(text):
    """Without what differs from run to run: ages, times, identifiers."""
    text = re.sub(r"duration=[\d.]+s", "duration=", text)
    text = re.sub(r"(n_packets|n_bytes|idle_age|hard_age)=\d+", r"\1=", text)
    text = re.sub(r"(xid=)0x[0-9a-f]+", r"\1", text)
    return support.without_uuids(text)


class Switch(ProgramTestCase):
    def start_switch(self, *options):
        self.start_database()
        self.check("ovs-vsctl", "--no-wait", "init")
        process = self.start(
            "ovs-vswitchd", "--enable-dummy=override", "--pidfile", "--log-file", *options, marker="ovs-vswitchd.ctl")
        self.check("ovs-vsctl", "--timeout=20", "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy",
                   "other_config:hwaddr=50:54:00:00:00:aa", "fail_mode=secure")
        for number in [1, 2]:
            self.check("ovs-vsctl", "--timeout=20", "add-port", "br0", f"p{number}", "--", "set", "interface",
                       f"p{number}", "type=dummy", f"ofport_request={number}")
        return process

    def test_flows_and_traces_are_those_of_linux(self):
        self.start_switch()
        sandbox = support.Sandbox("windows")
        try:
            sandbox.start_database("apus")
            sandbox.start_switch("apus", ["--enable-dummy=override"])

            def linux(name, *arguments):
                return sandbox.check("apus", name, *arguments)

            linux("ovs-vsctl", "--timeout=20", "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy",
                  "other_config:hwaddr=50:54:00:00:00:aa", "fail_mode=secure")
            for number in [1, 2]:
                linux("ovs-vsctl", "--timeout=20", "add-port", "br0", f"p{number}", "--", "set", "interface",
                      f"p{number}", "type=dummy", f"ofport_request={number}")
            with open(self.file("flows.txt"), "w") as file:
                file.write(FLOWS)
            self.check("ovs-ofctl", "add-flows", "br0", "C:\\ovs\\run\\flows.txt")
            linux("ovs-ofctl", "add-flows", "br0", self.file("flows.txt"))
            commands = [["ovs-ofctl", "dump-flows", "br0"], ["ovs-ofctl", "-O", "OpenFlow13", "dump-flows", "br0"],
                        ["ovs-ofctl", "dump-tables", "br0"], ["ovs-ofctl", "show", "br0"],
                        ["ovs-appctl", "-t", "TARGET", "fdb/show", "br0"]]
            commands += [["ovs-appctl", "-t", "TARGET", "ofproto/trace", "br0", flow] for flow in TRACES]
            for command in commands:
                there = self.check(*[word.replace("TARGET", "ovs-vswitchd") for word in command])
                here = linux(*[word.replace("TARGET", sandbox.path("ovs-vswitchd.ctl")) for word in command])
                self.assertEqual(comparable(there), comparable(here), command)
        finally:
            sandbox.close()

    def test_tools_of_linux_drive_the_daemons_by_tcp(self):
        port = free_port()
        controller = free_port()
        self.start_database(f"--remote=ptcp:{port}:127.0.0.1")
        tcp = f"--db=tcp:127.0.0.1:{port}"
        self.linux("ovs-vsctl", tcp, "--no-wait", "init", kind="oracle")
        self.start("ovs-vswitchd", "--enable-dummy=override", marker="ovs-vswitchd.ctl")
        self.linux("ovs-vsctl", tcp, "--timeout=20", "add-br", "br0", "--", "set", "bridge", "br0",
                   "datapath_type=dummy", "--", "set-controller", "br0", f"ptcp:{controller}:127.0.0.1", kind="oracle")
        self.linux("ovs-vsctl", tcp, "--timeout=20", "add-port", "br0", "p1", "--", "set", "interface", "p1",
                   "type=dummy", kind="oracle")
        bridge = f"tcp:127.0.0.1:{controller}"
        for kind in ["oracle", "apus"]:
            self.linux("ovs-ofctl", "add-flow", bridge, "priority=5,tcp,tp_dst=22,actions=drop", kind=kind)
            self.assertIn("(p1)", self.linux("ovs-ofctl", "show", bridge, kind=kind))
        flows = self.linux("ovs-ofctl", "dump-flows", bridge, kind="oracle")
        self.assertEqual(comparable(flows), comparable(self.check("ovs-ofctl", "dump-flows", "br0")))
        self.assertEqual(comparable(flows), comparable(self.check("ovs-ofctl", "dump-flows", bridge)))

    def test_packets_go_through_ports_without_devices(self):
        self.start_switch()
        self.check("ovs-ofctl", "add-flow", "br0", "in_port=1,actions=output:2")
        packet = "eth(src=50:54:00:00:00:01,dst=50:54:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=1,dst=2)"
        for _ in range(3):
            self.check("ovs-appctl", "netdev-dummy/receive", "p1", "in_port(1)," + packet)
        wine.wait_until(
            lambda: "n_packets=3" in self.check("ovs-ofctl", "dump-flows", "br0"), "the flow counts three packets")
        self.assertIn("p2", self.check("ovs-appctl", "dpctl/show"))
        # That program speaks to the driver, which is not here.
        self.assertIn("No such device", self.exe("ovs-dpctl", "show").stderr)

    def test_the_switch_survives_its_database_and_nonsense(self):
        controller = free_port()
        process = self.start_switch()
        self.check("ovs-vsctl", "set-controller", "br0", f"ptcp:{controller}:127.0.0.1")
        for nonsense in [b"\x04" + b"\xff" * 200, b"\x00" * 64, b"\x04\x00\x00\x07\x00\x00\x00\x01", b"GET / HTTP/1.0\r\n\r\n"]:
            wire = Wire(controller)
            wire.socket.sendall(nonsense)
            time.sleep(0.02)
            wire.close()
        database = self.running[0]
        self.stop(database)
        self.start_database(create=False)
        self.check("ovs-vsctl", "--timeout=20", "add-port", "br0", "p3", "--", "set", "interface", "p3", "type=dummy")
        self.assertIn("(p3)", self.check("ovs-ofctl", "show", "br0"))
        self.assertEqual(self.stop(process), 0)


if __name__ == "__main__":
    unittest.main()
