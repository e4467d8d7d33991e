"""The driver's life under the simulated Hyper-V switches: attach, order of ports and NICs, requests of every kind, unload."""

import re
import unittest

from datapath import output
from driver import DriverTestCase, RandomLives, frame
from fakeswitch import NIC

OID_SWITCH_FIRST, OID_SWITCH_LAST = 0x00010263, 0x00010295
OID_PORT_CREATE, OID_NIC_CREATE = 0x00010278, 0x0001027A
OID_ALLOCATE_VF = 0x00010245
OID_PACKET_FILTER = 0x0001010E


class Life(DriverTestCase):
    def test_it_loads_and_unloads(self):
        pass

    def test_a_switch_comes_and_goes(self):
        switch = self.host.switch("external")
        self.assertEqual(self.host.counters()["modules"], 1)
        switch.delete()
        self.assertEqual(self.host.counters()["modules"], 0)

    def test_it_unloads_with_switches_ports_and_nics_there(self):
        switch = self.host.switch("external")
        switch.external()
        switch.internal("external")
        switch.vm("one", "port1")
        self.host.switch("private").vm("two", "port2")

    def test_several_switches_at_once(self):
        switches = [self.host.switch(f"switch{number}") for number in range(6)]
        for switch in switches:
            switch.vm("vm", f"port{switch.number}")
        self.assertEqual(self.host.counters()["modules"], 6)
        for switch in switches[::2]:
            switch.delete()
        self.assertEqual(self.host.counters()["modules"], 3)

    def test_a_port_and_its_nic_live_and_die_in_order(self):
        switch = self.host.switch("external")
        for pending in (0, 1):
            self.host.ask("oids-pend", value=pending)
            with self.subTest(pending=pending):
                nic = switch.nic(friendly="port1").create_port()
                nic.create_nic()
                nic.connect()
                nic.rename("port2")
                nic.rename_nic("other")
                nic.disconnect()
                nic.connect()
                nic.remove()
        self.assertEqual(self.host.counters()["liveReferences"], 0)

    def test_an_inactive_switch_is_learnt_when_it_becomes_active(self):
        switch = self.host.switch("external", active=False)
        switch.vm("one", "port1")
        switch.activate()
        switch.vm("two", "port2")

    def test_it_attaches_to_a_switch_with_live_ports(self):
        switch = self.host.switch("external", attached=False)
        # More than fits into what is asked for first.
        nics = [switch.vm(f"vm{number}", f"port{number}") for number in range(100)]
        for pending in (0, 1):
            self.host.ask("oids-pend", value=pending)
            switch.attach()
            if not pending:
                datapath = self.datapath()
                first, last = datapath.add_port("port50"), datapath.add_port("port99")
                datapath.add_flow(first, output(last))
            nics[50].inject(frame(nics[99].mac, nics[50].mac))
            self.assertEqual(len(nics[99].collect_within(1)), 1)
            nics[pending].disconnect()
            switch.detach()

    def test_pause_and_restart_with_live_ports(self):
        switch = self.host.switch("external")
        nic = switch.vm("one", "port1")
        for _ in range(5):
            switch.pause()
            switch.restart()
        switch.pause()
        nic.remove()
        switch.restart()

    def test_what_is_vetoed_below_is_undone(self):
        switch = self.host.switch("external")
        for pending in (0, 1):
            self.host.ask("oids-pend", value=pending)
            with self.subTest(pending=pending):
                nic = switch.nic(friendly="port1")
                self.host.ask("veto", value=OID_PORT_CREATE, flags=1)
                nic.refused("port-create", type=2, name="p", friendly="port1")
                nic.create_port()
                self.host.ask("veto", value=OID_NIC_CREATE, flags=1)
                nic.refused("nic-create", type=1, name="n", friendly="f")
                nic.create_nic().connect()
                nic.remove()

    def test_properties_of_a_port_pass(self):
        switch = self.host.switch("external")
        nic = switch.vm("one", "port1")
        for change in (1, 2, 3):
            nic.ask("port-property", value=change)

    def test_a_virtual_function_is_refused_and_other_wrapped_requests_pass(self):
        nic = self.host.switch("external").vm("one", "port1")
        self.assertIsNotNone(nic.refused("nic-request", value=OID_ALLOCATE_VF))
        nic.ask("nic-request", value=OID_PACKET_FILTER)

    def test_a_machine_moves_to_another_port(self):
        switch = self.host.switch("external")
        old = switch.vm("one", "port1")
        old.ask("nic-save")
        new = switch.nic(friendly="").create_port().create_nic()
        new.ask("nic-restore")
        new.connect()
        old.remove()
        new.remove()

    def test_a_team_of_adapters_shares_the_external_port(self):
        switch = self.host.switch("external")
        first = switch.external("Ethernet1")
        others = [
            NIC(switch, first.port, index=index, port_type=1, nic_type=0, nic_name=f"nic{index}",
                nic_friendly=f"Ethernet{index}") for index in (2, 3)]
        for nic in others:
            nic.create_nic().connect()
        others[0].disconnect().delete_nic()
        first.disconnect().delete_nic()
        others[1].disconnect().delete_nic()
        first.virtual.disconnect().delete_nic()
        first.delete_port()

    def test_names_of_every_length_and_script(self):
        switch = self.host.switch("Vermittlung \u00e4\u4e2d\U0001F600")
        nic = switch.nic().create_port()
        for name in ("", "a", "\u00e4\u00f6\u00fc", "\u4e2d\u6587", "\U0001F600", "\ud83d", "x" * 250, "a/b\\c\"d'"):
            nic.rename(name)


class References(DriverTestCase):
    """What is a destination is held, and given back before the switch is told that it may go."""

    def test_they_are_held_while_it_is_connected(self):
        switch = self.host.switch("external")
        for pending in (0, 1):
            self.host.ask("oids-pend", value=pending)
            with self.subTest(pending=pending):
                nic = switch.nic(friendly="port1").create_port().create_nic()
                self.assertEqual(nic.references(), (0, 1))
                nic.connect()
                self.assertEqual(nic.references(), (1, 1))
                nic.rename("port2")
                nic.rename_nic("other")
                self.assertEqual(nic.references(), (1, 1))
                nic.disconnect()
                self.assertEqual(nic.references(), (0, 1))
                nic.connect()
                self.assertEqual(nic.references(), (1, 1))
                nic.disconnect().delete_nic()
                nic.ask("port-teardown")
                self.assertEqual(self.host.counters()["liveReferences"], 0)
                nic.ask("port-delete")

    def test_each_adapter_of_a_team_is_held_once(self):
        switch = self.host.switch("external")
        first = switch.external("Ethernet1")
        second = NIC(switch, first.port, index=2, port_type=1, nic_type=0, nic_name="n", nic_friendly="Ethernet2")
        second.create_nic().connect()
        self.assertEqual([nic.references() for nic in (first.virtual, first, second)], [(1, 1)] * 3)
        first.disconnect()
        self.assertEqual([nic.references()[0] for nic in (first.virtual, first, second)], [1, 0, 1])

    def test_a_detached_switch_gets_them_back_without_any_disconnect(self):
        switch = self.host.switch("external")
        nics = [switch.vm(f"vm{number}", f"port{number}") for number in range(70)]
        self.assertEqual(self.host.counters()["liveReferences"], 140)
        for _ in range(2):
            switch.detach()
            self.assertEqual(self.host.counters()["liveReferences"], 0)
            switch.attach()
            self.assertEqual({nic.references() for nic in nics}, {(1, 1)})

    def test_what_is_learnt_again_is_not_held_twice(self):
        switch = self.host.switch("external", active=False)
        one = switch.vm("one", "port1")
        switch.activate()
        two = switch.vm("two", "port2")
        for _ in range(3):
            switch.activate()
            switch.pause()
            switch.restart()
            self.assertEqual([one.references(), two.references()], [(1, 1)] * 2)
        switch.pause()
        one.disconnect()
        switch.restart()
        self.assertEqual([one.references(), two.references()], [(0, 1), (1, 1)])
        one.delete_nic().delete_port()
        two.remove()

    def test_whoever_is_not_held_is_no_destination(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        packet = frame(second.mac, first.mac)

        def reaches():
            first.inject(packet)
            self.assertEqual(self.host.quiesce(), 0)
            return len(second.collect())

        self.assertEqual(reaches(), 1)
        second.disconnect()
        self.host.ask("refuse-references", value=1)
        second.connect()
        self.assertEqual(second.references(), (0, 1))
        self.assertEqual(reaches(), 0)
        second.disconnect().connect()
        self.assertEqual(second.references(), (1, 1))
        self.assertEqual(reaches(), 1)
        # On a switch that is attached anew, where all is refused at first.
        switch = first.switch
        switch.detach()
        self.host.ask("refuse-references", value=100)
        switch.attach()
        self.host.ask("refuse-references", value=0)
        self.assertEqual((first.references(), second.references()), ((0, 0), (0, 0)))
        self.assertEqual(reaches(), 0)
        switch.pause()
        switch.restart()
        self.assertEqual(second.references(), (1, 1))
        self.assertEqual(reaches(), 1)

    def test_a_disconnect_under_load_gives_back_first(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        for pending in (0, 1):
            self.host.ask("oids-pend", value=pending)
            self.host.ask("sends-pend", value=pending)
            first.inject(frame(second.mac, first.mac), lists=4)
            first.ask("load-start", value=2)
            for _ in range(10):
                self.assertEqual(second.references(), (1, 1))
                second.disconnect()
                self.assertEqual(second.references(), (0, 1))
                second.connect()
                second.collect()
            self.host.ask("load-stop")
            self.assertEqual(self.host.quiesce(), 0)

    def test_adapters_come_and_go_while_the_switch_restarts(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        second.ask("life-start", name="other", friendly="port2")
        for _ in range(30):
            first.switch.pause()
            first.switch.restart()
        self.assertGreater(int(self.host.ask("life-stop")), 0)
        self.assertEqual(second.references(), (1, 1))
        first.inject(frame(second.mac, first.mac))
        self.assertEqual(len(second.collect_within(1)), 1)


class Nonsense(DriverTestCase):
    """Requests that no real switch sends: the driver answers as documented or passes them on, and does not fall over."""

    def test_requests_of_every_number_and_size(self):
        switch = self.host.switch("external")
        switch.vm("one", "port1")
        for oid in list(range(OID_SWITCH_FIRST, OID_SWITCH_LAST + 3)) + [0, 1, 0xFFFFFFFF, OID_PACKET_FILTER]:
            for size in (0, 1, 7, 8, 64, 1052, 1060, 2200, 4096):
                try:
                    switch.ask("raw-oid", value=oid, flags=size)
                except AssertionError as error:
                    self.assertIn("status", str(error))
        self.assertEqual(self.host.complaints(), [])
        switch.vm("two", "port2")

    def test_allocations_that_fail(self):
        switch = self.host.switch("external")
        nic = switch.vm("one", "port1")
        for every in (1, 2, 3, 5, 7):
            self.host.ask("fail-allocations", value=every)
            for _ in range(10):
                try:
                    nic.inject(frame(bytes(6), nic.mac))
                    other = switch.nic(friendly="port2").create_port()
                    self.host.ask("fail-allocations", value=0)
                    other.delete_port()
                    self.host.ask("fail-allocations", value=every)
                except AssertionError as error:
                    self.assertIn("status", str(error))
            self.host.ask("fail-allocations", value=0)
        self.assertEqual(self.host.complaints(), [])


class Machines(DriverTestCase):
    """Hosts of many processors and little memory; the tests load the driver themselves."""

    KEY = "HKLM\\Software\\FakeNDIS"

    def setUp(self):
        self.addCleanup(self.prefix.run, "reg", "delete", self.KEY, "/f")

    def load(self, **values):
        """Loads the driver on such a machine; how many engines it has, and the limit of its heap."""
        for name, value in values.items():
            self.prefix.run("reg", "add", self.KEY, "/v", name, "/t", "REG_DWORD", "/d", str(value), "/f", check=True)
        before = len(self.prefix.log())
        super().setUp()
        self.exchange()
        said = re.findall(r"OVSExt: (\d+) engines, at most (\d+) MiB", self.prefix.log()[before:])
        return tuple(map(int, said[-1]))

    def exchange(self):
        datapath, first, second, source, target = self.two_machines()
        datapath.add_flow(source, output(target))
        first.inject(frame(second.mac, first.mac))
        self.assertEqual(len(second.collect_within(1)), 1)

    def test_sixty_four_processors(self):
        engines, _ = self.load(Processors=64, MemoryMegabytes=256 << 10)
        self.assertEqual(engines, 64)

    def test_the_limit_grows_with_processors_and_is_a_share_of_memory(self):
        self.assertEqual(self.load(Processors=8, MemoryMegabytes=256 << 10), (8, 64 + 8 * 256))

    def test_little_memory_gives_few_engines(self):
        self.assertEqual(self.load(Processors=64, MemoryMegabytes=4 << 10), (14, 512))

    def test_a_pool_without_room_for_all_engines_gives_fewer(self):
        engines, _ = self.load(Processors=16, MemoryMegabytes=64 << 10, PoolMegabytes=100)
        self.assertEqual(engines, 5)


class Sequences(DriverTestCase):
    """Random legal sequences over several switches, with traffic in between."""

    def test_random_lives(self):
        lives = RandomLives(self.host, [self.host.switch(f"switch{number}") for number in range(3)])
        with self.subTest(seed=lives.seed):
            for _ in range(400):
                lives.step()
            self.host.check()


if __name__ == "__main__":
    unittest.main()
