"""The check of imports: it reads the lists and import tables, and finds a function that is too new."""

import pathlib
import subprocess
import tempfile
import unittest

import wine

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = ROOT / "Windows" / "imports" / "check"


class ImportTests(unittest.TestCase):
    def test_everything_is_built(self):
        # A test without its subject is skipped; with this one not all of them pass then.
        files = ["driver/openvswitch.sys", *(f"bin/{name}.exe" for name in wine.PROGRAMS)]
        missing = [file for file in files if not (pathlib.Path(wine.BUILD) / file).exists()]
        self.assertEqual(missing, [], "run Scripts/windows build")

    def check(self, source, name="program.exe", library="kernel32"):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / name
            subprocess.run(["x86_64-w64-mingw32-gcc", "-x", "c", "-nostdlib", "-e", "start", "-o", str(program), "-", f"-l{library}"],
                           input=source.encode(), check=True)
            return subprocess.run([str(CHECK), str(program)], capture_output=True, text=True)

    def test_known_function_passes(self):
        done = self.check("void __stdcall ExitProcess(unsigned); void start(void) { ExitProcess(0); }")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_function_of_a_later_windows_is_found(self):
        # Windows 10, version 1607.
        done = self.check("long __stdcall SetThreadDescription(void *, void *); void start(void) { SetThreadDescription(0, 0); }")
        self.assertEqual(done.returncode, 1)
        self.assertIn("imports SetThreadDescription of kernel32.dll", done.stderr)

    def test_known_function_of_the_kernel_passes(self):
        done = self.check("void ZwClose(void *); void start(void) { ZwClose(0); }", "driver.sys", "ntoskrnl")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_function_that_wine_only_pretends_to_have_is_found(self):
        done = self.check("void IoCsqInsertIrp(void *, void *, void *); void start(void) { IoCsqInsertIrp(0, 0, 0); }", "driver.sys", "ntoskrnl")
        self.assertEqual(done.returncode, 1)
        self.assertIn("imports IoCsqInsertIrp of ntoskrnl.exe, which is not in Windows/imports", done.stderr)
        self.assertIn("imports IoCsqInsertIrp of ntoskrnl.exe, which Wine has not", done.stderr)


if __name__ == "__main__":
    unittest.main()
