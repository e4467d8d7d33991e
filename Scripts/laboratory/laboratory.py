"""Two hosts with a switch each and one with the kernel's tunnels, joined by an underlay, with tenants' machines on them."""

import json
import os
import time

import hosts as h

KINDS = ("vxlan", "gre", "geneve")
PEER_PORT, KERNEL_PORT = 10, 11


class Unreachable(Exception):
    """A ping that should have been answered was not, or the reverse."""


class Laboratory:
    """The hosts, what joins them, and what is asked of them."""

    def __init__(self, prefix, folder, programs, second_make="apus"):
        self.folder = folder
        self.underlay = h.Underlay(prefix)
        second = h.OVSHost if second_make == "ovs" else h.SwitchHost
        self.first = h.SwitchHost(prefix, 1, folder, programs)
        self.second = second(prefix, 2, folder, programs)
        self.third = h.KernelHost(prefix, 3)
        self.hosts = [self.first, self.second, self.third]

    def create(self):
        self.underlay.create()
        for host in self.hosts:
            host.create()
            self.underlay.connect(host)
            host.namespace.ip("link", "set", "eth0", "up")
            if self.second.make == "OVS":
                # Its userspace datapath reads frames without their offload metadata, so that a checksum which a
                # virtual wire leaves to be filled in would stay so; a real adapter fills it in.
                host.namespace.set_checksum_offload("eth0", False)
        return f"{len(self.hosts)} hosts, {2 * len(h.TENANTS)} machines"

    def start(self):
        for host in (self.first, self.second):
            host.start_daemons()
            host.configure()

    def tunnel(self, kind):
        self.first.set_tunnel(PEER_PORT, kind, self.second)
        self.second.set_tunnel(PEER_PORT, kind, self.first)
        self.first.set_flows([(PEER_PORT, self.second)] + self.kernel_tunnels(kind))
        self.second.set_flows([(PEER_PORT, self.first)])

    def kernel_tunnels(self, kind):
        if kind != "vxlan":
            return []
        self.first.set_tunnel(KERNEL_PORT, "vxlan", self.third)
        return [(KERNEL_PORT, self.third)]

    def ping(self, tenant, target, count=5):
        """Pings from the first host's machine; the other tenant's machine must not see it."""
        source = self.first.machines[tenant].namespace
        received = 0
        source.ping(target.address, count=2)  # the first packets wait for neighbours to answer
        for _ in range(3):
            received, median = source.ping(target.address, count=count)
            if received == count:
                return f"{median:.2f} ms"
        raise Unreachable(f"{tenant}: {received} of {count} pings to {target.address} answered")

    def ping_apart(self, tenant, other):
        """Both tenants use the same addresses: a ping reaches its own tenant's machine only."""
        bystander = self.second.machines[other].namespace
        before = bystander.received_echo_requests()
        answer = self.ping(tenant, self.second.machines[tenant])
        stray = bystander.received_echo_requests() - before
        if stray:
            raise Unreachable(f"{stray} echo requests of {tenant} reached {other}'s machine")
        return answer

    def throughput(self, seconds):
        """TCP through the tunnel, in gigabits a second."""
        server = self.second.machines["red"].namespace
        client = self.first.machines["red"].namespace
        server.run("iperf3", "-s", "-D", "-1", "-I", os.path.join(self.folder, "iperf3.pid"))
        time.sleep(0.3)
        output = client.run(
            "iperf3", "-c", self.second.machines["red"].address, "-t", seconds, "-J", check=False, timeout=seconds + 20)
        report = json.loads(output)
        if "error" in report:
            raise Unreachable(f"iperf3: {report['error']}")
        return f"{report['end']['sum_received']['bits_per_second'] / 1e9:.2f} Gbit/s"
