"""A Hyper-V host from end to end, as its administrator sets it up: the database and the daemon as services, the driver under
a simulated external switch, machines attached by the names of their ports, and tunnels to hosts of other makes.

Machines and peers are Linux network namespaces; what lies between them is the programs and the driver that ship, in Wine.
"""

import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import wine
from driver import SERVICE, driver_image
from fakeswitch import FakeHost
from wine import BUILD, TEST_BUILD, Prefix, build_tests, wait_until
from wire import Peers, run

sys.path.insert(0, os.path.join(wine.ROOT, "Scripts", "laboratory"))

import hosts as laboratory  # noqa: E402

PREFIX = "apuswin-"
HOME = "C:\\Program Files\\Open vSwitch"
DATA = "C:\\ProgramData\\openvswitch"
SERVICES = ("ovsdb-server", "ovs-vswitchd")
TENANTS = laboratory.TENANTS
KINDS = ("vxlan", "gre", "geneve")

# The two ends of a stream, as programs inside of the machines.
RECEIVE = """
import hashlib, socket
listener = socket.create_server(("", 5000))
print("ready", flush=True)
connection, _ = listener.accept()
digest = hashlib.sha256()
while data := connection.recv(65536):
    digest.update(data)
print(digest.hexdigest(), flush=True)
"""
SEND = """
import socket, sys
with socket.create_connection((sys.argv[1], 5000), timeout=30) as connection:
    connection.sendall(sys.stdin.buffer.read())
"""


class HyperVHost:
    """The host under test, in Wine."""

    name = "host1"
    number = 1
    endpoint = laboratory.UNDERLAY + "1"

    def __init__(self):
        self.prefix = Prefix()
        self.fake = None

    def program(self, name):
        return f"{HOME}\\bin\\{name}.exe"

    def run(self, name, *arguments, check=True, timeout=60):
        result = self.prefix.run(self.program(name), *arguments, timeout=timeout)
        if check and result.code != 0:
            raise AssertionError(f"{name} {arguments}: {result}\n{self.log()}")
        return result.stdout

    def vsctl(self, *arguments, **options):
        return self.run("ovs-vsctl", "--timeout=20", *arguments, **options)

    def ofctl(self, *arguments, **options):
        return self.run("ovs-ofctl", *arguments, **options)

    def appctl(self, *arguments, **options):
        return self.run("ovs-appctl", *arguments, **options)

    def start(self):
        """ovsdb-tool create, net start twice, New-VMSwitch with the extension enabled."""
        self.prefix.start()
        self.prefix.put(os.path.join(TEST_BUILD, "ndis.sys"), "C:\\windows\\system32\\drivers\\ndis.sys")
        for name in os.listdir(os.path.join(BUILD, "bin")):
            if name.endswith(".exe"):
                self.prefix.put(os.path.join(BUILD, "bin", name), f"{HOME}\\bin\\{name}")
        self.prefix.put(os.path.join(wine.ROOT, "Schemas", "vswitch.ovsschema"), f"{HOME}\\conf\\vswitch.ovsschema")
        os.makedirs(self.prefix.path(f"{DATA}\\logs"))
        self.run("ovsdb-tool", "create", f"{DATA}\\conf.db", f"{HOME}\\conf\\vswitch.ovsschema")
        self.prefix.install_driver(SERVICE, driver_image())
        self.install_service("ovsdb-server", "--remote=punix:db.sock")
        self.install_service("ovs-vswitchd")
        self.prefix.start_service(SERVICE)
        for service in SERVICES:
            self.prefix.start_service(service)
        self.fake = FakeHost(self.prefix)

    def install_service(self, name, *options):
        line = f'"{self.program(name)}" ' + " ".join(options) + " --service --service-monitor --log-file --pidfile"
        self.prefix.run("sc", "create", name, "start=", "demand", "binPath=", line, check=True)

    def log(self):
        """The ends of the logs, for a failure's message."""
        text = self.prefix.last_log()
        for service in SERVICES:
            path = self.prefix.path(f"{DATA}\\logs\\{service}.log")
            if os.path.exists(path):
                with open(path, errors="replace") as file:
                    text += f"\n{service}.log:\n" + "".join(file.readlines()[-30:])
        return text

    def end(self):
        try:
            if self.fake is not None:
                self.fake.end()
        finally:
            self.prefix.end()


class Scenario(unittest.TestCase):
    """One host for all tests, which build upon each other in the order of the document: their names are numbered."""

    @classmethod
    def setUpClass(cls):
        build_tests()
        driver_image()
        laboratory.remove_everything(PREFIX, "/nonexistent")
        cls.folder = tempfile.mkdtemp(prefix="apus-scenario-")
        cls.host = HyperVHost()
        cls.peers = None
        try:
            cls.host.start()
            cls.set_up_network()
        except BaseException:
            print(cls.host.log(), file=sys.stderr)
            cls.tearDownClass()
            raise

    @classmethod
    def set_up_network(cls):
        """An external switch with two machines; a host with OVS and one with the kernel's tunnels on the same wire."""
        cls.peers = Peers(PREFIX)
        cls.underlay = laboratory.Underlay(PREFIX)
        cls.underlay.create()
        cls.ovs = laboratory.OVSHost(PREFIX, 2, cls.folder, "/usr/share/openvswitch")
        cls.kernel = laboratory.KernelHost(PREFIX, 3)
        for other in (cls.ovs, cls.kernel):
            other.create()
            cls.underlay.connect(other)
            other.namespace.ip("link", "set", "eth0", "up")
            other.namespace.set_checksum_offload("eth0", False)
        cls.ovs.start_daemons()
        cls.ovs.configure()
        cls.kernel.set_tunnel(cls.host)

        cls.switch = cls.host.fake.switch("external")
        cls.uplink = cls.switch.external("Ethernet1")
        cls.peers.attach(cls.uplink, cls.underlay.namespace, link="host1", mtu=1600, pieces=2, first=15)
        cls.underlay.namespace.ip("link", "set", "host1", "master", "wire")
        cls.machines, cls.wires = {}, {}
        for tenant in TENANTS:
            nic = cls.switch.vm(f"vm-{tenant}", tenant)
            namespace = cls.peers.namespace(f"vm-{tenant}")
            cls.wires[tenant] = cls.peers.attach(
                nic, namespace, mac=laboratory.machine_mac(1), mtu=1450, offload=True, pieces=3, first=20, headroom=6)
            namespace.ip("address", "add", f"{laboratory.OVERLAY}1/24", "dev", "eth0")
            cls.machines[tenant] = namespace

    @classmethod
    def tearDownClass(cls):
        if cls.peers is not None:
            cls.peers.remove()
        laboratory.remove_everything(PREFIX, cls.folder)
        cls.host.end()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def reaches(self, tenant, address, count=3):
        """The tenant's machine is answered; the first packets wait for neighbours to answer."""
        namespace = self.machines[tenant]
        received = 0
        for _ in range(3):
            received, _ = namespace.ping(address, count=count)
            if received == count:
                return
        self.fail(f"{received} of {count} pings of {tenant} to {address} answered\n{self.host.log()}")

    def set_flows(self, tunnels):
        """As hosts.SwitchHost.set_flows, by ovs-ofctl.exe, one flow a call for some of them as the document does."""
        self.host.ofctl("del-flows", "br0")
        uplink = self.port_number("external")
        flows = [f"priority=0,in_port={uplink},actions=normal", "priority=0,in_port=local,actions=normal"]
        every = ",".join(f"output:{port}" for port, _ in tunnels)
        for tenant, key in TENANTS.items():
            machine = self.port_number(tenant)
            flows.append(f"priority=5,in_port={machine},actions=set_field:{key}->tun_id,resubmit(,1)")
            for port, _ in tunnels:
                flows.append(f"priority=5,in_port={port},tun_id={key},actions=output:{machine}")
        for port, peer in tunnels:
            flows.append(f"table=1,priority=10,dl_dst={laboratory.machine_mac(peer.number)},actions=output:{port}")
        flows.append(f"table=1,priority=5,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00,actions={every}")
        for flow in flows:
            self.host.ofctl("add-flow", "br0", flow)

    def await_bridge(self):
        """The service counts as started before the daemon has read its database."""
        wait_until(
            lambda: self.host.prefix.run(self.host.program("ovs-ofctl"), "show", "br0").code == 0, "the bridge is there", 20,
            self.host.log)

    def port_number(self, name):
        return int(self.host.vsctl("get", "Interface", name, "ofport").strip())

    def add_tunnel(self, kind, peer):
        """The document's five commands."""
        name = f"{kind}-{peer.number}"
        if name not in self.host.vsctl("list-ports", "br0").split():
            self.host.vsctl("add-port", "br0", name)
            self.host.vsctl("set", "Interface", name, f"type={kind}")
            self.host.vsctl("set", "Interface", name, f"options:local_ip={self.host.endpoint}")
            self.host.vsctl("set", "Interface", name, f"options:remote_ip={peer.endpoint}")
            self.host.vsctl("set", "Interface", name, "options:in_key=flow")
            self.host.vsctl("set", "Interface", name, "options:out_key=flow")
        number = wait_until(
            lambda: [value for value in [self.host.vsctl("get", "Interface", name, "ofport").strip()] if value.isdigit()],
            f"{name} has a port number", log=self.host.log)
        return int(number[0]), peer

    def test_1_the_switch_is_configured_as_the_document_says(self):
        self.host.vsctl("add-br", "br0")
        self.host.vsctl("add-port", "br0", "external")
        for tenant in TENANTS:
            self.host.vsctl("add-port", "br0", tenant)
        shown = self.host.vsctl("show")
        for name in ("br0", "external", *TENANTS):
            self.assertRegex(shown, rf'Port "?{name}"?')
        self.assertNotIn("error", shown)
        ports = self.host.ofctl("show", "br0")
        for name in ("external", *TENANTS):
            self.assertIn(f"({name})", ports)
        self.assertIn("external", self.host.appctl("dpctl/show"))

    def test_2_tunnels_reach_the_kernels_vxlan_device(self):
        self.set_flows([self.add_tunnel("vxlan", self.kernel)])
        self.reaches("red", self.kernel.address)

    def test_3_tunnels_of_every_kind_reach_ovs_with_tenants_apart(self):
        for kind in KINDS:
            with self.subTest(kind):
                for other in KINDS:
                    if f"{other}-2" in self.host.vsctl("list-ports", "br0").split():
                        self.host.vsctl("del-port", "br0", f"{other}-2")
                self.ovs.set_tunnel(10, kind, self.host)
                self.ovs.set_flows([(10, self.host)])
                self.set_flows([self.add_tunnel(kind, self.ovs)])
                for tenant, other in (("red", "blue"), ("blue", "red")):
                    bystander = self.ovs.machines[other].namespace
                    before = bystander.received_echo_requests()
                    self.reaches(tenant, self.ovs.machines[tenant].address)
                    self.assertEqual(bystander.received_echo_requests(), before)

    def test_4_a_large_packet_in_fragments_arrives(self):
        received, _ = self.machines["red"].ping(self.ovs.machines["red"].address, count=3, size=4000)
        self.assertEqual(received, 3)

    def test_5_a_stream_in_large_sends_arrives(self):
        payload = bytes(index * 31 & 0xFF for index in range(1 << 20))
        target = self.ovs.machines["red"]
        receiver = subprocess.Popen(
            target.namespace.command("python3", "-c", RECEIVE), stdout=subprocess.PIPE)
        try:
            self.assertEqual(receiver.stdout.readline(), b"ready\n")
            sender = subprocess.run(
                self.machines["red"].command("python3", "-c", SEND, target.address), input=payload, timeout=60)
            self.assertEqual(sender.returncode, 0)
            self.assertEqual(receiver.stdout.readline().decode().strip(), hashlib.sha256(payload).hexdigest())
        finally:
            receiver.kill()
            receiver.wait()
            receiver.stdout.close()
        self.assertGreater(self.wires["red"].large, 0)

    def test_6_statistics_are_read_back(self):
        flows = self.host.ofctl("dump-flows", "br0", "table=1")
        self.assertTrue(any(int(count) for count in re.findall(r"n_packets=(\d+)", flows)), flows)
        ports = self.host.ofctl("dump-ports", "br0", "external")
        self.assertTrue(int(re.search(r"rx pkts=(\d+)", ports).group(1)), ports)
        statistics = wait_until(
            lambda: re.search(r"rx_packets=([1-9]\d*)", self.host.vsctl("get", "Interface", "red", "statistics")),
            "statistics of an interface are in the database", 20, self.host.log)
        self.assertGreater(int(statistics.group(1)), 0)
        self.reaches("red", self.ovs.machines["red"].address)
        flows = self.host.run("ovs-dpctl", "dump-flows")
        self.assertRegex(flows, r"in_port\(\d+\).*packets:[1-9]")
        self.assertIn("tnl_push", flows)
        for name in ("external", *TENANTS):
            self.assertIn(name, self.host.run("ovs-dpctl", "show"))

    def test_7_macs_are_learnt(self):
        third = self.switch.vm("vm-third", "third")
        namespace = self.peers.namespace("vm-third")
        self.peers.attach(third, namespace, mac="02:00:00:00:00:33", mtu=1450)
        namespace.ip("address", "add", f"{laboratory.OVERLAY}33/24", "dev", "eth0")
        self.host.vsctl("add-port", "br0", "third")
        self.host.ofctl("del-flows", "br0")
        self.host.ofctl("add-flow", "br0", "actions=normal")
        self.machines["blue"].ip("link", "set", "eth0", "down")
        self.reaches("red", f"{laboratory.OVERLAY}33")
        learnt = self.host.appctl("fdb/show", "br0")
        self.assertIn("02:00:00:00:00:33", learnt)
        self.assertIn(laboratory.machine_mac(1), learnt)

    def test_8_a_machine_is_attached_by_name_later_and_moved(self):
        """Set-VMNetworkAdapterOVSPort after the machine was connected, and a name that goes to another machine."""
        self.host.vsctl("add-port", "br0", "late")
        machine = self.switch.vm("vm-late", "")
        namespace = self.peers.namespace("vm-late")
        self.peers.attach(machine, namespace, mac="02:00:00:00:00:44", mtu=1450)
        namespace.ip("address", "add", f"{laboratory.OVERLAY}44/24", "dev", "eth0")
        received, _ = self.machines["red"].ping(f"{laboratory.OVERLAY}44", count=1, timeout=1)
        self.assertEqual(received, 0)
        machine.rename("late")
        self.reaches("red", f"{laboratory.OVERLAY}44")
        machine.rename("")
        received, _ = self.machines["red"].ping(f"{laboratory.OVERLAY}44", count=1, timeout=1)
        self.assertEqual(received, 0)
        machine.rename("late")
        self.reaches("red", f"{laboratory.OVERLAY}44")

    def test_8b_a_machine_of_another_switch_is_reached(self):
        """One datapath for all virtual switches of the host."""
        other = self.host.fake.switch("private")
        machine = other.vm("vm-private", "private")
        namespace = self.peers.namespace("vm-private")
        self.peers.attach(machine, namespace, mac="02:00:00:00:00:55", mtu=1450)
        namespace.ip("address", "add", f"{laboratory.OVERLAY}55/24", "dev", "eth0")
        self.host.vsctl("add-port", "br0", "private")
        self.reaches("red", f"{laboratory.OVERLAY}55")
        other.detach()
        received, _ = self.machines["red"].ping(f"{laboratory.OVERLAY}55", count=1, timeout=1)
        self.assertEqual(received, 0)
        other.attach()
        self.reaches("red", f"{laboratory.OVERLAY}55")

    def test_8c_the_management_system_has_an_adapter_on_the_bridge(self):
        """AllowManagementOS: the internal adapter that bears the bridge's name is its local port."""
        adapter = self.switch.internal("br0")
        namespace = self.peers.namespace("management")
        self.peers.attach(adapter, namespace, mac="02:00:00:00:00:66", mtu=1450)
        namespace.ip("address", "add", f"{laboratory.OVERLAY}66/24", "dev", "eth0")
        self.reaches("red", f"{laboratory.OVERLAY}66")

    def test_8d_the_daemon_is_restarted(self):
        self.host.prefix.stop_service("ovs-vswitchd")
        self.host.prefix.start_service("ovs-vswitchd")
        self.await_bridge()
        self.machines["blue"].ip("link", "set", "eth0", "up")
        self.set_flows([self.add_tunnel("vxlan", self.kernel)])
        self.reaches("red", self.kernel.address)

    def test_8e_the_guides_commands_do_what_it_says(self):
        """Those of Docs/windows.md, "From nothing to two machines and two tunnels", with our names and addresses."""
        with open(os.path.join(wine.ROOT, "Docs", "windows.md")) as file:
            guide = file.read().split("## From nothing")[1].split("```powershell\n")[1].split("```")[0]
        for theirs, ours in (("vm1", "red"), ("vm2", "blue"), ("192.0.2.1 ", self.host.endpoint + " "),
                             ("192.0.2.2", self.kernel.endpoint), ("192.0.2.3", self.ovs.endpoint)):
            self.assertIn(theirs, guide)
            guide = guide.replace(theirs, ours)
        self.ovs.set_tunnel(10, "gre", self.host)
        self.ovs.set_flows([(10, self.host)])
        self.host.vsctl(*[word for name in self.tunnel_ports() for word in ("--", "del-port", name)])
        for line in guide.splitlines():
            words = shlex.split(line)
            if "$port" in words or not words or not words[0].endswith(".exe"):
                continue
            if words[1] in ("add-br", "add-port"):
                words.insert(1, "--may-exist")
            self.host.run(words[0].removesuffix(".exe"), *words[1:])
        self.assertEqual(sorted(self.tunnel_ports()), ["gre-1", "vxlan-1"])
        self.reaches("red", self.kernel.address)
        self.reaches("blue", self.ovs.machines["blue"].address)
        self.host.vsctl("del-port", "vxlan-1", "--", "del-port", "gre-1")
        self.set_flows([self.add_tunnel("vxlan", self.kernel)])

    def tunnel_ports(self):
        return [name for name in self.host.vsctl("list-ports", "br0").split() if name.split("-")[0] in KINDS]

    def test_9a_the_daemon_is_killed(self):
        """What it has told the driver goes on without it, and another one takes over."""
        self.reaches("red", self.kernel.address)
        for process in wine.processes_in(self.host.prefix.folder):
            with open(f"/proc/{process}/cmdline") as file:
                if "ovs-vswitchd.exe" in file.read():
                    os.kill(process, signal.SIGKILL)
        received, _ = self.machines["red"].ping(self.kernel.address, count=5)
        self.assertEqual(received, 5)
        wait_until(
            lambda: self.host.prefix.run("net", "start", "ovs-vswitchd").code == 0, "the service starts again", 30,
            self.host.log)
        self.await_bridge()
        self.set_flows([self.add_tunnel("vxlan", self.kernel)])
        self.reaches("red", self.kernel.address)

    def test_9b_packets_complete_late_below_and_the_switch_pauses(self):
        self.host.fake.ask("sends-pend", value=1)
        self.host.fake.ask("oids-pend", value=1)
        self.reaches("red", self.kernel.address)
        self.switch.pause()
        self.switch.restart()
        self.reaches("red", self.kernel.address)

    def test_9c_the_services_stop_and_the_driver_unloads(self):
        for service in reversed(SERVICES):
            self.host.prefix.stop_service(service)
        self.host.fake.check()
        self.host.fake.end()
        self.host.prefix.stop_driver(SERVICE)


if __name__ == "__main__":
    unittest.main()
