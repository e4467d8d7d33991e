"""The database programs beside Open vSwitch's: the same transactions, files, requests and command lines."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

import ovsdb_cases
from ovsdb_rpc import Connection
from support import ORACLE_SCHEMA, UUID, Sandbox, has_program, program

KINDS = ("oracle", "apus")


def ordered(value):
    """The value with what has no order of its own sorted: rows, and the two rows that share an index."""
    if isinstance(value, dict) and any(UUID.fullmatch(key) for key in value):
        return sorted((ordered(item) for item in value.values()), key=repr)
    if isinstance(value, dict):
        return {key: sorted(map(ordered, item), key=repr) if key == "rows" else ordered(item)
                for key, item in value.items()}
    if isinstance(value, list):
        return [ordered(item) for item in value]
    if isinstance(value, str):
        value = without_uuids(value)
        match = re.match(r"(.*)  First row, with UUID (.*)  Second row, with UUID (.*)$", value)
        if match:
            return "%s %s" % (match.group(1), sorted(match.groups()[1:]))
    return value


def without_uuids(text):
    """Rows have no order, so neither have their names."""
    return UUID.sub("<uuid>", text)


def comparable(text):
    try:
        return ordered(json.loads(text))
    except ValueError:
        return without_uuids(text)


def record(value, digest=None, magic="JSON"):
    body = (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n"
    return b"OVSDB %s %d %s\n" % (magic.encode(), len(body), (digest or hashlib.sha1(body).hexdigest()).encode()) + body


class OVSDBTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.box = Sandbox("ovsdb")
        self.addCleanup(self.box.close)

    def write(self, name, value):
        with open(self.box.path(name), "wb") as file:
            file.write(value if isinstance(value, bytes) else json.dumps(value).encode())

    def both(self, name, *arguments, **options):
        """Runs a program of both kinds; KIND in an argument becomes the kind."""
        return [self.box.run(kind, name, "-vsyslog:off", "-vconsole:off",
                             *[argument.replace("KIND", kind) for argument in arguments], **options)
                for kind in KINDS]

    def assertSame(self, name, *arguments, sort=False, **options):
        oracle, apus = self.both(name, *arguments, **options)

        def form(result, kind):
            output = comparable(result.stdout.replace(kind + ".", "KIND."))
            if sort and isinstance(output, str):
                output = sorted(output.splitlines())
            return result.code, output, without_uuids(result.stderr).replace(kind + ".", "KIND.").replace(
                program(kind, name), name).rstrip("\n")
        self.assertEqual(form(apus, "apus"), form(oracle, "oracle"), arguments)
        return apus


class ToolTests(OVSDBTest):
    def test_transactions(self):
        self.write("schema", ovsdb_cases.SCHEMA)
        for group, transactions in ovsdb_cases.GROUPS.items():
            for kind in KINDS:
                if os.path.exists(self.box.path(kind + ".db")):
                    os.unlink(self.box.path(kind + ".db"))
            self.assertSame("ovsdb-tool", "create", "KIND.db", "schema")
            for transaction in transactions:
                with self.subTest(group=group, transaction=transaction):
                    self.assertSame("ovsdb-tool", "transact", "KIND.db", json.dumps(["D"] + transaction))
            # Each reads the file that the other has written, and finds the same rows.
            dump = json.dumps(["D"] + [
                {"op": "select", "table": table, "where": [],
                 "columns": sorted(set(columns["columns"]) - {"eph"})}
                for table, columns in ovsdb_cases.SCHEMA["tables"].items()])
            for kind in KINDS:
                results = [comparable(self.box.check(reader, "ovsdb-tool", "query", kind + ".db", dump))
                           for reader in KINDS]
                self.assertEqual(results[0], results[1])
                self.box.check("apus" if kind == "oracle" else "oracle", "ovsdb-tool", "compact", kind + ".db")
                for reader in KINDS:
                    again = comparable(self.box.check(reader, "ovsdb-tool", "query", kind + ".db", dump))
                    self.assertEqual(again, results[0])

    def test_faulty_schemas(self):
        def column(type, **more):
            return {"name": "D", "version": "1.0.0", "tables": {"T": {"columns": {"c": dict({"type": type}, **more)}}}}
        cases = [
            b"", b"{", b"nonsense", [], {}, {"name": "D"}, {"name": 1, "tables": {}}, {"name": "1x", "tables": {}},
            {"name": "D", "version": "x", "tables": {}}, {"name": "D", "tables": {"T": {}}}, {"name": "D", "tables": {"T": 1}},
            {"name": "D", "tables": {"_T": {"columns": {}}}}, {"name": "D", "tables": {"T": {"columns": {}}}},
            column("foo"), column(1), column({}), column({"key": {"type": "integer", "minInteger": 5, "maxInteger": 3}}),
            column({"key": {"type": "uuid", "refTable": "X"}}), column({"key": "string", "min": 2}),
            column({"key": "string", "max": "x"}), column({"key": {"type": "string", "enum": ["set", []]}}),
            column("string", ephemeral=1), column("string", zzz=1), column({"key": {"type": "string", "minLength": -1}}),
        ]
        for case in cases:
            with self.subTest(schema=case):
                self.write("schema", case)
                self.assertSame("ovsdb-tool", "create", "KIND.db", "schema")
                for kind in KINDS:
                    if os.path.exists(self.box.path(kind + ".db")):
                        os.unlink(self.box.path(kind + ".db"))

    def test_faulty_files(self):
        schema = record({"name": "D", "version": "1.0.0", "cksum": "1 2",
                         "tables": {"T": {"columns": {"c": {"type": "string"}}}}})
        row = "11111111-1111-1111-1111-111111111111"
        good = record({"T": {row: {"c": "a"}}, "_date": 1700000000000, "_comment": "x\ny"})
        cases = [
            b"", b"hello world\n", schema, schema + good, schema + good + b"OVSDB JS", schema + good + good[:-5],
            schema + good[:-1], schema + record({}, digest="0" * 40), schema + record(b"{"), schema + record([]),
            schema + b"OVSDB JSON x y\n", schema + b"OVSDB JSON 0 " + b"0" * 40 + b"\n", record({}, magic="CLUSTER"),
            record({}, magic="FOO"), schema + record({"X": {row: {"c": "a"}}}), schema + record({"T": {row: {"d": "a"}}}),
            schema + record({"T": {"1": {"d": "a"}}}), schema + record({"T": {row: []}}), schema + record({"T": []}),
            schema + record({"T": {row: None}}), schema + record({"T": {row: {"c": 1}}}), record({}),
            schema + good[:-9] + good,
        ]
        select = json.dumps(["D", {"op": "select", "table": "T", "where": [], "columns": ["c"]}])
        for case in cases:
            with self.subTest(file=case):
                self.write("file.db", case)
                self.assertSame("ovsdb-tool", "query", "file.db", select)
                self.assertSame("ovsdb-tool", "compact", "file.db", "KIND.compact")
                if not case.startswith(b"OVSDB CLUSTER"):
                    self.assertSame("ovsdb-tool", "show-log", "file.db")
                    self.assertSame("ovsdb-tool", "db-name", "file.db")
                for kind in KINDS:
                    if os.path.exists(self.box.path(kind + ".compact")):
                        os.unlink(self.box.path(kind + ".compact"))

    def test_command_lines(self):
        shutil.copy(ORACLE_SCHEMA, self.box.path("vswitch.ovsschema"))
        self.write("t.ovsschema", ovsdb_cases.SCHEMA)
        self.box.check("oracle", "ovsdb-tool", "create", "t.db", "t.ovsschema")
        for words in [
            [], ["foo"], ["create", "a", "b", "c"], ["db-name", "none.db"], ["query"], ["query", "t.db", "{"],
            ["query", "t.db", "[]"], ["transact", "t.db", '["X"]'], ["create", "t.db", "t.ovsschema"],
            ["schema-name", "t.ovsschema"], ["schema-version", "t.ovsschema"], ["schema-cksum", "t.ovsschema"],
            ["schema-name", "vswitch.ovsschema"], ["db-name", "t.db"], ["db-version", "t.db"], ["db-cksum", "t.db"],
            ["needs-conversion", "t.db", "t.ovsschema"], ["needs-conversion", "t.db", "vswitch.ovsschema"],
            ["show-log", "none.db"], ["schema-version", "none"], ["compact", "none.db"], ["convert", "none.db", "t.ovsschema"],
            ["compare-versions", "1.0.0", "<", "2.0.0"], ["compare-versions", "1.0.0", ">", "2.0.0"],
            ["db-is-standalone", "t.db"], ["db-is-clustered", "t.db"], ["db-cid", "t.db"], ["--bogus"],
            ["query", "t.db", '["D"]', "x"],
        ]:
            with self.subTest(words=words):
                self.assertSame("ovsdb-tool", *words)

    def test_show_log(self):
        self.write("schema", ovsdb_cases.SCHEMA)
        self.box.check("oracle", "ovsdb-tool", "create", "t.db", "schema")
        for kind, operations in [
            ("oracle", [ovsdb_cases.insert("A", dict(ovsdb_cases.FULL, strong=["named-uuid", "b"])),
                        ovsdb_cases.insert("B", {"n": "b"}, **{"uuid-name": "b"}),
                        {"op": "comment", "comment": "first"}, {"op": "comment", "comment": "second"}]),
            ("apus", [ovsdb_cases.update("A", {"si": ["set", [2, 9]], "m": ["map", [["a", 3]]], "i": 0})]),
            ("oracle", [ovsdb_cases.mutate("A", [["si", "insert", 10]])]),
            ("apus", [ovsdb_cases.delete("A"), {"op": "comment", "comment": "gone"}]),
        ]:
            self.box.check(kind, "ovsdb-tool", "transact", "t.db", json.dumps(["D"] + operations))
        for flags in ([], ["-m"], ["-mm"]):
            self.assertSame("ovsdb-tool", *flags, "show-log", "t.db", sort=True)


class ServerTests(OVSDBTest):
    def servers(self, schema=ovsdb_cases.SCHEMA):
        """Starts one server of each kind; gives their sockets by kind."""
        self.write("schema", schema)
        self.processes = {kind: self.box.start_database(kind, kind, self.box.path("schema")) for kind in KINDS}
        return {kind: self.box.path(kind + ".sock") for kind in KINDS}

    def connections(self, sockets):
        connections = {kind: Connection(path) for kind, path in sockets.items()}
        for connection in connections.values():
            self.addCleanup(connection.close)
        return connections

    def exchange(self, connections, method, params):
        """Makes the same request of both, and expects the same messages."""
        answers = []
        for kind in KINDS:
            messages = connections[kind].request(method, params, id=1)
            for message in messages:
                if message and "method" not in message:
                    message.setdefault("result", None)
                    message.setdefault("error", None)
            answers.append(comparable(json.dumps(messages)))
        self.assertEqual(answers[1], answers[0], (method, params))
        return answers[1]

    def test_transactions(self):
        for group, transactions in ovsdb_cases.GROUPS.items():
            sockets = self.servers()
            connections = self.connections(sockets)
            for transaction in transactions:
                with self.subTest(group=group, transaction=transaction):
                    self.exchange(connections, "transact", ["D"] + transaction)
            for kind in KINDS:
                self.box.stop(self.processes[kind])
                os.unlink(self.box.path(kind + ".db"))

    def test_requests(self):
        connections = self.connections(self.servers())
        zero = "00000000-0000-0000-0000-000000000000"
        for connection in connections.values():
            connection.transact("D", ovsdb_cases.insert("A", dict(ovsdb_cases.A, i=1, s="one")),
                                ovsdb_cases.insert("A", dict(ovsdb_cases.A, i=2, s="two")))
        for method, params in [
            ("list_dbs", []), ("echo", [1, "x"]), ("foo", []), ("set_db_change_aware", [True]), ("set_db_change_aware", [1]),
            ("get_schema", []), ("get_schema", ["X"]), ("get_schema", [1]), ("get_schema", ["D"]), ("transact", []), ("transact", ["X"]),
            ("transact", ["D"]), ("transact", ["D", 1]), ("monitor", []), ("monitor", ["X"]), ("monitor", ["D", 1, 2]),
            ("monitor", ["D", 1, {"X": {}}]), ("monitor", ["D", 1, {"A": 1}]), ("monitor", ["D", 1, {"A": {"columns": ["x"]}}]),
            ("monitor", ["D", 1, {"A": {"columns": [1]}}]), ("monitor", ["D", 1, {"A": {"columns": ["i", "i"]}}]),
            ("monitor", ["D", 1, {"A": {"columns": ["i"], "foo": 1}}]), ("monitor", ["D", 1, {"A": {"columns": ["i"], "select": {"x": 1}}}]),
            ("monitor", ["D", 1, {"A": {"columns": ["i"]}}]), ("monitor", ["D", 1, {"A": {"columns": ["i"]}}]),
            ("monitor", ["D", 10, {"A": [{"columns": ["i"]}, {"columns": ["s"], "select": {"initial": False}}]}]),
            ("monitor_cond", ["D", 2, {"A": [{"columns": ["i", "s"], "where": [["s", "==", "one"]]}]}]),
            ("monitor_cond", ["D", 3, {"A": [{"columns": ["i"], "where": ["i"]}]}]),
            ("monitor_cond", ["D", 3, {"A": [{"columns": ["i"], "where": [["n", "==", 1]]}]}]),
            ("monitor_cond_since", ["D", 4, {"A": [{"columns": ["i"]}]}, zero]),
            ("monitor_cond_since", ["D", 5, {"A": [{"columns": ["i"]}]}, "x"]), ("monitor_cond_since", ["D", 5, {"A": [{}]}, 1]),
            ("monitor_cond_since", ["D", 5, {"A": [{}]}]),
            ("monitor_cond_change", [2, 6, {"A": [{"where": [["s", "==", "two"]]}]}]), ("monitor_cond_change", [2, 6, {}]),
            ("monitor_cond_change", [6, 6, {"B": []}]), ("monitor_cond_change", [6, 6, {"A": {}}]),
            ("monitor_cond_change", [6, 6, {"A": [{"columns": []}]}]), ("monitor_cond_change", [6, 4, {"A": []}]),
            ("monitor_cond_change", [4, 4, {"A": [{"where": [False]}]}]), ("monitor_cancel", [2]), ("monitor_cancel", [6]),
            ("monitor_cancel", []), ("lock", []), ("lock", [1]), ("lock", ["1x"]), ("lock", ["a"]), ("lock", ["a"]), ("unlock", ["b"]),
            ("transact", ["D", {"op": "assert", "lock": "a"}]), ("unlock", ["a"]), ("transact", ["D", {"op": "assert", "lock": "a"}]),
            ("steal", ["a"]), ("steal", ["a"]), ("unlock", ["a"]), ("convert", ["D"]), ("convert", ["X", {}]), ("convert", ["D", {}]),
        ]:
            with self.subTest(method=method, params=params):
                self.exchange(connections, method, params)

    def test_monitors(self):
        sockets = self.servers()
        watchers, changers = self.connections(sockets), self.connections(sockets)
        columns = ["i", "s", "si", "m", "oi", "strong"]
        for method, params in [
            ("monitor", ["D", "v", {"A": {"columns": columns}, "B": {"columns": ["n"]}}]),
            ("monitor", ["D", "s", {"A": [{"columns": ["i"], "select": {"modify": False}}, {"columns": ["s"]}]}]),
            ("monitor_cond", ["D", "d", {"A": [{"columns": columns, "where": [["i", ">", 1], ["s", "==", "x"]]}]}]),
            ("monitor_cond_since", ["D", "t", {"A": [{"columns": columns}]}, "00000000-0000-0000-0000-000000000000"]),
        ]:
            self.exchange(watchers, method, params)
        insert, update, mutate, delete = (
            ovsdb_cases.insert, ovsdb_cases.update, ovsdb_cases.mutate, ovsdb_cases.delete)
        for operations in [
            [insert("A", dict(ovsdb_cases.A, i=1, si=["set", [1, 2]]), uuid=ovsdb_cases.U1)],
            [insert("A", dict(ovsdb_cases.A, i=2, s="x"), uuid=ovsdb_cases.U2)],
            [update("A", {"si": ["set", [2, 3]], "m": ["map", [["a", 1]]]}, [["i", "==", 1]])],
            [mutate("A", [["i", "+=", 1]], [["i", "==", 1]])],
            [mutate("A", [["m", "insert", ["map", [["b", 2]]]], ["m", "delete", ["set", ["a"]]]], [["s", "==", ""]])],
            [update("A", {"oi": 5}, [["s", "==", "x"]])], [update("A", {"oi": ["set", []]}, [["s", "==", "x"]])],
            [update("A", {"eph": "e"})], [update("A", {"i": 0})],
            [insert("B", {"n": "b"}, **{"uuid-name": "b"}), update("A", {"strong": ["named-uuid", "b"]}, [["s", "==", "x"]])],
            [update("A", {"s": "y"}, [["s", "==", "x"]])], [delete("A", [["s", "==", "y"]])], [delete("A")],
        ]:
            with self.subTest(operations=operations):
                self.exchange(changers, "transact", ["D"] + operations)
                # An echo comes back behind whatever the transaction has led to.
                answers = []
                for kind in KINDS:
                    updates = watchers[kind].request("echo", [], id="e")
                    updates.sort(key=lambda message: json.dumps(message.get("params", [""])[0]) if message.get("params") else "")
                    answers.append(ordered(updates))
                self.assertEqual(answers[1], answers[0])

    def test_updates_come_before_the_reply(self):
        connection = self.connections(self.servers())["apus"]
        connection.request("monitor", ["D", 0, {"A": {"columns": ["i"]}}])
        messages = connection.request("transact", ["D", ovsdb_cases.insert("A", ovsdb_cases.A)])
        self.assertEqual([message.get("method") for message in messages], ["update", None])

    def test_locks(self):
        sockets = self.servers()
        answers = []
        for kind in KINDS:
            first, second, third = (Connection(sockets[kind]) for _ in range(3))
            log = [first.request("lock", ["L"], 1), second.request("lock", ["L"], 2), third.request("steal", ["L"], 3),
                   first.receive(), first.transact("D", {"op": "assert", "lock": "L"}),
                   third.transact("D", {"op": "assert", "lock": "L"})]
            third.close()
            log.append(first.receive())
            first.close()
            log.append(second.receive())
            second.close()
            answers.append(json.loads(json.dumps(log)))
        self.assertEqual(answers[1], answers[0])

    def test_wait(self):
        sockets = self.servers()
        for kind in KINDS:
            waiter, other = Connection(sockets[kind]), Connection(sockets[kind])
            wait = {"op": "wait", "table": "A", "where": [], "columns": ["i"], "until": "==", "rows": [{"i": 7}]}
            waiter.send({"method": "transact", "params": ["D", wait], "id": "w"})
            self.assertEqual(waiter.request("echo", [], 5)[-1]["id"], 5)
            other.transact("D", ovsdb_cases.insert("A", dict(ovsdb_cases.A, i=7)))
            self.assertEqual(waiter.receive(), {"id": "w", "result": [{}], "error": None})
            start = time.monotonic()
            result = waiter.transact("D", dict(wait, rows=[], timeout=200))
            self.assertEqual(result[0]["error"], "timed out")
            self.assertRegex(result[0]["details"], '^"wait" timed out after 2[0-9][0-9] ms$')
            self.assertGreater(time.monotonic() - start, 0.19)
            if kind == "oracle":
                waiter.close()
                other.close()
                continue
            waiter.send({"method": "transact", "params": ["D", dict(wait, rows=[])], "id": "c"})
            waiter.send({"method": "cancel", "params": ["c"], "id": None})
            reply = waiter.receive()
            self.assertEqual((reply["id"], reply["error"]), ("c", "canceled"))
            waiter.close()
            other.close()

    def test_bad_messages_end_the_connection(self):
        sockets = self.servers()
        for bad in [b"[]", b"{}", b"hello ", b'{"method":"echo","id":1,"params":1}', b'{"id":5,"result":1,"error":null}',
                    b'{"method":1}', b"[" * 2000, b'["\xff"]', b'{"a":1}}']:
            with self.subTest(message=bad):
                connection = Connection(sockets["apus"])
                connection.socket.sendall(bad)
                self.assertIsNone(connection.receive())
                connection.close()
        survivor = Connection(sockets["apus"])
        self.assertEqual(survivor.request("echo", ["still"])[-1]["result"], ["still"])
        survivor.close()

    def test_control_commands(self):
        self.servers()
        self.write("E.ovsschema", dict(ovsdb_cases.SCHEMA, name="E"))
        for kind in KINDS:
            self.box.check("oracle", "ovsdb-tool", "create", "%s.E" % kind, "E.ovsschema")
        for words in [
            ["ovsdb-server/list-dbs"], ["ovsdb-server/add-db", self.box.path("none")], ["ovsdb-server/add-db", self.box.path("KIND.E")],
            ["ovsdb-server/list-dbs"], ["ovsdb-server/compact", "X"], ["ovsdb-server/compact", "_Server"], ["ovsdb-server/compact"],
            ["ovsdb-server/remove-db", "X"], ["ovsdb-server/remove-db", "_Server"], ["ovsdb-server/remove-db", "E"],
            ["ovsdb-server/list-dbs"], ["ovsdb-server/add-remote", "punix:" + self.box.path("KIND.more")],
            ["ovsdb-server/add-remote", "db:X,Y,Z"], ["ovsdb-server/add-remote", "db:D,Y,Z"], ["ovsdb-server/add-remote", "db:D,A,Z"],
            ["ovsdb-server/add-remote", "db:D,A,i"], ["ovsdb-server/add-remote", "db:D,A"], ["ovsdb-server/add-remote", "db:D,A,s"],
            ["ovsdb-server/list-remotes"], ["ovsdb-server/remove-remote", "x"], ["ovsdb-server/remove-remote", "db:D,A,s"],
            ["ovsdb-server/list-remotes"], ["ovsdb-server/reconnect"], ["ovsdb-server/sync-status"],
        ]:
            with self.subTest(words=words):
                results = [self.box.run("oracle", "ovs-appctl", "-t", self.box.path(kind + ".ctl"),
                                        *[word.replace("KIND", kind) for word in words]) for kind in KINDS]
                forms = [(result.code, *[text.replace(kind + ".", "KIND.") for text in (result.stdout, result.stderr)])
                         for kind, result in zip(KINDS, results)]
                self.assertEqual(forms[1], forms[0])
        for kind in KINDS:
            self.box.check("oracle", "ovs-appctl", "-t", self.box.path(kind + ".ctl"), "exit")
            self.assertEqual(self.processes[kind].wait(10), 0)
            self.assertFalse(os.path.exists(self.box.path(kind + ".sock")))

    def test_remotes_of_a_column(self):
        sockets = self.servers()
        remote = self.box.path("named.sock")
        self.box.check("oracle", "ovs-appctl", "-t", self.box.path("apus.ctl"), "ovsdb-server/add-remote", "db:D,A,s")
        connection = Connection(sockets["apus"])
        connection.transact("D", ovsdb_cases.insert("A", dict(ovsdb_cases.A, s="punix:" + remote)))
        self.box.wait_until(lambda: os.path.exists(remote), "listens where the column says")
        other = Connection(remote)
        self.assertEqual(other.request("list_dbs", [])[-1]["result"], ["D", "_Server"])
        other.close()
        connection.transact("D", ovsdb_cases.delete("A"))
        self.box.wait_until(lambda: not os.path.exists(remote), "stops to listen")
        connection.close()

    def test_convert(self):
        sockets = self.servers()
        schema = json.loads(json.dumps(ovsdb_cases.SCHEMA))
        schema["tables"]["A"]["columns"]["new"] = {"type": "string"}
        del schema["tables"]["A"]["columns"]["oi"]
        for kind in KINDS:
            connection = Connection(sockets[kind])
            connection.request("set_db_change_aware", [True])
            connection.transact("D", ovsdb_cases.insert("A", dict(ovsdb_cases.A, i=4)))
            self.assertEqual(connection.request("convert", ["D", schema])[-1]["error"], None)
            self.assertEqual(connection.transact("D", ovsdb_cases.columns("A", "i", "new")), [{"rows": [{"i": 4, "new": ""}]}])
            connection.close()
        self.box.stop(self.processes["apus"])
        self.box.check("oracle", "ovsdb-tool", "query", "apus.db", json.dumps(["D", ovsdb_cases.columns("A", "new")]))


class DurabilityTests(OVSDBTest):
    def test_a_kill_loses_nothing_acknowledged(self):
        """Kills the server in the midst of a thousand transactions, several times over the same file."""
        self.write("schema", ovsdb_cases.SCHEMA)
        acknowledged, sent = set(), 0
        for round in range(4):
            process = self.box.start_database("apus", "db", self.box.path("schema"))
            connection = Connection(self.box.path("db.sock"))
            rows = connection.transact("D", ovsdb_cases.columns("A", "i"))[0]["rows"]
            found = {row["i"] for row in rows}
            self.assertLessEqual(acknowledged, found)
            self.assertLessEqual(found, set(range(sent)))
            first, window = sent, 20
            killer = threading.Timer(0.05 + 0.05 * round, lambda: process.send_signal(signal.SIGKILL))
            killer.start()
            try:
                while sent < first + 1000:
                    operations = [ovsdb_cases.insert("A", dict(ovsdb_cases.A, i=sent, s="x" * 50))]
                    if sent % 10 == 0:
                        operations.append({"op": "commit", "durable": True})
                    connection.send({"method": "transact", "params": ["D"] + operations, "id": sent})
                    sent += 1
                    while sent - first - len([number for number in acknowledged if number >= first]) >= window:
                        reply = connection.receive()
                        if reply is None:
                            raise ConnectionError
                        self.assertNotIn("error", reply["result"][0])
                        acknowledged.add(reply["id"])
            except OSError:
                pass
            killer.join()
            process.wait()
            connection.close()
            os.unlink(self.box.path("db.sock"))
        self.assertGreater(len(acknowledged), 100)
        # What is left is a file that Open vSwitch reads, if need be after the torn end has been cut.
        self.box.start_database("apus", "db", self.box.path("schema"))
        self.box.stop(self.box.processes[-1])
        output = self.box.check(
            "oracle", "ovsdb-tool", "query", "db.db", json.dumps(["D", ovsdb_cases.columns("A", "i")]))
        self.assertLessEqual(acknowledged, {row["i"] for row in json.loads(output)[0]["rows"]})

    def test_a_torn_end_is_cut_and_reported(self):
        self.write("schema", ovsdb_cases.SCHEMA)
        self.box.check("oracle", "ovsdb-tool", "create", "db.db", "schema")
        self.box.check("oracle", "ovsdb-tool", "transact", "db.db", json.dumps(["D", ovsdb_cases.insert("A", dict(ovsdb_cases.A, i=1))]))
        with open(self.box.path("db.db"), "rb") as file:
            good = file.read()
        for tail in [b"O", b"OVSDB JSON 1", good[-30:], good[:200], b"\0" * 4096, good[-200:-3]]:
            with self.subTest(tail=tail[:20]):
                with open(self.box.path("db.db"), "wb") as file:
                    file.write(good + tail)
                process = self.box.start_database("apus")
                connection = Connection(self.box.path("db.sock"))
                self.assertEqual(connection.transact("D", ovsdb_cases.columns("A", "i")), [{"rows": [{"i": 1}]}])
                connection.transact("D", ovsdb_cases.insert("A", dict(ovsdb_cases.A, i=2)))
                connection.close()
                self.box.stop(process)
                self.assertIn("cut off what follows the last good record, at offset %d" % len(good), self.box.logs())
                output = self.box.check(
                    "oracle", "ovsdb-tool", "query", "db.db", json.dumps(["D", ovsdb_cases.columns("A", "i")]))
                self.assertEqual(sorted(row["i"] for row in json.loads(output)[0]["rows"]), [1, 2])
                os.unlink(self.box.path("apus-ovsdb-server-db.out"))

    def test_bad_files_stop_the_start(self):
        self.write("junk.db", b"hello\n")
        self.write("empty.db", b"")
        self.write("half.db", b"OVSDB JSON 5 0000000000000000000000000000000000000000\n")
        for name in ["none.db", "junk.db", "empty.db", "half.db"]:
            with self.subTest(file=name):
                self.assertSame("ovsdb-server", self.box.path(name))

    def test_a_file_has_one_server(self):
        self.write("schema", ovsdb_cases.SCHEMA)
        for owner in KINDS:
            name = owner + "1"
            self.box.start_database(owner, name, self.box.path("schema"))
            self.assertSame("ovsdb-server", self.box.path(name + ".db"))
            self.assertSame("ovsdb-tool", "compact", name + ".db")

    def test_files_grow_and_shrink(self):
        self.write("schema", ovsdb_cases.SCHEMA)
        self.box.start_database("apus", "db", self.box.path("schema"))
        connection = Connection(self.box.path("db.sock"))
        connection.transact("D", ovsdb_cases.insert("A", ovsdb_cases.A))
        for number in range(200):
            connection.transact("D", ovsdb_cases.update("A", {"i": number + 1}))
        before = os.path.getsize(self.box.path("db.db"))
        self.box.check("oracle", "ovs-appctl", "-t", self.box.path("db.ctl"), "ovsdb-server/compact")
        self.assertLess(os.path.getsize(self.box.path("db.db")), before / 2)
        connection.transact("D", ovsdb_cases.update("A", {"i": -1}))
        output = self.box.check("oracle", "ovsdb-tool", "query", "db.db", json.dumps(["D", ovsdb_cases.columns("A", "i")]))
        self.assertEqual(json.loads(output), [{"rows": [{"i": -1}]}])
        connection.close()


class ClientTests(OVSDBTest):
    def setUp(self):
        super().setUp()
        if not has_program("apus", "ovsdb-client"):
            self.skipTest("ovsdb-client is not built")
        self.server = self.box.start_database("apus", "db", ORACLE_SCHEMA)
        self.remote = "unix:" + self.box.path("db.sock")
        self.box.check("oracle", "ovs-vsctl", "--db=" + self.remote, "--no-wait", "init", "--", "add-br", "br0", "--",
                       "add-port", "br0", "p1", "tag=5", "--", "set", "bridge", "br0", "other_config:a=b", "flood_vlans=1,2")

    def test_command_lines(self):
        self.write("D.ovsschema", ovsdb_cases.SCHEMA)
        bridge = {"op": "select", "table": "Bridge", "where": [], "columns": ["name", "ports", "flood_vlans"]}
        for words in [
            [], ["foo"], ["list-dbs"], ["list-dbs", "unix:/none"], ["list-dbs", "nonsense"], ["get-schema-version"],
            ["get-schema-cksum"], ["get-schema"], ["get-schema", "X"], ["list-columns", "Open_vSwitch", "Nope"],
            ["transact", json.dumps(["Open_vSwitch", bridge])], ["transact", "["], ["transact", "{}"], ["transact", '["X"]'],
            ["query", json.dumps(["Open_vSwitch", bridge])],
            ["query", json.dumps(["Open_vSwitch", {"op": "insert", "table": "Bridge", "row": {}}])],
            ["dump", "Open_vSwitch", "Bridge", "name", "ports"], ["dump", "Open_vSwitch", "Bridge", "nope"],
            ["dump", "Open_vSwitch", "Nope"], ["-f", "csv", "dump", "Open_vSwitch", "Bridge", "name", "other_config", "flood_vlans"],
            ["-f", "json", "dump", "Open_vSwitch", "Port", "name", "tag"], ["-f", "list", "dump", "Open_vSwitch", "Port", "name", "tag"],
            ["--no-headings", "dump", "Open_vSwitch", "Port", "name", "tag"], ["dump", "Open_vSwitch", "Port", "tag", "name"],
            ["needs-conversion", ORACLE_SCHEMA], ["wait", "Open_vSwitch", "connected"], ["wait", "Open_vSwitch", "added"],
            ["wait", "Foo", "removed"], ["wait", "Foo", "bogus"],
        ]:
            options = [word for word in words if word.startswith("-")]
            place = next((index for index, word in enumerate(words) if word in (
                "list-dbs", "get-schema-version", "get-schema-cksum", "get-schema", "list-columns", "transact", "query", "dump",
                "needs-conversion", "wait")), None)
            if place is not None and not (len(words) > 1 and words[1].startswith(("unix:", "nonsense"))):
                words = words[:place + 1] + [self.remote] + words[place + 1:]
            with self.subTest(words=words):
                self.assertSame("ovsdb-client", *words)

    def test_lists(self):
        for words in (["list-tables"], ["list-columns", "Open_vSwitch", "Manager"], ["list-columns", "_Server", "Database"]):
            with self.subTest(words=words):
                self.assertSame("ovsdb-client", words[0], self.remote, *words[1:], sort=True)

    def follow(self, kind, *words):
        path = self.box.path("%s-monitor" % kind)
        with open(path, "wb") as output:
            process = subprocess.Popen([program(kind, "ovsdb-client"), "-vconsole:off"] + list(words), stdout=output,
                                       stderr=subprocess.STDOUT, env=self.box.environment, cwd=self.box.directory)
        self.box.processes.append(process)
        return process, path

    def test_monitors(self):
        condition = '[["name","==","brx"]]'
        for words in [
            ["monitor", "Open_vSwitch", "Bridge", "name,ports,flood_vlans"], ["-f", "json", "monitor", "Open_vSwitch", "Bridge", "name,ports"],
            ["monitor", "Open_vSwitch", "Bridge", "!initial,name,flood_vlans"], ["-f", "csv", "monitor", "Open_vSwitch", "Bridge", "name", "flood_vlans,!modify"],
            ["monitor", "Open_vSwitch", "ALL"], ["monitor-cond", "Open_vSwitch", condition, "Bridge", "name,flood_vlans"],
            ["monitor-cond-since", "Open_vSwitch", "[true]", "Bridge", "name,flood_vlans"], ["monitor", "Open_vSwitch", "Bridge", "nope"],
            ["monitor", "Open_vSwitch", "Nope"], ["monitor", "Open_vSwitch", "Bridge", "name", "name"],
        ]:
            place = next(index for index, word in enumerate(words) if word.startswith("monitor"))
            words = words[:place + 1] + [self.remote] + words[place + 1:]
            with self.subTest(words=words):
                followers = [self.follow(kind, *words) for kind in KINDS]
                is_faulty = words[-1] in ("nope", "Nope") or words[-2:] == ["name", "name"]
                if is_faulty:
                    for process, _ in followers:
                        process.wait(10)
                else:
                    expects_initial = not any("!initial" in word or "brx" in word for word in words)
                    for _, path in followers:
                        if expects_initial:
                            self.box.wait_until(lambda: os.path.getsize(path) > 0, "first rows are printed")
                    if not expects_initial:
                        time.sleep(0.3)
                    base = ["--db=" + self.remote, "--no-wait"]
                    self.box.check("oracle", "ovs-vsctl", *base, "add-br", "brx", "--", "set", "bridge", "brx", "flood_vlans=1")
                    self.box.check("oracle", "ovs-vsctl", *base, "set", "bridge", "brx", "flood_vlans=1,2")
                    self.box.check("oracle", "ovs-vsctl", *base, "del-br", "brx")
                    self.wait_for_quiet([path for _, path in followers])
                outputs = []
                for process, path in followers:
                    self.box.stop(process)
                    with open(path) as file:
                        outputs.append(sorted(without_uuids(file.read()).splitlines()))
                self.assertEqual(outputs[1], outputs[0])

    def wait_for_quiet(self, paths):
        sizes = None
        while True:
            now = [os.path.getsize(path) for path in paths]
            if now == sizes:
                return
            sizes = now
            time.sleep(0.2)

    def test_backup_and_restore(self):
        snapshot = self.box.check("apus", "ovsdb-client", "backup", self.remote, "Open_vSwitch")
        self.write("snapshot.db", snapshot.encode())
        select = json.dumps(["Open_vSwitch", {"op": "select", "table": "Bridge", "where": [], "columns": ["name", "flood_vlans", "other_config"]}])
        before = self.box.check("oracle", "ovsdb-tool", "query", "snapshot.db", select)
        self.box.check("oracle", "ovs-vsctl", "--db=" + self.remote, "--no-wait", "del-br", "br0")
        self.box.check("apus", "ovsdb-client", "restore", self.remote, "Open_vSwitch", stdin=snapshot)
        self.assertEqual(self.box.check("oracle", "ovsdb-client", "transact", self.remote, select), before)
        shown = self.box.check("oracle", "ovs-vsctl", "--db=" + self.remote, "--no-wait", "list-ports", "br0")
        self.assertEqual(shown, "p1\n")

    def test_locks(self):
        for kind in KINDS:
            process, path = self.follow(kind, "lock", self.remote, "L" + kind)
            self.box.wait_until(lambda: os.path.getsize(path) > 0, "the lock is held")
            self.box.stop(process)
            with open(path) as file:
                self.assertEqual(file.read(), '{"locked":true}\n')


class PythonClientTests(OVSDBTest):
    """Python's `ovs` IDL, which the likes of Neutron use."""

    def test_idl(self):
        sys.path.append("/usr/lib/python3/dist-packages")
        try:
            import ovs.db.idl
            import ovs.poller
        except ImportError:
            self.skipTest("the ovs package is not installed")
        self.box.start_database("apus", "db", ORACLE_SCHEMA)
        remote = "unix:" + self.box.path("db.sock")
        self.box.check("oracle", "ovs-vsctl", "--db=" + remote, "--no-wait", "init")
        idls = []
        for _ in range(2):
            helper = ovs.db.idl.SchemaHelper(ORACLE_SCHEMA)
            helper.register_all()
            idls.append(ovs.db.idl.Idl(remote, helper))
        writer, reader = idls

        def run_until(condition):
            deadline = time.monotonic() + 10
            while not condition():
                self.assertLess(time.monotonic(), deadline)
                poller = ovs.poller.Poller()
                for idl in idls:
                    idl.run()
                    idl.wait(poller)
                poller.timer_wait(10)
                if not condition():
                    poller.block()

        run_until(lambda: all(idl.has_ever_connected() for idl in idls))
        for number in range(20):
            transaction = ovs.db.idl.Transaction(writer)
            bridge = transaction.insert(writer.tables["Bridge"])
            bridge.name = "br%d" % number
            bridge.other_config = {"number": str(number)}
            root = next(iter(writer.tables["Open_vSwitch"].rows.values()))
            root.addvalue("bridges", bridge)
            self.assertEqual(transaction.commit_block(), ovs.db.idl.Transaction.SUCCESS)
        run_until(lambda: len(reader.tables["Bridge"].rows) == 20)
        numbers = sorted(int(row.other_config["number"]) for row in reader.tables["Bridge"].rows.values())
        self.assertEqual(numbers, list(range(20)))
        transaction = ovs.db.idl.Transaction(writer)
        root = next(iter(writer.tables["Open_vSwitch"].rows.values()))
        root.bridges = root.bridges[:5]
        self.assertEqual(transaction.commit_block(), ovs.db.idl.Transaction.SUCCESS)
        run_until(lambda: len(reader.tables["Bridge"].rows) == 5)
        for idl in idls:
            idl.close()


if __name__ == "__main__":
    unittest.main()
