"""The simulated Hyper-V switches as Python objects, over the harness's line protocol.

    host = FakeHost(prefix)                       # after the driver under test was started
    switch = host.switch("external")
    vm = switch.vm("vm1", name="port1")           # port create, NIC create, connect
    vm.inject(frame); vm.collect()
    host.check()                                  # no complaints, nothing leaked
"""

import os
import select
import subprocess
import time

from wine import TEST_BUILD, wait_until

# NDIS_SWITCH_PORT_TYPE
PORT_GENERIC, PORT_EXTERNAL, PORT_SYNTHETIC, PORT_EMULATED, PORT_INTERNAL = 0, 1, 2, 3, 4
# NDIS_SWITCH_NIC_TYPE
NIC_EXTERNAL, NIC_SYNTHETIC, NIC_EMULATED, NIC_INTERNAL = 0, 1, 2, 3

# Flags of Control.h.
SWITCH_INACTIVE = 1
CHECKSUM_IPV4_HEADER, CHECKSUM_TCP, CHECKSUM_UDP, CHECKSUM_IPV4, CHECKSUM_IPV6, CHECKSUM_FAILED = 1, 2, 4, 8, 16, 32
UNSAFE, NATIVE, DISPATCH, UNCONNECTED, SINGLE_SOURCE = 1, 2, 4, 8, 16
RECEIVE_KIND, ORIGINAL, PRESERVE_VLAN = 1, 2, 4
TAGGED = 0x10000

STATUS_DATA_NOT_ACCEPTED = 0xC001001B
STATUS_FAILURE = 0xC0000001

# How many frames a NIC's queue has room for (Delivery.c).
QUEUE_FRAMES = 4096

# The simulation gives up by itself when nothing moves. After this it is taken for dead.
ANSWER_SECONDS = 900


class Refused(AssertionError):
    """A command whose answer was an error: its NDIS status if it had one."""

    def __init__(self, line, answer):
        super().__init__(f"{line[:200]}: {answer}")
        words = answer.split()
        self.status = int(words[2], 16) if words[1:2] == ["status"] else None


class Frame:
    """A frame that was delivered: its bytes, and what lay beside them."""

    def __init__(self, text):
        numbers = text.split(",")
        (self.source_port, self.source_nic, self.checksum, self.segment_size, self.tcp_offset, self.vlan,
         self.flags) = map(int, numbers[:7])
        self.data = bytes.fromhex(numbers[7])

    def __repr__(self):
        return (f"Frame(from {self.source_port}/{self.source_nic}, checksum {self.checksum}, "
                f"segment {self.segment_size}, vlan {self.vlan:#x}, flags {self.flags}, {self.data.hex()})")


class FakeHost:
    """The management side of a host: a harness program, and the switches made with it."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.process = prefix.spawn(
            os.path.join(TEST_BUILD, "harness.exe"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.switches = []
        answer = self.process.stdout.readline().decode().strip()
        if answer != "ok ready":
            raise AssertionError(f"harness: {answer}\n{prefix.last_log()}")

    def ask(self, command, /, **words):
        """Gives a command and returns what follows `ok`."""
        line = command
        for key, value in words.items():
            if isinstance(value, str):
                value = value.encode("utf-16-le", "surrogatepass").hex() if key in ("name", "friendly") else value
            line += f" {key}={value}"
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], ANSWER_SECONDS)
            answer = self.process.stdout.readline().decode().rstrip("\r\n") if ready else ""
        except OSError:
            answer = ""
        if not answer:
            raise AssertionError(f"{line[:200]}: the harness has ended or does not answer\n{self.prefix.last_log()}")
        if not answer.startswith("ok"):
            raise Refused(line, answer)
        return answer[3:]

    def refused(self, command, /, **words):
        """Gives a command that has to be refused, and returns the status."""
        try:
            answer = self.ask(command, **words)
        except Refused as refusal:
            return refusal.status
        raise AssertionError(f"{command} {words} was accepted: {answer}")

    def switch(self, name, **options):
        return Switch(self, len(self.switches) + 1, name, **options)

    def counters(self):
        return {key: int(value) for key, value in (word.split("=") for word in self.ask("counters").split())}

    def complaints(self):
        """What the driver did wrong since last asked, each once."""
        return list(dict.fromkeys(line for line in self.ask("complaints").split("|") if line))

    def filtered(self):
        """What was reported as filtered since last asked: (switch, port, direction, count, reason)."""
        lines = [line.split(" ", 4) for line in self.ask("filtered").split("|") if line]
        return [(int(a), int(b), direction, int(count), reason) for a, b, direction, count, reason in lines]

    def quiesce(self):
        """Waits until nothing is in the driver's hands; returns how much still is."""
        return int(self.ask("quiesce"))

    def wait_for(self, counter, more):
        """Waits until a counter has grown by so much, for as long as it grows at all."""
        seen = self.counters()[counter]
        target = seen + more

        def grown():
            now = self.counters()[counter]
            return now if now > seen else None
        while seen < target:
            seen = wait_until(grown, f"{counter} grows to {target}", 60, self.prefix.last_log)

    def check(self):
        """Fails when the driver has broken a rule, or keeps what is not its own."""
        left = self.quiesce()
        complaints = self.complaints()
        if left or complaints:
            raise AssertionError(f"{left} lists not returned\n" + "\n".join(complaints) + "\n" + self.prefix.last_log(20))

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(ANSWER_SECONDS)
            except subprocess.TimeoutExpired as error:
                self.process.kill()
                raise AssertionError("the harness does not end\n" + self.prefix.last_log()) from error


class Switch:
    """A simulated virtual switch; made with the extension enabled unless `attached` is False."""

    def __init__(self, host, number, name, attached=True, active=True):
        self.host, self.number, self.name = host, number, name
        self.next_port = 1
        self.nics = []
        host.ask("switch-create", switch=number, name=name, flags=0 if active else SWITCH_INACTIVE)
        host.switches.append(self)
        if attached:
            self.attach()

    def ask(self, command, /, **words):
        return self.host.ask(command, switch=self.number, **words)

    def attach(self):
        self.ask("attach")

    def detach(self):
        self.ask("detach")

    def activate(self):
        self.ask("switch-activate")

    def pause(self):
        self.ask("pause")

    def restart(self):
        self.ask("restart")

    def delete(self):
        self.ask("switch-delete")
        self.host.switches.remove(self)

    def port(self):
        number = self.next_port
        self.next_port += 1
        return number

    def nic(self, port=None, **options):
        return NIC(self, port or self.port(), **options)

    def vm(self, machine, name="", **options):
        """A machine's NIC whose OVS port name is `name`, connected."""
        options.setdefault("nic_name", f"{machine}-nic")
        options.setdefault("nic_friendly", machine)
        return self.nic(friendly=name, **options).connect_all()

    def external(self, name="Ethernet1", connected=True, index=1):
        """The external port: its virtual NIC of index 0, and the adapter, of index 1 for the first of a team."""
        words = dict(port_type=PORT_EXTERNAL, nic_type=NIC_EXTERNAL, friendly=self.name)
        virtual = self.nic(index=0, nic_name="external", nic_friendly=self.name, **words).connect_all()
        nic = NIC(self, virtual.port, index=index, nic_name="\\DEVICE\\{" + name + "}", nic_friendly=name, **words)
        nic.virtual = virtual
        if connected:
            nic.create_nic().connect()
        return nic

    def internal(self, name, **options):
        """The management system's own adapter."""
        return self.nic(
            port_type=PORT_INTERNAL, nic_type=NIC_INTERNAL, friendly="", nic_name="{" + name + "}", nic_friendly=name,
            **options).connect_all()


class NIC:
    """A port with a NIC; the methods are the steps of its life."""

    def __init__(self, switch, port, index=0, port_type=PORT_SYNTHETIC, nic_type=NIC_SYNTHETIC, friendly="",
                 port_name=None, nic_name="nic", nic_friendly="nic", mac=None, mtu=1500):
        self.switch, self.port, self.index = switch, port, index
        self.port_type, self.nic_type = port_type, nic_type
        self.friendly, self.nic_name, self.nic_friendly, self.mtu = friendly, nic_name, nic_friendly, mtu
        self.port_name = port_name or f"{{port-{switch.number}-{port}}}"
        self.mac = mac or bytes([2, 0, 0, switch.number, index, port])

    def ask(self, command, /, **words):
        return self.switch.ask(command, port=self.port, nic=self.index, **words)

    def refused(self, command, /, **words):
        return self.switch.host.refused(command, switch=self.switch.number, port=self.port, nic=self.index, **words)

    def create_port(self):
        self.ask("port-create", type=self.port_type, name=self.port_name, friendly=self.friendly)
        return self

    def create_nic(self):
        self.ask("nic-create", type=self.nic_type, name=self.nic_name, friendly=self.nic_friendly, mac=self.mac.hex(),
                 value=self.mtu)
        return self

    def connect(self):
        self.ask("nic-connect")
        return self

    def connect_all(self):
        return self.create_port().create_nic().connect()

    def rename(self, friendly):
        """What Set-VMNetworkAdapterOVSPort comes to in the kernel."""
        self.friendly = friendly
        self.ask("port-update", friendly=friendly)

    def rename_nic(self, friendly):
        self.nic_friendly = friendly
        self.ask("nic-update", friendly=friendly, mac=self.mac.hex(), value=self.mtu)

    def disconnect(self):
        self.ask("nic-disconnect")
        return self

    def delete_nic(self):
        self.ask("nic-delete")
        return self

    def delete_port(self):
        self.ask("port-teardown")
        self.ask("port-delete")
        return self

    def remove(self):
        return self.disconnect().delete_nic().delete_port()

    def inject(self, frame, **options):
        """The NIC sends a frame; options as the words of `inject`."""
        return self.ask("inject", frame=frame.hex(), **options)

    def collect(self):
        """What was delivered to the NIC since last asked; under load, as much as there may be at one time."""
        frames = []
        # One answer holds a part of what a NIC's queue may.
        while len(frames) < QUEUE_FRAMES:
            part = self.ask("collect").split()
            if not part:
                break
            frames += map(Frame, part)
        return frames

    def collect_within(self, count, seconds=30):
        """Waits for so many frames, for as long as there are more now and then, and returns all there were."""
        frames = self.collect()
        while len(frames) < count:
            frames += wait_until(
                self.collect, f"{count} frames at {self.switch.number}/{self.port}/{self.index}", seconds,
                lambda: repr(frames) + "\n" + self.switch.host.prefix.last_log())
        return frames

    def collect_for(self, seconds):
        """What is delivered within a time, when perhaps nothing should be."""
        time.sleep(seconds)
        return self.collect()

    def references(self):
        """How many references the driver holds on the NIC, and on its port."""
        return int(self.ask("references")), int(self.switch.ask("references", port=self.port, nic=0xFFFF))

    def watch(self):
        self.ask("watch", value=1)

    def bridge(self, local, remote):
        self.ask("bridge", local=local, remote=remote)
