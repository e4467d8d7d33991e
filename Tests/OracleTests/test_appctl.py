"""ovs-appctl of both kinds beside each other, each talking to daemons of both kinds; and how daemons are started."""

import os
import re
import signal
import time
import unittest

from support import SCHEMA, Sandbox, program

KINDS = ("oracle", "apus")
TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.MULTILINE)


def without_timestamps(result):
    result.stderr = TIMESTAMP.sub("TIME", result.stderr)
    for kind in KINDS:
        # getopt names the command as it was typed.
        result.stderr = result.stderr.replace(program(kind, "ovs-appctl"), "COMMAND")
    return result


def start(sandbox, kind):
    """Starts a database server; returns the path of its control socket."""
    process = sandbox.start_database(kind)
    control = sandbox.path("db.ctl")
    sandbox.wait_until(lambda: os.path.exists(control), "control socket", process=process)
    return control


class CommandLines(unittest.TestCase):
    """The same command lines, with nobody to talk to."""

    def test_errors_are_the_same(self):
        with Sandbox("appctl") as sandbox:
            for arguments in (
                [], ["--foo"], ["--t"], ["-x"], ["--target"], ["-T"], ["--version=1"], ["version"],
                ["-t", "nobody", "version"], ["-t", "/nowhere/x.ctl", "version"], ["-vfoo", "version"],
                ["-vconsole:dbg:info", "version"], ["-vPATTERN:foo:x", "version"], ["-vFACILITY:x", "version"],
                ["--verbose=console:off", "version"], ["-vsyslog:off", "--tim=5", "version", "--foo"],
            ):
                with self.subTest(arguments=arguments):
                    ours = without_timestamps(sandbox.run("apus", "ovs-appctl", *arguments))
                    theirs = without_timestamps(sandbox.run("oracle", "ovs-appctl", *arguments))
                    self.assertEqual(ours, theirs)

    def test_version_and_help(self):
        with Sandbox("appctl") as sandbox:
            first = sandbox.check("apus", "ovs-appctl", "--version").splitlines()[0]
            self.assertRegex(first, r"^ovs-appctl \(Open vSwitch\) \d+\.\d+\.\d+$")
            self.assertEqual(
                sandbox.check("apus", "ovs-appctl", "--help"), sandbox.check("oracle", "ovs-appctl", "--help"))


class Conversations(unittest.TestCase):
    """Clients of both kinds with daemons of both kinds."""

    def test_every_client_with_every_daemon(self):
        for server in KINDS:
            with Sandbox("appctl") as sandbox:
                target = start(sandbox, server)
                for arguments in (
                    ["nothing-like-it"], ["list-commands", "x"], ["version"], ["vlog/set", "foo"],
                    ["vlog/set", "console:dbg:info"], ["vlog/set", "PATTERN:foo:x"], ["vlog/set", "FACILITY:x"],
                    ["vlog/set", "jsonrpc:file:dbg"], ["vlog/list-pattern"], ["vlog/list"], ["list-commands"],
                    ["vlog/disable-rate-limit", "nothing-like-it"], ["vlog/enable-rate-limit"],
                ):
                    with self.subTest(server=server, arguments=arguments):
                        ours = sandbox.run("apus", "ovs-appctl", "-t", target, *arguments)
                        theirs = sandbox.run("oracle", "ovs-appctl", "-t", target, *arguments)
                        self.assertEqual(ours, theirs)

    def test_both_daemons_answer_alike(self):
        answers = {}
        for server in KINDS:
            with Sandbox("appctl") as sandbox:
                target = start(sandbox, server)
                answers[server] = [
                    sandbox.run("oracle", "ovs-appctl", "-t", target, *arguments).stderr.replace(target, "TARGET")
                    for arguments in (
                        ["nothing-like-it"], ["version", "x"], ["ovsdb-server/add-remote"], ["vlog/set", "foo"],
                        ["vlog/set", "file,file"], ["vlog/disable-rate-limit", "nothing-like-it"],
                    )
                ]
                answers[server].append(
                    sandbox.check("oracle", "ovs-appctl", "-t", target, "vlog/list-pattern"))
        self.assertEqual(answers["apus"], answers["oracle"])

    def test_a_daemon_is_found_by_its_name(self):
        for server in KINDS:
            with Sandbox("appctl") as sandbox:
                sandbox.check("oracle", "ovsdb-tool", "create", sandbox.path("db.db"), SCHEMA)
                process = sandbox.start(
                    server, "ovsdb-server", sandbox.path("db.db"), "--pidfile",
                    "--remote=punix:" + sandbox.path("db.sock"))
                control = sandbox.path("ovsdb-server.%d.ctl" % process.pid)
                sandbox.wait_until(lambda: os.path.exists(control), "control socket", process=process)
                for client in KINDS:
                    text = sandbox.check(client, "ovs-appctl", "-t", "ovsdb-server", "version")
                    self.assertTrue(text.startswith("ovsdb-server (Open vSwitch) "), text)

    def test_the_timeout_ends_the_client_by_an_alarm(self):
        with Sandbox("appctl") as sandbox:
            process = sandbox.start_database("apus")
            process.send_signal(signal.SIGSTOP)
            for client in KINDS:
                result = sandbox.run(client, "ovs-appctl", "-T1", "-t", sandbox.path("db.ctl"), "version")
                self.assertEqual(result.code, -signal.SIGALRM)
                self.assertIn("terminating with signal 14 (Alarm clock)", result.stderr)
            process.send_signal(signal.SIGCONT)


class Daemons(unittest.TestCase):
    """--detach, --pidfile, --monitor and --log-file."""

    def setUp(self):
        self.sandbox = Sandbox("daemon")
        self.addCleanup(self.sandbox.close)
        self.addCleanup(self.kill)
        self.pidfile = self.sandbox.path("server.pid")
        self.sandbox.check("oracle", "ovsdb-tool", "create", self.sandbox.path("db.db"), SCHEMA)
        self.arguments = [
            self.sandbox.path("db.db"), "--remote=punix:" + self.sandbox.path("db.sock"), "--detach", "--no-chdir",
            "--pidfile=" + self.pidfile, "--log-file=" + self.sandbox.path("server.log"),
            "--unixctl=" + self.sandbox.path("server.ctl")]

    def kill(self):
        if os.path.exists(self.pidfile) and not self.is_gone(self.identifier()):
            os.kill(self.identifier(), signal.SIGKILL)

    def identifier(self):
        with open(self.pidfile) as file:
            return int(file.read())

    def is_gone(self, identifier):
        try:
            with open("/proc/%d/stat" % identifier) as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    def test_it_is_ready_when_the_command_returns_and_leaves_nothing(self):
        self.sandbox.check("apus", "ovsdb-server", *self.arguments)
        # Nothing is waited for: the sockets have to be there.
        self.sandbox.check("oracle", "ovs-appctl", "-t", self.sandbox.path("server.ctl"), "version")
        self.sandbox.check("oracle", "ovsdb-client", "list-dbs", "unix:" + self.sandbox.path("db.sock"))
        identifier = self.identifier()
        again = self.sandbox.run("apus", "ovsdb-server", *self.arguments)
        self.assertEqual(again.code, 1)
        self.assertIn("%s: already running as pid %d, aborting" % (self.pidfile, identifier), again.stderr)
        os.kill(identifier, signal.SIGTERM)
        self.sandbox.wait_until(lambda: self.is_gone(identifier), "the daemon ends")
        for name in ("server.pid", "server.ctl", "db.sock"):
            self.assertFalse(os.path.exists(self.sandbox.path(name)), name)
        with open(self.sandbox.path("server.log")) as file:
            self.assertRegex(file.readline(), r"^\S+\.\d{3}Z\|00001\|vlog\|INFO\|opened log file ")

    def test_a_failure_before_it_is_ready_is_the_commands(self):
        result = self.sandbox.run("apus", "ovsdb-server", self.sandbox.path("none.db"), *self.arguments[1:])
        self.assertNotEqual(result.code, 0)
        self.assertIn("none.db", result.stderr)

    def test_the_monitor_starts_it_again_after_a_crash(self):
        self.sandbox.check("apus", "ovsdb-server", "--monitor", *self.arguments)
        first = self.identifier()
        with open("/proc/%d/stat" % first) as file:
            monitor = int(file.read().rsplit(")", 1)[1].split()[1])
        os.kill(first, signal.SIGSEGV)
        # It waits ten seconds, so as not to keep the machine busy.
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if os.path.exists(self.pidfile) and self.identifier() != first:
                break
            time.sleep(0.1)
        second = self.identifier()
        self.assertNotEqual(first, second)
        self.sandbox.wait_until(lambda: os.path.exists(self.sandbox.path("server.ctl")), "it listens again")
        os.kill(second, signal.SIGTERM)
        self.sandbox.wait_until(lambda: self.is_gone(monitor), "the monitor ends too")


if __name__ == "__main__":
    unittest.main()
