"""The driver's INF: what it refers to is there, it agrees with the driver, and Wine's installer follows it."""

import pathlib
import re
import unittest

import wine

ROOT = pathlib.Path(__file__).resolve().parents[2]
INFORMATION = ROOT / "Windows" / "Installer" / "openvswitch.inf"


def sections():
    """The lines of each section, without comments."""
    found, lines = {}, None
    for line in INFORMATION.read_text(encoding="ascii").splitlines():
        line = line.partition(";")[0].strip()
        if line.startswith("["):
            lines = found.setdefault(line.strip("[]"), [])
        elif line:
            lines.append(line)
    return found


def value(lines, key):
    return next(line.partition("=")[2].strip() for line in lines if line.partition("=")[0].strip() == key)


class InformationTests(unittest.TestCase):
    def setUp(self):
        self.sections = sections()

    def test_every_section_that_is_named_is_there(self):
        named = set()
        name, *decorations = [part.strip() for part in self.sections["Manufacturer"][0].partition("=")[2].split(",")]
        for decoration in decorations:
            model = f"{name}.{decoration}"
            named.add(model)
            named.add(self.sections[model][0].partition("=")[2].split(",")[0].strip())
        for install in [name for name in self.sections if re.fullmatch(r"Install\w+", name)]:
            named |= {value(self.sections[install], key) for key in ("CopyFiles", "AddReg")}
            named |= {f"{install}.Services", f"{install}.Remove.Services"}
            named.add(value(self.sections[f"{install}.Services"], "AddService").split(",")[2])
        self.assertLessEqual(named, set(self.sections))
        # And nothing else is there but what Windows looks for by itself.
        fixed = {"Version", "Manufacturer", "SourceDisksNames", "SourceDisksFiles", "DestinationDirs", "Strings"}
        self.assertEqual(set(self.sections) - named, fixed)

    def test_every_string_is_defined_and_used(self):
        defined = {line.partition("=")[0].strip() for line in self.sections["Strings"]}
        used = set(re.findall(r"%([A-Za-z]\w*)%", INFORMATION.read_text()))
        self.assertEqual(defined, used)

    def test_is_a_forwarding_extension(self):
        """What Microsoft's "INF Requirements for Hyper-V Extensible Switch Extensions" asks."""
        binding = "\n".join(self.sections["Binding"])
        for key, expected in {"FilterClass": '"ms_switch_forward"', "FilterMediaTypes": '"vmnetextension"', "FilterType": "2",
                              "UpperRange": '"noupper"', "LowerRange": '"nolower"'}.items():
            self.assertRegex(binding, rf"{key},.*, *{expected}(\n|$)")
        self.assertEqual(value(self.sections["Version"], "Class"), "NetService")
        self.assertEqual(value(self.sections["Version"], "ClassGuid"), "{4D36E974-E325-11CE-BFC1-08002BE10318}")
        self.assertEqual(value(self.sections["Version"], "PnpLockdown"), "1")

    @unittest.skipUnless((ROOT / "Windows" / "Driver" / "Driver.c").exists(), "the driver is not there yet")
    def test_the_driver_registers_under_the_same_names(self):
        driver = "".join(path.read_text() for path in (ROOT / "Windows" / "Driver").glob("*.c"))
        for install in ("InstallInStore", "InstallInSystem"):
            self.assertIn(f'L{value(self.sections[install], "NetCfgInstanceId")}', driver)
            self.assertIn(f'L"{value(self.sections[install + ".Services"], "AddService").split(",")[0]}"', driver)
        self.assertIn(f'L{value(self.sections["Strings"], "FriendlyName")}', driver)


class InstallationTests(wine.WineTestCase):
    def test_wine_follows_it(self):
        self.prefix.put(INFORMATION, "C:\\driver\\openvswitch.inf")
        (pathlib.Path(self.prefix.path("C:\\driver")) / "openvswitch.sys").write_bytes(b"MZ driver")
        # 132: without asking, from the INF's own folder.
        self.prefix.run("rundll32", "setupapi.dll,InstallHinfSection", "InstallInSystem", "132", "C:\\driver\\openvswitch.inf", check=True)
        copied = pathlib.Path(self.prefix.path("C:\\windows\\system32\\drivers\\openvswitch.sys"))
        self.assertEqual(copied.read_bytes(), b"MZ driver")
        said = self.prefix.run("reg", "query", "HKLM\\System\\CurrentControlSet\\Services\\OVSExt", check=True).stdout
        for expected in (r"DisplayName\s+REG_SZ\s+Open vSwitch Extension", r"Start\s+REG_DWORD\s+0x1", r"Type\s+REG_DWORD\s+0x1",
                         r"Group\s+REG_SZ\s+NDIS", r"ImagePath\s+REG_\w+\s+.*system32\\drivers\\openvswitch\.sys"):
            self.assertRegex(said, f"(?i){expected}")


if __name__ == "__main__":
    unittest.main()
