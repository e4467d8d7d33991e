"""The peer in memory: OVS's userspace datapath with DPDK, packets looped from a capture into a null port."""

import os
import random
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time

PACKAGES = [
    "openvswitch-switch-dpdk", "librte-net-pcap23", "librte-net-null23", "librte-mempool-ring23", "openvswitch-switch"]
ONE_RULE = ["priority=5,in_port=1,ip,actions=output:2"]


def shaped_rules(seed=7):
    """Eighteen rules of different shapes above the one: two UDP ports and sixteen prefix lengths."""
    chance = random.Random(seed)
    rules = [f"priority=100,udp,in_port=1,tp_dst={port},actions=output:2" for port in (53, 4789)]
    for bits in range(8, 24):
        address = chance.getrandbits(32) >> (32 - bits) << (32 - bits)
        dotted = ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
        rules.append(f"priority={20 + bits},ip,in_port=1,nw_dst={dotted}/{bits},actions=output:2")
    return rules + ONE_RULE


def write_capture(path, flows, seed=1):
    """60-byte UDP packets with random addresses and ports, one for each flow."""
    chance = random.Random(seed)
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for _ in range(flows):
            source, target = chance.getrandbits(32), chance.getrandbits(32)
            header = struct.pack(">BBHHHBBHII", 0x45, 0, 46, 0, 0, 64, 17, 0, source, target)
            total = sum(struct.unpack(">10H", header))
            total = (total & 0xFFFF) + (total >> 16)
            total = (total & 0xFFFF) + (total >> 16)
            header = header[:10] + struct.pack(">H", total ^ 0xFFFF) + header[12:]
            udp = struct.pack(">HHHH", chance.randrange(1024, 65536), chance.randrange(1024, 65536), 26, 0)
            packet = bytes.fromhex("020000000002020000000001") + b"\x08\x00" + header + udp + bytes(18)
            file.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)


class HugePages:
    """2 MiB huge pages for the time of the run; the setting before is put back."""

    SETTING = "/proc/sys/vm/nr_hugepages"

    def __init__(self, count):
        self.count = count

    def __enter__(self):
        with open(self.SETTING) as file:
            self.before = file.read().strip()
        with open(self.SETTING, "w") as file:
            file.write(str(self.count))
        with open(self.SETTING) as file:
            got = int(file.read())
        if got < self.count:
            raise RuntimeError(f"the machine gave {got} of {self.count} huge pages")
        return self

    def __exit__(self, *_):
        with open(self.SETTING, "w") as file:
            file.write(self.before)


def measure(capture, rules, seconds):
    """Nanoseconds a packet of OVS-DPDK for the packets of a capture, or None with a reason printed."""
    folder = tempfile.mkdtemp(prefix="apus-bench-dpdk-")
    environment = dict(os.environ, OVS_RUNDIR=folder, OVS_LOGDIR=folder, OVS_DBDIR=folder, OVS_SYSCONFDIR=folder)
    daemon = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
    processes = []

    def run(*arguments):
        return subprocess.run(
            arguments, env=environment, check=True, text=True, timeout=60, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT).stdout

    def start(*arguments):
        with open(os.path.join(folder, "output"), "ab") as output:
            processes.append(subprocess.Popen(arguments, env=environment, stdout=output, stderr=output))

    try:
        run("ovsdb-tool", "create", f"{folder}/conf.db", "/usr/share/openvswitch/vswitch.ovsschema")
        start("ovsdb-server", f"{folder}/conf.db", f"--remote=punix:{folder}/db.sock",
              f"--unixctl={folder}/ovsdb-server.ctl")
        wait_for(f"{folder}/db.sock")
        run("ovs-vsctl", "--no-wait", "init")
        run("ovs-vsctl", "--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
            "other_config:dpdk-lcore-mask=0x1", "other_config:pmd-cpu-mask=0x2",
            "other_config:dpdk-alloc-mem=512", "other_config:dpdk-extra=--in-memory")
        start(daemon, f"unix:{folder}/db.sock", f"--unixctl={folder}/ovs-vswitchd.ctl", "--log-file")
        wait_for(f"{folder}/ovs-vswitchd.ctl")
        run("ovs-vsctl", "--timeout=40", "add-br", "b", "--", "set", "Bridge", "b", "datapath_type=netdev",
            "fail_mode=secure",
            "--", "add-port", "b", "load", "--", "set", "Interface", "load", "type=dpdk", "ofport_request=1",
            f"options:dpdk-devargs=net_pcap0,rx_pcap={capture},infinite_rx=1",
            "--", "add-port", "b", "sink", "--", "set", "Interface", "sink", "type=dpdk", "ofport_request=2",
            "options:dpdk-devargs=net_null1,size=64,no-rx=1")
        for rule in rules:
            run("ovs-ofctl", "add-flow", "b", rule)
        control = ["ovs-appctl", "-t", f"{folder}/ovs-vswitchd.ctl"]
        time.sleep(8)
        run(*control, "dpif-netdev/pmd-stats-clear")
        time.sleep(seconds)
        report = run(*control, "dpif-netdev/pmd-perf-show")
        match = re.search(r"Rx packets:\s+(\d+)\s+\((\d+) Kpps, (\d+) cycles/pkt\)", report)
        if not match or int(match.group(1)) == 0:
            raise RuntimeError(f"no packets counted: {report[:300]}")
        return 1e6 / int(match.group(2))
    except (subprocess.CalledProcessError, RuntimeError, OSError) as error:
        said = getattr(error, "output", None) or str(error)
        print(f"    OVS-DPDK: not measured: {said.strip()[:300]}")
        return None
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(path, seconds=30):
    end = time.monotonic() + seconds
    while not os.path.exists(path):
        if time.monotonic() > end:
            raise RuntimeError(f"{os.path.basename(path)} did not appear in {seconds} s")
        time.sleep(0.05)
