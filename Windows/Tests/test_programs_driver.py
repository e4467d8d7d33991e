"""The switch daemon for Windows with the driver's datapath: what it drops, and the driver's going and coming back.

Windows unloads a driver once nobody has its device open, and lets nobody open it meanwhile. Wine would unload it at once, under
the daemon's feet; so `probe hide` stands for the latter, and the driver is stopped when the daemon has let go of it.
"""

import os
import unittest

from driver import SERVICE, DriverTestCase, udp
from fakeswitch import FakeHost
from programs import PROBE, RUN, ProgramTestCase
from wine import wait_until

GONE = "datapath ovs-system is gone"
BACK = "datapath ovs-system is back"


class DaemonOnDriver(DriverTestCase, ProgramTestCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        super(DriverTestCase, cls).prepare()

    def setUp(self):
        super().setUp()
        super(DriverTestCase, self).setUp()
        self.attach()
        self.start_database()
        self.start("ovs-vswitchd", "--log-file", marker="ovs-vswitchd.ctl")
        self.check("ovs-vsctl", "--timeout=30", "add-br", "br0", "--", "add-port", "br0", "port1", "--",
                   "set", "interface", "port1", "ofport_request=5", "--", "add-port", "br0", "port2")
        self.check("ovs-ofctl", "add-flow", "br0", "priority=9,udp,tp_dst=7,actions=drop")

    def attach(self):
        """A switch with two machines."""
        self.switch = self.host.switch("external")
        self.first, self.second = self.switch.vm("one", "port1"), self.switch.vm("two", "port2")

    def sent(self):
        """Sends a packet from one machine to the other, and returns it."""
        packet = udp(self.second.mac, self.first.mac)
        self.first.inject(packet)
        return packet

    def passes(self):
        """Whether a packet gets from one machine to the other."""
        packet = self.sent()
        return [entry.data for entry in self.second.collect_within(1)] == [packet]

    def passes_again(self):
        """Whether a packet gets through by now; those before may be lost."""
        packet = self.sent()
        return packet in [entry.data for entry in self.second.collect_for(0.5)]

    def log(self):
        with open(self.file("ovs-vswitchd.log"), errors="replace") as file:
            return file.read()

    def reload(self):
        """Loads the driver again, as if the host had been given a new one."""
        self.prefix.start_service(SERVICE)
        self.host = FakeHost(self.prefix)
        self.attach()
        wait_until(lambda: BACK in self.log(), "the datapath is back", 30, log=self.log)

    def check_all_is_as_before(self, before):
        wait_until(self.passes_again, "packets pass again", log=self.log)
        self.assertEqual(self.check("ovs-ofctl", "show", "br0").count("addr:"), 3)
        self.assertIn(" 5(port1): addr:", self.check("ovs-ofctl", "show", "br0"))
        self.assertIn("priority=9,udp", self.check("ovs-ofctl", "dump-flows", "br0"))
        self.assertEqual(self.check("ovs-vsctl", "get", "interface", "port1", "ofport", "error"), before)
        self.assertEqual((self.log().count(GONE), self.log().count(BACK)), (1, 1))

    def interface(self):
        return self.check("ovs-vsctl", "get", "interface", "port1", "ofport", "error")

    def test_the_driver_is_replaced_while_the_daemon_runs(self):
        self.assertTrue(self.passes())
        before = self.interface()
        self.host.check()
        self.host.end()
        self.prefix.run(PROBE, "hide", "OpenvSwitchDevice", check=True)
        wait_until(lambda: GONE in self.log(), "the daemon lets go of the device", log=self.log)
        # Nobody has the device open any more, so that nothing of the driver is left.
        self.prefix.stop_driver(SERVICE)
        self.check("ovs-vsctl", "--timeout=30", "--no-wait", "set", "bridge", "br0", "other_config:a=b")
        self.reload()
        self.check_all_is_as_before(before)

    def test_what_only_hyper_v_can_change_is_said(self):
        self.switch.internal("management")
        self.check("ovs-vsctl", "--timeout=30", "add-port", "br0", "management", "--", "set", "interface", "management",
                   "type=internal")
        wait_until(
            lambda: self.check("ovs-vsctl", "get", "interface", "management", "mac_in_use") != "[]\n", "the adapter is known")
        for _ in range(2):
            self.check("ovs-vsctl", "--timeout=30", "set", "interface", "management", "mtu_request=1400",
                       'mac="02:00:00:00:00:42"')
            self.check("ovs-vsctl", "--timeout=30", "remove", "interface", "management", "mtu_request", "1400")
        for what in ["MTU 1400", "Ethernet address 02:00:00:00:00:42"]:
            self.assertEqual(self.log().count(f"management: {what} could not be set (Operation not supported)"), 1, self.log())

    def test_what_the_driver_drops_can_be_read(self):
        self.assertNotIn("drops:", self.check("ovs-dpctl", "show", "-s"))
        packet = udp(self.second.mac, self.first.mac, ports=(1, 7))
        # The first one goes to the daemon, whose answer is a flow.
        self.first.inject(packet)
        wait_until(lambda: "actions:drop" in self.check("ovs-dpctl", "dump-flows"), "there is a flow that drops")
        for _ in range(3):
            self.first.inject(packet, lists=2)
        self.assertEqual(self.second.collect_within(0), [])
        line = "  drops: drop_action_of_pipeline:6"
        self.assertEqual(self.check("ovs-dpctl", "show", "-s").splitlines()[-1], line)
        self.assertNotIn("drops:", self.check("ovs-dpctl", "show"))
        wait_until(
            lambda: self.check("ovs-appctl", "coverage/read-counter", "drop_action_of_pipeline") == "6\n",
            "the daemon has read it")
        self.assertIn("drop_action_of_pipeline", self.check("ovs-appctl", "coverage/show"))
        self.assertEqual(self.check("ovs-appctl", "dpctl/show", "-s").splitlines()[-1], line)


if __name__ == "__main__":
    unittest.main()
