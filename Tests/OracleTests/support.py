"""What the oracle and end-to-end tests share: programs of both kinds, and sandboxes to run them in.

A program's kind is "oracle" (the distribution's Open vSwitch) or "apus" (built here). Apus programs are
found in $APUS_BIN, else in .build/release, else in .build/debug.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ORACLE_DIRECTORIES = ["/usr/bin", "/usr/sbin"]
ORACLE_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
SCHEMA = os.path.join(ROOT, "Schemas", "vswitch.ovsschema")
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def program(kind, name):
    """The path of a program, or FileNotFoundError."""
    if kind == "oracle":
        directories = ORACLE_DIRECTORIES
    elif "APUS_BIN" in os.environ:
        directories = [os.environ["APUS_BIN"]]
    else:
        directories = [os.path.join(ROOT, ".build", mode) for mode in ("release", "debug")]
    for directory in directories:
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK):
            return path
    raise FileNotFoundError("%s program %s in %s" % (kind, name, directories))


def has_program(kind, name):
    try:
        program(kind, name)
    except FileNotFoundError:
        return False
    return True


class Result:
    """What a finished command left: exit code (negative signal), stdout and stderr as text."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout, stderr

    def __eq__(self, other):
        return (self.code, self.stdout, self.stderr) == (other.code, other.stdout, other.stderr)

    def __repr__(self):
        return "Result(%r, %r, %r)" % (self.code, self.stdout, self.stderr)


def without_uuids(text, names=None):
    """Replaces each UUID by <uuid1>, <uuid2>… in order of first appearance."""
    names = {} if names is None else names
    return UUID.sub(lambda match: names.setdefault(match.group(0), "<uuid%d>" % (len(names) + 1)), text)


def said(result):
    """What a command said, without the lines that Open vSwitch logs."""
    error = "\n".join(line for line in result.stderr.split("\n") if not LOG_LINE.match(line))
    return (result.code, result.stdout, error)


def listens(path):
    """Whether a server takes connections; a socket has its name before."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


class Sandbox:
    """A directory with its own OVS_RUNDIR, OVS_LOGDIR and OVS_DBDIR, and the processes started in it."""

    def __init__(self, name="sandbox"):
        self.directory = tempfile.mkdtemp(prefix="apus-%s-" % name)
        self.processes = []
        self.environment = dict(
            os.environ, OVS_RUNDIR=self.directory, OVS_LOGDIR=self.directory, OVS_DBDIR=self.directory,
            OVS_SYSCONFDIR=self.directory, OVS_SYSLOG_METHOD="null", LC_ALL="C")

    def path(self, name):
        return os.path.join(self.directory, name)

    def run(self, kind, name, *arguments, stdin="", timeout=60, environment=None):
        """Runs a program to its end."""
        done = subprocess.run(
            [program(kind, name)] + [str(argument) for argument in arguments], input=stdin.encode(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment or self.environment,
            cwd=self.directory, timeout=timeout)
        return Result(
            done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def check(self, kind, name, *arguments, **options):
        """Runs a program that has to succeed, and returns its standard output."""
        result = self.run(kind, name, *arguments, **options)
        if result.code != 0:
            raise AssertionError("%s %s %s: %r" % (kind, name, arguments, result))
        return result.stdout

    def start(self, kind, name, *arguments, log=None):
        """Starts a program in the foreground, to be killed at the end; its output goes to a file."""
        output = open(self.path(log or "%s-%s.out" % (kind, name)), "ab")
        process = subprocess.Popen(
            [program(kind, name)] + [str(argument) for argument in arguments], stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, env=self.environment, cwd=self.directory)
        output.close()
        self.processes.append(process)
        return process

    def wait_until(self, condition, what, seconds=60, process=None):
        """Polls until the condition holds; fails at once when the process has ended."""
        deadline = time.monotonic() + seconds
        while not condition():
            if process is not None and process.poll() is not None:
                raise AssertionError("%s: process ended with %d\n%s" % (what, process.returncode, self.logs()))
            if time.monotonic() > deadline:
                raise AssertionError("%s: not within %d s\n%s" % (what, seconds, self.logs()))
            time.sleep(0.01)

    def start_database(self, kind, name="db", schema=None, options=()):
        """Starts ovsdb-server on NAME.sock over a new NAME.db, unless that file exists; returns the process."""
        database, remote = self.path(name + ".db"), self.path(name + ".sock")
        if not os.path.exists(database):
            self.check("oracle", "ovsdb-tool", "create", database, schema or SCHEMA)
        process = self.start(
            kind, "ovsdb-server", database, "--remote=punix:" + remote, "--unixctl=" + self.path(name + ".ctl"),
            *options, log="%s-ovsdb-server-%s.out" % (kind, name))
        self.wait_until(lambda: listens(remote), "ovsdb-server listens", process=process)
        return process

    def start_switch(self, kind, options=()):
        """Starts ovs-vswitchd on db.sock, after initialising that database; returns the process."""
        self.check("oracle", "ovs-vsctl", "--db=unix:" + self.path("db.sock"), "--no-wait", "init")
        control = self.path("ovs-vswitchd.ctl")
        arguments = ["unix:" + self.path("db.sock"), "--unixctl=" + control, "--log-file=" + self.path("ovs-vswitchd.log")]
        if kind == "oracle":
            arguments.append("--disable-system")
        process = self.start(kind, "ovs-vswitchd", *arguments, *options)
        self.wait_until(lambda: listens(control), "ovs-vswitchd listens", process=process)
        return process

    def stop(self, process, how=signal.SIGTERM):
        """Ends one started process."""
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.processes:
            self.processes.remove(process)

    def logs(self):
        """The last lines of every output file, for a failure's message."""
        text = []
        for name in sorted(os.listdir(self.directory)):
            if name.endswith((".out", ".log")):
                with open(self.path(name), errors="replace") as file:
                    text.append("== %s\n%s" % (name, "".join(file.readlines()[-20:])))
        return "\n".join(text)

    def close(self):
        """Ends every process, newest first, and removes the directory."""
        for process in reversed(list(self.processes)):
            self.stop(process)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class DummySwitch:
    """A switch of one kind with bridges of dummy ports, whose numbers are given by bridge; port 1 is p1."""

    def __init__(self, kind, name, bridges, *settings):
        self.kind = kind
        self.sandbox = Sandbox("%s-%s" % (name, kind))
        self.sandbox.start_database("oracle")
        self.process = self.sandbox.start_switch(kind, ["--enable-dummy=override"])
        commands = []
        for bridge, ports in bridges.items():
            commands += ["--", "add-br", bridge, "--", "set", "bridge", bridge, "datapath-type=dummy", *settings]
            for number in ports:
                commands += ["--", "add-port", bridge, "p%d" % number, "--", "set", "interface", "p%d" % number,
                             "type=dummy", "ofport_request=%d" % number]
        self.sandbox.check("oracle", "ovs-vsctl", "--db=unix:" + self.sandbox.path("db.sock"), *commands[1:])

    def ofctl(self, *arguments, stdin="", kind="oracle"):
        return self.sandbox.run(kind, "ovs-ofctl", *arguments, stdin=stdin)

    def control(self, *arguments):
        return self.sandbox.run("oracle", "ovs-appctl", "-t", self.sandbox.path("ovs-vswitchd.ctl"), *arguments)

    def close(self):
        self.sandbox.close()
