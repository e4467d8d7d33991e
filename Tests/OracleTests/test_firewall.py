"""A firewall that translates, between real hosts: the first opens connections and is seen under another address, the second may only
answer. The same is asked of Open vSwitch and of ours.
"""

import os
import re
import subprocess
import sys
import unittest

from sites import Site

RULES = """\
priority=100,arp,actions=normal
priority=10,ip,actions=ct(table=1,zone=7,nat)
table=1,priority=100,ct_state=+trk+inv,actions=drop
table=1,priority=90,ct_state=+trk+est,ip,actions=normal
table=1,priority=90,ct_state=+trk+rel-new,ip,actions=normal
table=1,priority=80,ct_state=+trk+rel+new,ip,actions=ct(commit,zone=7,nat),normal
table=1,priority=60,ct_state=+trk+new,tcp,tp_dst=21,in_port=1,actions=ct(commit,alg=ftp,zone=7,nat(src=10.0.0.100)),normal
table=1,priority=50,ct_state=+trk+new,ip,in_port=1,actions=ct(commit,zone=7,nat(src=10.0.0.100)),normal
table=1,priority=0,actions=drop
"""

# Sends back what it gets, and says from which address it came.
ECHO = """\
import socket
server = socket.create_server(("10.0.0.2", 8080))
print("ready", flush=True)
peer, address = server.accept()
peer.sendall(address[0].encode() + b"\\n")
while data := peer.recv(65536):
    peer.sendall(data)
"""
CLIENT = """\
import hashlib, os, socket, threading
link = socket.create_connection(("10.0.0.2", 8080), timeout=10)
lines = link.makefile("rb")
print(lines.readline().decode().strip())
data = os.urandom(1 << 20)
def send():
    link.sendall(data)
    link.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
print(lines.read() == data)
"""
# A server of FTP as far as one command in active mode goes.
FTP_SERVER = """\
import re, socket
server = socket.create_server(("10.0.0.2", 21))
print("ready", flush=True)
peer, _ = server.accept()
lines = peer.makefile("rb")
peer.sendall(b"220 ready\\r\\n")
numbers = [int(n) for n in re.search(rb"PORT ([0-9,]+)", lines.readline()).group(1).split(b",")]
address = ".".join(map(str, numbers[:4]))
data = socket.create_connection((address, numbers[4] * 256 + numbers[5]), timeout=10)
data.sendall(address.encode())
data.close()
peer.sendall(b"226 done\\r\\n")
print(lines.readline().decode().strip(), flush=True)
"""
FTP_CLIENT = """\
import socket
link = socket.create_connection(("10.0.0.2", 21), timeout=10)
lines = link.makefile("rb")
lines.readline()
listener = socket.create_server(("10.0.0.1", 40001))
listener.settimeout(10)
link.sendall(b"PORT 10,0,0,1,%d,%d\\r\\n" % divmod(40001, 256))
peer, _ = listener.accept()
print(peer.makefile("rb").read().decode())
print(lines.readline().decode().strip())
link.sendall(b"QUIT\\r\\n")
"""
REFUSED = """\
import socket
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.settimeout(5)
link.connect(("10.0.0.2", 9))
link.send(b"x")
try:
    link.recv(1)
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("nothing came back")
"""
INTRUDER = """\
import socket
try:
    socket.create_connection(("10.0.0.1", 22), timeout=2)
    print("connected")
except TimeoutError:
    print("nothing came back")
except ConnectionRefusedError:
    print("refused")
"""


@unittest.skipUnless(os.geteuid() == 0, "makes network namespaces")
class Firewall(unittest.TestCase):
    maxDiff = None

    def site(self, kind):
        site = Site(kind, RULES, "apufw-")
        self.addCleanup(site.close)
        site.create()
        first, second = site.hosts[:2]
        address = re.search(r"link/ether (\S+)", first.ip("link", "show", "e0")).group(1)
        second.ip("neighbor", "add", "10.0.0.100", "lladdr", address, "dev", "e0")
        return site

    def run_script(self, host, script):
        return host.run(sys.executable, "-c", script, timeout=30).split("\n")[:-1]

    def serve(self, site, script):
        """Starts a server on the second host, and returns it when it listens."""
        process = subprocess.Popen(
            site.hosts[1].command(sys.executable, "-c", script), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True)
        site.sandbox.processes.append(process)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def connections(self, site):
        text = site.sandbox.check(
            "oracle", "ovs-appctl", "-t", site.sandbox.path("ovs-vswitchd.ctl"), "dpctl/dump-conntrack", "zone=7")
        # Ports of clients differ from run to run.
        return sorted(re.sub(r"(sport|dport)=[3-6][0-9]{4}\b", r"\1=N", line) for line in text.splitlines())

    def what_hosts_see(self, kind):
        site = self.site(kind)
        first, second = site.hosts[:2]
        seen = {}
        self.serve(site, ECHO)
        seen["a connection from inside"] = self.run_script(first, CLIENT)
        seen["one from outside"] = self.run_script(second, INTRUDER)
        seen["a closed port"] = self.run_script(first, REFUSED)
        seen["pings answered"] = first.ping("10.0.0.2", count=3)[0]
        seen["pings from outside"] = second.ping("10.0.0.1", count=2, timeout=1)[0]
        server = self.serve(site, FTP_SERVER)
        seen["a file in active mode"] = self.run_script(first, FTP_CLIENT)
        seen["the next command"] = server.stdout.readline().strip()
        seen["tuples"] = sorted({
            re.sub(r",(id|zone|protoinfo|labels|helper)=.*", "", line) for line in self.connections(site)})
        return seen

    def test_hosts_see_the_same_behind_either_switch(self):
        apus = self.what_hosts_see("apus")
        self.assertEqual(apus["a connection from inside"], ["10.0.0.100", "True"])
        self.assertEqual(apus["one from outside"], ["nothing came back"])
        self.assertEqual(apus["a closed port"], ["refused"])
        self.assertEqual(apus["pings answered"], 3)
        self.assertEqual(apus["pings from outside"], 0)
        self.assertEqual(apus["a file in active mode"], ["10.0.0.100", "226 done"])
        self.assertEqual(apus["the next command"], "QUIT")
        self.assertEqual(apus, self.what_hosts_see("oracle"))


if __name__ == "__main__":
    unittest.main()
