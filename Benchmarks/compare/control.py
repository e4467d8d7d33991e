"""The control plane: many flows, many transactions, and the time of one command; ours beside the peer's."""

import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time

from dpdk import wait_for


class Switch:
    """A database server and a switch daemon with a dummy datapath, on sockets of their own."""

    def __init__(self, make, programs):
        self.make = make
        self.folder = tempfile.mkdtemp(prefix=f"apus-bench-{make}-")
        self.programs = programs
        self.schema = (
            "/usr/share/openvswitch/vswitch.ovsschema" if make == "ovs" else os.path.join(programs, "vswitch.ovsschema"))
        self.environment = dict(
            os.environ, OVS_RUNDIR=self.folder, OVS_LOGDIR=self.folder, OVS_DBDIR=self.folder,
            OVS_SYSCONFDIR=self.folder, OVS_PKGDATADIR=os.path.dirname(self.schema))
        self.processes = []

    def program(self, name):
        if self.make != "ovs":
            return os.path.join(self.programs, name)
        return next(path for path in (f"/usr/bin/{name}", f"/usr/sbin/{name}") if os.path.exists(path))

    def run(self, name, *arguments, **options):
        return subprocess.run(
            [self.program(name), *arguments], env=self.environment, check=True, text=True, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options).stdout

    def start(self, name, *arguments):
        with open(os.path.join(self.folder, name + ".output"), "wb") as output:
            self.processes.append(subprocess.Popen(
                [self.program(name), *arguments], env=self.environment, stdout=output, stderr=output))

    def __enter__(self):
        self.run("ovsdb-tool", "create", f"{self.folder}/conf.db", self.schema)
        self.start("ovsdb-server", f"{self.folder}/conf.db", f"--remote=punix:{self.folder}/db.sock",
                   f"--unixctl={self.folder}/ovsdb-server.ctl")
        wait_for(f"{self.folder}/db.sock")
        self.run("ovs-vsctl", "--no-wait", "init")
        self.start("ovs-vswitchd", f"unix:{self.folder}/db.sock", "--enable-dummy=override", "--disable-system",
                   f"--unixctl={self.folder}/ovs-vswitchd.ctl")
        wait_for(f"{self.folder}/ovs-vswitchd.ctl")
        self.run("ovs-vsctl", "--timeout=20", "add-br", "b", "--", "set", "Bridge", "b", "fail_mode=secure",
                 "datapath_type=dummy")
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def resident_megabytes(self):
        with open(f"/proc/{self.processes[1].pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def timed(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


def write_flows(path, count, seed=1):
    """Flows of mixed shapes, no two the same."""
    chance = random.Random(seed)
    with open(path, "w") as file:
        for index in range(count):
            address = f"10.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}"
            file.write((
                f"priority=100,ip,nw_dst={address},actions=output:1\n",
                f"priority=90,tcp,nw_src={address},tp_dst={chance.randrange(65536)},actions=mod_nw_ttl:9,output:2\n",
                f"table=1,dl_dst=02:00:00:{index >> 16 & 255:02x}:{index >> 8 & 255:02x}:{index & 255:02x},"
                "actions=load:0x1->NXM_NX_REG0[],resubmit(,2)\n",
                f"table=2,priority=7,in_port={index % 60 + 1},udp,nw_dst={address}/32,"
                f"actions=push_vlan:0x8100,set_field:{index % 4000 + 4096 + 1}->vlan_vid,output:3\n")[index % 4])


def flows(switch, count):
    """Seconds to add, dump and delete, and megabytes resident after adding."""
    path = os.path.join(switch.folder, "flows")
    write_flows(path, count)
    add = timed(lambda: switch.run("ovs-ofctl", "-O", "OpenFlow13", "add-flows", "b", path))
    dumped = []
    dump = timed(lambda: dumped.append(switch.run("ovs-ofctl", "-O", "OpenFlow13", "dump-flows", "b")))
    lines = dumped[0].count("cookie=")
    if lines != count:
        raise RuntimeError(f"{switch.make}: {lines} of {count} flows were dumped")
    resident = switch.resident_megabytes()
    return {
        "add": add, "dump": dump, "delete": timed(
            lambda: switch.run("ovs-ofctl", "-O", "OpenFlow13", "del-flows", "b")), "resident": resident}


def transactions(switch, seconds):
    """Committed transactions a second of one client that waits for each reply."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(f"{switch.folder}/db.sock")
    client.settimeout(10)
    decoder, buffer, done = json.JSONDecoder(), "", 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        request = {"id": done, "method": "transact", "params": ["Open_vSwitch", {
            "op": "update", "table": "Open_vSwitch", "where": [],
            "row": {"external_ids": ["map", [["count", str(done)]]]}}]}
        client.sendall(json.dumps(request).encode())
        while True:
            try:
                reply, length = decoder.raw_decode(buffer)
            except ValueError:
                received = client.recv(65536)
                if not received:
                    raise RuntimeError(f"{switch.make}: the server closed the connection")
                buffer += received.decode()
                continue
            buffer = buffer[length:]
            if reply.get("method") == "echo":
                client.sendall(json.dumps({"id": reply["id"], "result": reply["params"], "error": None}).encode())
                continue
            break
        if reply["error"] or reply["result"][0].get("count") != 1:
            raise RuntimeError(f"{switch.make}: {reply}")
        done += 1
    client.close()
    return done / seconds


def command_milliseconds(switch, repeats, *arguments):
    times = sorted(timed(lambda: switch.run(*arguments)) for _ in range(repeats))
    return times[len(times) // 2] * 1000


def measure(programs, flow_count, seconds, repeats):
    """{make: {figure: value}} for both makes, one after the other."""
    result = {}
    for make in ("ovs", "apus"):
        with Switch(make, programs) as switch:
            figures = {f"flows {name}": value for name, value in flows(switch, flow_count).items()}
            figures["transactions"] = transactions(switch, seconds)
            figures["ovs-vsctl get"] = command_milliseconds(
                switch, repeats, "ovs-vsctl", "get", "Bridge", "b", "fail_mode")
            figures["ovs-ofctl dump-flows"] = command_milliseconds(switch, repeats, "ovs-ofctl", "dump-flows", "b")
            result[make] = figures
    return result
