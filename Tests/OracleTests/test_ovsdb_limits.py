"""What a client of the database server can do to it: much at a time, many at a time, and to its files."""

import json
import os
import re
import resource
import time
import unittest

import ovsdb_cases
from ovsdb_rpc import Connection
from support import Sandbox


class LimitTests(unittest.TestCase):
    def setUp(self):
        self.box = Sandbox("limits")
        self.addCleanup(self.box.close)
        with open(self.box.path("schema"), "w") as file:
            json.dump(ovsdb_cases.SCHEMA, file)
        self.process = self.box.start_database("apus", "db", self.box.path("schema"))

    def connect(self):
        connection = Connection(self.box.path("db.sock"))
        self.addCleanup(connection.close)
        return connection

    def memory(self):
        """The most memory that the server has had so far, in MiB."""
        with open("/proc/%d/status" % self.process.pid) as file:
            return int(re.search(r"VmHWM:\s*(\d+)", file.read()).group(1)) // 1024

    def control(self, *arguments):
        return self.box.run("oracle", "ovs-appctl", "-t", self.box.path("db.ctl"), *arguments)

    def test_requests_wait_for_a_client_that_does_not_read(self):
        connection = self.connect()
        connection.transact("D", ovsdb_cases.insert("A", dict(ovsdb_cases.A, s="x" * 1000000)))
        before = self.memory()
        count = 300
        request = {"method": "transact", "params": ["D", ovsdb_cases.select("A")], "id": 1}
        connection.socket.sendall(json.dumps(request).encode() * count)
        # Meanwhile others are served.
        other = self.connect()
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            self.assertEqual(other.request("echo", ["x"])[-1]["result"], ["x"])
            time.sleep(0.05)
        self.assertLess(self.memory() - before, 60)
        self.assertRegex(self.control("memory/show").stdout, r"paused:\d+")
        # And whoever reads in the end has all answers.
        received = 0
        connection.socket.settimeout(30)
        while received < count * 1000000:
            received += len(connection.socket.recv(1 << 20))
        self.assertLess(self.memory() - before, 60)

    def test_there_are_only_so_many_clients(self):
        connections = [self.connect() for _ in range(330)]
        self.assertEqual(connections[-1].request("echo", [])[-1]["result"], [])
        self.assertIsNone(self.connect().receive())
        connections[0].close()
        self.box.wait_until(lambda: self.connect().request("echo", [])[-1] is not None, "there is room again")
        self.assertIn("refused:", self.control("memory/show").stdout)

    def ticks(self):
        """The processor time that the server has taken so far, in seconds."""
        with open("/proc/%d/stat" % self.process.pid) as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def test_without_descriptors_it_waits_and_does_not_spin(self):
        self.connect().request("echo", [])
        used = len(os.listdir("/proc/%d/fd" % self.process.pid))
        limits = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (used + 2, limits[1]))
        clients = [self.connect() for _ in range(8)]
        for client in clients[:2]:
            self.assertEqual(client.request("echo", ["x"])[-1]["result"], ["x"])
        start = self.ticks()
        time.sleep(1.5)
        self.assertLess(self.ticks() - start, 0.5)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, limits)
        for client in clients[2:]:
            self.assertEqual(client.request("echo", ["y"])[-1]["result"], ["y"])

    def test_a_file_that_is_open_is_not_opened_again(self):
        os.symlink("db.db", self.box.path("link.db"))
        for name in ["db.db", "link.db", "./db.db"]:
            path = self.box.directory + "/" + name
            self.assertEqual(
                self.control("ovsdb-server/add-db", path).stderr.splitlines()[0],
                "ovsdb error: %s: already open" % path)
        # The lock is held as before.
        second = self.box.run("apus", "ovsdb-server", self.box.path("db.db"))
        self.assertIn("failed to lock lockfile", second.stderr)

    def test_a_remote_does_not_replace_a_file(self):
        with open(self.box.path("precious"), "w") as file:
            file.write("kept")
        self.assertEqual(self.control("ovsdb-server/add-remote", "punix:" + self.box.path("precious")).code, 0)
        with open(self.box.path("precious")) as file:
            self.assertEqual(file.read(), "kept")

    def test_a_message_of_many_values_ends_the_connection(self):
        connection = self.connect()
        piece = b"[]," * (1 << 20)
        try:
            connection.socket.sendall(b'{"id":1,"method":"echo","params":[' + piece * 9 + b"[]]}")
        except ConnectionError:
            pass
        self.assertIsNone(connection.receive(seconds=60))
        self.assertEqual(self.connect().request("echo", [])[-1]["result"], [])


if __name__ == "__main__":
    unittest.main()
