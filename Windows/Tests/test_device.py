"""The driver's device through its control codes: every one of them, requests that wait, cancelled, closed, overrun."""

import struct
import unittest

from datapath import (
    ACKNOWLEDGE, CONTROL, DATAPATH, DONE, DUMP, ECHO, ERROR, FLOW, GET, GET_PID, NETDEV, NEW, DELETE, PACKET, READ,
    READ_EVENT, READ_PACKET, REQUEST, SET, TRANSACT, VPORT, WRITE, Datapath, DatapathError, attribute, attributes, code,
    ethernet, ethertype, output)
from driver import DriverTestCase, udp
from wine import wait_until

AWAIT_EVENT, AWAIT_PACKET, JOIN, SUBSCRIBE, SOCKET, COUNTERS = 0, 1, 2, 3, 6, 64
PORT_GROUP = 101
MISS = 1

# Windows errors.
DONE_WELL, INVALID_FUNCTION, INVALID_HANDLE, INVALID_PARAMETER = 0, 1, 6, 87
TOO_SMALL, BUSY, STILL, ABORTED, PENDING = 122, 170, 258, 995, 997


class Handle(Datapath):
    """A handle, with what concerns the handle itself."""

    def write(self, family, command, parts=(), flags=REQUEST):
        return self.control(WRITE, self.message(family, command, list(parts), flags), 0)[0]

    def subscribe(self, way=1):
        return self.write(CONTROL, SUBSCRIBE, [attribute(2, bytes([way])), attribute(3, self.pid)])

    def join(self, joins=1):
        return self.write(CONTROL, JOIN, [attribute(0, PORT_GROUP), attribute(1, bytes([joins]))])

    def begin(self, command):
        """Begins to wait; the request's number, and the call's error."""
        answer = self.host.ask("begin", handle=self.handle, code=WRITE, **{"in": self.message(CONTROL, command, []).hex()})
        return tuple(map(int, answer.split(" ")))

    def ended(self, number, wait=600000):
        return int(self.host.ask("ended", pending=number, wait=wait).split(" ")[0])

    def cancel(self, number):
        return int(self.host.ask("cancel", pending=number))

    def packets(self):
        """What a read gives: the packets' bytes."""
        error, data = self.control(READ_PACKET, b"", 65536)
        assert error == 0, error
        found = []
        while data:
            length, = struct.unpack_from("<I", data)
            found.append(attributes(data[24:length])[1])
            data = data[length + 3 & ~3:]
        return found

    def counters(self):
        error, data = self.control(TRANSACT, self.message(CONTROL, COUNTERS, []), 65536)
        assert error == 0, error
        found, data = {}, data[24:]
        while data:
            length, kind = struct.unpack_from("<HH", data)
            inner = attributes(data[4:length])
            found[inner[1].rstrip(b"\0").decode()] = struct.unpack("<Q", inner[2])[0]
            data = data[length + 3 & ~3:]
        return found

    def events(self):
        """Reads all events: (command, name)."""
        found = []
        while True:
            error, data = self.control(READ_EVENT, b"", 4096)
            assert error == 0, error
            if not data:
                return found
            found.append((data[16], attributes(data[24:])[3].rstrip(b"\0").decode()))


class DeviceTestCase(DriverTestCase):
    def handle(self):
        handle = Handle(self.host)
        handle.find()
        return handle


class Requests(DeviceTestCase):
    def test_each_handle_has_a_number_of_its_own(self):
        handles = [self.handle() for _ in range(5)]
        self.assertEqual(len({handle.pid for handle in handles}), 5)
        self.assertNotIn(0, {handle.pid for handle in handles})
        self.assertEqual(handles[0].control(GET_PID, b"", 3)[0], TOO_SMALL)

    def test_unknown_codes_and_short_buffers_are_refused(self):
        handle = self.handle()
        for number in (code(0x106, 2, 2), code(0x0FF, 0, 0), code(0x100, 2, 1)):
            self.assertEqual(handle.control(number, b"", 100)[0], INVALID_FUNCTION, hex(number))
        self.assertEqual(handle.control(TRANSACT, handle.message(VPORT, GET, []), 23)[0], TOO_SMALL)
        self.assertEqual(handle.control(TRANSACT, handle.message(VPORT, GET, []), 0)[0], TOO_SMALL)
        self.assertEqual(handle.control(READ, b"", 20)[0], TOO_SMALL)
        counters = handle.counters()
        self.assertEqual(counters["device_unknown_control_code"], 3)
        self.assertEqual(counters["device_buffer_too_small"], 3)

    def test_every_truncation_is_refused_or_answered(self):
        handle = self.handle()
        whole = handle.message(VPORT, NEW, [attribute(1, 3), attribute(2, 1), attribute(3, "p3"), attribute(5, handle.pid)])
        for count in range(len(whole)):
            for number in (TRANSACT, WRITE):
                self.assertEqual(handle.control(number, whole[:count], 4096)[0], INVALID_PARAMETER, count)
            cut = struct.pack("<I", count) + whole[4:count]
            if count >= 4:
                self.assertIn(handle.control(TRANSACT, cut, 4096)[0], (DONE_WELL, INVALID_PARAMETER), count)
        self.assertEqual(handle.control(TRANSACT, whole + whole, 4096)[0], INVALID_PARAMETER)
        self.assertEqual(handle.control(TRANSACT, whole, 4096)[0], DONE_WELL)

    def test_wrong_families_numbers_and_datapaths_are_refused(self):
        handle, other = self.handle(), self.handle()
        for family in (0, 1, 16, 26, 200, 65535):
            self.assertEqual(handle.control(TRANSACT, handle.message(family, GET, []), 4096)[0], INVALID_PARAMETER)
        # Messages about connections have a type of nfnetlink instead of this number.
        with self.assertRaises(DatapathError) as refusal:
            handle.transact(23, GET, [])
        self.assertEqual(refusal.exception.number, 95)
        self.assertEqual(handle.control(TRANSACT, other.message(VPORT, GET, []), 4096)[0], INVALID_PARAMETER)
        handle.index = 77
        self.assertEqual(handle.control(TRANSACT, handle.message(VPORT, GET, []), 4096)[0], INVALID_PARAMETER)

    def test_connections_limits_and_meters_are_there(self):
        handle = self.handle()
        connections, limits, meters = 0x101, 24, 25
        self.assertEqual(handle.dump(connections, 0), [])
        # The default limit: none.
        self.assertIn(1, handle.transact(limits, 3, []))
        # What meters can do: how many there may be, and how many bands one may have.
        self.assertLessEqual({7, 8}, set(handle.transact(meters, 1, [])))

    def test_the_datapath_cannot_be_made_again(self):
        handle = self.handle()
        for name, expected in (("ovs-system", 17), ("other", 19)):
            with self.assertRaises(DatapathError) as refusal:
                handle.transact(DATAPATH, NEW, [attribute(1, name)])
            self.assertEqual(refusal.exception.number, expected)

    def test_dumps_in_small_reads(self):
        handle = self.handle()
        for number in range(1, 21):
            handle.add_port(f"port{number}", number=number)
        self.assertEqual(handle.write(VPORT, GET, flags=REQUEST | DUMP), DONE_WELL)
        found, kinds = 0, []
        while True:
            error, data = handle.control(READ, b"", 300)
            self.assertEqual(error, DONE_WELL)
            if not data:
                break
            while data:
                length, kind = struct.unpack_from("<IH", data)
                kinds.append(kind)
                data = data[length + 3 & ~3:]
        self.assertEqual(kinds, [VPORT] * 20 + [DONE])
        self.assertEqual(handle.control(READ, b"", 300), (DONE_WELL, b""))

    def test_two_handles_dump_at_the_same_time(self):
        one, two = self.handle(), self.handle()
        for number in range(1, 11):
            one.add_port(f"port{number}", number=number)
        for handle in (one, two):
            handle.write(VPORT, GET, flags=REQUEST | DUMP)
        counts = {one: 0, two: 0}
        for _ in range(30):
            for handle in (one, two):
                data = handle.control(READ, b"", 300)[1]
                while data:
                    length, kind = struct.unpack_from("<IH", data)
                    counts[handle] += kind == VPORT
                    data = data[length + 3 & ~3:]
        self.assertEqual(list(counts.values()), [10, 10])

    def test_the_number_of_handles_has_a_limit(self):
        handles = []
        while len(handles) < 200:
            handles.append(int(self.host.ask("open", path="\\\\.\\OpenvSwitchDevice")))
        for handle in handles:
            self.host.ask("close", handle=handle)
        self.handle()

    def test_names_below_the_device_do_not_open(self):
        with self.assertRaises(Exception):
            self.host.ask("open", path="\\\\.\\OpenvSwitchDevice\\below")

    def test_devices_are_the_switches_nics(self):
        switch = self.host.switch("external")
        machine = switch.vm("one", "port1")
        handle = self.handle()
        handle.add_port("port1", number=5)
        handle.add_port("waiting", number=6)
        devices = {entry[3].rstrip(b"\0").decode(): entry for entry in handle.dump(NETDEV, 1)}
        self.assertEqual(devices["port1"][4], machine.mac)
        self.assertEqual(struct.unpack("<I", devices["port1"][1])[0], 5)
        self.assertEqual(struct.unpack("<I", devices["port1"][6])[0], 0x41)
        self.assertEqual(struct.unpack("<I", devices["waiting"][6])[0], 0)
        self.assertEqual(handle.transact(NETDEV, 1, [attribute(3, "port1")])[4], machine.mac)


class Packets(DeviceTestCase):
    def ports(self, handle):
        switch = self.host.switch("external")
        first, second = switch.vm("one", "port1"), switch.vm("two", "port2")
        return first, second, handle.add_port("port1"), handle.add_port("port2")

    def test_a_wait_ends_when_a_packet_comes(self):
        handle = self.handle()
        first, second, _, _ = self.ports(handle)
        self.assertEqual(handle.begin(AWAIT_PACKET)[1], INVALID_PARAMETER)
        self.assertEqual(handle.subscribe(), DONE_WELL)
        number, error = handle.begin(AWAIT_PACKET)
        self.assertEqual(error, PENDING)
        self.assertEqual(handle.ended(number, 50), STILL)
        self.assertEqual(handle.begin(AWAIT_PACKET)[1], BUSY)
        packet = udp(second.mac, first.mac)
        first.inject(packet)
        self.assertEqual(handle.ended(number), DONE_WELL)
        self.assertEqual(handle.packets(), [packet])
        self.assertEqual(handle.packets(), [])

    def test_packets_go_to_the_handle_that_the_port_names(self):
        one, two = self.handle(), self.handle()
        switch = self.host.switch("external")
        first, second = switch.vm("one", "port1"), switch.vm("two", "port2")
        one.add_port("port1")
        two.add_port("port2")
        for handle in (one, two):
            handle.subscribe(2)
        waits = [handle.begin(AWAIT_PACKET)[0] for handle in (one, two)]
        mine, other = udp(second.mac, first.mac), udp(first.mac, second.mac)
        first.inject(mine)
        self.assertEqual(one.ended(waits[0]), DONE_WELL)
        self.assertEqual(two.ended(waits[1], 50), STILL)
        second.inject(other)
        self.assertEqual(two.ended(waits[1]), DONE_WELL)
        self.assertEqual((one.packets(), two.packets()), ([mine], [other]))

    def test_a_cancelled_wait_ends_and_another_may_follow(self):
        handle = self.handle()
        first, second, _, _ = self.ports(handle)
        handle.subscribe()
        number, _ = handle.begin(AWAIT_PACKET)
        self.assertEqual(handle.cancel(number), DONE_WELL)
        self.assertEqual(handle.ended(number), ABORTED)
        first.inject(udp(second.mac, first.mac))
        self.host.quiesce()
        # The packet waits, so there is nothing to wait for.
        deadline = 50
        while not handle.packets() and deadline:
            deadline -= 1
        number, error = handle.begin(AWAIT_PACKET)
        self.assertEqual(error, PENDING)
        handle.cancel(number)
        self.assertEqual(handle.ended(number), ABORTED)
        self.assertEqual(handle.counters()["device_cancelled"], 2)

    def test_closing_a_handle_ends_its_waits(self):
        handle, other = self.handle(), self.handle()
        handle.subscribe()
        handle.join()
        waits = [handle.begin(command)[0] for command in (AWAIT_PACKET, AWAIT_EVENT)]
        for number in waits:
            self.assertEqual(handle.ended(number, 20), STILL)
        handle.close()
        for number in waits:
            self.assertIn(handle.ended(number), (ABORTED, INVALID_HANDLE))
        self.assertEqual(other.counters()["device_packet_abandoned"], 0)

    def test_cancelling_while_packets_come(self):
        handle = self.handle()
        first, second, _, _ = self.ports(handle)
        handle.subscribe(2)
        message = handle.message(CONTROL, AWAIT_PACKET, []).hex()
        answer = self.host.ask("race", handle=handle.handle, code=WRITE, rounds=300, **{"in": message})
        done, cancelled, other = map(int, answer.split(" "))
        self.assertEqual((done, other), (0, 0))
        self.assertEqual(cancelled, 300)

    def test_a_full_queue_loses_packets_and_counts_them(self):
        handle = self.handle()
        first, second, one, _ = self.ports(handle)
        handle.subscribe(2)
        packet = udp(second.mac, first.mac)
        sent = 0
        while sent < 2600:
            first.inject(packet, lists=20)
            sent += 20
            if sent % 200 == 0:
                self.host.quiesce()
        self.host.quiesce()

        def statistics():
            answer = handle.transact(DATAPATH, GET, [attribute(1, "ovs-system")], REQUEST)
            return struct.unpack("<4Q", answer[3])
        wait_until(lambda: statistics()[2] >= sent - 2048, "what has no room is lost", 60)
        received = 0
        for _ in range(200):
            found = len(handle.packets())
            received += found
            if not found:
                break
        counters = handle.counters()
        self.assertLessEqual(received, 2048)
        _, asked, lost, _ = statistics()
        self.assertEqual(asked, sent)
        self.assertEqual(received + lost, sent, counters)
        self.assertGreater(counters["device_packet_queue_full"], 0)

    def test_a_packet_for_nobody_is_lost_and_counted(self):
        handle = self.handle()
        first, second, _, _ = self.ports(handle)
        first.inject(udp(second.mac, first.mac))
        wait_until(lambda: handle.counters()["device_packet_without_receiver"], "the packet is counted", 30)
        self.assertEqual(handle.counters()["device_packet_without_receiver"], 1)

    def test_a_read_without_room_leaves_the_packet(self):
        handle = self.handle()
        first, second, _, _ = self.ports(handle)
        self.assertEqual(handle.control(READ_PACKET, b"", 100)[0], INVALID_PARAMETER)
        handle.subscribe()
        number, _ = handle.begin(AWAIT_PACKET)
        packet = udp(second.mac, first.mac, size=1000)
        first.inject(packet)
        self.assertEqual(handle.ended(number), DONE_WELL)
        self.assertEqual(handle.control(READ_PACKET, b"", 100)[0], TOO_SMALL)
        self.assertEqual(handle.packets(), [packet])


class Events(DeviceTestCase):
    def test_ports_that_come_and_go(self):
        handle, other = self.handle(), self.handle()
        self.assertEqual(handle.begin(AWAIT_EVENT)[1], INVALID_PARAMETER)
        self.assertEqual(handle.join(), DONE_WELL)
        number, error = handle.begin(AWAIT_EVENT)
        self.assertEqual(error, PENDING)
        other.add_port("p9", number=9)
        self.assertEqual(handle.ended(number), DONE_WELL)
        other.delete_port(9)
        self.assertEqual(handle.events(), [(NEW, "p9"), (DELETE, "p9")])
        self.assertEqual(other.events(), [])

    def test_nics_that_come_and_go(self):
        handle = self.handle()
        handle.join()
        number, _ = handle.begin(AWAIT_EVENT)
        switch = self.host.switch("external")
        machine = switch.vm("one", "port1")
        self.assertEqual(handle.ended(number), DONE_WELL)
        self.assertIn((SET, "port1"), handle.events())
        self.assertEqual(handle.join(0), DONE_WELL)
        self.assertEqual(handle.begin(AWAIT_EVENT)[1], INVALID_PARAMETER)
        self.assertIsNotNone(machine)

    def test_events_have_a_limit_too(self):
        handle = self.handle()
        handle.join()
        for _ in range(600):
            handle.add_port("p9", number=9)
            handle.delete_port(9)
        self.assertEqual(len(handle.events()), 1024)
        self.assertEqual(handle.counters()["device_event_queue_full"], 176)


class Flush(DriverTestCase):
    def test_many_flows_go_under_load_and_none_is_left(self):
        handle, first, second, one, two = self.two_machines()
        mask = [ethernet(b"\xff" * 6, b"\xff" * 6), ethertype(0)]
        for _ in range(2):
            for number in range(300):
                other = b"\x06\0\0\1" + struct.pack(">H", number)
                handle.add_flow(one, output(two), [ethernet(first.mac, other), ethertype(0x0800)], mask)
            handle.add_flow(one, output(two), [ethernet(first.mac, second.mac), ethertype(0x0800)], mask)
            self.assertEqual(len(handle.flows()), 301)
            first.inject(udp(second.mac, first.mac), lists=4)
            first.ask("load-start", value=2)
            handle.flush()
            self.assertEqual(handle.flows(), [])
            self.assertGreater(int(self.host.ask("load-stop")), 0)
            self.host.quiesce()
            second.collect()


if __name__ == "__main__":
    unittest.main()
