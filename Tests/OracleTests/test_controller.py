"""A controller of another kin (os-ken, OpenFlow 1.3) at our switch and at Open vSwitch's: it sees the same of both."""

import json
import os
import re
import socket
import subprocess
import sys
import unittest

from support import ROOT
from test_vswitchd import Switch

PYTHON = os.path.join(ROOT, ".build-python", "os-ken", "bin", "python3")
PINNED = ["os-ken==4.2.2"]
FRAME = "in_port(%d),eth(src=50:54:00:00:00:%02x,dst=50:54:00:00:00:%02x),eth_type(0x1234)"


def install():
    """Installs the controller, unless it is here."""
    if not os.path.exists(os.path.join(os.path.dirname(PYTHON), "netaddr")):
        subprocess.run([sys.executable, "-m", "venv", os.path.dirname(os.path.dirname(PYTHON))], check=True, timeout=120)
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *PINNED], check=True, timeout=600)


def setUpModule():
    install()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class ControllerTest(unittest.TestCase):
    maxDiff = None

    def seen_by_controller(self, kind):
        """What the controller sees of a switch of a kind while packets pass and the configuration changes."""
        switch = Switch(kind)
        self.addCleanup(switch.sandbox.close)
        seen, port = switch.sandbox.path("seen"), free_port()
        environment = dict(os.environ, SEEN=seen, PYTHONDONTWRITEBYTECODE="1")
        with open(switch.sandbox.path("controller.log"), "wb") as log:
            controller = subprocess.Popen(
                [PYTHON, os.path.join(os.path.dirname(__file__), "controllers", "learning.py"), str(port)],
                env=environment, stdout=log, stderr=log, cwd=switch.sandbox.directory)
        self.addCleanup(controller.wait, 10)
        self.addCleanup(controller.kill)

        def events(of=None):
            if not os.path.exists(seen):
                return []
            with open(seen) as file:
                lines = [line for line in file if line.endswith("\n")]
            return [event for event in map(json.loads, lines) if of is None or event["kind"] == of]

        def wait(of, count):
            switch.sandbox.wait_until(lambda: len(events(of)) >= count, "%d of %s" % (count, of), seconds=30,
                                      process=controller)

        def listens():
            shown = subprocess.run(["ss", "-Hltn", "sport = :%d" % port], capture_output=True, text=True).stdout
            return shown.strip() != ""
        switch.sandbox.wait_until(listens, "the controller listens", seconds=30, process=controller)

        arguments = ["add-br", "br0", "--", "set", "bridge", "br0", "protocols=OpenFlow13", "fail_mode=secure",
                     "other_config:hwaddr=aa:bb:cc:dd:ee:01", "other-config:datapath-id=00000000000000ab"]
        for number in (1, 2, 3):
            arguments += ["--", "add-port", "br0", "p%d" % number, "--", "set", "interface", "p%d" % number,
                          "type=dummy", "ofport_request=%d" % number]
        switch.vsctl(*arguments)
        switch.vsctl("set-controller", "br0", "tcp:127.0.0.1:%d" % port, "--",
                     "set", "controller", "br0", "connection_mode=out-of-band")
        wait("OFPBarrierReply", 1)
        wait("error", 1)
        # 1 asks for 2, which nobody knows yet; 2 answers, and 1 goes on: the controller learns a flow for each.
        for number, (source, destination) in enumerate(((1, 2), (2, 1), (1, 2))):
            switch.appctl("netdev-dummy/receive", "p%d" % source, FRAME % (source, source, destination))
            wait("packet", number + 1)
            flows = lambda: switch.ofctl("dump-flows", "br0", version="OpenFlow13").stdout  # noqa: E731
            if number > 0:
                switch.sandbox.wait_until(lambda: flows().count("dl_dst") == number, "a flow is learned")
        switch.vsctl("del-port", "br0", "p3")
        wait("port", 1)
        switch.ofctl("del-flows", "br0", "cookie=0x1234/-1", version="OpenFlow13")
        wait("removed", 1)
        return events()

    def settled(self, events):
        """What does not differ from one run to the next, and not between Open vSwitch and us by design."""
        settled = []
        for event in events:
            text = json.dumps(event, sort_keys=True)
            text = re.sub(r'"(duration_n?sec|xid|curr|supported|advertised|peer|curr_speed|max_speed)": \d+', r'"\1": 0', text)
            text = re.sub(r'"hw_addr": "[0-9a-f:]+"', '"hw_addr": ""', text)
            text = re.sub(r'"(sw_desc|hw_desc|mfr_desc|dp_desc|serial_num)": "[^"]*"', r'"\1": ""', text)
            event = json.loads(text)
            if isinstance(event.get("body"), list):
                event["body"].sort(key=json.dumps)
            settled.append(json.dumps(event))
        return sorted(settled)

    def test_a_controller_sees_the_same_of_both_switches(self):
        oracle, apus = self.seen_by_controller("oracle"), self.seen_by_controller("apus")
        self.assertEqual(self.settled(oracle), self.settled(apus))


if __name__ == "__main__":
    unittest.main()
