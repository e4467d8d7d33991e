#!/usr/bin/env python3
"""Writes the security catalogue of a driver package, unsigned.

    catalogue.py --output openvswitch.cat openvswitch.inf openvswitch.sys

Windows finds a driver's signature in a catalogue: a list of the hashes of the package's files, in a certificate trust
list (MS-CAESO; the object identifiers are those of wintrust's mscat.h), in a PKCS #7 envelope (RFC 2315) that a signing
tool completes. Members are of the second kind of catalogue, which Windows 8 and later read: each is named by its SHA-256
hash, and by its SHA-1 hash once more for tools that look it up by that.
"""

import argparse
import datetime
import hashlib
import pathlib
import re
import secrets
import struct
import sys


# DER (ITU-T X.690)

def tagged(tag, *contents):
    body = b"".join(contents)
    if len(body) < 0x80:
        length = bytes([len(body)])
    else:
        digits = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + length + body


def sequence(*items):
    return tagged(0x30, *items)


def set_of(*items):
    return tagged(0x31, *sorted(items))


def octets(value):
    return tagged(0x04, value)


def integer(value):
    return tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def null():
    return tagged(0x05)


def explicit(number, *items):
    return tagged(0xA0 | number, *items)


def bmp(text):
    return tagged(0x1E, text.encode("utf-16-be"))


def utc(time):
    return tagged(0x17, time.strftime("%y%m%d%H%M%SZ").encode())


def identifier(dotted):
    arcs = [int(arc) for arc in dotted.split(".")]
    encoded = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.insert(0, 0x80 | arc & 0x7F)
        encoded += bytes(digits)
    return tagged(0x06, encoded)


# Object identifiers, by their names in mscat.h, wintrust.h and RFC 2315.
SIGNED_DATA = identifier("1.2.840.113549.1.7.2")
SHA256 = identifier("2.16.840.1.101.3.4.2.1")
CTL = identifier("1.3.6.1.4.1.311.10.1")
CATALOG_LIST = identifier("1.3.6.1.4.1.311.12.1.1")
CATALOG_LIST_MEMBER2 = identifier("1.3.6.1.4.1.311.12.1.3")
CAT_NAMEVALUE = identifier("1.3.6.1.4.1.311.12.2.1")
CAT_MEMBERINFO2 = identifier("1.3.6.1.4.1.311.12.2.3")
SPC_INDIRECT_DATA = identifier("1.3.6.1.4.1.311.2.1.4")
SPC_PE_IMAGE_DATA = identifier("1.3.6.1.4.1.311.2.1.15")
SPC_CAB_DATA = identifier("1.3.6.1.4.1.311.2.1.25")  # stands for any file that is hashed as it is

# Flags of a name and value: an attribute that is authenticated and whose value is text.
TEXT_ATTRIBUTE = 0x10010001
PLAIN_ATTRIBUTE = 0x00010001


def authenticode(image, algorithm):
    """The hash of a PE file without its checksum and its signature ("Windows Authenticode PE Signature Format")."""
    header = struct.unpack_from("<I", image, 0x3C)[0]
    if image[header : header + 4] != b"PE\0\0":
        raise ValueError("not a PE file")
    optional = header + 24
    wide = struct.unpack_from("<H", image, optional)[0] == 0x20B
    checksum = optional + 64
    security = optional + (112 if wide else 96) + 4 * 8
    signature_at, signature_length = struct.unpack_from("<II", image, security)
    end = signature_at if signature_length else len(image)
    hashed = image[:checksum] + image[checksum + 4 : security] + image[security + 8 : end]
    # A signer pads the file to a multiple of eight bytes; the padding counts.
    hashed += bytes(-end % 8)
    return hashlib.new(algorithm, hashed).digest()


class Member:
    """A file of the package."""

    def __init__(self, name, content):
        self.name = name
        self.is_image = content[:2] == b"MZ"
        if self.is_image:
            self.sha1, self.sha256 = authenticode(content, "sha1"), authenticode(content, "sha256")
        else:
            self.sha1, self.sha256 = hashlib.sha1(content).digest(), hashlib.sha256(content).digest()

    def entries(self, systems):
        attributes = [
            sequence(CAT_MEMBERINFO2, set_of(tagged(0x82))),
            sequence(CAT_NAMEVALUE, set_of(name_value("OSAttr", systems))),
            sequence(CAT_NAMEVALUE, set_of(name_value("File", self.name))),
        ]
        indirect = sequence(SPC_INDIRECT_DATA, set_of(self.indirect_data()))
        yield sequence(octets(self.sha256), set_of(*attributes, indirect))
        yield sequence(octets(self.sha1), set_of(*attributes))

    def indirect_data(self):
        """SpcIndirectDataContent: what kind of file this is, and its hash."""
        nothing = explicit(2, tagged(0x80))  # an SpcLink with an empty file name
        if self.is_image:
            # SpcPeImageFlags: resources and debug information included. Five bits of the byte are unused.
            flags = tagged(0x03, bytes([5, 0b1010_0000]))
            kind = sequence(SPC_PE_IMAGE_DATA, sequence(flags, explicit(0, nothing)))
        else:
            kind = sequence(SPC_CAB_DATA, nothing)
        return sequence(kind, sequence(sequence(SHA256, null()), octets(self.sha256)))


def name_value(name, value, flags=TEXT_ATTRIBUTE):
    return sequence(bmp(name), integer(flags), octets(value.encode("utf-16-le") + b"\0\0"))


class Models:
    """What a catalogue repeats from the INF: for which systems, and which component identifiers."""

    def __init__(self, information):
        manufacturer = re.search(r"^\[Manufacturer\](.*?)(?=^\[)", information, re.DOTALL | re.MULTILINE).group(1)
        self.versions, self.identifiers = [], []
        for line in manufacturer.splitlines():
            name, _, decorations = line.partition("=")[2].partition(",")
            for decoration in filter(None, (part.strip() for part in decorations.split(","))):
                version = re.match(r"NTamd64\.(\d+)\.(\d+)", decoration)
                if version is None:
                    raise ValueError(f"[Manufacturer] names a system that is not understood: {decoration}")
                self.add(self.versions, ".".join(version.groups()))
                section = re.search(rf"^\[{re.escape(name.strip() + '.' + decoration)}\](.*?)(?=^\[)", information, re.DOTALL | re.MULTILINE)
                for model in section.group(1).splitlines():
                    for hardware in model.partition("=")[2].partition(",")[2].split(","):
                        if hardware.strip():
                            self.add(self.identifiers, hardware.strip().lower())

    @staticmethod
    def add(values, value):
        if value not in values:
            values.append(value)

    def member_systems(self):
        return ",".join(f"2:{version}" for version in self.versions)

    def extensions(self):
        values = [name_value("PE", "TRUSTED", PLAIN_ATTRIBUTE)]
        values += [name_value("OS", f"_v{version.replace('.', '')}_X64") for version in self.versions]
        values += [name_value(f"HWID{number}", name) for number, name in reversed(list(enumerate(self.identifiers, 1)))]
        return explicit(0, sequence(*(sequence(CAT_NAMEVALUE, octets(value)) for value in values)))


def catalogue(members, models, time, list_identifier):
    entries = sorted(entry for member in members for entry in member.entries(models.member_systems()))
    trust_list = sequence(
        sequence(CATALOG_LIST),
        octets(list_identifier),
        utc(time),
        sequence(CATALOG_LIST_MEMBER2, null()),
        sequence(*entries),
        models.extensions(),
    )
    content = sequence(CTL, explicit(0, trust_list))
    # Neither digest algorithms nor signers as yet.
    return sequence(SIGNED_DATA, explicit(0, sequence(integer(1), set_of(), content, set_of())))


def main():
    parser = argparse.ArgumentParser(description="Writes the security catalogue of a driver package, unsigned.")
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("files", nargs="+", type=pathlib.Path, help="the package's files, among them one .inf")
    options = parser.parse_args()
    information = [path for path in options.files if path.suffix == ".inf"]
    if len(information) != 1:
        sys.exit("error: a package has one .inf file")
    models = Models(information[0].read_text(encoding="ascii"))
    members = [Member(path.name, path.read_bytes()) for path in options.files]
    now = datetime.datetime.now(datetime.timezone.utc)
    options.output.write_bytes(catalogue(members, models, now, secrets.token_bytes(16)))


if __name__ == "__main__":
    main()
