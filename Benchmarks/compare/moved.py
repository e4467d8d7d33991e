"""Packets really moved: a machine on each side of a switch, generator and receiver on the same cores."""

import json
import os
import shutil
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "Scripts", "laboratory"))

import hosts  # noqa: E402
from network import Namespace, join, run  # noqa: E402

PREFIX = "apusb-"


class Course:
    """Two machines and a switch between them, made for one kind of switch."""

    def __init__(self, kind, programs, folder):
        self.kind = kind
        self.switch = Namespace(PREFIX + "switch")
        self.left, self.right = Namespace(PREFIX + "left"), Namespace(PREFIX + "right")
        make = {"apus": hosts.SwitchHost, "ovs": hosts.OVSHost}.get(kind)
        self.host = None
        if make:
            self.host = make(PREFIX, 1, folder, programs)
            self.host.namespace = self.switch

    def __enter__(self):
        for namespace in (self.switch, self.left, self.right):
            namespace.create()
        if self.kind == "none":
            join(self.left, "eth0", self.right, "eth0")
        else:
            join(self.switch, "left", self.left, "eth0")
            join(self.switch, "right", self.right, "eth0")
        for namespace, last in ((self.left, 1), (self.right, 2)):
            namespace.ip("address", "add", f"10.9.0.{last}/24", "dev", "eth0")
        if self.kind == "bridge":
            self.switch.ip("link", "add", "name", "wire", "type", "bridge")
            self.switch.ip("link", "set", "wire", "up")
            for link in ("left", "right"):
                self.switch.ip("link", "set", link, "master", "wire")
        if self.host:
            if self.kind == "ovs":  # this datapath forwards partial checksums as they are
                for namespace in (self.left, self.right):
                    namespace.set_checksum_offload("eth0", False)
            self.host.start_daemons()
            self.host.vsctl("add-br", "b", *self.host.bridge_settings("b"))
            self.host.vsctl("add-port", "b", "left", "--", "add-port", "b", "right")
        for _ in range(5):
            if self.left.ping("10.9.0.2", count=2)[0] == 2:
                return self
        raise RuntimeError(f"{self.kind}: no ping crosses")

    def __exit__(self, *_):
        if self.host:
            self.host.stop()
        for namespace in (self.left, self.right, self.switch):
            namespace.remove()

    def tcp_gigabits(self, seconds):
        """One iperf3 stream, in gigabits a second."""
        self.right.run("iperf3", "-s", "-D", "-1")
        time.sleep(0.3)
        report = json.loads(self.left.run(
            "iperf3", "-c", "10.9.0.2", "-t", seconds, "-J", check=False, timeout=seconds + 20))
        if "error" in report:
            raise RuntimeError(f"{self.kind}: iperf3: {report['error']}")
        return report["end"]["sum_received"]["bits_per_second"] / 1e9

    def udp_packets(self, load, seconds):
        """60-byte frames received, a second."""
        import subprocess
        receiver = subprocess.Popen(
            self.right.command(load, "receive", 9999, seconds), stdout=subprocess.PIPE, text=True)
        time.sleep(0.2)
        self.left.run(load, "send", "10.9.0.2", 9999, seconds + 1, timeout=seconds + 30)
        return int(receiver.communicate(timeout=seconds + 30)[0])

    def ping_median(self):
        return self.left.ping("10.9.0.2", count=20, interval=0.05)[1]


def measure(programs, load, seconds, repeats):
    """Rows of (kind, TCP Gbit/s, UDP packets a second, ping ms): medians over repeats, kinds interleaved."""
    folder = tempfile.mkdtemp(prefix="apus-bench-")
    samples = {}
    try:
        for _ in range(repeats):
            for kind in ("none", "bridge", "ovs", "apus"):
                try:
                    with Course(kind, programs, folder) as course:
                        sample = (course.tcp_gigabits(seconds), course.udp_packets(load, seconds), course.ping_median())
                    samples.setdefault(kind, []).append(sample)
                finally:
                    hosts.remove_everything(PREFIX, os.path.join(folder, "none"))
                    shutil.rmtree(os.path.join(folder, "host1"), ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        kind: tuple(sorted(column)[len(column) // 2] for column in zip(*rows)) for kind, rows in samples.items()}
