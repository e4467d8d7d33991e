#!/usr/bin/python3
"""The Open_vSwitch schema has every table and column of the installed package's, with the same types."""

import json
import os
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = os.path.join(ROOT, "Schemas", "vswitch.ovsschema")
ORACLE = "/usr/share/openvswitch/vswitch.ovsschema"

# Columns that releases after the installed package added or widened.
WIDENED = {("Flow_Table", "prefixes")}


def base_type(value):
    return {"type": value} if isinstance(value, str) else value


def column_type(value):
    """A column's type with every default of RFC 7047, section 3.2 written out."""
    if isinstance(value, str):
        value = {"key": value}
    return {
        "key": base_type(value["key"]),
        "value": base_type(value["value"]) if "value" in value else None,
        "min": value.get("min", 1),
        "max": value.get("max", 1),
    }


class SchemaTest(unittest.TestCase):
    def setUp(self):
        with open(OURS) as file:
            self.ours = json.load(file)
        with open(ORACLE) as file:
            self.oracle = json.load(file)

    def test_every_table_and_column_is_there_with_the_same_type(self):
        for table, expected in self.oracle["tables"].items():
            found = self.ours["tables"][table]
            for key in ("isRoot", "maxRows", "indexes"):
                self.assertEqual(found.get(key), expected.get(key), (table, key))
            for column, definition in expected["columns"].items():
                with self.subTest(table=table, column=column):
                    mine = found["columns"][column]
                    if (table, column) not in WIDENED:
                        self.assertEqual(column_type(mine["type"]), column_type(definition["type"]))
                    for key in ("ephemeral", "mutable"):
                        self.assertEqual(mine.get(key), definition.get(key))

    def test_nineteen_tables_of_version_8_8_0(self):
        self.assertEqual(self.ours["version"], "8.8.0")
        self.assertEqual(len(self.ours["tables"]), 19)

    def test_checksum_is_that_of_the_file_without_its_checksum_line(self):
        with open(OURS) as file:
            body = "".join(line for line in file if "cksum" not in line)
        found = subprocess.run(["cksum"], input=body.encode(), stdout=subprocess.PIPE, check=True)
        self.assertEqual(self.ours["cksum"], found.stdout.decode().strip())

    def test_the_installed_tool_creates_a_database_from_it(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "conf.db")
            subprocess.run(["/usr/bin/ovsdb-tool", "create", path, OURS], check=True)
            version = subprocess.run(
                ["/usr/bin/ovsdb-tool", "db-version", path], stdout=subprocess.PIPE, check=True)
            self.assertEqual(version.stdout.decode().strip(), "8.8.0")


if __name__ == "__main__":
    unittest.main()
