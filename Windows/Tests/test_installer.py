"""The package, in Wine: it installs, upgrades with the database kept, and removes; its parts by themselves.

InstallerTests look at the installer alone: its programs are stand-ins, and so is Windows' netcfg.exe. ProductTests
install what Scripts/windows build has made.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import wine

ROOT = pathlib.Path(wine.ROOT)
STANDINS = ROOT / "Windows" / "Tests" / "Standins"
PRODUCT = "C:\\Program Files\\Open vSwitch"
MODULE = "C:\\Program Files\\WindowsPowerShell\\Modules\\OVS"
DATA = "C:\\ProgramData\\openvswitch"
DATABASE = DATA + "\\conf.db"
NETWORK_SERVICES = "HKLM\\System\\CurrentControlSet\\Control\\Network\\{4D36E974-E325-11CE-BFC1-08002BE10318}"
FEATURES = {
    "OpenvSwitchDriver": {"bin\\ovs-setup.exe", "driver\\openvswitch.sys", "driver\\openvswitch.inf", "driver\\openvswitch.cat", "driver\\Bindings.ps1"},
    "OpenvSwitchServices": {"bin\\ovs-setup.exe", "bin\\ovsdb-server.exe", "bin\\ovs-vswitchd.exe", "bin\\ovsdb-tool.exe", "conf\\vswitch.ovsschema"},
    "OpenvSwitchCLI": {"bin\\ovs-vsctl.exe", "bin\\ovs-ofctl.exe", "bin\\ovs-dpctl.exe", "bin\\ovs-appctl.exe", "bin\\ovsdb-client.exe",
                       "bin\\ovsdb-tool.exe", "conf\\vswitch.ovsschema"},
    "OpenvSwitchPowerShell": set(),
}
# What is installed if nothing is said; symbols have to be asked for.
DEFAULT = set().union(*FEATURES.values())
SYMBOLS = {f"symbols\\{name}.pdb" for name in wine.PROGRAMS + ["openvswitch"]}


def run(*command, check=True):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout.decode(errors='replace')}")
    return done.stdout.decode(errors="replace")


def compile(source, output, *options):
    run("x86_64-w64-mingw32-gcc", "-O1", "-s", "-Wall", "-Wextra", "-Werror", "-o", output, source, *options)


class Packages:
    """Packages made for these tests, one for each version."""

    def __init__(self, programs, driver):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="package-", dir=ROOT / ".build-windows"))
        self.programs, self.driver = programs, driver
        self.made = {}

    def make(self, version):
        if version not in self.made:
            output = self.folder / version
            run(ROOT / "Windows" / "Installer" / "package", "--programs", self.programs, "--driver", self.driver,
                "--output", output, "--version", version)
            self.made[version] = output / f"OpenvSwitch-{version}.msi"
        return self.made[version]

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class InstalledTestCase(unittest.TestCase):
    """Each test has a Windows of its own."""

    tests_are_apart = True

    def setUp(self):
        self.prefix = wine.Prefix()
        self.addCleanup(self.prefix.end)
        self.prefix.start()
        self.become("win81")

    def become(self, windows):
        """The version of Windows that programs started from now on see."""
        self.prefix.run("reg", "add", "HKCU\\Software\\Wine", "/v", "Version", "/d", windows, "/f", check=True)

    def msiexec(self, *arguments, timeout=180):
        return self.prefix.run("msiexec", *arguments, "/qn", timeout=timeout)

    def install(self, version, *options, check=True):
        there = f"C:\\packages\\{version}.msi"
        self.prefix.put(self.packages.make(version), there)
        result = self.msiexec("/i", there, *options)
        if check:
            self.assertEqual(result.code, 0, f"{result}\n{self.setup_log()}")
        return result

    def remove(self, version):
        result = self.msiexec("/x", f"C:\\packages\\{version}.msi")
        self.assertEqual(result.code, 0, f"{result}\n{self.setup_log()}")

    def table(self, version, name):
        """A table of a package: the other columns of each row, by the first."""
        lines = run("msiinfo", "export", self.packages.make(version), name).replace("\r", "").splitlines()[3:]
        return {line.split("\t")[0]: line.split("\t")[1:] for line in lines}

    def starts(self, service):
        """How often a stand-in for a service was started."""
        return self.text("C:\\started.txt").split().count(service)

    def files(self, folder):
        """The files under a folder, by their names below it."""
        root = pathlib.Path(self.prefix.path(folder))
        return {str(path.relative_to(root)).replace("/", "\\") for path in root.rglob("*") if path.is_file()}

    def service(self, name):
        """RUNNING, STOPPED, …, or None if there is no such service."""
        result = self.prefix.run("sc", "query", name)
        found = re.search(r"STATE\s*:\s*\d+\s+(\w+)", result.stdout)
        return found.group(1) if result.code == 0 and found else None

    def expect_service(self, name, state):
        wine.wait_until(lambda: self.service(name) == state, f"{name} {state}", 30, self.setup_log)

    def add_hyper_v(self):
        """A Windows with Hyper-V: its management service, and netcfg.exe."""
        netcfg = pathlib.Path(self.prefix.path("C:\\windows\\system32\\netcfg.exe"))
        compile(STANDINS / "netcfg.c", netcfg, "-lsetupapi")
        self.prefix.run("sc", "create", "vmms", "binPath=", "C:\\windows\\system32\\vmms.exe", check=True)

    def netcfg_calls(self):
        return self.text("C:\\netcfg.txt").splitlines()

    @staticmethod
    def event_source(name):
        return f"HKLM\\System\\CurrentControlSet\\Services\\EventLog\\Application\\{name}"

    def text(self, there):
        path = pathlib.Path(self.prefix.path(there))
        return path.read_text(errors="replace") if path.exists() else ""

    def setup_log(self):
        return self.text(DATA + "\\logs\\setup.log")

    def search_path(self):
        environment = "HKLM\\System\\CurrentControlSet\\Control\\Session Manager\\Environment"
        said = self.prefix.run("reg", "query", environment, "/v", "PATH", check=True).stdout
        return re.search(r"PATH\s+REG_EXPAND_SZ\s+(.*)", said).group(1).strip().split(";")


class InstallerTests(InstalledTestCase):
    @classmethod
    def setUpClass(cls):
        (ROOT / ".build-windows").mkdir(exist_ok=True)
        cls.standins = pathlib.Path(tempfile.mkdtemp(prefix="standins-", dir=ROOT / ".build-windows"))
        cls.addClassCleanup(shutil.rmtree, cls.standins, True)
        program = cls.standins / "program.exe"
        compile(STANDINS / "program.c", program)
        for name in wine.PROGRAMS:
            shutil.copy(program, cls.standins / f"{name}.exe")
            (cls.standins / f"{name}.pdb").write_bytes(b"symbols")
        (cls.standins / "openvswitch.pdb").write_bytes(b"symbols")
        driver = cls.standins / "driver.c"
        # A driver that can be stopped: DriverUnload is at offset 0x68 of its DRIVER_OBJECT.
        driver.write_text("static void unload(void) {}\nint DriverEntry(void **object) { object[0x68 / 8] = unload; return 0; }\n")
        compile(driver, cls.standins / "openvswitch.sys", "-nostdlib", "-shared", "-Wl,--subsystem,native:6.2", "-Wl,--entry,DriverEntry")
        cls.packages = Packages(cls.standins, cls.standins / "openvswitch.sys")
        cls.addClassCleanup(cls.packages.remove)

    def test_installs_everything_silently(self):
        before = self.search_path()
        self.install("0.1.0")
        self.assertEqual(self.files(PRODUCT), DEFAULT)
        self.assertEqual(self.files(MODULE), {"OVS.psm1", "OVS.psd1", "Compatibility.ps1"})
        for name in ("ovsdb-server", "ovs-vswitchd"):
            self.expect_service(name, "RUNNING")
            key = f"HKLM\\System\\CurrentControlSet\\Services\\{name}"
            configuration = self.prefix.run("reg", "query", key, check=True).stdout
            self.assertRegex(configuration, r"Start\s+REG_DWORD\s+0x2")
            self.assertRegex(configuration, rf'"?C:\\Program Files\\Open vSwitch\\bin\\{name}.exe"? --service ')
            source = self.prefix.run("reg", "query", self.event_source(name), check=True).stdout
            self.assertRegex(source, r"EventMessageFile\s+REG_EXPAND_SZ\s+%SystemRoot%\\System32\\EventCreate.exe")
        self.assertRegex(configuration, r"DependOnService\s+REG_MULTI_SZ\s+ovsdb-server")
        self.assertEqual(self.text(DATABASE).split(), ["8.8.0", "created"])
        self.assertEqual([part for part in self.search_path() if part not in before], [PRODUCT + "\\bin\\"])
        self.assertIn("Hyper-V is not installed", self.setup_log())

    def test_upgrade_keeps_the_database(self):
        self.install("0.1.0")
        pathlib.Path(self.prefix.path(DATABASE)).write_text("8.8.0 marker\n")
        self.install("0.2.0")
        self.assertEqual(self.text(DATABASE).split(), ["8.8.0", "marker"])
        self.assertEqual(self.files(PRODUCT), DEFAULT)
        for name in ("ovsdb-server", "ovs-vswitchd"):
            self.expect_service(name, "RUNNING")
        self.assertIn("ModuleVersion          = '0.2.0'", self.text(MODULE + "\\OVS.psd1"))
        # One product is left, and it goes as a whole.
        self.remove("0.2.0")
        self.assertEqual(self.files(PRODUCT), set())

    def test_upgrade_ends_tools_that_still_run(self):
        self.install("0.1.0")
        tool = self.prefix.spawn(PRODUCT + "\\bin\\ovs-ofctl.exe", "monitor")
        self.prefix.put(self.standins / "ovs-ofctl.exe", "C:\\elsewhere\\ovs-ofctl.exe")
        bystander = self.prefix.spawn("C:\\elsewhere\\ovs-ofctl.exe", "monitor")
        self.install("0.2.0")
        wine.wait_until(lambda: tool.poll() is not None, "the tool is ended")
        self.assertIsNone(bystander.poll())
        self.assertIn("ovs-ofctl.exe still ran; it was ended", self.setup_log())

    def test_upgrade_converts_an_older_database(self):
        self.install("0.1.0")
        pathlib.Path(self.prefix.path(DATABASE)).write_text("8.7.9 marker\n")
        self.install("0.2.0")
        self.assertEqual(self.text(DATABASE).split(), ["8.8.0", "converted"])
        self.assertEqual(self.text(DATABASE + ".backup-8.7.9").split(), ["8.7.9", "marker"])

    def test_newer_database_is_left_alone(self):
        self.install("0.1.0")
        self.remove("0.1.0")
        pathlib.Path(self.prefix.path(DATABASE)).write_text("8.10.0 marker\n")
        self.install("0.1.0")
        self.assertEqual(self.text(DATABASE).split(), ["8.10.0", "marker"])

    def test_unreadable_database_is_left_alone(self):
        self.install("0.1.0", "ADDLOCAL=OpenvSwitchServices")
        pathlib.Path(self.prefix.path(DATABASE)).write_text("\n")
        self.install("0.2.0")
        self.assertEqual(self.text(DATABASE), "\n")
        self.assertIn("could not be read; the file is left as it is", self.setup_log())

    def test_database_of_an_earlier_package_is_taken_over(self):
        self.prefix.put(self.packages.make("0.1.0"), "C:\\packages\\0.1.0.msi")
        earlier = pathlib.Path(self.prefix.path(PRODUCT + "\\conf\\conf.db"))
        earlier.parent.mkdir(parents=True)
        earlier.write_text("8.8.0 earlier\n")
        self.install("0.1.0")
        self.assertEqual(self.text(DATABASE).split(), ["8.8.0", "earlier"])

    def test_data_is_for_administrators_alone(self):
        """Also if someone else made the folder before; Wine shows rights as those of Linux files."""
        folder = pathlib.Path(self.prefix.path(DATA))
        folder.mkdir()
        (folder / "conf.db").write_text("8.8.0 planted\n")
        for path in (folder, folder / "conf.db"):
            path.chmod(0o777)
        self.install("0.1.0", "ADDLOCAL=OpenvSwitchServices")
        for path in [folder, *folder.rglob("*")]:
            self.assertEqual(path.stat().st_mode & 0o007, 0, path)

    def test_removal_leaves_the_data_alone(self):
        before = [part for part in self.search_path() if part]
        self.install("0.1.0")
        pathlib.Path(self.prefix.path(DATABASE)).write_text("8.8.0 marker\n")
        self.remove("0.1.0")
        for name in ("ovsdb-server", "ovs-vswitchd"):
            self.assertIsNone(self.service(name))
            self.assertNotEqual(self.prefix.run("reg", "query", self.event_source(name)).code, 0)
        for folder in (PRODUCT, MODULE):
            self.assertEqual(list(pathlib.Path(self.prefix.path(folder)).rglob("*")), [], folder)
        self.assertEqual(self.files(DATA), {"conf.db", "logs\\setup.log"})
        self.assertEqual([part for part in self.search_path() if part], before)
        self.assertNotIn("Open vSwitch", self.prefix.run("reg", "query", "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall", "/s").stdout)
        self.install("0.1.0")
        self.assertEqual(self.text(DATABASE).split(), ["8.8.0", "marker"])

    def test_features_are_chosen(self):
        for feature, files in {**FEATURES, "OpenvSwitchSymbols": SYMBOLS}.items():
            with self.subTest(feature):
                self.install("0.1.0", f"ADDLOCAL={feature}")
                self.assertEqual(self.files(PRODUCT), files)
                has_services = feature == "OpenvSwitchServices"
                self.assertEqual(self.service("ovsdb-server") is not None, has_services)
                self.assertEqual(bool(self.files(MODULE)), feature == "OpenvSwitchPowerShell")
                self.remove("0.1.0")
        self.assertEqual(self.netcfg_calls(), [])

    def test_features_come_and_go(self):
        """One after the other, on a host that has some of them."""
        self.add_hyper_v()
        self.install("0.1.0")
        self.expect_service("ovs-vswitchd", "RUNNING")
        with self.subTest("the driver goes, the services stay"):
            self.install("0.1.0", "REMOVE=OpenvSwitchDriver")
            self.assertEqual(self.netcfg_calls()[-1], "-u OVSExt")
            self.assertNotIn("driver\\openvswitch.sys", self.files(PRODUCT))
            self.assertIn("bin\\ovs-setup.exe", self.files(PRODUCT))
            self.expect_service("ovs-vswitchd", "RUNNING")
        with self.subTest("it comes back"):
            self.install("0.1.0", "ADDLOCAL=OpenvSwitchDriver")
            self.assertRegex(self.netcfg_calls()[-1], "-l .* -i OVSExt")
            self.expect_service("OVSExt", "RUNNING")
            self.expect_service("ovs-vswitchd", "RUNNING")
        with self.subTest("the services go, the database stays"):
            self.install("0.1.0", "REMOVE=OpenvSwitchServices")
            self.assertIsNone(self.service("ovs-vswitchd"))
            self.expect_service("OVSExt", "RUNNING")
            self.assertIn("conf.db", self.files(DATA))

    def test_repair_brings_files_back(self):
        self.install("0.1.0")
        pathlib.Path(self.prefix.path(DATABASE)).write_text("8.8.0 marker\n")
        pathlib.Path(self.prefix.path(PRODUCT + "\\bin\\ovs-ofctl.exe")).unlink()
        # What msiexec /fa means, which Wine's does not know.
        self.install("0.1.0", "REINSTALL=ALL", "REINSTALLMODE=amus")
        self.assertEqual(self.files(PRODUCT), DEFAULT)
        self.assertEqual(self.text(DATABASE).split(), ["8.8.0", "marker"])
        self.expect_service("ovs-vswitchd", "RUNNING")

    def test_older_version_does_not_replace_a_newer_one(self):
        self.install("0.2.0")
        self.assertNotEqual(self.install("0.1.0", check=False).code, 0)
        self.assertIn("ModuleVersion          = '0.2.0'", self.text(MODULE + "\\OVS.psd1"))
        self.expect_service("ovs-vswitchd", "RUNNING")

    def test_windows_before_2012_r2_is_refused(self):
        self.become("win7")
        self.assertNotEqual(self.install("0.1.0", check=False).code, 0)
        self.assertEqual(self.files(PRODUCT), set())

    def test_driver_is_installed_and_removed(self):
        self.add_hyper_v()
        self.install("0.1.0")
        install = f"-l {PRODUCT}\\driver\\openvswitch.inf -c s -i OVSExt"
        self.assertEqual(self.netcfg_calls(), [install])
        self.assertIn("the driver is installed", self.setup_log())
        self.expect_service("OVSExt", "RUNNING")
        self.assertIn("oem7.inf", self.files("C:\\windows\\inf"))
        self.remove("0.1.0")
        self.assertEqual(self.netcfg_calls(), [install, "-u OVSExt"])
        self.assertIsNone(self.service("OVSExt"))
        self.assertNotIn("openvswitch.sys", self.files("C:\\windows\\system32\\drivers"))
        self.assertIn("removed oem7.inf from the driver store", self.setup_log())
        self.assertNotIn("oem7.inf", self.files("C:\\windows\\inf"))

    def test_driver_is_replaced_if_it_is_another(self):
        self.add_hyper_v()
        self.install("0.1.0", "ADDLOCAL=OpenvSwitchDriver")
        setup = PRODUCT + "\\bin\\ovs-setup.exe"
        install = f"-l {PRODUCT}\\driver\\openvswitch.inf -c s -i OVSExt"
        done = self.prefix.run(setup, "install-driver", check=True)
        self.assertIn("the driver is this one already", done.stdout)
        self.assertEqual(self.netcfg_calls(), [install])
        with open(self.prefix.path(PRODUCT + "\\driver\\openvswitch.sys"), "ab") as driver:
            driver.write(b"another")
        done = self.prefix.run(setup, "install-driver", check=True)
        self.assertEqual(self.netcfg_calls(), [install, "-u OVSExt", install])
        self.assertEqual(re.findall(r"-Action (\w+)", done.stdout), ["save", "disable", "restore"])
        self.expect_service("OVSExt", "RUNNING")
        with self.subTest("the former one cannot be removed"):
            pathlib.Path(self.prefix.path("C:\\netcfg-fails.txt")).write_text("")
            with open(self.prefix.path(PRODUCT + "\\driver\\openvswitch.sys"), "ab") as driver:
                driver.write(b"another")
            done = self.prefix.run(setup, "install-driver")
            self.assertEqual(done.code, 1)
            self.assertEqual(re.findall(r"-Action (\w+)", done.stdout), ["save", "disable", "restore"])
            self.assertEqual(self.netcfg_calls(), [install, "-u OVSExt", install, "-u OVSExt"])
            self.expect_service("OVSExt", "RUNNING")

    def test_driver_waits_for_the_lock_of_the_network(self):
        self.add_hyper_v()
        pathlib.Path(self.prefix.path("C:\\netcfg-locked.txt")).write_text("x")
        self.install("0.1.0", "ADDLOCAL=OpenvSwitchDriver")
        self.assertEqual(len(self.netcfg_calls()), 2)
        self.assertIn("another program is changing the network's components", self.setup_log())
        self.assertIn("the driver is installed", self.setup_log())

    def test_driver_of_another_package_is_not_touched(self):
        self.add_hyper_v()
        self.prefix.run("reg", "add", NETWORK_SERVICES + "\\{583CC151-73EC-4A6A-8B47-578297AD7623}", "/v", "ComponentId", "/d", "ovsext", check=True)
        self.install("0.1.0", "ADDLOCAL=OpenvSwitchDriver")
        self.assertEqual(self.netcfg_calls(), [])
        self.assertIn("the driver of another Open vSwitch package is installed", self.setup_log())

    def test_driver_that_must_be_there_and_cannot_ends_the_installation(self):
        self.add_hyper_v()
        pathlib.Path(self.prefix.path("C:\\netcfg-fails.txt")).write_text("")
        with self.subTest("not asked for"):
            self.install("0.1.0", "ADDLOCAL=OpenvSwitchDriver")
            self.remove("0.1.0")
        with self.subTest("asked for"):
            before = len(self.setup_log())
            self.assertNotEqual(self.install("0.2.0", "ADDLOCAL=OpenvSwitchDriver", "REQUIREDRIVER=1", check=False).code, 0)
            self.assertIn("the driver was not installed", self.setup_log()[before:])

    def test_what_is_given_up_is_undone(self):
        """In the tables alone: Wine undoes nothing."""
        actions = self.table("0.1.0", "CustomAction")
        for action in ("UndoDriver", "BringDriverBack", "StartServicesAgain"):
            # 18: a file of the package; 64: its result is ignored; 256: in an undone installation; 1024: as the script says; 2048: as the system
            self.assertEqual(int(actions[action][0]), 18 + 64 + 256 + 1024 + 2048, action)
        for action in ("PrepareData", "InstallDriverOrFail"):
            self.assertEqual(int(actions[action][0]), 18 + 1024 + 2048, action)
        secure = self.table("0.1.0", "Property")["SecureCustomProperties"][0].split(";")
        self.assertLessEqual({"PURGE", "REQUIREDRIVER", "OTHERSERVICE"}, set(secure))

    def test_restart_is_asked_for_and_never_made(self):
        self.add_hyper_v()
        pathlib.Path(self.prefix.path("C:\\netcfg-restart.txt")).write_text("")
        done = self.install("0.1.0", "ADDLOCAL=OpenvSwitchDriver", check=False)
        # A program's exit code has eight bits here.
        self.assertEqual(done.code, 3010 & 0xFF)
        self.assertIn("the driver is installed", self.setup_log())
        checked = self.prefix.run(PRODUCT + "\\bin\\ovs-setup.exe", "check")
        self.assertIn("bad  Windows: has to be restarted", checked.stdout)
        self.assertEqual(checked.code, 1)
        self.assertEqual(self.table("0.1.0", "Property")["REBOOT"], ["ReallySuppress"])

    def test_driver_is_replaced_by_hand_while_services_run(self):
        self.add_hyper_v()
        self.install("0.1.0")
        self.expect_service("ovs-vswitchd", "RUNNING")
        self.assertEqual(self.starts("ovs-vswitchd"), 1)
        setup = PRODUCT + "\\bin\\ovs-setup.exe"
        self.prefix.run(setup, "install-driver", check=True)
        self.assertEqual(self.starts("ovs-vswitchd"), 1)
        with open(self.prefix.path(PRODUCT + "\\driver\\openvswitch.sys"), "ab") as driver:
            driver.write(b"another")
        self.prefix.run(setup, "install-driver", check=True)
        self.expect_service("ovs-vswitchd", "RUNNING")
        self.assertEqual(self.starts("ovs-vswitchd"), 2)
        self.prefix.run(setup, "remove-driver", check=True)
        self.expect_service("ovs-vswitchd", "RUNNING")
        self.assertEqual((self.starts("ovs-vswitchd"), self.starts("ovsdb-server")), (3, 1))

    def test_services_of_another_package_are_not_taken(self):
        self.prefix.run("sc", "create", "ovsdb-server", "binPath=", "C:\\other\\ovsdb-server.exe", check=True)
        self.assertNotEqual(self.install("0.1.0", check=False).code, 0)
        self.assertEqual(self.files(PRODUCT), set())
        self.assertNotEqual(self.install("0.1.0", "ADDLOCAL=OpenvSwitchCLI,OpenvSwitchServices", check=False).code, 0)
        self.install("0.1.0", "ADDLOCAL=OpenvSwitchCLI")
        self.assertEqual(self.files(PRODUCT), FEATURES["OpenvSwitchCLI"])
        key = "HKLM\\System\\CurrentControlSet\\Services\\ovsdb-server"
        self.assertIn("C:\\other\\ovsdb-server.exe", self.prefix.run("reg", "query", key, "/v", "ImagePath", check=True).stdout)

    def test_data_goes_if_that_is_said(self):
        self.install("0.1.0")
        pathlib.Path(self.prefix.path(DATA + "\\logs\\old")).mkdir()
        elsewhere = pathlib.Path(self.prefix.path("C:\\elsewhere"))
        elsewhere.mkdir()
        (elsewhere / "file").write_text("stays")
        self.install("0.2.0", "PURGE=1")
        self.assertIn("conf.db", self.files(DATA))
        result = self.msiexec("/x", "C:\\packages\\0.2.0.msi", "PURGE=1")
        self.assertEqual(result.code, 0, result)
        self.assertFalse(pathlib.Path(self.prefix.path(DATA)).exists())
        self.assertEqual((elsewhere / "file").read_text(), "stays")

    def test_places_are_not_to_be_moved_one_by_one(self):
        public = {name for name in self.table("0.1.0", "Directory") if name == name.upper()}
        self.assertEqual(public, {"INSTALLDIR", "TARGETDIR"})
        self.install("0.1.0", "INSTALLDIR=C:\\Elsewhere\\OVS", "DATADIR=C:\\Elsewhere\\data", "DataFolder=C:\\Elsewhere\\data")
        self.assertEqual(self.files("C:\\Elsewhere"), {f"OVS\\{file}" for file in DEFAULT})
        self.assertIn("conf.db", self.files(DATA))

    def test_check_says_what_is_wrong(self):
        self.install("0.1.0")
        setup = PRODUCT + "\\bin\\ovs-setup.exe"
        self.expect_service("ovs-vswitchd", "RUNNING")
        before = self.setup_log()
        checked = self.prefix.run(setup, "check")
        self.assertEqual(checked.code, 1)
        self.assertIn("bad  Hyper-V: not installed", checked.stdout)
        self.assertIn("bad  driver: not installed", checked.stdout)
        self.assertIn("ok   service ovs-vswitchd: running", checked.stdout)
        self.assertIn("ok   database: there", checked.stdout)
        self.add_hyper_v()
        self.prefix.run(setup, "install-driver", check=True)
        self.assertEqual(self.prefix.run(setup, "check").code, 0)
        self.prefix.stop_service("ovs-vswitchd")
        self.assertIn("bad  service ovs-vswitchd: stopped", self.prefix.run(setup, "check").stdout)
        self.assertEqual(self.prefix.run(setup, "start").code, 0)
        self.expect_service("ovs-vswitchd", "RUNNING")
        self.assertTrue(self.setup_log().startswith(before))

    def test_everything_is_collected(self):
        self.install("0.1.0")
        setup = PRODUCT + "\\bin\\ovs-setup.exe"
        self.prefix.run(setup, "collect", "C:\\collected", check=True, timeout=180)
        found = self.files("C:\\collected")
        self.assertLessEqual({"check.txt", "show.txt", "datapath.txt", "setup.log", "conf.db"}, found)
        self.assertIn("bad  driver: not installed", self.text("C:\\collected\\check.txt"))
        # Never into what is there.
        again = self.prefix.run(setup, "collect", "C:\\collected")
        self.assertEqual(again.code, 1)

    def test_setup_says_how_it_is_used(self):
        self.install("0.1.0", "ADDLOCAL=OpenvSwitchDriver")
        setup = PRODUCT + "\\bin\\ovs-setup.exe"
        for arguments in ([], ["dance"], ["prepare", "now"], ["collect"]):
            done = self.prefix.run(setup, *arguments)
            self.assertEqual(done.code, 2)
            self.assertIn("usage: ovs-setup STEP", done.stderr)

    def test_steps_are_in_order(self):
        rows = self.table("0.1.0", "InstallExecuteSequence")
        order = sorted(rows, key=lambda action: int(rows[action][1]))
        expected = ["AppSearch", "LaunchConditions", "InstallInitialize", "BringDriverBack", "RemoveExistingProducts", "StartServicesAgain",
                    "EndServices", "StopServices", "DeleteServices", "RemoveDriver", "PurgeData", "RemoveFiles", "InstallFiles", "PrepareData",
                    "InstallServices", "SetRecovery", "UndoDriver", "InstallDriver", "InstallDriverOrFail", "StartServices", "InstallFinalize",
                    "TellRestart"]
        self.assertEqual([action for action in order if action in expected], expected)

    def test_package_says_what_microsoft_asks(self):
        for rows in (self.table("0.1.0", "LaunchCondition"),):
            for condition, values in rows.items():
                self.assertLessEqual(max(len(condition), len(values[0])), 255, "longer than the column")
        properties = {name: values[0] for name, values in self.table("0.1.0", "Property").items()}
        information = (ROOT / "Windows" / "Installer" / "openvswitch.inf").read_text()
        for name in ("Description", "Manufacturer", "ProductName", "DriverInstallParams"):
            self.assertTrue(properties[name])
        self.assertEqual(properties["ProductVersion"], "0.1.0")
        self.assertEqual(properties["DriverVersion"], "0.1.0.0")
        self.assertEqual(properties["ExtensionType"], "Forwarding")
        self.assertGreaterEqual([int(part) for part in properties["MinApplicableOSVersion"].split(".")], [6, 2])
        self.assertIn(f'NetCfgInstanceId = "{properties["DriverID"]}"', information)
        self.assertIn(properties["DriverID"].strip("{}"), (ROOT / "Windows" / "Installer" / "Setup" / "Driver.c").read_text())

    def test_information_file_is_stamped(self):
        information = (self.packages.make("0.2.0").parent / "openvswitch.inf").read_bytes()
        self.assertRegex(information, rb"DriverVer +=[ ]?\d\d/\d\d/\d{4},0\.2\.0\.0\r\n")
        self.assertEqual(information.count(b"\r\n"), information.count(b"\n"))

    def test_a_certificate_of_ones_own_signs(self):
        folder = self.packages.folder / "certificate"
        run(ROOT / "Windows" / "Installer" / "certificate", folder)
        output = self.packages.folder / "signed"
        run(ROOT / "Windows" / "Installer" / "package", "--programs", self.standins, "--driver", self.standins / "openvswitch.sys",
            "--output", output, "--certificate", folder / "certificate.pem", "--key", folder / "key.pem")
        package = next(output.glob("*.msi"))
        run("osslsigncode", "verify", "-CAfile", folder / "certificate.pem", "-in", package)
        self.assertEqual(list(output.glob("test-certificate.cer")), [])

    def test_a_driver_that_microsoft_signed_is_taken_as_it_is(self):
        signed = self.packages.make("0.1.0").parent
        output = self.packages.folder / "attested"
        run(ROOT / "Windows" / "Installer" / "package", "--programs", self.standins, "--driver", self.standins / "openvswitch.sys",
            "--signed-driver", signed, "--version", "0.2.0", "--output", output)
        for suffix in ("inf", "cat", "sys"):
            self.assertEqual((output / f"openvswitch.{suffix}").read_bytes(), (signed / f"openvswitch.{suffix}").read_bytes())
        properties = run("msiinfo", "export", output / "OpenvSwitch-0.2.0.msi", "Property")
        self.assertRegex(properties, r"DriverVersion\t0\.1\.0\.0\r?\n")
        self.assertRegex(properties, r"ProductVersion\t0\.2\.0\r?\n")

    def test_everything_is_signed(self):
        package = self.packages.make("0.1.0")
        certificate = ROOT / ".build-windows" / "test-certificate" / "certificate.pem"
        parts = [package, *package.parent.glob("stage/bin/*.exe"), *package.parent.glob("stage/driver/*.[sc]*"), *package.parent.glob("stage/module/*")]
        self.assertGreaterEqual(len(parts), 15)
        for part in parts:
            run("osslsigncode", "verify", "-CAfile", certificate, "-in", part)
        changed = bytearray(package.read_bytes())
        changed[len(changed) // 2] ^= 1
        other = package.parent / "changed.msi"
        other.write_bytes(changed)
        self.assertNotIn("Succeeded", run("osslsigncode", "verify", "-CAfile", certificate, "-in", other, check=False))
        other.unlink()


def built():
    """Whether every program is built, and the driver."""
    files = [pathlib.Path(wine.BUILD) / "bin" / f"{name}.exe" for name in wine.PROGRAMS] + [pathlib.Path(wine.BUILD) / "driver" / "openvswitch.sys"]
    return all(path.exists() for path in files)


@unittest.skipUnless(built(), "Scripts/windows build has not been run")
class ProductTests(InstalledTestCase):
    """The product as it ships, but for the driver, which takes Hyper-V."""

    @classmethod
    def setUpClass(cls):
        cls.packages = Packages(pathlib.Path(wine.BUILD) / "bin", pathlib.Path(wine.BUILD) / "driver" / "openvswitch.sys")
        cls.addClassCleanup(cls.packages.remove)

    def tool(self, name, *arguments):
        return self.prefix.run(f"{PRODUCT}\\bin\\{name}.exe", "--timeout=20", *arguments, check=True).stdout.strip()

    def expect_running(self):
        for name in ("ovsdb-server", "ovs-vswitchd"):
            self.expect_service(name, "RUNNING")
            self.assertIn("Apus", self.tool("ovs-appctl", "-t", name, "version"))

    def marker(self):
        return self.tool("ovs-vsctl", "--if-exists", "get", "Open_vSwitch", ".", "external_ids:marker")

    def test_services_serve_and_the_database_outlives_everything(self):
        self.install("0.1.0")
        self.expect_running()
        self.tool("ovs-vsctl", "--no-wait", "add-br", "br0", "--", "set", "Open_vSwitch", ".", "external_ids:marker=kept")
        with self.subTest("upgrade"):
            self.install("0.2.0")
            self.expect_running()
            self.assertEqual(self.marker(), "kept")
            self.assertEqual(self.tool("ovs-vsctl", "list-br"), "br0")
        with self.subTest("everything is collected"):
            self.prefix.run(PRODUCT + "\\bin\\ovs-setup.exe", "collect", "C:\\collected", check=True, timeout=240)
            for name, content in (("show.txt", "Bridge br0"), ("database.txt", "kept"), ("version.txt", "Apus"), ("memory.txt", "rules:"),
                                  ("ovs-vswitchd.log", "vlog|INFO|opened log file"), ("setup.log", "kept the database"), ("conf.db", "OVSDB JSON")):
                self.assertIn(content, self.text("C:\\collected\\" + name), name)
        with self.subTest("services one after the other"):
            self.prefix.stop_service("ovs-vswitchd")
            self.expect_service("ovs-vswitchd", "STOPPED")
            self.prefix.stop_service("ovsdb-server")
            self.expect_service("ovsdb-server", "STOPPED")
            # Windows would start the first for the second; Wine does not.
            self.prefix.start_service("ovsdb-server")
            self.prefix.start_service("ovs-vswitchd")
            self.expect_running()
        with self.subTest("removal and installation"):
            self.remove("0.2.0")
            for name in ("ovsdb-server", "ovs-vswitchd"):
                self.assertIsNone(self.service(name))
            self.assertEqual(self.files(PRODUCT), set())
            self.install("0.2.0")
            self.expect_running()
            self.assertEqual(self.marker(), "kept")
        self.assertNotIn("did not stop within", self.setup_log())

    def test_driver_serves_the_daemon(self):
        """With a simulated Hyper-V: the installed driver is the daemon's datapath, is replaced, and removed."""
        wine.build_tests()
        self.prefix.put(os.path.join(wine.TEST_BUILD, "ndis.sys"), "C:\\windows\\system32\\drivers\\ndis.sys")
        self.add_hyper_v()
        for version in ("0.1.0", "0.2.0"):
            with self.subTest(version):
                self.install(version)
                self.expect_service("OVSExt", "RUNNING")
                self.expect_running()
                # Waits for the daemon, which waits for the driver.
                self.tool("ovs-vsctl", "--may-exist", "add-br", "br0")
                self.assertIn("ovs-system", self.tool("ovs-dpctl", "show"))
        self.remove("0.2.0")
        for name in ("ovsdb-server", "ovs-vswitchd", "OVSExt"):
            self.assertIsNone(self.service(name))
        self.assertEqual(self.netcfg_calls()[-1], "-u OVSExt")

    def test_older_database_is_converted(self):
        self.install("0.1.0", "ADDLOCAL=OpenvSwitchCLI")
        schema = pathlib.Path(self.prefix.path(PRODUCT + "\\conf\\vswitch.ovsschema")).read_text()
        older = pathlib.Path(self.prefix.path("C:\\older.ovsschema"))
        older.write_text(re.sub(r'"version":\s*"[\d.]+"', '"version": "8.0.0"', schema))
        pathlib.Path(self.prefix.path(DATA)).mkdir(exist_ok=True)
        self.prefix.run(f"{PRODUCT}\\bin\\ovsdb-tool.exe", "create", DATABASE, "C:\\older.ovsschema", check=True)
        self.install("0.2.0", "ADDLOCAL=OpenvSwitchServices,OpenvSwitchCLI")
        self.expect_running()
        self.assertIn(f"converted {DATABASE} to schema", self.setup_log())
        self.assertIn("conf.db.backup-8.0.0", self.files(DATA))
        self.assertEqual(
            self.prefix.run(f"{PRODUCT}\\bin\\ovsdb-tool.exe", "db-version", DATABASE + ".backup-8.0.0", check=True).stdout.strip(), "8.0.0")

    def test_programs_import_what_there_is(self):
        self.packages.make("0.1.0")
        files = [*self.packages.folder.glob("0.1.0/stage/bin/*.exe"), *self.packages.folder.glob("0.1.0/stage/driver/*.sys")]
        self.assertEqual(len(files), 10)
        run(ROOT / "Windows" / "imports" / "check", *files)


if __name__ == "__main__":
    unittest.main()
