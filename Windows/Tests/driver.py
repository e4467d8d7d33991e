"""What tests of openvswitch.sys share: the driver in a prefix under the simulated NDIS, frames, and a way to speak to it."""

import os
import random
import struct
import unittest

from datapath import Datapath
from fakeswitch import UNCONNECTED, FakeHost
from wine import BUILD, TEST_BUILD, WineTestCase, build_tests

SERVICE = "OVSExt"


def driver_image():
    for folder in ("bin", "driver", ""):
        path = os.path.join(BUILD, folder, "openvswitch.sys")
        if os.path.exists(path):
            return path
    raise unittest.SkipTest("no openvswitch.sys; run Scripts/windows build")


def frame(destination, source, kind=0x0800, payload=b"", size=60):
    """An Ethernet frame filled up to a size."""
    data = destination + source + struct.pack("!H", kind) + payload
    return data + bytes(index & 0xFF for index in range(len(data), size))


def udp(destination, source, text=b"hello", size=0, ports=(1000, 2000), addresses=("10.0.0.1", "10.0.0.2")):
    """A UDP packet with right checksums."""
    from wire import with_header_checksum, with_transport_checksum
    body = text + bytes(max(0, size - 42 - len(text)))
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 28 + len(body), 1, 0, 64, 17, 0,
        *(bytes(map(int, address.split("."))) for address in addresses))
    data = destination + source + b"\x08\x00" + header + struct.pack("!HHHH", *ports, 8 + len(body), 0) + body
    return with_transport_checksum(with_header_checksum(data, 14), 14, 34, 17)


def tcp(destination, source, payload, flags=0x18, sequence=1000, addresses=("10.0.0.1", "10.0.0.2")):
    """A TCP packet with right checksums."""
    from wire import with_header_checksum, with_transport_checksum
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 1, 0, 64, 6, 0,
        *(bytes(map(int, address.split("."))) for address in addresses))
    data = (destination + source + b"\x08\x00" + header + struct.pack("!HHIIBBHHH", 1000, 80, sequence, 1, 0x50, flags, 512, 0, 0)
            + payload)
    return with_transport_checksum(with_header_checksum(data, 14), 14, 34, 6)


class DriverTestCase(WineTestCase):
    """The driver is loaded for each test and unloaded after it; at both times nothing may be left."""

    @classmethod
    def prepare(cls):
        build_tests()
        cls.prefix.put(os.path.join(TEST_BUILD, "ndis.sys"), "C:\\windows\\system32\\drivers\\ndis.sys")
        cls.prefix.install_driver(SERVICE, driver_image())

    def setUp(self):
        self.host = None
        self.sound = True
        self.addCleanup(self.end_host)
        self.prefix.start_service(SERVICE)
        self.host = FakeHost(self.prefix)

    def end_host(self):
        """The end of each test: no rule broken, nothing kept, and the driver unloads."""
        try:
            if self.host and self.sound:
                self.host.ask("let-go")
                self.host.check()
        finally:
            self.end_driver()

    def end_driver(self):
        """Unloads the driver. Where that fails, the tests that follow get a new Windows without it."""
        try:
            if self.host:
                self.host.end()
            self.prefix.stop_driver(SERVICE)
        except BaseException:
            self.tearDownClass()
            self.setUpClass()
            raise

    def datapath(self):
        """A handle on the device, with the datapath found; closed at the end of the test."""
        datapath = Datapath(self.host)
        datapath.find()
        return datapath

    def two_machines(self, switch=None):
        """Two machines on a switch and their ports in the datapath: (datapath, first NIC, second NIC, their ports)."""
        switch = switch or self.host.switch("external")
        first, second = switch.vm("one", "port1"), switch.vm("two", "port2")
        datapath = self.datapath()
        return datapath, first, second, datapath.add_port("port1"), datapath.add_port("port2")


class RandomLives:
    """Ports and NICs that come, go, and change their names by chance, in orders that Hyper-V allows."""

    def __init__(self, host, switches, pauses=True):
        self.seed = random.randrange(1 << 30)
        self.chance = random.Random(self.seed)
        self.host, self.switches, self.pauses = host, switches, pauses
        self.nics = []

    def step(self):
        chance = self.chance
        self.host.ask("oids-pend", value=chance.randrange(2))
        self.host.ask("sends-pend", value=chance.randrange(2))
        what = chance.randrange(9)
        if what <= 1 and len(self.nics) < 12:
            nic = chance.choice(self.switches).nic(friendly=self.name())
            self.nics.append([nic.create_port(), "port"])
        elif what == 2 and self.pauses:
            switch = chance.choice(self.switches)
            switch.pause()
            switch.restart()
        elif self.nics:
            self.change(chance.choice(self.nics), what)

    def name(self):
        return f"port{self.chance.randrange(6)}"

    def change(self, entry, what):
        nic, state = entry
        if state == "port":
            if self.chance.randrange(2):
                nic.create_nic()
                entry[1] = "created"
            else:
                nic.delete_port()
                self.nics.remove(entry)
        elif what == 3:
            nic.rename(self.name())
        elif what == 4 and state == "created":
            nic.delete_nic()
            entry[1] = "port"
        elif what == 5 and state == "created":
            nic.connect()
            entry[1] = "connected"
        elif what == 6 and state == "connected":
            nic.disconnect()
            entry[1] = "created"
        else:
            self.send(nic)

    def send(self, nic):
        chance = self.chance
        nic.inject(
            frame(bytes(6), nic.mac), pieces=chance.randrange(1, 5), headroom=chance.randrange(20),
            buffers=chance.randrange(1, 4), lists=chance.randrange(1, 5), flags=UNCONNECTED)
