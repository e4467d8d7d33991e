"""Wire tests: tunnels between Apus and the distribution's OVS, and between Apus and the kernel."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "Scripts", "laboratory"))

import hosts  # noqa: E402
from support import program  # noqa: E402
from laboratory import KINDS, Laboratory, Unreachable  # noqa: E402

PREFIX = "aputn-"
PROGRAMS = os.path.dirname(program("apus", "ovs-vswitchd"))


class Tunnels:
    """What every pair of hosts has to do; the classes below say which pair."""

    second_make = "apus"
    owns_endpoint = True

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="apus-tunnels-")
        cls.laboratory = Laboratory(PREFIX, cls.folder, PROGRAMS, cls.second_make)
        cls.laboratory.first.owns_endpoint = cls.owns_endpoint
        try:
            cls.laboratory.create()
            cls.laboratory.start()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        hosts.remove_everything(PREFIX, cls.folder)

    def test_every_kind_carries_both_tenants_apart(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.laboratory.tunnel(kind)
                self.laboratory.ping_apart("red", "blue")
                self.laboratory.ping_apart("blue", "red")

    def test_a_fragmented_packet_arrives(self):
        self.laboratory.tunnel("vxlan")
        self.laboratory.ping("red", self.laboratory.second.machines["red"])
        source = self.laboratory.first.machines["red"].namespace
        received, _ = source.ping(self.laboratory.second.machines["red"].address, count=3, size=4000)
        self.assertEqual(received, 3)

    def test_segments_of_tcp_arrive(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.laboratory.tunnel(kind)
                self.laboratory.ping("red", self.laboratory.second.machines["red"])
                self.assertRegex(self.laboratory.throughput(1), "Gbit/s")

    def test_the_bridge_counts_what_the_tunnel_carried(self):
        self.laboratory.tunnel("geneve")
        self.laboratory.ping("red", self.laboratory.second.machines["red"])
        flows = self.laboratory.first.ofctl("-O", "OpenFlow13", "dump-flows", "br-int", "tun_id=100")
        self.assertIn("tun_id=0x64,in_port=10", flows)


class BetweenApus(Tunnels, unittest.TestCase):
    pass


class ToOVS(Tunnels, unittest.TestCase):
    second_make = "ovs"


class ToOVSFromAnAddressOfTheHost(Tunnels, unittest.TestCase):
    """As OVS documents for its userspace datapath: the address is on the bridge's internal port."""

    second_make = "ovs"
    owns_endpoint = False


class ToTheKernel(unittest.TestCase):
    """The kernel's own VXLAN device, whose segments come with checksums yet to be filled in."""

    def test_ping(self):
        folder = tempfile.mkdtemp(prefix="apus-tunnels-")
        laboratory = Laboratory(PREFIX, folder, PROGRAMS)
        try:
            laboratory.create()
            laboratory.first.start_daemons()
            laboratory.first.configure()
            laboratory.first.set_tunnel(11, "vxlan", laboratory.third)
            laboratory.first.set_flows([(11, laboratory.third)])
            laboratory.third.set_tunnel(laboratory.first)
            laboratory.ping("red", laboratory.third)
            source = laboratory.first.machines["red"].namespace
            # The endpoint answers ARP to anyone on the link.
            neighbors = laboratory.third.namespace.ip("neigh", "show", laboratory.first.endpoint)
            self.assertRegex(neighbors, "lladdr")
            self.assertEqual(source.ping(laboratory.third.address, count=3)[0], 3)
        finally:
            hosts.remove_everything(PREFIX, folder)


if __name__ == "__main__":
    unittest.main()
