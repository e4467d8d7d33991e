"""Packets through the driver: flows, shapes of buffers, offload data, names, load."""

import random
import struct
import unittest

from datapath import DatapathError, attribute, ethernet, ethertype, output
from driver import DriverTestCase, RandomLives, frame, tcp, udp
import fakeswitch as fake
from wine import wait_until
from wire import checksum

BROADCAST = b"\xff" * 6


class Forwarding(DriverTestCase):
    def test_a_packet_follows_its_flow(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        packet = udp(second.mac, first.mac)
        first.inject(packet)
        received = second.collect_within(1)
        self.assertEqual([entry.data for entry in received], [packet])
        self.assertEqual((received[0].source_port, received[0].source_nic), (first.port, 0))
        self.assertEqual(first.collect(), [])

    def test_without_a_flow_it_is_asked_about(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.subscribe()
        first.inject(udp(second.mac, first.mac))
        self.assertEqual(datapath.next_packet()[1], udp(second.mac, first.mac))
        self.assertEqual(second.collect(), [])
        self.assertIsNone(datapath.packet())

    def test_a_nic_of_no_name_is_reported_as_filtered(self):
        datapath, first, second, one, two = self.two_machines()
        stranger = first.switch.vm("stranger", "nobody")
        stranger.inject(udp(first.mac, stranger.mac), lists=3)
        self.host.quiesce()
        reports = self.host.filtered()
        self.assertEqual(sum(count for _, _, _, count, _ in reports), 3, reports)
        self.assertEqual({(switch, port) for switch, port, _, _, _ in reports}, {(1, stranger.port)})

    def test_a_flow_that_drops_reports_it(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, [])
        first.inject(udp(second.mac, first.mac))
        self.host.quiesce()
        self.assertEqual(second.collect(), [])
        self.assertEqual(sum(count for _, _, _, count, _ in self.host.filtered()), 1)

    def test_every_shape_of_buffers(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        for size in (60, 61, 1514):
            packet = udp(second.mac, first.mac, size=size)
            for pieces, start in ((1, 0), (2, 1), (2, 13), (2, 14), (3, 20), (3, 33), (5, 41), (7, 0), (20, 0)):
                for headroom, buffers, lists in ((0, 1, 1), (5, 1, 1), (0, 3, 1), (64, 2, 4)):
                    with self.subTest(size=size, pieces=pieces, start=start, headroom=headroom, buffers=buffers, lists=lists):
                        first.inject(
                            packet, pieces=pieces, first=start, headroom=headroom, buffers=buffers, lists=lists)
                        received = second.collect_within(buffers * lists)
                        self.assertEqual([entry.data for entry in received], [packet] * (buffers * lists))

    def test_at_dispatch_level(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        packet = udp(second.mac, first.mac)
        for pending in (0, 1):
            self.host.ask("sends-pend", value=pending)
            for flags in (fake.DISPATCH, fake.DISPATCH | fake.SINGLE_SOURCE, fake.SINGLE_SOURCE):
                first.inject(packet, lists=40, flags=flags)
                self.assertEqual(len(second.collect_within(40)), 40)
            datapath.flush()
            first.inject(packet, lists=3, flags=fake.DISPATCH)
            datapath.add_flow(one, output(two))

    def test_what_is_too_short_or_malformed_is_dropped_or_forwarded_whole(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        packet = udp(second.mac, first.mac)
        for length in range(1, len(packet)):
            first.inject(packet[:length], pieces=2)
        self.assertEqual(self.host.quiesce(), 0)
        for entry in second.collect():
            self.assertEqual(entry.data, packet[:len(entry.data)])

    def test_several_destinations_get_a_copy_each(self):
        switch = self.host.switch("external")
        datapath, first, second, one, two = self.two_machines(switch)
        others = [switch.vm(f"vm{number}", f"other{number}") for number in range(6)]
        numbers = [datapath.add_port(f"other{number}") for number in range(6)]
        datapath.add_flow(one, output(two, *numbers))
        packet = udp(BROADCAST, first.mac)
        first.inject(packet, pieces=2)
        for nic in [second] + others:
            self.assertEqual([entry.data for entry in nic.collect_within(1)], [packet])

    def test_ports_of_several_switches_share_the_datapath(self):
        datapath, first, second, one, two = self.two_machines()
        third = self.host.switch("private").vm("three", "port3")
        datapath.add_flow(one, output(datapath.add_port("port3"), two))
        packet = udp(third.mac, first.mac)
        first.inject(packet)
        self.assertEqual([entry.data for entry in third.collect_within(1)], [packet])
        self.assertEqual([entry.data for entry in second.collect_within(1)], [packet])

    def test_an_executed_packet_goes_out(self):
        datapath, first, second, one, two = self.two_machines()
        packet = udp(second.mac, first.mac)
        datapath.execute(packet, one, output(two))
        self.assertEqual([entry.data for entry in second.collect_within(1)], [packet])

    def test_statistics_of_ports_and_flows(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        packet = udp(second.mac, first.mac)
        first.inject(packet, lists=5)
        second.collect_within(5)
        self.assertEqual(datapath.port_statistics(one)[0], 5)
        self.assertEqual(datapath.port_statistics(one)[2], 5 * len(packet))
        self.assertEqual(datapath.port_statistics(two)[1], 5)

    def test_natively_forwarded_packets_pass_untouched(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        before = self.host.counters()["sent"]
        first.inject(udp(second.mac, first.mac), flags=fake.NATIVE, lists=2)
        self.host.quiesce()
        self.assertEqual(self.host.counters()["sent"], before + 2)
        self.assertEqual(second.collect(), [])

    def test_a_packet_comes_before_its_nic_is_connected(self):
        switch = self.host.switch("external")
        datapath, first, second, one, two = self.two_machines(switch)
        early = switch.nic(friendly="early").create_port().create_nic()
        number = datapath.add_port("early")
        datapath.add_flow(number, output(two))
        datapath.add_flow(one, output(number))
        early.inject(udp(second.mac, early.mac), flags=fake.UNCONNECTED)
        self.host.quiesce()
        second.collect()
        first.inject(udp(early.mac, first.mac))
        self.assertEqual(self.host.quiesce(), 0)
        early.connect()
        first.inject(udp(early.mac, first.mac))
        self.assertEqual(len(early.collect_within(1)), 1)


class Metadata(DriverTestCase):
    """Checksums, segmentation and tags beside the data, between the send and the receive kind."""

    def external_pair(self):
        switch = self.host.switch("external")
        machine, uplink = switch.vm("one", "port1"), switch.external("Ethernet1")
        datapath = self.datapath()
        one, outside = datapath.add_port("port1"), datapath.add_port("external")
        datapath.add_flow(one, output(outside))
        datapath.add_flow(outside, output(one))
        return machine, uplink

    def finished(self, entry):
        from wire import finished
        return [entry.data] if entry.flags & fake.RECEIVE_KIND else finished(
            entry.data, entry.checksum, entry.segment_size, entry.tcp_offset)

    def test_a_checksum_left_to_the_hardware_is_filled_in_somewhere(self):
        machine, uplink = self.external_pair()
        whole = udp(b"\x02\0\0\0\0\x77", machine.mac, b"checksum")
        partial = whole[:40] + b"\0\0" + whole[42:]
        machine.inject(partial, checksum=fake.CHECKSUM_IPV4 | fake.CHECKSUM_UDP | fake.CHECKSUM_IPV4_HEADER, tcp=34)
        received = uplink.collect_within(1)[0]
        self.assertEqual(self.finished(received), [whole])
        self.assertFalse(received.flags & fake.RECEIVE_KIND)

    def test_a_large_send_leaves_whole_or_in_right_segments(self):
        machine, uplink = self.external_pair()
        payload = bytes(index * 7 & 0xFF for index in range(20000))
        packet = bytearray(tcp(b"\x02\0\0\0\0\x77", machine.mac, payload))
        # As machines send it: no length, no header checksum, the sum of a pseudo-header without the length.
        packet[16:18] = packet[24:26] = b"\0\0"
        struct.pack_into("!H", packet, 50, checksum(bytes(packet[26:34]) + struct.pack("!I", 6)))
        machine.inject(bytes(packet), segment=1460, tcp=34, checksum=fake.CHECKSUM_IPV4, pieces=5, first=54)
        frames = []
        while sum(len(data) - 54 for data in frames) < len(payload):
            for entry in uplink.collect_within(1):
                frames += self.finished(entry)
        self.assertEqual(b"".join(data[54:] for data in frames), payload)
        for data in frames:
            sequence, = struct.unpack_from("!I", data, 38)
            again = tcp(data[:6], data[6:12], data[54:], flags=data[47], sequence=sequence)
            self.assertEqual(data[34:], again[34:])
            self.assertLessEqual(len(data), 1514)

    def test_what_comes_from_outside_is_of_the_receive_kind(self):
        machine, uplink = self.external_pair()
        packet = udp(machine.mac, b"\x02\0\0\0\0\x77")
        uplink.inject(packet, checksum=fake.CHECKSUM_IPV4_HEADER | fake.CHECKSUM_UDP)
        received = machine.collect_within(1)[0]
        self.assertEqual(received.data, packet)
        self.assertEqual((received.source_port, received.source_nic), (uplink.port, 1))
        self.assertTrue(received.flags & fake.RECEIVE_KIND)
        self.assertFalse(received.checksum & fake.CHECKSUM_FAILED)

    def test_a_tag_beside_the_data_is_seen_and_stays(self):
        machine, uplink = self.external_pair()
        packet = frame(b"\x02\0\0\0\0\x77", machine.mac, 0x88B5)
        tag = 5 << 13 | 123

        def keys(kind, control, inside):
            return [ethernet(), ethertype(kind), attribute(5, struct.pack("!H", control)), attribute(1, [ethertype(inside)])]
        machine.inject(packet, vlan=fake.TAGGED | tag)
        self.assertEqual(uplink.collect_for(0.1), [])
        datapath = self.datapath()
        datapath.add_flow(
            datapath.port("port1"), output(datapath.port("external")), keys(0x8100, tag | 0x1000, 0x88B5),
            keys(0xFFFF, 0xFFFF, 0xFFFF))
        machine.inject(packet, vlan=fake.TAGGED | tag)
        received = uplink.collect_within(1)[0]
        tagged = packet[:12] + struct.pack("!HH", 0x8100, tag) + packet[12:]
        data = received.data
        if received.vlan:
            data = data[:12] + struct.pack("!HH", 0x8100, received.vlan & 0xFFFF) + data[12:]
        self.assertEqual(data, tagged)


class Nonsense(DriverTestCase):
    """Frames and metadata that no sound machine sends, and memory that is not there."""

    def templates(self, source, destination):
        """Frames of every protocol that the datapath looks into."""
        whole = udp(destination, source, bytes(80))
        inner = udp(b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02")
        ethernet = destination + source
        ip6 = bytes.fromhex("6000000000403a40") + b"\xfe\x80" + bytes(13) + b"\x01" + b"\xff\x02" + bytes(13) + b"\x01"
        return [
            whole, tcp(destination, source, bytes(100)),
            ethernet + bytes.fromhex("08060001080006040001") + source + bytes(4) + bytes(6) + bytes(4) + bytes(18),
            ethernet + b"\x86\xdd" + ip6 + bytes.fromhex("8700000000000000") + bytes(56),
            ethernet + b"\x86\xdd" + bytes.fromhex("6000000000202b40") + bytes(32) + bytes.fromhex("2c00000011000001") + bytes(40),
            ethernet + bytes.fromhex("81000001810000028100000308004500") + bytes(60),
            ethernet + bytes.fromhex("884700001140000021ff4500") + bytes(60),
            udp(destination, source, bytes.fromhex("0800000000006400") + inner, ports=(5000, 4789)),
            udp(destination, source, bytes.fromhex("0200655800006400") + bytes(8) + inner, ports=(5000, 6081)),
            whole[:23] + b"\x2f" + whole[24:34] + bytes.fromhex("2000655800000064") + inner,
            whole[:23] + b"\x84" + whole[24:], ethernet + b"\x89\x4f" + bytes(60), ethernet + b"\x00\x40" + bytes(80)]

    def test_mutilated_frames_with_wrong_metadata(self):
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        machine, uplink, datapath, one, outside = self.external_ports()
        second = machine.switch.vm("two", "port2")
        two = datapath.add_port("port2")
        push = attribute(4, struct.pack("!HH", 0x8100, 0x1005))
        pop = attribute(5, b"")
        datapath.add_flow(one, output(outside) + [push] + output(two) + [pop, push, push] + output(outside))
        datapath.add_flow(outside, [push] + output(one) + [pop] + output(two))
        with self.subTest(seed=seed):
            for turn in range(1500):
                source = chance.choice((machine, uplink))
                packet = bytearray(chance.choice(self.templates(source.mac, second.mac)))
                for _ in range(chance.randrange(4)):
                    packet[chance.randrange(len(packet))] = chance.randrange(256)
                if chance.randrange(3) == 0:
                    del packet[chance.randrange(1, len(packet)):]
                source.inject(
                    bytes(packet), pieces=chance.randrange(1, 5), first=chance.randrange(len(packet)),
                    headroom=chance.randrange(3), checksum=chance.randrange(64), tcp=chance.choice((0, 14, 34, 54, 1000)),
                    segment=chance.choice((0, 0, 1, 8, 536, 1460, 0xFFFFF)), vlan=chance.choice((0, 0x10000, 0x1FFFF)))
                if turn % 100 == 0:
                    for nic in (machine, uplink, second):
                        nic.collect()
            self.assertEqual(self.host.quiesce(), 0)
            self.assertGreater(self.host.counters()["delivered"], 500)

    def test_packets_for_which_there_is_no_memory_are_dropped(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        packet = udp(second.mac, first.mac)
        first.inject(packet)
        second.collect_within(1)
        for pool in (0, 1):
            for every in (1, 2, 3, 4, 5):
                self.host.ask("fail-allocations", value=every, flags=pool)
                first.inject(packet, lists=20)
                self.host.ask("fail-allocations", value=0)
                self.assertEqual(self.host.quiesce(), 0)
                self.assertTrue(all(entry.data == packet for entry in second.collect()))
        first.inject(packet)
        self.assertEqual(len(second.collect_within(1)), 1)

    def external_ports(self):
        switch = self.host.switch("external")
        machine, uplink = switch.vm("one", "port1"), switch.external("Ethernet1")
        datapath = self.datapath()
        return machine, uplink, datapath, datapath.add_port("port1"), datapath.add_port("external")


class Names(DriverTestCase):
    """The friendly name of a Hyper-V port is the name of the datapath's port, whichever comes first."""

    def reaches(self, datapath, source, number, target, expected=True):
        from_port = datapath.port(source.friendly)
        datapath.add_flow(from_port, output(number))
        target.collect()
        source.inject(udp(target.mac, source.mac))
        self.assertEqual(self.host.quiesce(), 0)
        self.assertEqual(len(target.collect()), 1 if expected else 0)

    def test_the_port_comes_first(self):
        datapath, first, second, one, two = self.two_machines()
        self.reaches(datapath, first, two, second)

    def test_the_interface_comes_first(self):
        switch = self.host.switch("external")
        datapath = self.datapath()
        one, two = datapath.add_port("port1"), datapath.add_port("port2")
        first, second = switch.vm("one", "port1"), switch.vm("two", "port2")
        self.reaches(datapath, first, two, second)

    def test_the_driver_attaches_last(self):
        switch = self.host.switch("external", attached=False)
        first, second = switch.vm("one", "port1"), switch.vm("two", "port2")
        datapath = self.datapath()
        one, two = datapath.add_port("port1"), datapath.add_port("port2")
        switch.attach()
        self.reaches(datapath, first, two, second)

    def test_a_port_is_renamed_while_connected(self):
        datapath, first, second, one, two = self.two_machines()
        three = datapath.add_port("port3")
        second.rename("port3")
        self.reaches(datapath, first, two, second, expected=False)
        datapath.flush()
        self.reaches(datapath, first, three, second)
        second.rename("")
        self.reaches(datapath, first, three, second, expected=False)
        second.rename("port2")
        datapath.flush()
        self.reaches(datapath, first, two, second)

    def test_an_internal_adapter_is_found_by_its_own_name(self):
        datapath, first, second, one, two = self.two_machines()
        internal = first.switch.internal("br0")
        self.reaches(datapath, first, datapath.add_port("br0", 2), internal)

    def test_an_internal_port_without_an_adapter_takes_nothing(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(datapath.add_port("br0", 2), two))
        first.inject(udp(second.mac, first.mac))
        self.assertEqual(len(second.collect_within(1)), 1)

    def test_the_same_name_on_two_switches_is_the_first_ones(self):
        datapath, first, second, one, two = self.two_machines()
        twin = self.host.switch("private").vm("twin", "port2")
        self.reaches(datapath, first, two, second)
        self.assertEqual(twin.collect(), [])
        second.remove()
        self.reaches(datapath, first, two, twin)

    def test_a_deleted_interface_is_unbound(self):
        datapath, first, second, one, two = self.two_machines()
        self.reaches(datapath, first, two, second)
        datapath.delete_port(two)
        first.inject(udp(second.mac, first.mac))
        self.assertEqual(self.host.quiesce(), 0)
        self.assertEqual(second.collect(), [])
        with self.assertRaises(DatapathError):
            datapath.port("port2")

    def test_a_name_moves_with_its_machine(self):
        datapath, first, second, one, two = self.two_machines()
        self.assertGreater(int(second.ask("nic-save")), 0)
        second.remove()
        arrived = first.switch.nic(friendly="").create_port().create_nic()
        arrived.ask("nic-restore")
        arrived.connect()
        self.reaches(datapath, first, two, arrived)


class Load(DriverTestCase):
    """Threads that send all the while."""

    def start(self, source, packet, threads=2, **options):
        source.inject(packet, **options)
        source.ask("load-start", value=threads)

    def test_a_nic_is_disconnected_under_load(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        for pending in (0, 1):
            self.host.ask("sends-pend", value=pending)
            self.start(first, udp(second.mac, first.mac), lists=4)
            for _ in range(20):
                self.host.wait_for("injected", 20)
                second.disconnect()
                second.connect()
                second.collect()
            self.host.ask("load-stop")
            self.assertEqual(self.host.quiesce(), 0)

    def test_flows_change_and_ports_are_renamed_under_load(self):
        datapath, first, second, one, two = self.two_machines()
        self.start(first, udp(second.mac, first.mac), lists=4)
        for turn in range(20):
            self.host.wait_for("injected", 4)
            datapath.add_flow(one, output(two))
            second.rename("other" if turn % 2 else "port2")
            datapath.flush()
            second.collect()
        self.host.ask("load-stop")

    def test_pause_and_restart_under_load(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        for pending in (0, 1):
            self.host.ask("sends-pend", value=pending)
            self.start(first, udp(second.mac, first.mac), lists=4)
            for _ in range(10):
                self.host.wait_for("injected", 20)
                first.switch.pause()
                first.switch.restart()
                second.collect()
            self.host.ask("load-stop")
            self.assertEqual(self.host.quiesce(), 0)

    def test_random_lives_under_load(self):
        switches = [self.host.switch(f"switch{number}") for number in range(3)]
        source = switches[0].vm("source", "source")
        datapath = self.datapath()
        ports = [datapath.add_port(f"port{number}") for number in range(6)]
        datapath.add_flow(datapath.add_port("source"), output(*ports))
        for number in ports:
            datapath.add_flow(number, output(*(other for other in ports if other != number)))
        lives = RandomLives(self.host, switches)
        self.start(source, udp(BROADCAST, source.mac), lists=8)
        with self.subTest(seed=lives.seed):
            for _ in range(300):
                lives.step()
            self.host.wait_for("injected", 100)
            self.host.ask("load-stop")
            self.host.check()

    def test_the_switch_and_the_daemon_change_things_at_the_same_time(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        self.start(first, udp(second.mac, first.mac), lists=4)
        second.ask("life-start", name="other", friendly="port2")
        while self.host.counters()["turns"] < 20:
            number = datapath.add_port("other")
            datapath.add_flow(two, output(one, number))
            datapath.port_statistics(two)
            datapath.ports()
            datapath.delete_port(number)
            datapath.flush()
            datapath.add_flow(one, output(two))
            second.collect()
        self.host.ask("life-stop")
        self.host.wait_for("injected", 100)
        self.host.ask("load-stop")
        self.assertEqual(self.host.quiesce(), 0)
        second.collect()
        first.inject(udp(second.mac, first.mac))
        self.assertEqual(len(second.collect_within(1)), 1)

    def test_a_guest_that_changes_its_memory_reaches_one_port_only(self):
        switch = self.host.switch("external")
        datapath, first, second, one, two = self.two_machines(switch)
        third = switch.vm("three", "port3")
        three = datapath.add_port("port3")
        for nic, number in ((second, two), (third, three)):
            address = attribute(4, bytes(6) + nic.mac)
            everything = attribute(4, bytes(6) + b"\xff" * 6)
            datapath.add_flow(
                one, output(number), [address, ethertype(0x88B5)], [everything, ethertype(0xFFFF)])
        packet = frame(second.mac, first.mac, 0x88B5)
        self.start(first, packet, flags=fake.UNSAFE, at=5, to=third.mac[5], lists=8)
        wrong, right = 0, {second: 0, third: 0}

        def both():
            nonlocal wrong
            for nic in (second, third):
                for entry in nic.collect():
                    wrong += entry.data[:6] != nic.mac
                    right[nic] += 1
            return min(right.values()) >= 100
        wait_until(both, "packets of either kind", 120, lambda: repr(right))
        self.host.ask("load-stop")
        self.assertEqual(wrong, 0)

    def test_sends_held_below_come_back_in_the_end(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        self.host.ask("hold-sends", value=1)
        first.inject(udp(second.mac, first.mac), lists=100)
        self.host.ask("hold-sends", value=0)
        self.assertEqual(self.host.quiesce(), 0)
        self.assertEqual(len(second.collect()), 100)


if __name__ == "__main__":
    unittest.main()
