"""ovs-dpctl.exe on the driver's datapath, without any daemon."""

import os
import re
import unittest

from driver import DriverTestCase, udp
from wine import BUILD


class DatapathTool(DriverTestCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        path = os.path.join(BUILD, "bin", "ovs-dpctl.exe")
        if not os.path.exists(path):
            raise unittest.SkipTest("no ovs-dpctl.exe; run Scripts/windows build")
        cls.prefix.put(path, "C:\\ovs\\ovs-dpctl.exe")

    def dpctl(self, *arguments, code=0):
        result = self.prefix.run("C:\\ovs\\ovs-dpctl.exe", *arguments)
        self.assertEqual(result.code, code, result)
        return result.stdout if code == 0 else result.stderr

    def test_the_datapath_its_ports_and_flows(self):
        switch = self.host.switch("external")
        first, second = switch.vm("one", "port1"), switch.vm("two", "port2")
        self.assertEqual(self.dpctl("dump-dps").strip(), "system@ovs-system")
        self.dpctl("add-if", "ovs-system", "port1,port_no=1", "port2,port_no=2")
        self.dpctl("add-if", "ovs-system", "vxlan0,type=vxlan,port_no=5")
        shown = self.dpctl("show")
        self.assertIn("system@ovs-system:\n  lookups: hit:0 missed:0 lost:0\n  flows: 0\n", shown.replace("\r", ""))
        self.assertIn("  port 1: port1 (system)\n  port 2: port2 (system)\n  port 5: vxlan0 (vxlan: packet_type=ptap)\n", shown.replace("\r", ""))
        flow = "recirc_id(0),in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)"
        self.dpctl("add-flow", flow, "2")
        self.assertIn("(File exists)", self.dpctl("add-flow", flow, "2", code=1))
        packet = udp(second.mac, first.mac)
        first.inject(packet, lists=3)
        self.assertEqual([entry.data for entry in second.collect_within(3)], [packet] * 3)
        dumped = self.dpctl("dump-flows", "ovs-system")
        self.assertRegex(dumped, r"in_port\(1\).*packets:3, bytes:\d+, used:\d+\.\d+s, actions:2")
        self.assertIn("in_port(port1)", self.dpctl("dump-flows", "--names"))
        self.dpctl("mod-flow", flow, "drop")
        self.assertIn("actions:drop", self.dpctl("dump-flows"))
        self.assertRegex(self.dpctl("show", "-s"), r"RX packets:3 ")
        self.dpctl("del-flow", flow)
        self.assertEqual(self.dpctl("dump-flows").strip(), "")
        self.dpctl("del-if", "ovs-system", "port2", "5")
        self.assertNotIn("port2", self.dpctl("show"))

    def test_what_is_not_there_is_said(self):
        self.assertIn("(No such device)", self.dpctl("show", "other", code=1))
        self.assertIn("(No such device)", self.dpctl("del-if", "ovs-system", "nothing", code=1))
        self.assertIn("(No such file or directory)", self.dpctl("del-flow", "ufid:00000000-0000-0000-0000-000000000001", code=1))
        self.assertIn("syntax error", self.dpctl("add-flow", "in_port(", "2", code=1))

    def test_two_tools_at_a_time(self):
        datapath = self.datapath()
        for number in range(1, 9):
            datapath.add_port(f"port{number}", number=number)
        self.assertEqual(len(re.findall(r"port \d+: port\d", self.dpctl("show"))), 8)
        self.assertEqual(len(datapath.ports()), 8)

    def test_without_the_driver(self):
        self.host.check()
        self.host.end()
        self.prefix.stop_driver("OVSExt")
        try:
            self.assertIn("(No such device)", self.dpctl("show", code=1))
            self.assertEqual(self.dpctl("dump-dps"), "")
        finally:
            self.setUp_again()

    def setUp_again(self):
        from fakeswitch import FakeHost
        self.prefix.start_service("OVSExt")
        self.host = FakeHost(self.prefix)


if __name__ == "__main__":
    unittest.main()
