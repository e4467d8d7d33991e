"""A packet that leaves as it came is not copied: the switch's own list goes on, wherever nothing forbids it."""

import struct
import unittest

from datapath import attribute, ethernet, ethertype, output
from driver import DriverTestCase, frame, tcp, udp
import fakeswitch as fake
from wire import checksum, finished

PUSH_TAG = attribute(4, struct.pack("!HH", 0x8100, 0x1005))


def kinds(entries):
    """For each frame, whether it came in the list that the switch had made."""
    return [bool(entry.flags & fake.ORIGINAL) for entry in entries]


class Originals(DriverTestCase):
    def test_what_is_only_forwarded_is_the_original(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        packet = udp(second.mac, first.mac)
        for pending in (0, 1):
            self.host.ask("sends-pend", value=pending)
            for pieces, headroom, flags in ((1, 0, 0), (3, 5, 0), (2, 0, fake.DISPATCH)):
                first.inject(packet, pieces=pieces, headroom=headroom, flags=flags, lists=40)
                received = second.collect_within(40)
                self.assertEqual([entry.data for entry in received], [packet] * 40)
                self.assertEqual(kinds(received), [True] * 40)
                self.assertEqual({(entry.source_port, entry.source_nic) for entry in received}, {(first.port, 0)})

    def test_several_adapters_share_it(self):
        switch = self.host.switch("external")
        datapath, first, second, one, two = self.two_machines(switch)
        others = [switch.vm(f"vm{number}", f"other{number}") for number in range(20)]
        numbers = [datapath.add_port(f"other{number}") for number in range(20)]
        datapath.add_flow(one, output(two, *numbers))
        packet = udp(b"\xff" * 6, first.mac)
        before = self.host.counters()["sent"]
        first.inject(packet)
        for nic in [second] + others:
            received = nic.collect_within(1)
            self.assertEqual([entry.data for entry in received], [packet])
            self.assertEqual(kinds(received), [True])
        self.assertEqual(self.host.counters()["sent"], before + 1)

    def test_who_is_to_get_it_twice_gets_it_twice(self):
        datapath, first, second, one, two = self.two_machines()
        packet = udp(second.mac, first.mac)
        datapath.add_flow(one, output(two, two))
        first.inject(packet)
        received = second.collect_within(2)
        self.assertEqual([entry.data for entry in received], [packet] * 2)
        self.assertEqual(sorted(kinds(received)), [False, True])
        datapath.flush()
        datapath.add_flow(one, [PUSH_TAG] + output(two, two))
        first.inject(packet)
        self.assertEqual(kinds(second.collect_within(2)), [False] * 2)

    def test_who_gets_other_bytes_gets_a_copy(self):
        switch = self.host.switch("external")
        datapath, first, second, one, two = self.two_machines(switch)
        third, fourth = switch.vm("three", "port3"), switch.vm("four", "port4")
        three, four = datapath.add_port("port3"), datapath.add_port("port4")
        datapath.add_flow(one, output(two) + [PUSH_TAG] + output(three) + [attribute(5, b"")] + output(four))
        packet = udp(second.mac, first.mac)
        first.inject(packet, lists=3)
        self.assertEqual(kinds(second.collect_within(3)), [True] * 3)
        tagged = third.collect_within(3)
        self.assertEqual((kinds(tagged), [entry.vlan & 0xFFF for entry in tagged]), ([False] * 3, [5] * 3))
        # It has the same bytes again, which nobody looks for.
        last = fourth.collect_within(3)
        self.assertEqual((kinds(last), [entry.data for entry in last]), ([False] * 3, [packet] * 3))

    def test_another_switch_gets_a_copy(self):
        datapath, first, second, one, two = self.two_machines()
        third = self.host.switch("private").vm("three", "port3")
        datapath.add_flow(one, output(datapath.add_port("port3"), two))
        packet = udp(third.mac, first.mac)
        first.inject(packet)
        self.assertEqual(kinds(third.collect_within(1)), [False])
        self.assertEqual(kinds(second.collect_within(1)), [True])

    def test_a_list_of_several_packets_is_copied(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        first.inject(udp(second.mac, first.mac), buffers=3, lists=2)
        self.assertEqual(kinds(second.collect_within(6)), [False] * 6)

    def test_what_a_machine_can_still_change_is_copied(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        whole = udp(second.mac, first.mac, bytes(200))
        strange = frame(second.mac, first.mac, 0x88B5, bytes(200))
        # The headers of UDP over IPv4 end at 42, those of TCP at 54; of what is unknown every byte has to be safe.
        cases = [(whole, 0, False), (whole, 41, False), (whole, 42, True), (whole, 4095, True),
                 (tcp(second.mac, first.mac, bytes(100)), 53, False), (tcp(second.mac, first.mac, bytes(100)), 54, True),
                 (strange, 42, False), (strange, len(strange), True)]
        for packet, safe, expected in cases:
            with self.subTest(safe=safe, length=len(packet)):
                first.inject(packet, flags=fake.UNSAFE, safe=safe, at=len(packet) - 1, to=packet[-1])
                self.assertEqual(kinds(second.collect_within(1)), [expected])

    def test_a_tag_beside_the_bytes_goes_on_with_them(self):
        datapath, first, second, one, two = self.two_machines()
        control = 5 << 13 | 123
        keys = [ethernet(), ethertype(0x8100), attribute(5, struct.pack("!H", control | 0x1000)),
                attribute(1, [ethertype(0x0800)])]
        masks = [ethernet(), ethertype(0xFFFF), attribute(5, b"\xff\xff"), attribute(1, [ethertype(0xFFFF)])]
        datapath.add_flow(one, output(two), keys, masks)
        packet = udp(second.mac, first.mac)
        # A tag moves the headers behind 42 only in the engine.
        for flags, safe in ((0, 0), (fake.UNSAFE, 42)):
            first.inject(packet, vlan=fake.TAGGED | control, flags=flags, safe=safe)
            received = second.collect_within(1)
            self.assertEqual(kinds(received), [True])
            self.assertEqual((received[0].data, received[0].vlan & 0xFFFF), (packet, control))

    def test_a_large_send_goes_on_with_what_is_left_to_do(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        packet = bytearray(tcp(second.mac, first.mac, bytes(20000)))
        packet[16:18] = packet[24:26] = b"\0\0"
        struct.pack_into("!H", packet, 50, checksum(bytes(packet[26:34]) + struct.pack("!I", 6)))
        first.inject(bytes(packet), segment=1460, tcp=34, checksum=fake.CHECKSUM_IPV4, pieces=5, first=54)
        received = second.collect_within(1)
        self.assertEqual(kinds(received), [True])
        self.assertEqual(received[0].data, bytes(packet))
        self.assertEqual((received[0].segment_size, received[0].tcp_offset), (1460, 34))

    def test_a_large_datagram_is_cut(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        payload = bytes(index * 7 & 0xFF for index in range(5000))
        packet = bytearray(udp(second.mac, first.mac, payload))
        packet[16:18] = packet[24:26] = packet[38:40] = packet[40:42] = b"\0\0"
        first.inject(bytes(packet), segment=1400, tcp=34, checksum=fake.CHECKSUM_IPV4 | fake.CHECKSUM_UDP, pieces=3)
        received = second.collect_within(4)
        self.assertEqual(kinds(received), [False] * 4)
        self.assertEqual(b"".join(entry.data[42:] for entry in received), payload)
        for entry in received:
            data, = finished(entry.data, entry.checksum, entry.segment_size, entry.tcp_offset)
            whole = udp(data[:6], data[6:12], data[42:])
            self.assertEqual((data[14:18], data[34:]), (whole[14:18], whole[34:]))

    def test_what_comes_from_outside_keeps_what_was_found(self):
        switch = self.host.switch("external")
        machine, uplink = switch.vm("one", "port1"), switch.external("Ethernet1")
        datapath = self.datapath()
        one, outside = datapath.add_port("port1"), datapath.add_port("external")
        datapath.add_flow(outside, output(one))
        packet = udp(machine.mac, b"\x02\0\0\0\0\x77")
        uplink.inject(packet, checksum=fake.CHECKSUM_IPV4_HEADER | fake.CHECKSUM_UDP)
        received = machine.collect_within(1)
        self.assertEqual(kinds(received), [True])
        self.assertTrue(received[0].flags & fake.RECEIVE_KIND)
        self.assertEqual(received[0].checksum, fake.CHECKSUM_IPV4_HEADER | fake.CHECKSUM_UDP)

    def test_held_below_it_does_not_hold_up_others(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        datapath.add_flow(two, [PUSH_TAG] + output(one))
        self.host.ask("hold-sends", value=1)
        first.inject(udp(second.mac, first.mac), lists=10)
        second.inject(udp(first.mac, second.mac), lists=10)
        self.host.ask("hold-sends", value=0)
        self.assertEqual(self.host.quiesce(), 0)
        self.assertEqual(kinds(second.collect_within(10)), [True] * 10)
        self.assertEqual(kinds(first.collect_within(10)), [False] * 10)


class Reports(DriverTestCase):
    """Whatever goes nowhere is reported as filtered, with a reason."""

    def reports(self):
        self.host.quiesce()
        return [(port, count, reason) for _, port, _, count, reason in self.host.filtered()]

    def test_a_port_without_a_connected_adapter(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        reason = "No connected adapter is behind the port out"
        second.disconnect()
        first.inject(udp(second.mac, first.mac), lists=3)
        self.assertEqual(self.reports(), [(first.port, 3, reason)])
        second.connect()
        first.inject(udp(second.mac, first.mac))
        self.assertEqual(len(second.collect_within(1)), 1)
        self.assertEqual(self.reports(), [])
        datapath.flush()
        datapath.add_flow(one, output(datapath.add_port("nobody")))
        first.inject(udp(second.mac, first.mac))
        self.assertEqual(self.reports(), [(first.port, 1, reason)])

    def test_one_port_of_several_without_an_adapter_is_no_drop(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(datapath.add_port("br0", 2), two))
        first.inject(udp(second.mac, first.mac))
        self.assertEqual(len(second.collect_within(1)), 1)
        self.assertEqual(self.reports(), [])

    def test_one_machine_cannot_fill_the_memory_with_what_is_on_its_way(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, [PUSH_TAG] + output(two))
        datapath.add_flow(two, [PUSH_TAG] + output(one))
        packet = udp(second.mac, first.mac, size=1514)
        self.reports()
        self.host.ask("hold-sends", value=1)
        # What a machine sends is completed at once, so that only the limit of 8 MiB holds it up.
        for _ in range(64):
            first.inject(packet, lists=100)
        second.inject(packet, lists=10)
        self.host.ask("hold-sends", value=0)
        reports = self.reports()
        taken = (8 << 20) // len(packet)
        self.assertEqual({(port, reason) for port, _, reason in reports},
                         {(first.port, "Too much of what the adapter sent is still on its way")})
        self.assertEqual(sum(count for _, count, _ in reports), 6400 - taken)
        # Nobody else was held up, and all of it is free again.
        self.assertEqual(len(first.collect_within(10)), 10)
        second.collect()
        first.inject(packet, lists=100)
        self.assertEqual(len(second.collect_within(100)), 100)
        self.assertEqual(self.reports(), [])

    def test_what_is_too_short_says_so(self):
        datapath, first, second, one, two = self.two_machines()
        first.inject(udp(second.mac, first.mac)[:10])
        self.assertEqual(self.reports(), [(first.port, 1, "The frame is too short or too long")])

    def test_a_list_that_cannot_be_sent_is_reported(self):
        datapath, first, second, one, two = self.two_machines()
        packet = udp(second.mac, first.mac)
        for actions in (output(two), [PUSH_TAG] + output(two)):
            datapath.flush()
            datapath.add_flow(one, actions)
            first.inject(packet)
            self.assertEqual(len(second.collect_within(1)), 1)
            for pool in (0, 1):
                self.reports()
                self.host.ask("fail-allocations", value=2, flags=pool)
                first.inject(packet, lists=20)
                self.host.ask("fail-allocations", value=0)
                reported = sum(count for _, count, _ in self.reports())
                self.assertEqual(len(second.collect()) + reported, 20)

    def test_under_load_everything_is_delivered_or_reported(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        first.inject(udp(second.mac, first.mac), lists=4)
        before = self.host.counters()
        first.ask("load-start", value=2)
        for _ in range(20):
            second.disconnect()
            self.host.wait_for("filtered", 10)
            second.connect()
            self.host.wait_for("sent", 10)
            second.collect()
        self.host.ask("load-stop")
        self.assertEqual(self.host.quiesce(), 0)
        after = self.host.counters()
        count = {name: after[name] - before[name] for name in ("injected", "delivered", "overflowed", "filtered")}
        self.assertEqual(count["delivered"] + count["overflowed"] + count["filtered"], count["injected"], count)


if __name__ == "__main__":
    unittest.main()
