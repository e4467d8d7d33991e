"""Compares monitors in the background, packet-ins, and the log's modules with Open vSwitch's."""

import os
import re
import subprocess
import time
import unittest

from support import Sandbox, program
from test_vswitchd import HARDWARE, Switch

PACKET = ("in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x0800),"
          "ipv4(src=192.168.0.1,dst=192.168.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=8,dst=9)")


class Monitored:
    """A bridge with flows that send packets to controllers, and a monitor of a kind in the background."""

    def __init__(self, switch_kind, monitor_kind, *options):
        self.switch = Switch(switch_kind)
        self.sandbox = self.switch.sandbox
        self.monitor_kind = monitor_kind
        self.options = options
        self.log = self.sandbox.path("monitor.log")

    def __enter__(self):
        self.switch.vsctl(
            "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy", "fail_mode=secure", HARDWARE, "--",
            "add-port", "br0", "p1", "--", "set", "interface", "p1", "type=dummy", "ofport_request=1")
        pidfile, control = self.sandbox.path("monitor.pid"), self.sandbox.path("monitor.ctl")
        with open(self.log, "w") as log:
            subprocess.run(
                [program(self.monitor_kind, "ovs-ofctl"), *self.options, "monitor",
                 self.sandbox.path("br0.mgmt"), "65534", "--detach", "--no-chdir", "--pidfile=" + pidfile,
                 "--unixctl=" + control],
                stderr=log, check=True, timeout=30, env={**os.environ, "OVS_RUNDIR": self.sandbox.path("")})
        self.control = control
        return self

    def __exit__(self, *_):
        self.sandbox.run("oracle", "ovs-appctl", "-t", self.control, "exit")
        self.sandbox.close()

    def tell(self, *arguments):
        return self.sandbox.check("oracle", "ovs-appctl", "-t", self.control, *arguments)

    def receive(self, packet=PACKET):
        self.switch.appctl("netdev-dummy/receive", "p1", packet)
        # A packet comes up by another way than a barrier goes.
        time.sleep(0.3)
        self.tell("ofctl/barrier")

    def text(self):
        with open(self.log) as log:
            return re.sub(r"xid=0x[0-9a-f]+", "xid=*", log.read())


FLOWS = (
    "priority=0,actions=controller:20",
    "priority=5,dl_type=0x0800,actions=set_field:7->metadata,set_field:3->reg2,controller(max_len=30,userdata=01.02)",
    "priority=9,ip,nw_dst=192.168.0.9,actions=write_actions(controller:9)",
)


class Monitors(unittest.TestCase):
    def seen(self, switch_kind, monitor_kind, *options):
        with Monitored(switch_kind, monitor_kind, *options) as monitored:
            address = monitored.sandbox.path("br0.mgmt")
            # Without a rule, and then with more and more important ones.
            monitored.receive()
            for flow in FLOWS:
                monitored.switch.ofctl("add-flow", address, flow, version="OpenFlow13")
                monitored.switch.appctl("revalidator/wait")
                monitored.receive()
            monitored.receive(PACKET.replace("192.168.0.2", "192.168.0.9"))
            monitored.tell("ofctl/block")
            self.assertEqual(monitored.tell("ofctl/block"), "already blocking\n")
            monitored.tell("ofctl/unblock")
            other = monitored.sandbox.path("other.log")
            monitored.tell("ofctl/set-output-file", other)
            self.assertEqual(monitored.tell("ofctl/send", "0402000800000005"), "sent\n")
            monitored.tell("ofctl/barrier")
            with open(other) as log:
                rest = re.sub(r"xid=0x[0-9a-f]+", "xid=*", log.read())
            return monitored.text(), rest

    def test_packets_and_commands(self):
        for version in ("OpenFlow13", "OpenFlow10", "OpenFlow14"):
            for form in ("standard", "nxt_packet_in", "nxt_packet_in2"):
                options = ("-O", version, "-P", form)
                with self.subTest(version=version, form=form):
                    theirs = self.seen("oracle", "oracle", *options)
                    self.assertEqual(self.seen("apus", "oracle", *options), theirs)
                    self.assertEqual(self.seen("oracle", "apus", *options), theirs)


class Modules(unittest.TestCase):
    def test_every_module_of_the_oracle_is_known(self):
        oracle, apus = Switch("oracle"), Switch("apus")
        try:
            theirs = [line.split()[0] for line in oracle.appctl("vlog/list").stdout.splitlines()[2:]]
            ours = [line.split()[0] for line in apus.appctl("vlog/list").stdout.splitlines()[2:]]
            self.assertGreater(len(theirs), 100)
            self.assertEqual(set(theirs) - set(ours), set())
            self.assertEqual(apus.appctl("vlog/set", "ofproto_dpif_xlate:file:dbg").code, 0)
        finally:
            oracle.sandbox.close()
            apus.sandbox.close()

    def test_clients_in_the_background_go_on_printing(self):
        for kind in ("oracle", "apus"):
            with Sandbox("clients-" + kind) as sandbox:
                sandbox.start_database(kind)
                address = "unix:" + sandbox.path("db.sock")
                sandbox.check("oracle", "ovs-vsctl", "--no-wait", "--db=" + address, "init")
                path = sandbox.path("out")
                with open(path, "w") as out:
                    subprocess.run(
                        [program("apus", "ovsdb-client"), "monitor", address, "Open_vSwitch", "Bridge", "name",
                         "--detach", "--no-chdir", "--pidfile=" + sandbox.path("client.pid")],
                        stdout=out, check=True, timeout=30, env={**os.environ, "OVS_RUNDIR": sandbox.path("")})
                sandbox.check("oracle", "ovs-vsctl", "--no-wait", "--db=" + address, "add-br", "b1")
                sandbox.wait_until(lambda: "b1" in open(path).read(), "the monitor prints")
                with open(sandbox.path("client.pid")) as pidfile:
                    os.kill(int(pidfile.read()), 15)


if __name__ == "__main__":
    unittest.main()
