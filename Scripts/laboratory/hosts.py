"""The hosts of the laboratory: a namespace each, with a switch of one make or another inside."""

import os
import shutil
import signal
import time

from network import CommandFailed, Namespace, join, run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TENANTS = {"red": 100, "blue": 200}
UNDERLAY = "172.31.0."
OVERLAY = "10.0.0."
SWITCH_PORTS = {"red": 1, "blue": 2}


def machine_mac(host_number):
    """Machines of the two tenants share their MAC and IP addresses on purpose."""
    return f"02:00:00:00:00:{host_number:02x}"


class Machine:
    """A tenant's machine: a namespace on one end of a veth pair whose other end is a switch port."""

    def __init__(self, prefix, host, tenant):
        self.tenant = tenant
        self.host = host
        self.address = OVERLAY + str(host.number)
        self.namespace = Namespace(f"{prefix}{host.name}-{tenant}")

    def create(self):
        self.namespace.create()
        join(self.host.namespace, self.tenant, self.namespace, "eth0", right_mac=machine_mac(self.host.number))
        # Room for the outer headers: VXLAN over IPv4 adds 50 bytes, Geneve 50, GRE with a key 42.
        self.namespace.ip("link", "set", "eth0", "mtu", 1450)
        self.namespace.ip("address", "add", f"{self.address}/24", "dev", "eth0")


class SwitchHost:
    """A host with a database server, a switch daemon and a machine of each tenant."""

    make = "Apus"

    def __init__(self, prefix, number, folder, programs):
        self.number = number
        self.name = f"host{number}"
        self.namespace = Namespace(prefix + self.name)
        self.folder = os.path.join(folder, self.name)
        self.programs = programs
        self.endpoint = UNDERLAY + str(number)
        self.machines = {tenant: Machine(prefix, self, tenant) for tenant in TENANTS}
        # Whether the endpoint's address is the switch's own, or the host's on the internal port of br-phy.
        self.owns_endpoint = True
        self.environment = dict(
            os.environ, OVS_RUNDIR=self.folder, OVS_LOGDIR=self.folder, OVS_DBDIR=self.folder,
            OVS_SYSCONFDIR=self.folder, OVS_PKGDATADIR=programs)

    def program(self, name):
        return os.path.join(self.programs, name)

    def run(self, name, *arguments, **options):
        """Runs one of the switch's programs inside the host."""
        return self.namespace.run(self.program(name), *arguments, environment=self.environment, **options)

    def vsctl(self, *arguments, **options):
        return self.run("ovs-vsctl", "--timeout=10", *arguments, **options)

    def ofctl(self, *arguments, **options):
        return self.run("ovs-ofctl", *arguments, **options)

    def appctl(self, *arguments, **options):
        return self.run("ovs-appctl", "--timeout=10", *arguments, **options)

    def schema(self):
        return self.program("vswitch.ovsschema")

    def start_daemons(self):
        os.makedirs(self.folder, exist_ok=True)
        database = os.path.join(self.folder, "conf.db")
        self.run("ovsdb-tool", "create", database, self.schema())
        self.run(
            "ovsdb-server", database, f"--remote=punix:{self.folder}/db.sock", "--detach", "--no-chdir", "--pidfile",
            "--log-file")
        self.vsctl("--no-wait", "init")
        self.run(
            "ovs-vswitchd", f"unix:{self.folder}/db.sock", "--detach", "--no-chdir", "--pidfile", "--log-file",
            *self.daemon_options())

    def daemon_options(self):
        return []

    def bridge_settings(self, bridge):
        return []

    def create(self):
        self.namespace.create()
        for machine in self.machines.values():
            machine.create()

    def configure(self):
        """Two bridges as a cloud has them: br-int with the machines and tunnels, br-phy with the uplink."""
        for bridge in ("br-phy", "br-int"):
            self.vsctl("add-br", bridge, *self.bridge_settings(bridge))
        self.vsctl("set-fail-mode", "br-int", "secure")
        self.vsctl("add-port", "br-phy", "eth0")
        for tenant, port in SWITCH_PORTS.items():
            self.vsctl("add-port", "br-int", tenant, "--", "set", "Interface", tenant, f"ofport_request={port}")
        if self.owns_endpoint:
            self.vsctl("set", "Bridge", "br-phy", f"other_config:endpoint-ip={self.endpoint}/24")
        else:
            self.namespace.ip("address", "add", f"{self.endpoint}/24", "dev", "br-phy")
            self.namespace.ip("link", "set", "br-phy", "up")

    def set_tunnel(self, port, kind, peer):
        """Joins this host to another; the tunnel key comes from the flows."""
        name = f"to-{peer.name}"
        self.vsctl(
            "--may-exist", "add-port", "br-int", name, "--", "set", "Interface", name, f"type={kind}",
            f"options:local_ip={self.endpoint}", f"options:remote_ip={peer.endpoint}", "options:key=flow",
            f"ofport_request={port}")

    def set_flows(self, tunnels):
        """Tenants are told apart by port here and by tunnel key between hosts."""
        flows = ["priority=0,actions=drop"]
        every = ",".join(f"output:{port}" for port, _ in tunnels)
        for tenant, key in TENANTS.items():
            flows.append(f"in_port={SWITCH_PORTS[tenant]},actions=set_field:{key}->tun_id,goto_table:1")
            for port, _ in tunnels:
                flows.append(f"in_port={port},tun_id={key},actions=output:{SWITCH_PORTS[tenant]}")
        for port, peer in tunnels:
            flows.append(f"table=1,priority=10,dl_dst={machine_mac(peer.number)},actions=output:{port}")
        flows.append(f"table=1,priority=5,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00,actions={every}")
        self.ofctl("-O", "OpenFlow13", "del-flows", "br-int")
        self.ofctl("-O", "OpenFlow13", "add-flows", "br-int", "-", text="\n".join(flows) + "\n")

    def stop(self):
        for program in ("ovs-vswitchd", "ovsdb-server"):
            stop_process(os.path.join(self.folder, f"{program}.pid"), program)


class OVSHost(SwitchHost):
    """A host with the distribution's OVS and its userspace datapath."""

    make = "OVS"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.owns_endpoint = False

    def program(self, name):
        for folder in ("/usr/bin", "/usr/sbin"):
            if os.path.exists(os.path.join(folder, name)):
                return os.path.join(folder, name)
        raise FileNotFoundError(f"{name} of the distribution; install openvswitch-switch")

    def schema(self):
        return "/usr/share/openvswitch/vswitch.ovsschema"

    def daemon_options(self):
        return ["--disable-system"]

    def bridge_settings(self, bridge):
        return ["--", "set", "Bridge", bridge, "datapath_type=netdev"]

    def create(self):
        super().create()
        for tenant, machine in self.machines.items():
            # The userspace datapath of this OVS forwards partial checksums as they are.
            machine.namespace.set_checksum_offload("eth0", False)


class KernelHost:
    """A host whose far end is the kernel's own VXLAN device, for the red tenant alone."""

    make = "Linux kernel"

    def __init__(self, prefix, number):
        self.number = number
        self.name = f"host{number}"
        self.namespace = Namespace(prefix + self.name)
        self.endpoint = UNDERLAY + str(number)
        self.address = OVERLAY + str(number)

    def create(self):
        self.namespace.create()

    def set_tunnel(self, peer):
        self.namespace.ip("address", "add", f"{self.endpoint}/24", "dev", "eth0")
        self.namespace.ip(
            "link", "add", "vxlan-red", "address", machine_mac(self.number), "type", "vxlan", "id", TENANTS["red"],
            "local", self.endpoint, "remote", peer.endpoint, "dstport", 4789)
        self.namespace.ip("link", "set", "vxlan-red", "mtu", 1450, "up")
        self.namespace.ip("address", "add", f"{self.address}/24", "dev", "vxlan-red")

    def stop(self):
        pass


class Underlay:
    """What joins the hosts: a bridge of the kernel's in a namespace of its own."""

    def __init__(self, prefix):
        self.namespace = Namespace(prefix + "underlay")

    def create(self):
        self.namespace.create()
        self.namespace.ip("link", "add", "wire", "type", "bridge")
        self.namespace.ip("link", "set", "wire", "up")

    def connect(self, host, mtu=1600):
        join(self.namespace, host.name, host.namespace, "eth0", mtu=mtu)
        self.namespace.ip("link", "set", host.name, "master", "wire")


def stop_process(pidfile, program):
    """Ends the process that a pidfile names, if it is still that program."""
    try:
        with open(pidfile) as file:
            process = int(file.read().strip())
        with open(f"/proc/{process}/cmdline") as file:
            if program not in file.read():
                return
    except (OSError, ValueError):
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(process, number)
            for _ in range(50):
                time.sleep(0.05)
                os.kill(process, 0)
        except ProcessLookupError:
            return


def remove_everything(prefix, folder):
    """Removes every process, namespace and file that a laboratory with this prefix made."""
    if os.path.isdir(folder):
        for host in sorted(os.listdir(folder)):
            for program in ("ovs-vswitchd", "ovsdb-server"):
                stop_process(os.path.join(folder, host, f"{program}.pid"), program)
    for line in run("ip", "netns", "list").splitlines():
        name = line.split()[0]
        if name.startswith(prefix):
            for process in run("ip", "netns", "pids", name, check=False).split():
                try:
                    os.kill(int(process), signal.SIGKILL)
                except (ProcessLookupError, ValueError):
                    pass
            run("ip", "netns", "delete", name, check=False)
    shutil.rmtree(folder, ignore_errors=True)
