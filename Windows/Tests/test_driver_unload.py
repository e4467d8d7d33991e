"""How the driver's work ends under load: pause, detach and unload with packets below, requests cancelled or refused there."""

import struct
import unittest

from datapath import CONTROL, WRITE, Datapath, output
from driver import SERVICE, DriverTestCase, udp
import fakeswitch as fake
from fakeswitch import FakeHost, Refused

OID_PROPERTY_ADD, OID_PROPERTY_UPDATE, OID_PORT_PROPERTY_ADD, OID_PORT_PROPERTY_UPDATE = 0x10263, 0x10264, 0x10271, 0x10272
OID_PORT_CREATE, OID_NIC_CREATE, OID_NIC_CONNECT, OID_NIC_REQUEST, OID_NIC_SAVE = 0x10278, 0x1027A, 0x1027B, 0x10270, 0x10290
OID_PACKET_FILTER = 0x1010E
AWAIT_PACKET = 1
STATUS_PENDING, STATUS_RESOURCES, STATUS_ABORTED = 0x00000103, 0xC000009A, 0xC001000C
# Windows errors.
ABORTED, PENDING = 995, 997
# What may be in flight (Windows/Driver/Departures.c).
ADAPTER_LISTS = 8192
SWITCH_LISTS = 4 * ADAPTER_LISTS
# The counters of drops in the answer of the datapath, and DropReason.inFlightLimit among them.
DROPS, IN_FLIGHT_LIMIT = 64, 20


class UnloadTestCase(DriverTestCase):
    def background(self, switch, command, /, **words):
        """Begins a command on a switch that takes its time."""
        switch.ask(command, background=1, **words)

    def ended(self, milliseconds=0):
        """The status of the command in the background once it has ended; or, within a time, that it has not."""
        try:
            self.host.ask("end-background", value=milliseconds)
            return 0
        except Refused as refusal:
            return refusal.status

    def start_load(self, source, packet, threads=2, **options):
        source.inject(packet, **options)
        source.ask("load-start", value=threads)


class Pause(UnloadTestCase):
    def test_it_waits_for_packets_that_are_held_below(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        packet = udp(second.mac, first.mac)
        for round in range(2):
            self.host.ask("hold-sends", value=1)
            first.inject(packet, lists=50)
            self.background(first.switch, "pause")
            self.assertEqual(self.ended(100), STATUS_PENDING)
            # What comes now is given back.
            first.inject(packet, lists=3)
            self.assertEqual(self.ended(100), STATUS_PENDING)
            self.host.ask("hold-sends", value=0)
            self.assertEqual(self.ended(), 0)
            self.assertEqual(self.host.quiesce(), 0)
            self.assertEqual(len(second.collect()), 50)
            self.assertEqual(sum(count for _, _, _, count, _ in self.host.filtered()), 3)
            first.switch.restart()
            first.inject(packet)
            self.assertEqual(len(second.collect_within(1)), 1)

    def test_another_switch_goes_on_meanwhile(self):
        datapath, first, second, one, two = self.two_machines()
        others = self.host.switch("private")
        third, fourth = others.vm("three", "port3"), others.vm("four", "port4")
        three, four = datapath.add_port("port3"), datapath.add_port("port4")
        datapath.add_flow(one, output(two))
        datapath.add_flow(three, output(four, two))
        self.host.ask("hold-sends", value=1)
        first.inject(udp(second.mac, first.mac), lists=5)
        self.background(first.switch, "pause")
        self.assertEqual(self.ended(50), STATUS_PENDING)
        third.inject(udp(fourth.mac, third.mac))
        self.assertEqual(len(fourth.collect_within(1)), 1)
        self.host.ask("hold-sends", value=0)
        self.assertEqual(self.ended(), 0)
        # None of a switch that is paused.
        self.assertEqual(len(second.collect()), 5)

    def test_it_waits_for_as_long_as_packets_come_back(self):
        datapath, first, second, one, two = self.two_machines()
        others = [self.host.switch(f"switch{number}").vm("vm", f"other{number}") for number in range(2)]
        datapath.add_flow(one, output(two, *(datapath.add_port(nic.friendly) for nic in others)))
        count = 100
        # The switch's own lists come back late too, when its NIC is on the one that is detached.
        for nic in (others[1], second):
            self.host.ask("hold-sends", value=1)
            first.inject(udp(b"\xff" * 6, first.mac), lists=count)
            # All comes back one by one, of all switches in turn. That takes much longer than the patience without any.
            self.host.ask("pace-sends", value=5)
            self.host.ask("patience", value=400)
            self.host.ask("hold-sends", value=0)
            nic.switch.detach()
            self.host.ask("pace-sends", value=0)
            self.host.ask("patience", value=0)
            self.assertEqual(self.host.quiesce(), 0)
            nic.switch.attach()
            for each in (second, *others):
                self.assertEqual(len(each.collect()), count)

    def test_it_waits_for_no_more_than_a_switch_may_have(self):
        """The limits in lists, of an adapter and of a switch, reached with small packets."""
        datapath = self.datapath()
        target = self.host.switch("target").vm("target", "target")
        number = datapath.add_port("target")
        source = self.host.switch("source")
        senders = [source.vm(f"vm{index}", f"vm{index}") for index in range(SWITCH_LISTS // ADAPTER_LISTS + 1)]
        for nic in senders:
            datapath.add_flow(datapath.add_port(nic.friendly), output(number))
        self.host.filtered()
        self.host.ask("hold-sends", value=1)
        for index, nic in enumerate(senders):
            nic.inject(udp(target.mac, nic.mac), lists=ADAPTER_LISTS + 100)
            self.assertEqual(self.host.counters()["liveLists"], min(SWITCH_LISTS, (index + 1) * ADAPTER_LISTS))
            dropped = sum(count for _, port, _, count, _ in self.host.filtered() if port == nic.port)
            self.assertEqual(dropped, 100 if index < len(senders) - 1 else ADAPTER_LISTS + 100)
        counts = struct.unpack_from("<32Q", datapath.find()[DROPS].ljust(256, b"\0"))
        self.assertEqual(counts[IN_FLIGHT_LIMIT], len(senders) * 100 + ADAPTER_LISTS)
        self.background(target.switch, "pause")
        self.assertEqual(self.ended(50), STATUS_PENDING)
        self.host.ask("hold-sends", value=0)
        self.assertEqual(self.ended(), 0)
        self.assertEqual(self.host.counters()["liveLists"], 0)
        # All of it is free again.
        target.switch.restart()
        target.collect()
        self.assertEqual(target.collect(), [])
        senders[-1].inject(udp(target.mac, senders[-1].mac), lists=200)
        self.assertEqual(len(target.collect_within(200)), 200)


class Detach(UnloadTestCase):
    def test_from_its_announcement_on_the_switch_is_left_alone(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        datapath.add_flow(two, output(one))
        switch = first.switch
        switch.ask("pre-detach")
        self.assertEqual(self.host.counters()["liveReferences"], 0)
        first.inject(udp(second.mac, first.mac), lists=3)
        self.assertEqual(self.host.quiesce(), 0)
        self.assertEqual(second.collect(), [])
        self.assertEqual(sum(count for _, _, _, count, _ in self.host.filtered()), 3)
        # Whatever the switch asks goes by, with nothing held.
        third = switch.vm("three", "port3")
        third.rename("port4")
        third.remove()
        second.remove()
        switch.pause()
        switch.restart()
        self.assertEqual(self.host.counters()["liveReferences"], 0)
        switch.detach()
        switch.attach()
        self.assertEqual(first.references(), (1, 1))

    def test_under_load_again_and_again(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.subscribe()
        datapath.add_flow(one, output(two))
        for pending in (0, 1):
            self.host.ask("sends-pend", value=pending)
            self.host.ask("oids-pend", value=pending)
            self.start_load(first, udp(second.mac, first.mac), lists=4)
            for _ in range(10):
                self.host.wait_for("injected", 200)
                first.switch.detach()
                self.assertEqual(self.host.counters()["liveReferences"], 0)
                first.switch.attach()
                second.collect()
            self.assertGreater(int(self.host.ask("load-stop")), 0)
            self.assertEqual(self.host.quiesce(), 0)
        self.assertEqual(datapath.port("port1"), one)

    def test_with_packets_held_below(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        self.host.ask("hold-sends", value=1)
        first.inject(udp(second.mac, first.mac), lists=20)
        self.background(first.switch, "detach")
        self.assertEqual(self.ended(100), STATUS_PENDING)
        self.assertEqual(self.host.counters()["modules"], 1)
        self.host.ask("hold-sends", value=0)
        self.assertEqual(self.ended(), 0)
        self.assertEqual(self.host.counters()["modules"], 0)
        self.assertEqual(len(second.collect()), 20)

    def test_several_switches_while_another_carries_traffic(self):
        datapath, first, second, one, two = self.two_machines()
        others = [self.host.switch(f"switch{number}") for number in range(3)]
        nics = [switch.vm("vm", f"other{switch.number}") for switch in others]
        numbers = [datapath.add_port(nic.friendly) for nic in nics]
        # Each packet has destinations on every switch.
        datapath.add_flow(one, output(two, *numbers))
        self.start_load(first, udp(b"\xff" * 6, first.mac), lists=4)
        for pending in (0, 1):
            self.host.ask("sends-pend", value=pending)
            for turn in range(6):
                self.host.wait_for("injected", 40)
                for switch in others[turn % 2:]:
                    switch.detach()
                self.assertEqual(self.host.counters()["modules"], 2 if turn % 2 else 1)
                second.collect()
                for switch in others[turn % 2:]:
                    switch.attach()
                for nic in nics:
                    nic.collect()
        self.host.ask("load-stop")
        self.assertEqual(self.host.quiesce(), 0)
        for nic in nics + [second]:
            nic.collect()
        first.inject(udp(b"\xff" * 6, first.mac))
        for nic in nics + [second]:
            self.assertEqual(len(nic.collect_within(1)), 1)

    def test_while_the_switch_changes(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        self.start_load(first, udp(second.mac, first.mac), lists=4)
        second.ask("life-start", name="other", friendly="port2")
        for _ in range(15):
            first.switch.detach()
            self.assertEqual(self.host.counters()["liveReferences"], 0)
            first.switch.attach()
            second.collect()
        self.host.ask("life-stop")
        self.host.ask("load-stop")
        self.assertEqual(self.host.quiesce(), 0)
        self.assertEqual((first.references(), second.references()), ((1, 1), (1, 1)))
        second.collect()
        second.collect()
        first.inject(udp(second.mac, first.mac))
        self.assertEqual(len(second.collect_within(1)), 1)


class Stuck(UnloadTestCase):
    """A driver that does not get back what it sent: it is never detached, and whatever comes next is not spoilt by it."""

    def setUp(self):
        super().setUp()
        datapath, self.first, second, one, two = self.two_machines()
        self.other = self.host.switch("private").vm("three", "port3")
        datapath.add_flow(one, output(two, datapath.add_port("port3")))
        self.host.ask("patience", value=300)

    def send(self, lists):
        self.first.inject(udp(b"\xff" * 6, self.first.mac), lists=lists)

    def assert_not_detached(self):
        self.assertEqual(self.host.refused("detach", switch=self.other.switch.number), fake.STATUS_FAILURE)
        self.assertEqual(self.host.counters()["modules"], 2)
        self.assertEqual(self.host.complaints(), ["FilterPause is not completed, and nothing moves"])

    def test_a_filter_is_not_detached_before_its_pause_has_ended(self):
        self.host.ask("hold-sends", value=1)
        self.send(20)
        for _ in range(2):
            self.assert_not_detached()
        # Packets for it are dropped, and nothing else is disturbed.
        self.send(5)
        self.host.ask("hold-sends", value=0)
        self.other.switch.detach()
        self.assertEqual(self.host.counters()["modules"], 1)
        self.assertEqual(len(self.other.collect()), 20)
        self.assertEqual(int(self.host.ask("forgive")), 2)
        self.other.switch.attach()
        self.send(1)
        self.assertEqual(len(self.other.collect_within(1)), 1)

    def test_one_that_cannot_be_unloaded_is_ended_by_force(self):
        self.host.ask("lose-sends", value=2)
        self.send(20)
        self.assert_not_detached()
        with self.assertRaisesRegex(AssertionError, "the driver stays loaded"):
            self.end_driver()
        self.prefix.start_service(SERVICE)
        self.host = FakeHost(self.prefix)
        _, first, second, _, _ = self.two_machines()
        self.assertEqual((first.references(), second.references()), ((1, 1), (1, 1)))


class Unload(UnloadTestCase):
    def unload(self):
        """Unloads the driver while the harness still has it open, and loads it again; the harness that had it open."""
        old = self.host
        self.addCleanup(old.end)
        self.prefix.stop_driver(SERVICE)
        self.prefix.start_service(SERVICE)
        self.host = FakeHost(self.prefix)
        return old

    def begin(self, datapath):
        """Begins to wait for a packet: the number of the request."""
        message = datapath.message(CONTROL, AWAIT_PACKET, [])
        number, error = self.host.ask("begin", handle=datapath.handle, code=WRITE, **{"in": message.hex()}).split(" ")
        self.assertEqual(int(error), PENDING)
        return number

    def test_with_everything_under_way(self):
        datapath, first, second, one, two = self.two_machines()
        other = self.host.switch("private").vm("three", "port3")
        three = datapath.add_port("port3")
        datapath.add_flow(one, output(two, three))
        waiting = Datapath(self.host)
        waiting.find()
        waiting.subscribe()
        number = self.begin(waiting)
        # Those of this machine are asked about, and nobody reads them.
        datapath.subscribe()
        self.host.ask("sends-pend", value=1)
        self.start_load(first, udp(second.mac, first.mac), threads=2, lists=4)
        second.inject(udp(first.mac, second.mac), lists=30)
        other.inject(udp(first.mac, other.mac), lists=30)
        self.host.wait_for("injected", 200)
        old = self.unload()
        self.assertEqual(int(old.ask("ended", pending=number, wait=600000).split(" ")[0]), ABORTED)

    def test_with_questions_that_nobody_reads(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.subscribe()
        for _ in range(20):
            first.inject(udp(second.mac, first.mac), lists=40)
        self.unload()


class Cancelled(UnloadTestCase):
    def test_sends_that_are_held_below(self):
        datapath, first, second, one, two = self.two_machines()
        third = self.host.switch("private").vm("three", "port3")
        datapath.add_flow(one, output(two))
        datapath.add_flow(two, output(datapath.add_port("port3")))
        packet = udp(second.mac, first.mac)
        self.host.ask("hold-sends", value=1)
        before = self.host.counters()
        for identifier, count in ((1, 3), (2, 4), (0, 1)):
            first.inject(packet, flags=fake.NATIVE | identifier << 16, lists=count)
        # The switch's own lists, which the datapath forwards as they are.
        first.inject(packet, flags=1 << 16, lists=5)
        # Lists of the driver's, on another switch: what they are copies of is back at once.
        second.inject(packet, flags=1 << 16, lists=2)

        def returned():
            return self.host.counters()["returned"] - before["returned"]

        self.assertEqual(returned(), 2)
        for identifier, expected in ((7, 2), (1, 10), (1, 10), (2, 14)):
            first.switch.ask("cancel-sends", value=identifier)
            self.assertEqual(returned(), expected)
        self.assertEqual(self.host.counters()["cancels"] - before["cancels"], 4)
        self.host.ask("hold-sends", value=0)
        self.assertEqual(self.host.quiesce(), 0)
        self.assertEqual(returned(), 15)
        self.assertEqual(len(third.collect()), 2)
        first.switch.ask("cancel-sends", value=1)

    def test_a_request_that_is_held_below(self):
        switch = self.host.switch("external")
        datapath = self.datapath()
        number = datapath.add_port("port1")
        nic = switch.nic(friendly="port1")
        words = dict(port=nic.port, nic=0, type=2, name="p", friendly="port1")
        for _ in range(2):
            self.host.ask("hold-oids", value=1)
            self.background(switch, "port-create", **words)
            self.assertEqual(self.ended(100), STATUS_PENDING)
            before = self.host.counters()["cancels"]
            switch.ask("cancel-oid", value=1)
            self.assertEqual(self.host.counters()["cancels"], before)
            self.assertEqual(self.ended(50), STATUS_PENDING)
            switch.ask("cancel-oid")
            self.assertEqual(self.host.counters()["cancels"], before + 1)
            self.assertEqual(self.ended(), STATUS_ABORTED)
            self.host.ask("hold-oids", value=0)
            self.assertEqual(self.host.counters()["liveReferences"], 0)
        nic.create_port()
        self.host.ask("hold-oids", value=1)
        self.background(switch, "nic-create", port=nic.port, nic=0, type=1, name="n", friendly="f")
        self.assertEqual(self.ended(50), STATUS_PENDING)
        switch.ask("cancel-oid")
        self.assertEqual(self.ended(), STATUS_ABORTED)
        self.host.ask("hold-oids", value=0)
        nic.create_nic()
        self.host.ask("hold-oids", value=1)
        self.background(switch, "nic-connect", port=nic.port, nic=0)
        self.assertEqual(self.ended(50), STATUS_PENDING)
        self.assertEqual(nic.references(), (0, 1))
        switch.ask("cancel-oid")
        self.assertEqual(self.ended(), STATUS_ABORTED)
        self.host.ask("hold-oids", value=0)
        self.assertEqual(nic.references(), (0, 1))
        other = switch.vm("two", "port2")
        datapath.add_flow(datapath.add_port("port2"), output(number))
        other.inject(udp(nic.mac, other.mac))
        self.assertEqual(self.host.quiesce(), 0)
        self.assertEqual(nic.collect(), [])
        nic.connect()
        other.inject(udp(nic.mac, other.mac))
        self.assertEqual(len(nic.collect_within(1)), 1)

    def test_requests_that_end_while_they_are_cancelled(self):
        switch = self.host.switch("external")
        nic = switch.nic(friendly="port1").create_port().create_nic().connect()
        for turn in range(30):
            self.host.ask("hold-oids", value=1)
            self.background(switch, "port-property", port=nic.port, value=1)
            if turn % 3 == 0:
                self.ended(1)
            self.host.ask("hold-oids", value=0)
            try:
                switch.ask("cancel-oid")
            except Refused:
                pass  # It has ended already.
            self.assertIn(self.ended(), (0, STATUS_ABORTED))


class Refusals(UnloadTestCase):
    """What the layers below may refuse: the refusal is passed on, and nothing stays of what was refused."""

    def veto(self, oid):
        self.host.ask("veto", value=oid, flags=1)

    def test_a_port_and_an_adapter(self):
        switch = self.host.switch("external")
        datapath = self.datapath()
        one, two = datapath.add_port("port1"), datapath.add_port("port2")
        sender = switch.vm("two", "port2")
        datapath.add_flow(two, output(one))
        for pending in (0, 1):
            self.host.ask("oids-pend", value=pending)
            with self.subTest(pending=pending):
                nic = switch.nic(friendly="port1")
                create = dict(type=2, name="p", friendly="port1")
                self.veto(OID_PORT_CREATE)
                self.assertEqual(nic.refused("port-create", **create), STATUS_RESOURCES)
                self.assertEqual(self.host.counters()["liveReferences"], 2)
                nic.create_port()
                self.veto(OID_NIC_CREATE)
                self.assertEqual(nic.refused("nic-create", type=1, name="n", friendly="f"), STATUS_RESOURCES)
                # Nothing has the name now: another that comes has it.
                twin = switch.vm("twin", "port1")
                sender.inject(udp(twin.mac, sender.mac))
                self.assertEqual(len(twin.collect_within(1)), 1)
                twin.remove()
                nic.create_nic()
                self.veto(OID_NIC_CONNECT)
                self.assertEqual(nic.refused("nic-connect"), STATUS_RESOURCES)
                self.assertEqual(nic.references(), (0, 1))
                sender.inject(udp(nic.mac, sender.mac))
                self.assertEqual(self.host.quiesce(), 0)
                self.assertEqual(nic.collect(), [])
                nic.connect()
                sender.inject(udp(nic.mac, sender.mac))
                self.assertEqual(len(nic.collect_within(1)), 1)
                nic.remove()

    def test_properties_and_wrapped_requests(self):
        switch = self.host.switch("external")
        nic = switch.vm("one", "port1")
        for pending in (0, 1):
            self.host.ask("oids-pend", value=pending)
            for change, of_switch, of_port in ((1, OID_PROPERTY_ADD, OID_PORT_PROPERTY_ADD),
                                               (2, OID_PROPERTY_UPDATE, OID_PORT_PROPERTY_UPDATE)):
                self.veto(of_switch)
                self.assertEqual(self.host.refused("switch-property", switch=1, value=change), STATUS_RESOURCES)
                switch.ask("switch-property", value=change)
                self.veto(of_port)
                self.assertEqual(nic.refused("port-property", value=change), STATUS_RESOURCES)
                nic.ask("port-property", value=change)
            switch.ask("switch-property", value=3)
            nic.ask("port-property", value=3)
            self.veto(OID_NIC_REQUEST)
            self.assertEqual(nic.refused("nic-request", value=OID_PACKET_FILTER), STATUS_RESOURCES)
            nic.ask("nic-request", value=OID_PACKET_FILTER)

    def test_what_is_saved_of_an_adapter(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        self.veto(OID_NIC_SAVE)
        self.assertEqual(second.refused("nic-save"), STATUS_RESOURCES)
        # Once, however often the switch asks, and again when the next save begins.
        for _ in range(2):
            self.assertEqual(int(second.ask("nic-save")), len("APUS.") + 1 + len("port2"))
        second.remove()
        arrived = first.switch.nic(friendly="").create_port().create_nic()
        arrived.ask("nic-restore")
        arrived.connect()
        first.inject(udp(arrived.mac, first.mac))
        self.assertEqual(len(arrived.collect_within(1)), 1)


if __name__ == "__main__":
    unittest.main()
