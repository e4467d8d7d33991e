"""Switches with real hosts, each in a network namespace."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "Scripts", "laboratory"))

from network import Namespace, join  # noqa: E402
from support import SCHEMA, Sandbox, listens, program  # noqa: E402


class Site:
    """A switch with three hosts, each in a namespace; the first reaches the second by `rules`."""

    def __init__(self, kind, rules, prefix):
        self.kind = kind
        self.rules = rules
        self.sandbox = Sandbox(prefix.rstrip("-"))
        self.switch = Namespace(prefix + kind)
        self.hosts = [Namespace("%s%s-%d" % (prefix, kind, number)) for number in (1, 2, 3)]

    def start(self, kind, name, *arguments):
        """Starts a program in the switch's namespace."""
        return self.spawn(self.switch, [program(kind, name), *arguments])

    def spawn(self, namespace, arguments):
        """Starts a program in a namespace; it ends with the site. `ip netns exec` becomes the program, so it is the one that is ended."""
        process = subprocess.Popen(
            namespace.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=self.sandbox.environment, cwd=self.sandbox.directory)
        self.sandbox.processes.append(process)
        return process

    def ofctl(self, *arguments, **options):
        return self.sandbox.check(self.kind, "ovs-ofctl", *arguments, **options)

    def vsctl(self, *arguments):
        return self.sandbox.check(
            "oracle", "ovs-vsctl", "--timeout=10", "--db=unix:" + self.sandbox.path("db.sock"), *arguments)

    def create(self):
        for namespace in [self.switch, *self.hosts]:
            namespace.create()
        database = self.sandbox.path("db.db")
        self.sandbox.check("oracle", "ovsdb-tool", "create", database, SCHEMA)
        self.start("oracle", "ovsdb-server", database, "--remote=punix:" + self.sandbox.path("db.sock"))
        self.sandbox.wait_until(lambda: listens(self.sandbox.path("db.sock")), "the database listens")
        self.vsctl("--no-wait", "init")
        options = ["--disable-system"] if self.kind == "oracle" else []
        self.start(
            self.kind, "ovs-vswitchd", "unix:" + self.sandbox.path("db.sock"),
            "--unixctl=" + self.sandbox.path("ovs-vswitchd.ctl"), *options)
        self.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev", "fail_mode=secure")
        for number, host in enumerate(self.hosts, 1):
            join(self.switch, "p%d" % number, host, "e0")
            host.ip("address", "add", "10.0.0.%d/24" % number, "dev", "e0")
            host.set_checksum_offload("e0", False)
            self.vsctl(
                "add-port", "br0", "p%d" % number, "--", "set", "interface", "p%d" % number,
                "ofport_request=%d" % number)
        self.ofctl("add-flows", "br0", "-", stdin=self.rules)

    def close(self):
        self.sandbox.close()
        for namespace in [*self.hosts, self.switch]:
            namespace.remove()
