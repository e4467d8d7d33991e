#!/usr/bin/env python3
"""What may happen in any order: the driver's threads, pauses and detaches, requests while the driver learns, saving."""

import unittest

from datapath import output
from driver import DriverTestCase, frame

OID_NIC_CREATE, OID_NIC_CONNECT, OID_NIC_DISCONNECT, OID_NIC_DELETE = 0x1027A, 0x1027B, 0x1027C, 0x1027D
# FakeOperation, and flags of fakeBetween and fakeStop.
PORT_UPDATE, NIC_CREATE, NIC_CONNECT, NIC_DISCONNECT, NIC_DELETE = 9, 12, 13, 15, 16
PORTS, NICS, FAILS = 0, 1, 2
ABOVE, BELOW = 0, 1


class Pauses(DriverTestCase):
    """Whatever is under way when a switch pauses, NDIS is told once, and nobody looks at the module afterwards."""

    def test_a_switch_comes_and_goes_while_another_sends_to_it(self):
        first = self.host.switch("one").vm("one", "port1")
        switch = self.host.switch("two")
        second = switch.vm("two", "port2")
        datapath = self.datapath()
        one, two = datapath.add_port("port1"), datapath.add_port("port2")
        datapath.add_flow(one, output(two))
        packet = frame(second.mac, first.mac)
        for pending in (0, 1):
            self.host.ask("sends-pend", value=pending)
            first.inject(packet, lists=4)
            first.ask("load-start", value=2)
            for _ in range(25):
                switch.detach()
                switch.attach()
                switch.pause()
                switch.restart()
                second.collect()
            self.assertGreater(int(self.host.ask("load-stop")), 0)
            self.assertEqual(self.host.quiesce(), 0)
            while second.collect():
                pass
            first.inject(packet)
            self.assertEqual(len(second.collect_within(1)), 1)

    def test_a_pause_waits_for_what_is_below(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        switch = first.switch
        for _ in range(10):
            self.host.ask("sends-pend", value=1)
            first.inject(frame(second.mac, first.mac), lists=4, buffers=3)
            switch.pause()
            switch.restart()
        switch.detach()


class Learning(DriverTestCase):
    """The driver asks a switch what is there, and what it is told is old by the time it reads it."""

    def setUp(self):
        super().setUp()
        self.switch = self.host.switch("external", attached=False)
        self.first = self.switch.vm("one", "port1")

    def attach(self):
        """Attaches the driver; what is planned happens meanwhile."""
        self.switch.attach()

    def end_between(self):
        self.assertEqual(self.host.ask("between-end"), "1")

    def between(self, nic, operation, flags, **words):
        nic.ask("between", type=operation, flags=flags, **words)

    def assert_reached(self, nic, name):
        """Packets for the datapath's port of this name reach the adapter."""
        datapath = self.datapath()
        one, other = datapath.add_port("port1"), datapath.add_port(name)
        datapath.add_flow(one, output(other))
        self.first.inject(frame(nic.mac, self.first.mac))
        self.assertEqual(self.host.quiesce(), 0)
        self.assertEqual(len(nic.collect()), 1)
        self.assertEqual(nic.references(), (1, 1))

    def test_one_that_is_connected_meanwhile_is_a_destination(self):
        second = self.switch.nic(friendly="port2").create_port().create_nic()
        self.between(second, NIC_CONNECT, NICS)
        self.attach()
        self.end_between()
        self.assert_reached(second, "port2")

    def test_one_that_is_being_connected_all_the_while_is_a_destination(self):
        second = self.switch.nic(friendly="port2").create_port().create_nic()
        self.host.ask("stop", value=OID_NIC_CONNECT, flags=BELOW)
        self.between(second, NIC_CONNECT, NICS)
        self.attach()
        self.end_between()
        self.assert_reached(second, "port2")

    def test_one_that_goes_meanwhile_is_gone(self):
        second = self.switch.vm("two", "port2")
        self.between(second, NIC_DISCONNECT, NICS)
        self.between(second, NIC_DELETE, NICS)
        self.attach()
        self.end_between()
        self.assert_reached(self.switch.vm("three", "port2"), "port2")
        second.delete_port()

    def test_one_that_is_about_to_go_all_the_while_is_gone(self):
        second = self.switch.nic(friendly="port2").create_port().create_nic()
        self.host.ask("stop", value=OID_NIC_DELETE, flags=BELOW)
        self.between(second, NIC_DELETE, NICS)
        self.attach()
        self.end_between()
        self.assert_reached(self.switch.vm("three", "port2"), "port2")
        second.delete_port()

    def test_one_that_is_listed_before_its_making_fails_is_not_there(self):
        second = self.switch.nic(friendly="port2").create_port()
        self.host.ask("stop", value=OID_NIC_CREATE, flags=ABOVE)
        self.host.ask("veto", value=OID_NIC_CREATE, flags=1)
        self.between(second, NIC_CREATE, PORTS | FAILS, name="two", friendly="two")
        self.attach()
        self.end_between()
        self.assert_reached(self.switch.vm("three", "port2"), "port2")
        second.delete_port()

    def test_one_that_is_connected_anew_meanwhile_is_a_destination(self):
        second = self.switch.vm("two", "port2").disconnect()
        self.between(second, NIC_CONNECT, NICS)
        self.attach()
        self.end_between()
        self.assert_reached(second, "port2")

    def test_a_port_has_the_name_that_it_is_given_meanwhile(self):
        second = self.switch.vm("two", "port2")
        self.between(second, PORT_UPDATE, PORTS, friendly="port3")
        self.attach()
        self.end_between()
        self.assert_reached(second, "port3")

    def test_a_restart_meanwhile_keeps_what_is_there(self):
        second = self.switch.vm("two", "port2")
        self.attach()
        self.switch.pause()
        self.between(second, NIC_DISCONNECT, PORTS)
        self.between(second, NIC_CONNECT, NICS)
        self.switch.restart()
        self.end_between()
        self.assert_reached(second, "port2")


if __name__ == "__main__":
    unittest.main()
