"""What the tests of the programs share: a prefix with directories for them, and programs of three kinds in it."""

import codecs
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import wine

sys.path.insert(0, os.path.join(wine.ROOT, "Tests", "OracleTests"))
import support  # noqa: E402

BIN = os.path.join(wine.BUILD, "bin")
SCHEMA = os.path.join(BIN, "vswitch.ovsschema")
PROBE = os.path.join(wine.TEST_BUILD, "probe.exe")
RUN = "C:\\ovs\\run"


def program(name):
    """The path of a program for Windows."""
    return os.path.join(BIN, name + ".exe")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Wire:
    """A JSON-RPC connection by TCP."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.decoder = json.JSONDecoder()
        self.characters = codecs.getincrementaldecoder("utf-8")()
        self.text = ""

    def send(self, method, parameters, identity):
        self.socket.sendall(json.dumps({"method": method, "params": parameters, "id": identity}).encode())

    def receive(self):
        """The next message, or None at the end."""
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text)
                self.text = self.text[end:].lstrip()
                return value
            except ValueError:
                data = self.socket.recv(65536)
                if not data:
                    return None
                self.text += self.characters.decode(data)

    def transact(self, *operations):
        self.send("transact", ["Open_vSwitch", *operations], 0)
        while True:
            message = self.receive()
            if message is None or message.get("id") == 0:
                return message

    def close(self):
        self.socket.close()


class ProgramTestCase(wine.WineTestCase):
    """Programs in a prefix whose C:\\ovs\\run is their run, log and database directory."""

    @classmethod
    def prepare(cls):
        wine.build_tests()
        cls.run_folder = cls.prefix.path(RUN)
        os.makedirs(cls.run_folder)
        # Where the programs look by themselves, as a service does without variables of its own.
        os.makedirs(cls.prefix.path("C:\\ProgramData\\openvswitch\\logs"))
        cls.variables = dict.fromkeys(["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"], RUN)
        cls.native = tempfile.mkdtemp(prefix="apus-windows-")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.native, ignore_errors=True)

    def setUp(self):
        self.running = []

    def tearDown(self):
        for process in reversed(list(self.running)):
            self.stop(process)
        for name in os.listdir(self.run_folder):
            os.unlink(os.path.join(self.run_folder, name))

    def file(self, name):
        """The path here of a file in the run directory."""
        return os.path.join(self.run_folder, name)

    def exe(self, name, *arguments, **options):
        """Runs a program for Windows to its end, with the run directory for its working directory."""
        return self.prefix.run(program(name), *arguments, variables=self.variables, **options)

    def check(self, name, *arguments, **options):
        """Runs one that has to succeed, and returns its standard output."""
        return self.exe(name, *arguments, check=True, **options).stdout

    def linux(self, name, *arguments, kind="apus", code=0):
        """Runs a program for Linux."""
        done = subprocess.run(
            [support.program(kind, name), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=self.native, timeout=60, env=dict(os.environ, OVS_RUNDIR=self.native, OVS_SYSLOG_METHOD="null"))
        self.assertEqual(done.returncode, code, (name, arguments, done.stderr))
        return done.stdout.decode()

    def start(self, name, *arguments, marker):
        """Starts a daemon, and waits for the file that says that it listens."""
        # One that was killed has left it.
        if os.path.exists(self.file(marker)):
            os.unlink(self.file(marker))
        with open(self.file(name + ".out"), "ab") as output:
            process = self.prefix.spawn(
                program(name), *arguments, variables=self.variables, stdout=output, stderr=output)
        self.running.append(process)
        wine.wait_until(
            lambda: os.path.exists(self.file(marker)) or process.poll() is not None, f"{name} listens",
            log=lambda: self.output(name))
        self.assertIsNone(process.poll(), self.output(name))
        return process

    def detach(self, name, *arguments):
        """Starts a daemon that detaches; returns the status of what started it, and what that said.

        In Wine the daemon keeps the file behind the standard error open, so that must not be a pipe.
        """
        with open(self.file(name + ".out"), "wb") as output:
            process = self.prefix.spawn(
                program(name), *arguments, "--detach", variables=self.variables, stdout=output, stderr=output)
        return process.wait(60), self.output(name)

    def output(self, name):
        with open(self.file(name + ".out"), errors="replace") as file:
            return file.read()

    def stop(self, process, how=signal.SIGINT):
        """Ends a daemon, as control-C does, and returns its status."""
        if process in self.running:
            self.running.remove(process)
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("does not end")

    def create_database(self):
        self.check("ovsdb-tool", "create", f"{RUN}\\conf.db", SCHEMA)

    def start_database(self, *options, create=True):
        if create:
            self.create_database()
        return self.start(
            "ovsdb-server", f"{RUN}\\conf.db", "--remote=punix:db.sock", *options, marker="ovsdb-server.ctl")
