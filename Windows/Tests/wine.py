"""What the tests of the Windows half share: a Wine prefix of one's own, programs, services and drivers in it.

A template is made once, under .build-windows/wine; a prefix is a copy of it whose system files are hard links, so
that it costs little, and it is removed at the end together with every process in it.
"""

import ctypes
import fcntl
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("APUS_WINDOWS", os.path.join(ROOT, ".build-windows"))
TEST_BUILD = os.path.join(ROOT, ".build-windows", "tests")
TEMPLATE = os.path.join(ROOT, ".build-windows", "wine")
# Another name whenever a template is made in another way.
TEMPLATE_MARK = "ready-2"
PROGRAMS = subprocess.run(
    [os.path.join(ROOT, "Scripts", "targets"), "--programs"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
PR_SET_PDEATHSIG = 1
ADDR_NO_RANDOMIZE = 0x0040000
LIBRARY = ctypes.CDLL(None)

# Our ndis.sys in place of Wine's; no menus, no browser, no .NET.
OVERRIDES = "ndis.sys=n;winemenubuilder.exe=d;mscoree=d;mshtml=d"


POLL_SECONDS = 0.02
# How long the service manager waits for a service or a driver that starts or stops. Wine's own limit of 10 s is too short for
# a busy machine.
SERVICE_SECONDS = 600
LIMIT_OF_SERVICES = (
    "reg", "add", "HKLM\\System\\CurrentControlSet\\Control", "/v", "ServicesPipeTimeout", "/t", "REG_DWORD", "/d",
    str(1000 * SERVICE_SECONDS), "/f")

# Lines of the log that say nothing about a test.
NOISE = ("wine32", "multiarch", "dpkg", "winemenubuilder", "Services\\\\NDIS", "winediag", "systray", "apt-get")


class Result:
    """What a finished program left."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout, stderr

    def __repr__(self):
        return f"code {self.code}\nstdout: {self.stdout}\nstderr: {self.stderr}"


def environment(folder, debug="-all"):
    """The environment of programs in a prefix."""
    return dict(
        os.environ, WINEPREFIX=folder, WINEARCH="win64", WINEDEBUG=debug, WINEDLLOVERRIDES=OVERRIDES,
        LC_ALL="C.UTF-8")


def hold_still():
    """In a child: its addresses are not random, since Wine needs some that a random layout takes now and then."""
    LIBRARY.personality(ADDR_NO_RANDOMIZE)


def end_with_parent():
    """In a child: the kernel ends it when the test ends, however that happens."""
    hold_still()
    LIBRARY.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def make_template():
    """Makes the template prefix unless there is one; only one process does, the others wait."""
    os.makedirs(os.path.dirname(TEMPLATE), exist_ok=True)
    with open(TEMPLATE + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(os.path.join(TEMPLATE, TEMPLATE_MARK)):
            return
        shutil.rmtree(TEMPLATE, ignore_errors=True)
        os.makedirs(TEMPLATE)
        for command in (["wineboot", "-i"], ["wine", *LIMIT_OF_SERVICES], ["wineserver", "-w"]):
            subprocess.run(
                command, env=environment(TEMPLATE), check=True, timeout=300, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        remove_server_folder(TEMPLATE)
        open(os.path.join(TEMPLATE, TEMPLATE_MARK), "w").close()


def remove_server_folder(folder):
    """Removes what Wine's server keeps of a prefix in a temporary folder of its own, by the prefix's place on its disk."""
    if not os.path.isdir(folder):
        return
    place = os.stat(folder)
    name = f"server-{place.st_dev:x}-{place.st_ino:x}"
    for server in glob.glob(os.path.join(tempfile.gettempdir(), "wine-*", name)):
        shutil.rmtree(server, ignore_errors=True)
        try:
            os.rmdir(os.path.dirname(server))
        except OSError:
            pass  # Other prefixes have theirs in it.


def processes_in(folder):
    """The processes whose environment names this prefix."""
    found = []
    needle = b"WINEPREFIX=" + folder.encode() + b"\0"
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    if needle in file.read() + b"\0":
                        found.append(int(entry))
            except OSError:
                pass
    return found


class Prefix:
    """A Windows of one's own: made, started, used, removed."""

    def __init__(self):
        make_template()
        # In the build folder, since hard links don't cross file systems.
        self.folder = tempfile.mkdtemp(prefix="wine-", dir=os.path.dirname(TEMPLATE))
        self.log_path = os.path.join(self.folder, "debug.log")
        self.server = None
        self.children = []
        # Files of the system are replaced by rename, never written in place; the registry's too.
        subprocess.run(["cp", "-al", TEMPLATE + "/.", self.folder], check=True)
        for name in os.listdir(self.folder):
            if name.endswith(".reg"):
                path = os.path.join(self.folder, name)
                shutil.copy(path, path + ".new")
                os.rename(path + ".new", path)

    # Life

    def start(self):
        """Starts the Windows: a server that stays, and the services with their debug output in a file."""
        self.server = subprocess.Popen(
            ["wineserver", "-f", "-p"], env=environment(self.folder), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent)
        deadline = time.monotonic() + 60
        while True:
            # The services inherit standard error from the first program, and drivers print there.
            with open(self.log_path, "ab") as log:
                done = subprocess.run(
                    ["wine", "cmd", "/c", "exit", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=log, timeout=120, env=environment(self.folder, "err+all,fixme-all,+debugstr"), preexec_fn=hold_still)
            if done.returncode == 0:
                return self
            if time.monotonic() > deadline:
                raise AssertionError("Wine does not start:\n" + self.log())
            time.sleep(0.2)

    def end(self):
        """Ends every process of the prefix and removes it."""
        for child in self.children:
            if child.poll() is None:
                child.terminate()
        if self.server is not None:
            subprocess.run(["wineserver", "-k"], env=environment(self.folder), timeout=30)
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
            self.server = None
        for child in self.children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            for stream in (child.stdin, child.stdout, child.stderr):
                if stream is not None:
                    try:
                        stream.close()
                    except OSError:
                        pass
        self.children = []
        remove_server_folder(self.folder)
        deadline = time.monotonic() + 10
        while processes_in(self.folder) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in processes_in(self.folder):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if os.environ.get("APUS_KEEP"):
            print("kept:", self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # Files

    def path(self, windows_path):
        """The path here of an absolute path there: C:\\Windows\\… (letters must match what is on the disk)."""
        drive, rest = windows_path.split(":", 1)
        assert drive.lower() == "c", windows_path
        return os.path.join(self.folder, "drive_c", *[part for part in rest.replace("/", "\\").split("\\") if part])

    def put(self, source, windows_path):
        """Copies a file in, in place of what is there."""
        target = self.path(windows_path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(target):
            os.unlink(target)
        shutil.copy(source, target)

    def log(self):
        """What drivers and services have printed."""
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, errors="replace") as file:
            return file.read()

    # Programs

    def run(self, *arguments, check=False, timeout=120, stdin="", variables=None):
        """Runs a program to its end."""
        command = ["wine"] + [str(argument) for argument in arguments]
        try:
            done = subprocess.run(
                command, input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                env=dict(environment(self.folder), **(variables or {})), preexec_fn=hold_still)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{arguments}: no end after {timeout} s\n{self.last_log()}") from error
        result = Result(
            done.returncode, done.stdout.decode(errors="replace").replace("\r\n", "\n"),
            done.stderr.decode(errors="replace").replace("\r\n", "\n"))
        if check and result.code != 0:
            raise AssertionError(f"{arguments}: {result}\n{self.last_log()}")
        return result

    def spawn(self, *arguments, variables=None, **options):
        """Starts a program that runs until the end of the prefix, or of itself."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        child = subprocess.Popen(
            ["wine"] + [str(argument) for argument in arguments],
            env=dict(environment(self.folder), **(variables or {})), preexec_fn=end_with_parent, **options)
        self.children.append(child)
        return child

    def last_log(self, lines=40):
        """The last lines of the log, each said once."""
        said = {}
        for line in self.log().splitlines():
            if any(word in line for word in NOISE):
                continue
            text = line.split("vDbgPrintExWithPrefix 00000000:00000001: ")[-1]
            said[text] = said.pop(text, 0) + 1
        return "\n".join(f"{text} ({count} times)" if count > 1 else text for text, count in list(said.items())[-lines:])

    # Drivers and services

    def install_driver(self, service, image):
        """Makes a driver known to the service manager, its file in the place of drivers."""
        name = os.path.basename(image)
        self.put(image, f"C:\\windows\\system32\\drivers\\{name}")
        self.run(
            "sc", "create", service, "type=", "kernel", "start=", "demand", "binPath=",
            f"C:\\windows\\system32\\drivers\\{name}", check=True)

    def start_service(self, service, check=True, timeout=120):
        return self.run("net", "start", service, check=check, timeout=timeout)

    def stop_service(self, service, check=True, timeout=120):
        return self.run("net", "stop", service, check=check, timeout=timeout)

    def stop_driver(self, service):
        """Stops the driver under the simulated NDIS, and fails when it left something behind, or stays loaded."""
        before = len(self.log())
        stop = self.spawn("net", "stop", service)

        def verdicts():
            lines = [line for line in self.log()[before:].splitlines() if "FakeNDIS: the driver " in line]
            return lines or (["it has ended in another way"] if stop.poll() else [])
        # The simulation gives up by itself when nothing moves.
        verdict = wait_until(verdicts, "the driver is unloaded", seconds=SERVICE_SECONDS, log=self.last_log)[-1]
        if ("is unloaded, 0 complaints" not in verdict or "not given back" in self.log()[before:]
                or stop.wait(SERVICE_SECONDS)):
            raise AssertionError(f"the driver broke rules: {verdict}\n" + self.last_log())

    def remove_service(self, service):
        self.run("sc", "delete", service, check=True)


def wait_until(condition, what, seconds=15, log=None):
    """Polls until the condition holds, and returns what it gave.

    Turns are counted, as many as the time has on an idle machine: a busy one has as many, and so more time, up to ten times as
    much.
    """
    deadline = time.monotonic() + 10 * seconds
    turns = seconds / POLL_SECONDS
    while True:
        value = condition()
        if value:
            return value
        turns -= 1
        if turns < 0 or time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s" + (f"\n{log()}" if log else ""))
        time.sleep(POLL_SECONDS)


def build_tests():
    """Builds what the tests need besides the programs and the driver, if anything changed."""
    done = subprocess.run(
        [os.path.join(ROOT, "Windows", "Tests", "build")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise AssertionError(done.stdout.decode(errors="replace"))


class WineTestCase(unittest.TestCase):
    """A test class with a prefix of its own, shared by its tests; `prepare` adds what they all need."""

    @classmethod
    def setUpClass(cls):
        cls.prefix = Prefix()
        try:
            cls.prefix.start()
            cls.prepare()
        except BaseException:
            cls.prefix.end()
            raise

    @classmethod
    def prepare(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        cls.prefix.end()
