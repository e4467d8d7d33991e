"""The database programs for Windows, run in Wine: alone, together, and beside those for Linux."""

import hashlib
import os
import re
import shutil
import signal
import socket
import struct
import unittest

import wine
from programs import PROBE, RUN, SCHEMA, ProgramTestCase, Wire, free_port, program, support
from wine import PROGRAMS

DAEMONS = ["ovsdb-server", "ovs-vswitchd"]
ROW = '["Open_vSwitch",{"op":"insert","table":"Bridge","row":{"name":"%s"}}]'
KEPT_ROW = '["Open_vSwitch",{"op":"insert","table":"Queue","row":{"external_ids":["map",[["name","%s"]]]}}]'
SELECT = '["Open_vSwitch",{"op":"select","table":"Open_vSwitch","where":[],"columns":["external_ids","next_cfg"]}]'


class Programs(ProgramTestCase):
    def test_every_program_tells_its_version_and_its_options(self):
        for name in PROGRAMS:
            version = self.check(name, "-V")
            self.assertTrue(version.startswith(name + " (Open vSwitch) "), version)
            text = self.check(name, "--help")
            self.assertIn("usage: ", text.lower(), name)
            if name in DAEMONS:
                self.assertIn("--service ", text)
                self.assertNotIn("--monitor ", text)
                self.assertNotIn("pipe-handle", text)

    def test_version_text_is_that_of_linux(self):
        for name in PROGRAMS:
            self.assertEqual(self.check(name, "-V"), self.linux(name, "-V"))

    def test_a_wrong_command_line_ends_with_1(self):
        for name in PROGRAMS:
            result = self.exe(name, "--no-such-option")
            self.assertEqual(result.code, 1, result)
            self.assertIn("unrecognized option '--no-such-option'", result.stderr)

    def test_words_with_wildcards_stay_as_they_are(self):
        result = self.exe("ovsdb-tool", "query", f"{RUN}\\*.db", "[]")
        self.assertIn("*.db: open failed (", result.stderr)

    def test_service_options_are_for_the_service_manager(self):
        result = self.exe("ovsdb-server", "--service")
        self.assertEqual(result.code, 1)
        self.assertIn("--service is for the service manager to use", result.stderr)


class Tool(ProgramTestCase):
    def both(self, *arguments):
        """Runs ovsdb-tool on db in both worlds, and compares what it prints."""
        here = self.linux("ovsdb-tool", *[a.replace("DB", self.native + "/db") for a in arguments])
        there = self.check("ovsdb-tool", *[a.replace("DB", f"{RUN}\\db") for a in arguments])
        self.assertEqual(self.comparable(there), self.comparable(here), arguments)
        return there

    def comparable(self, text):
        """Without identifiers and times."""
        return support.without_uuids(re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", "TIME", text))

    def test_ovsdb_tool_prints_what_it_prints_on_linux(self):
        self.both("create", "DB", SCHEMA)
        with open(self.file("db"), "rb") as there, open(self.native + "/db", "rb") as here:
            self.assertEqual(there.read(), here.read())
        for command in ["db-version", "db-name", "db-cksum", "needs-conversion", "schema-version", "schema-cksum"]:
            target = {"needs-conversion": ["DB", SCHEMA]}.get(command, [SCHEMA if "schema" in command else "DB"])
            self.both(command, *target)
        self.both("transact", "DB", '["Open_vSwitch",{"op":"insert","table":"Open_vSwitch","row":{"external_ids":'
                  '["map",[["ä","ö\\u00df\U0001f600"],["b","c"]]],"next_cfg":7}},{"op":"comment","comment":"grüße"}]')
        for number in range(5):
            self.both("transact", "DB", '["Open_vSwitch",{"op":"mutate","table":"Open_vSwitch","where":[],"mutations":'
                      '[["next_cfg","+=",%d]]}]' % number)
        self.both("query", "DB", SELECT)
        self.assertEqual(self.both("show-log", "DB").count("record"), 6)
        self.both("compact", "DB")
        self.both("query", "DB", SELECT)

    def test_each_world_reads_the_files_of_the_other(self):
        self.check("ovsdb-tool", "create", f"{RUN}\\db", SCHEMA)
        self.check("ovsdb-tool", "transact", f"{RUN}\\db", ROW % "br-windows")
        self.check("ovsdb-tool", "transact", f"{RUN}\\db", SELECT.replace("Open_vSwitch\",\"wh", "Bridge\",\"wh"))
        query = '["Open_vSwitch",{"op":"select","table":"Bridge","where":[]}]'
        for kind in ["apus", "oracle"]:
            self.linux("ovsdb-tool", "query", self.file("db"), query, kind=kind)
        self.linux("ovsdb-tool", "compact", self.file("db"), kind="oracle")
        self.check("ovsdb-tool", "query", f"{RUN}\\db", query)

    def records(self, path):
        """The records of a file: what the header says is the checksum, and the bytes that follow."""
        with open(path, "rb") as file:
            while header := file.readline():
                magic, kind, count, digest = header.split()
                self.assertEqual((magic, kind), (b"OVSDB", b"JSON"))
                yield digest.decode(), file.read(int(count))

    def test_checksums_are_sha_1_by_the_system(self):
        with open(program("ovsdb-tool"), "rb") as file:
            self.assertIn(b"BCryptFinishHash\0", file.read())
        # RFC 3174, section 7.3; the ends of blocks; more than is hashed at once elsewhere.
        bodies = [b"abc", b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", b"a" * 1000000, b"01234567" * 80]
        bodies += [os.urandom(count) for count in [1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128, 3000001]]
        for body in bodies:
            with open(self.file("db"), "wb") as file:
                file.write(b"OVSDB JSON %d %s\n%s" % (len(body), b"0" * 40, body))
            result = self.exe("ovsdb-tool", "db-name", f"{RUN}\\db")
            self.assertEqual(result.code, 1)
            self.assertIn(f" have SHA-1 hash {hashlib.sha1(body).hexdigest()} but should have hash {'0' * 40}", result.stderr)

    def test_checksums_are_good_for_both_worlds(self):
        self.check("ovsdb-tool", "create", f"{RUN}\\db", SCHEMA)
        self.linux("ovsdb-tool", "create", self.native + "/theirs", SCHEMA, kind="oracle")
        for number in range(20):
            self.check("ovsdb-tool", "transact", f"{RUN}\\db", KEPT_ROW % ("x" * number))
            self.linux("ovsdb-tool", "transact", self.native + "/theirs", KEPT_ROW % ("x" * number), kind="oracle")
        shutil.copy(self.native + "/theirs", self.file("theirs"))
        for path in [self.file("db"), self.file("theirs")]:
            records = list(self.records(path))
            self.assertEqual(len(records), 21)
            for digest, body in records:
                self.assertEqual(digest, hashlib.sha1(body).hexdigest())
        shown = self.comparable(self.linux("ovsdb-tool", "show-log", self.file("db"), kind="oracle"))
        self.assertEqual(shown.count("record "), 21)
        self.assertEqual(self.comparable(self.check("ovsdb-tool", "show-log", f"{RUN}\\theirs")), shown)

    def test_a_wrong_checksum_is_refused(self):
        self.check("ovsdb-tool", "create", f"{RUN}\\db", SCHEMA)
        self.check("ovsdb-tool", "transact", f"{RUN}\\db", KEPT_ROW % "x")
        with open(self.file("db"), "rb") as file:
            good = file.read()
        digest, body = list(self.records(self.file("db")))[1]
        wrong = ("1" if digest[0] == "0" else "0") + digest[1:]
        for bad, said in [(good.replace(digest.encode(), wrong.encode()), f"hash {digest} but should have hash {wrong}"),
                          (good.replace(b'"x"', b'"y"'), f"but should have hash {digest}")]:
            with open(self.file("db"), "wb") as file:
                file.write(bad)
            there = self.exe("ovsdb-tool", "query", f"{RUN}\\db", "[\"Open_vSwitch\"]")
            self.assertEqual(there.code, 1, there)
            self.assertIn(said, there.stderr)
            self.linux("ovsdb-tool", "query", self.file("db"), "[\"Open_vSwitch\"]", kind="oracle", code=1)

    def test_what_is_not_a_database_is_said_to_be_none(self):
        for content in [b"", b"OVSDB", b"OVSDB JSON 10 " + b"0" * 40 + b"\n{", b"\xff" * 100, b"[" * 100000]:
            with open(self.file("db"), "wb") as file:
                file.write(content)
            with open(self.native + "/bad", "wb") as file:
                file.write(content)
            there = self.exe("ovsdb-tool", "query", f"{RUN}\\db", "[]")
            self.assertEqual(there.code, 1)
            self.assertTrue(there.stderr.startswith("ovsdb-tool: "), there)
            self.linux("ovsdb-tool", "query", self.native + "/bad", "[]", code=1)

    def test_a_database_in_use_is_locked(self):
        self.start_database()
        result = self.exe("ovsdb-tool", "transact", f"{RUN}\\conf.db", ROW % "x")
        self.assertEqual(result.code, 1)
        self.assertIn("failed to lock lockfile (Resource temporarily unavailable)", result.stderr)


class Server(ProgramTestCase):
    def test_tools_reach_the_server_by_pipe_and_by_tcp(self):
        port = free_port()
        self.start_database(f"--remote=ptcp:{port}:127.0.0.1")
        self.check("ovs-vsctl", "--no-wait", "init")
        self.check("ovs-vsctl", "--no-wait", "add-br", "br0")
        tcp = f"tcp:127.0.0.1:{port}"
        self.check("ovs-vsctl", f"--db={tcp}", "--no-wait", "add-port", "br0", "p1")
        self.check("ovs-vsctl", f"--db=unix:{RUN}\\db.sock", "--no-wait", "set", "bridge", "br0", "other_config:a=b")
        shown = self.check("ovs-vsctl", "show")
        for kind in ["apus", "oracle"]:
            self.assertEqual(self.linux("ovs-vsctl", f"--db={tcp}", "show", kind=kind), shown)
        self.linux("ovs-vsctl", f"--db={tcp}", "--no-wait", "add-port", "br0", "p2", kind="oracle")
        self.assertEqual(self.check("ovs-vsctl", "list-ports", "br0"), "p1\np2\n")
        self.assertEqual(self.check("ovsdb-client", "list-dbs", f"unix:{RUN}\\db.sock"), "Open_vSwitch\n_Server\n")
        dump = self.check("ovsdb-client", "dump", tcp, "Open_vSwitch", "Bridge", "name", "other_config")
        self.assertEqual(dump, self.linux(
            "ovsdb-client", "dump", tcp, "Open_vSwitch", "Bridge", "name", "other_config", kind="oracle"))
        self.assertEqual(
            self.check("ovs-appctl", "-t", "ovsdb-server", "ovsdb-server/list-remotes"),
            f"ptcp:{port}:127.0.0.1\npunix:db.sock\n")
        self.check("ovs-appctl", "-t", f"{RUN}\\ovsdb-server.ctl", "ovsdb-server/compact")
        self.assertEqual(self.check("ovs-vsctl", "list-ports", "br0"), "p1\np2\n")

    def test_it_serves_more_than_64_connections_at_a_time(self):
        port = free_port()
        self.start_database(f"--remote=ptcp:{port}:127.0.0.1")
        done = self.prefix.run(PROBE, "clients", "\\\\.\\pipe\\C:ovsrundb.sock", 200, check=True)
        self.assertEqual(done.stdout, "200\n")
        wires = [Wire(port) for _ in range(200)]
        for number, wire in enumerate(wires):
            wire.send("echo", [number], number)
        for number, wire in reversed(list(enumerate(wires))):
            self.assertEqual(wire.receive()["result"], [number])
        for wire in wires:
            wire.close()

    def test_a_large_message_comes_through_whole(self):
        port = free_port()
        self.start_database(f"--remote=ptcp:{port}:127.0.0.1")
        wire = Wire(port)
        text = "".join(chr(0x4e00 + number % 5000) for number in range(300_000))
        wire.send("echo", [text], 1)
        self.assertEqual(wire.receive()["result"], [text])
        wire.close()

    def test_connections_that_end_anyhow_leave_nothing(self):
        port = free_port()
        self.start_database(f"--remote=ptcp:{port}:127.0.0.1", "--pidfile")
        with open(self.file("ovsdb-server.pid")) as file:
            pid = file.read().strip()

        def handles():
            return int(self.prefix.run(PROBE, "handles", pid, check=True).stdout)

        def churn():
            for number in range(60):
                wire = Wire(port)
                # Large enough that the server is still writing when the client is gone.
                wire.socket.sendall(b'{"method":"echo","params":["' + b"x" * (number * 20_000) + b'"],"id":1}')
                if number % 3 == 0:
                    wire.socket.recv(1)
                if number % 2 == 0:
                    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                wire.close()
            self.prefix.run(PROBE, "clients", "\\\\.\\pipe\\C:ovsrundb.sock", 40, check=True)

        churn()
        before = handles()
        self.assertGreater(before, 0)
        churn()
        wine.wait_until(lambda: handles() <= before + 10, "handles are closed")
        self.assertEqual(self.check("ovsdb-client", "list-dbs", f"unix:{RUN}\\db.sock"), "Open_vSwitch\n_Server\n")

    def test_numbers_keep_their_values(self):
        port = free_port()
        self.start_database(f"--remote=ptcp:{port}:127.0.0.1")
        wire = Wire(port)
        numbers = [0.1, 1e300, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308, 9007199254740993.5, -1 / 3, 2**62]
        wire.send("echo", numbers, 1)
        self.assertEqual(wire.receive()["result"], numbers)
        wire.close()

    def test_the_pipe_is_for_the_system_administrators_and_the_owner(self):
        self.start_database()
        for pipe in ["db.sock", "ovsdb-server.ctl"]:
            shown = self.prefix.run(PROBE, "rights", "\\\\.\\pipe\\C:ovsrun" + pipe, check=True).stdout.strip()
            self.assertEqual(shown, "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)")

    def test_a_killed_server_has_lost_nothing_that_it_acknowledged(self):
        port = free_port()
        server = self.start_database(f"--remote=ptcp:{port}:127.0.0.1")
        wires = [Wire(port) for _ in range(4)]
        wires[0].transact({"op": "insert", "table": "Open_vSwitch", "row": {}})
        acknowledged = set()

        def send(wire, number):
            change = {"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [
                ["external_ids", "insert", ["map", [[f"k{number}", "v"]]]]]}
            wire.send("transact", ["Open_vSwitch", change, {"op": "commit", "durable": True}], number)

        for number in range(0, 200, 4):
            for place, wire in enumerate(wires):
                send(wire, number + place)
            if number < 100:
                acknowledged.update(wire.receive()["id"] for wire in wires)
        server.send_signal(signal.SIGKILL)
        for wire in wires:
            try:
                while (message := wire.receive()) is not None:
                    acknowledged.add(message["id"])
            except OSError:
                pass
            wire.close()
        self.stop(server)
        rows = self.check("ovsdb-tool", "query", f"{RUN}\\conf.db", SELECT)
        found = set(int(number) for number in re.findall(r'"k(\d+)"', rows))
        self.assertGreaterEqual(len(acknowledged), 100)
        self.assertEqual(acknowledged - found, set())
        self.start_database(create=False)
        self.assertIn("k0", self.check("ovs-vsctl", "get", "open", ".", "external_ids"))

    def test_nonsense_ends_a_connection_and_nothing_else(self):
        port = free_port()
        self.start_database(f"--remote=ptcp:{port}:127.0.0.1")
        for nonsense in [b"nonsense", b"{" * 100_000, b'{"method":1}', b"\xff\xfe", b'"text"', b"[]" * 10,
                         b'{"method":"transact","params":["Open_vSwitch",{"op":"' + b"x" * 70_000]:
            wire = Wire(port)
            wire.socket.sendall(nonsense)
            wire.close()
        for pipe in ["db.sock", "ovsdb-server.ctl"]:
            for nonsense in ["nonsense", "[[[[[", '{"method":1}', '{"id":0,"method":"exit","params":[1]}', '"']:
                self.prefix.run(PROBE, "send", "\\\\.\\pipe\\C:ovsrun" + pipe, nonsense, check=True)
        self.check("ovs-vsctl", "--no-wait", "init")
        self.check("ovs-appctl", "-t", "ovsdb-server", "version")

    def test_control_c_ends_it_cleanly(self):
        server = self.start_database("--pidfile", "--log-file")
        self.assertEqual(self.stop(server), 0)
        left = set(os.listdir(self.run_folder))
        self.assertEqual(left, {"conf.db", ".conf.db.~lock~", "ovsdb-server.log", "ovsdb-server.out"})

    def test_it_detaches_and_says_when_it_is_ready(self):
        self.create_database()
        detached = [f"{RUN}\\conf.db", "--remote=punix:db.sock", "--pidfile", "--log-file"]
        self.assertEqual(self.detach("ovsdb-server", *detached)[0], 0)
        self.addCleanup(self.exe, "ovs-appctl", "-t", "ovsdb-server", "exit")
        # It listens as soon as the command is back.
        self.check("ovs-vsctl", "--no-wait", "init")
        with open(self.file("ovsdb-server.pid")) as file:
            pid = file.read().strip()
        self.assertIn("error 32", self.prefix.run(PROBE, "open", f"{RUN}\\ovsdb-server.pid").stdout)
        status, text = self.detach("ovsdb-server", *detached)
        self.assertEqual(status, 1)
        self.assertIn(f"already running as pid {pid}, aborting", text)
        # What goes wrong in the new process is said by the old one.
        status, text = self.detach("ovsdb-server", f"{RUN}\\conf.db", "--unixctl=other.ctl")
        self.assertEqual(status, 1)
        self.assertIn("failed to lock lockfile", text)
        self.check("ovs-appctl", "-t", "ovsdb-server", "vlog/reopen")
        self.check("ovs-appctl", "-t", "ovsdb-server", "exit")
        wine.wait_until(lambda: not os.path.exists(self.file("ovsdb-server.pid")), "the daemon has ended")
        with open(self.file("ovsdb-server.log")) as file:
            self.assertIn("ovsdb-server (Open vSwitch)", file.read())

    def test_two_servers_at_one_pipe_are_one_too_many(self):
        self.start_database()
        self.check("ovsdb-tool", "create", f"{RUN}\\other.db", SCHEMA)
        result = self.exe("ovsdb-server", f"{RUN}\\other.db", "--unixctl=ovsdb-server.ctl")
        self.assertEqual(result.code, 1)
        self.assertIn("could not initialize control socket", result.stderr)
        self.assertIn("Address already in use", result.stderr)

    def test_nobody_at_the_other_end_is_said_as_on_linux(self):
        # As a shell reports the alarm signal of Linux.
        self.assertEqual(self.exe("ovs-vsctl", "--retry", "--timeout=1", "show").code, 142)
        pipe = self.exe("ovs-vsctl", "show")
        self.assertEqual(pipe.code, 1)
        self.assertIn("database connection failed (No such file or directory)", pipe.stderr)
        tcp = self.exe("ovs-vsctl", f"--db=tcp:127.0.0.1:{free_port()}", "show")
        self.assertEqual(tcp.code, 1)
        self.assertIn("database connection failed (Connection refused)", tcp.stderr)
        result = self.exe("ovs-appctl", "-t", "ovsdb-server", "version")
        self.assertEqual(result.code, 1)
        self.assertIn("No such file or directory", result.stderr)


if __name__ == "__main__":
    unittest.main()
