"""What comes and goes leaves nothing behind: the daemon's memory does not grow with the number of times.

Each test repeats something in windows of equal length, after a first one in which tables and buffers find their size. A
window may need memory, for what grows by doubling; one after the other, all of them, may not.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "OracleTests"))
from support import Sandbox  # noqa: E402

WINDOWS = 4
FRAME = (
    "in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x0800),"
    "ipv4(src=10.%d.%d.1,dst=192.168.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=%d,dst=%d)")


class Memory(unittest.TestCase):
    def setUp(self):
        self.sandbox = Sandbox("soak")
        self.addCleanup(self.sandbox.close)
        self.sandbox.start_database("apus")
        self.process = self.sandbox.start_switch("apus", ["--enable-dummy"])
        self.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy", "fail_mode=secure")

    def vsctl(self, *arguments):
        self.sandbox.check("apus", "ovs-vsctl", "--db=unix:" + self.sandbox.path("db.sock"), "--timeout=60", *arguments, timeout=70)

    def ofctl(self, *arguments):
        return self.sandbox.check("apus", "ovs-ofctl", *arguments)

    def appctl(self, *arguments):
        return self.sandbox.check("apus", "ovs-appctl", "-t", self.sandbox.path("ovs-vswitchd.ctl"), *arguments)

    def resident(self):
        """The daemon's resident memory in KiB, after a turn in which it could let go of what it has no use for."""
        self.appctl("version")
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def repeat(self, count, action, limit):
        """Repeats an action in windows of `count` times; some window grows by less than `limit` KiB."""
        for number in range(count):
            action(number)
        sizes = [self.resident()]
        for _ in range(WINDOWS):
            for number in range(count):
                action(number)
            sizes.append(self.resident())
            if sizes[-1] - sizes[-2] < limit:
                return
        self.fail(f"{count} times a window, resident KiB: {sizes}; less than {limit} a window were to be expected")

    def test_bridges_leave_nothing(self):
        def action(_):
            self.vsctl("add-br", "br1", "--", "set", "bridge", "br1", "datapath_type=dummy")
            self.vsctl("del-br", "br1")
        self.repeat(50, action, limit=400)

    def test_ports_leave_nothing(self):
        names = [f"d{number}" for number in range(50)]
        add, remove = [], []
        for name in names:
            add += ["--", "add-port", "br0", name, "--", "set", "interface", name, "type=dummy"]
            remove += ["--", "del-port", "br0", name]

        def action(_):
            self.vsctl(*add)
            self.vsctl(*remove)
        self.repeat(20, action, limit=250)

    def test_flows_leave_nothing(self):
        with open(self.sandbox.path("flows"), "w") as file:
            file.writelines(f"priority={number},udp,tp_dst={number},actions=drop\n" for number in range(2000))

        def action(_):
            self.ofctl("add-flows", "br0", self.sandbox.path("flows"))
            self.ofctl("del-flows", "br0")
        self.repeat(20, action, limit=400)

    def test_connections_leave_nothing(self):
        self.repeat(200, lambda _: self.ofctl("dump-tables", "br0"), limit=100)

    def test_commands_leave_nothing(self):
        self.repeat(200, lambda _: self.appctl("dpif/show"), limit=100)

    def test_packets_and_datapath_flows_leave_nothing(self):
        self.vsctl("add-port", "br0", "d1", "--", "set", "interface", "d1", "type=dummy")
        self.ofctl("add-flow", "br0", "udp,nw_src=10.0.0.0/8,tp_src=7,actions=in_port")

        def action(number):
            self.appctl("netdev-dummy/receive", "d1", FRAME % (number % 200, number // 200, number + 1, number * 7 + 1))
        self.repeat(200, action, limit=200)

    def test_controllers_leave_nothing(self):
        def action(number):
            self.vsctl("set-controller", "br0", f"punix:{self.sandbox.path('c%d' % (number % 2))}", f"unix:{self.sandbox.path('absent')}")
            self.vsctl("del-controller", "br0")
        self.repeat(50, action, limit=150)


if __name__ == "__main__":
    unittest.main()
