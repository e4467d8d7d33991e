"""The catalogue: OpenSSL can read it, it lists the package's files by their hashes, and a signature on it covers them."""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSTALLER = ROOT / "Windows" / "Installer"


def run(*command, check=True):
    return subprocess.run([str(word) for word in command], check=check, capture_output=True, text=True)


class CatalogueTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="catalogue-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.information = cls.folder / "openvswitch.inf"
        shutil.copy(INSTALLER / "openvswitch.inf", cls.information)
        source = cls.folder / "driver.c"
        source.write_text("int DriverEntry(void) { return 0; }\n")
        cls.driver = cls.folder / "openvswitch.sys"
        run("x86_64-w64-mingw32-gcc", "-nostdlib", "-shared", "-s", "-Wl,--subsystem,native:6.2",
            "-Wl,--entry,DriverEntry", "-o", cls.driver, source)
        cls.catalogue = cls.folder / "openvswitch.cat"
        run(sys.executable, INSTALLER / "catalogue.py", "--output", cls.catalogue, cls.information, cls.driver)
        run(INSTALLER / "certificate", cls.folder / "test")
        cls.signed = cls.folder / "signed.cat"
        cls.sign(cls.catalogue, cls.signed)

    @classmethod
    def sign(cls, file, output):
        run("osslsigncode", "sign", "-certs", cls.folder / "test" / "certificate.pem", "-key", cls.folder / "test" / "key.pem",
            "-h", "sha256", "-in", file, "-out", output)

    def verify(self, file, catalogue=None):
        by = ["-catalog", catalogue] if catalogue else []
        return run("osslsigncode", "verify", "-CAfile", self.folder / "test" / "certificate.pem", *by, "-in", file, check=False)

    def parsed(self, file):
        return run("openssl", "asn1parse", "-inform", "DER", "-in", file).stdout

    def test_openssl_reads_every_element(self):
        listing = self.parsed(self.catalogue)
        # As openssl says it ("BAD INTEGER:"); the digits of a hash may spell the word too.
        self.assertNotRegex(listing, r"BAD [A-Z]")
        for name in ("pkcs7-signedData", "1.3.6.1.4.1.311.10.1", "1.3.6.1.4.1.311.12.1.1", "1.3.6.1.4.1.311.12.1.3", "sha256"):
            self.assertIn(f":{name}", listing)

    def test_lists_the_hash_of_each_file_twice(self):
        listing = self.parsed(self.catalogue)
        content = self.information.read_bytes()
        # An identifier of an entry, and a hash within its data.
        self.assertEqual(listing.count(hashlib.sha256(content).hexdigest().upper()), 2)
        self.assertEqual(listing.count(hashlib.sha1(content).hexdigest().upper()), 1)
        # The signing tool computes the image's hash by itself when it signs.
        signed = self.folder / "signed.sys"
        self.sign(self.driver, signed)
        said = run("osslsigncode", "verify", "-in", signed, check=False).stdout
        computed = next(line.split()[-1] for line in said.splitlines() if "Calculated message digest" in line)
        self.assertEqual(listing.count(computed.upper()), 2)

    def test_says_for_which_systems_and_components(self):
        listing = self.parsed(self.catalogue)
        for value in ("2:6.3,2:10.0", "openvswitch.sys", "openvswitch.inf"):
            self.assertIn((value.encode("utf-16-le") + b"\0\0").hex().upper(), listing)
        # Those of the extensions lie within strings.
        content = self.catalogue.read_bytes()
        for value in ("_v63_X64", "_v100_X64", "ovsext"):
            self.assertIn(value.encode("utf-16-le") + b"\0\0", content)

    def test_signed_catalogue_vouches_for_the_driver(self):
        self.assertEqual(self.verify(self.signed).returncode, 0)
        self.assertEqual(self.verify(self.driver, self.signed).returncode, 0)
        signed = self.folder / "both.sys"
        self.sign(self.driver, signed)
        self.assertEqual(self.verify(signed, self.signed).returncode, 0)

    def test_changed_driver_is_refused(self):
        changed = bytearray(self.driver.read_bytes())
        changed[-1] ^= 1
        other = self.folder / "changed.sys"
        other.write_bytes(changed)
        self.assertNotEqual(self.verify(other, self.signed).returncode, 0)

    def test_changed_catalogue_is_refused(self):
        content = self.signed.read_bytes()
        at = content.index("openvswitch.sys".encode("utf-16-le"))
        other = self.folder / "changed.cat"
        other.write_bytes(content[:at] + b"X" + content[at + 1 :])
        self.assertNotEqual(self.verify(other).returncode, 0)


if __name__ == "__main__":
    unittest.main()
