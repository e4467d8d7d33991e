"""The daemons as Windows services, under Wine's service manager."""

import os
import shutil
import unittest

import wine
from programs import BIN, RUN, ProgramTestCase, program

HOME = "C:\\Program Files\\Open vSwitch\\bin"


class Services(ProgramTestCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        for name in ["ovsdb-server.exe", "ovs-vswitchd.exe"]:
            cls.prefix.put(os.path.join(BIN, name), HOME + "\\" + name)
        cls.data = cls.prefix.path("C:\\ProgramData\\openvswitch")

    def tearDown(self):
        for service in ["ovs-vswitchd", "ovsdb-server"]:
            self.prefix.run("net", "stop", service)
            self.prefix.run("sc", "delete", service)
        for name in os.listdir(self.data):
            if os.path.isfile(os.path.join(self.data, name)):
                os.unlink(os.path.join(self.data, name))
        super().tearDown()

    def install(self, name, *options):
        line = f'"{HOME}\\{name}.exe" ' + " ".join(options) + " --service --service-monitor --log-file --pidfile"
        self.prefix.run("sc", "create", name, "start=", "demand", "binPath=", line, check=True)

    def state(self, name):
        """State and exit codes that the service manager tells."""
        text = self.prefix.run("sc", "query", name, check=True).stdout
        values = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        values = {key.strip(): value.split()[0] for key, value in values.items()}
        return int(values["STATE"]), int(values["WIN32_EXIT_CODE"]), int(values["SERVICE_EXIT_CODE"])

    def begin(self, name):
        """Starts a service, and waits until it says that it is ready, as Windows does and Wine's `net` does not."""
        self.prefix.start_service(name)
        wine.wait_until(lambda: self.state(name)[0] == 4, f"{name} is ready", 30)

    def default(self, name, *arguments, check=True):
        """Runs a program without variables, so that it looks where a service does."""
        return self.prefix.run(program(name), *arguments, check=check).stdout

    def test_the_database_server_starts_serves_and_stops(self):
        shutil.copy(os.path.join(BIN, "vswitch.ovsschema"), self.data)
        self.default(
            "ovsdb-tool", "create", "C:\\ProgramData\\openvswitch\\conf.db",
            "C:\\ProgramData\\openvswitch\\vswitch.ovsschema")
        self.install("ovsdb-server", "--remote=punix:db.sock")
        for _ in range(2):
            self.begin("ovsdb-server")
            # It listens as soon as it counts as started.
            self.default("ovs-vsctl", "--no-wait", "init")
            self.assertEqual(self.state("ovsdb-server"), (4, 0, 0))
            for name in ["ovsdb-server.pid", "ovsdb-server.ctl", "db.sock", "logs/ovsdb-server.log"]:
                self.assertTrue(os.path.exists(os.path.join(self.data, name)), name)
            self.prefix.stop_service("ovsdb-server")
            self.assertEqual(self.state("ovsdb-server"), (1, 0, 0))
            for name in ["ovsdb-server.pid", "ovsdb-server.ctl", "db.sock"]:
                self.assertFalse(os.path.exists(os.path.join(self.data, name)), name)

    def test_the_switch_starts_after_the_database_and_stops_before_it(self):
        self.default("ovsdb-tool", "create", "C:\\ProgramData\\openvswitch\\conf.db", os.path.join(BIN, "vswitch.ovsschema"))
        self.install("ovsdb-server", "--remote=punix:db.sock")
        self.install("ovs-vswitchd", "--enable-dummy=override")
        self.begin("ovsdb-server")
        self.default("ovs-vsctl", "--no-wait", "init")
        self.begin("ovs-vswitchd")
        self.default("ovs-vsctl", "--timeout=20", "add-br", "br0")
        self.assertIn("br0", self.default("ovs-appctl", "dpif/show"))
        self.assertEqual(self.state("ovs-vswitchd"), (4, 0, 0))
        self.prefix.stop_service("ovs-vswitchd")
        self.assertEqual(self.state("ovs-vswitchd"), (1, 0, 0))
        self.assertEqual(self.state("ovsdb-server"), (4, 0, 0))

    def test_a_service_that_cannot_start_says_why(self):
        self.install("ovsdb-server", "C:\\nowhere\\conf.db")
        self.prefix.start_service("ovsdb-server", check=False)
        # ERROR_SERVICE_SPECIFIC_ERROR, and the status that the program would have on a command line.
        self.assertEqual(self.state("ovsdb-server"), (1, 1066, 1))
        with open(os.path.join(self.data, "logs", "ovsdb-server.log")) as file:
            self.assertIn("|daemon|EMER|I/O error: C:\\nowhere\\conf.db: open failed", file.read())
        # Wine prints what would go to the event log.
        self.assertRegex(self.prefix.log(), r"ReportEventW .*\|daemon\|EMER\|I/O error: C:")

    def test_the_exit_command_stops_the_service(self):
        self.default("ovsdb-tool", "create", "C:\\ProgramData\\openvswitch\\conf.db", os.path.join(BIN, "vswitch.ovsschema"))
        self.install("ovsdb-server", "--remote=punix:db.sock")
        self.begin("ovsdb-server")
        self.default("ovs-appctl", "-t", "ovsdb-server", "exit")
        wine.wait_until(lambda: self.state("ovsdb-server") == (1, 0, 0), "the service has stopped")


if __name__ == "__main__":
    unittest.main()
