"""The module OVS, and Bindings.ps1, looked at through a grammar of PowerShell: there is no PowerShell here to run them.

The grammar comes from PyPI into .build-windows/python, at the versions named below.
"""

import pathlib
import re
import subprocess
import sys
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ROOT / ".build-windows" / "python"
PINNED = ["tree-sitter==0.26.1", "tree-sitter-powershell==0.26.4"]

# The verbs of Get-Verb that this module has use for.
APPROVED_VERBS = {"Add", "Assert", "ConvertTo", "Get", "Invoke", "New", "Remove", "Rename", "Set", "Wait"}
CHANGING_VERBS = {"Add", "Remove", "Set"}
# Cmdlets that the module and Bindings.ps1 may call: PowerShell 4.0 and 7 have them, and the modules Hyper-V and CimCmdlets.
COMMANDS = {
    "Add-Member", "Export-ModuleMember", "ForEach-Object", "Get-CimInstance", "Get-Command", "Get-Content", "Invoke-CimMethod",
    "Join-Path", "Remove-Item", "Select-Object", "Set-Alias", "Set-Content", "Set-StrictMode", "Start-Sleep", "Test-Path",
    "Update-TypeData", "Where-Object", "Write-Error", "Write-Output", "Write-Verbose",
    "Disable-VMSwitchExtension", "Enable-VMSwitchExtension", "Get-VM", "Get-VMNetworkAdapter", "Get-VMSwitch", "Get-VMSwitchExtension",
    # Other scripts and programs, by variables.
    "$command", "&", ".", "(Join-Path $PSScriptRoot 'Compatibility.ps1')",
}
OLD_NAMES = [
    # 2015 to 2026
    "Set-VMNetworkAdapterOVSPort", "Set-VMNetworkAdapterOVSPortDirect", "Get-VMNetworkAdapterByOVSPort",
    "Get-VMNetworkAdapterWithOVSPort", "Get-VMByOVSPort",
    # 2014
    "Set-OvsPortName", "Add-OvsPort", "Add-Flow", "Delete-Flows", "Dump-Flows", "Dump-OFPorts", "Dump-OFPortsDesc",
]


def install():
    """Installs the grammar, unless it is here."""
    marker = PACKAGES / "-".join(PINNED).replace("=", "")
    if not marker.exists():
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(PACKAGES), *PINNED],
            check=True)
        marker.touch()


def grammar():
    """A parser of PowerShell."""
    install()
    if str(PACKAGES) not in sys.path:
        sys.path.insert(0, str(PACKAGES))
    import tree_sitter
    import tree_sitter_powershell
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))


def walk(node):
    yield node
    for child in node.children:
        yield from walk(child)


def text(node):
    return node.text.decode()


def names_in(section):
    """The strings of a list like @('A' 'B')."""
    return re.findall(r"'([^']+)'", section)


def commands(tree):
    """The commands of a script: their names, and the nodes."""
    return [(text(node.children[0]), node) for node in walk(tree) if node.type == "command" and node.children]


def given_parameters(node):
    """The parameters that a command is called with, not those of commands within it."""
    given = []
    for child in walk(node):
        owner = child
        while owner.type != "command":
            owner = owner.parent
        if child.type == "command_parameter" and owner == node:
            given.append(text(child).lstrip("-").rstrip(":").split(":")[0])
    return given


class Function:
    """A function of the module: its name, help, parameters and attributes."""

    def __init__(self, node):
        self.body = text(node)
        self.name = text(next(child for child in node.children if child.type == "function_name"))
        # Parameters of the function itself, not of script blocks within it.
        self.parameters = []
        for block in walk(node):
            if block.type == "param_block":
                for parameter in walk(block):
                    if parameter.type == "script_parameter":
                        self.parameters.append(
                            next(text(child)[1:] for child in parameter.children if child.type == "variable"))
                break
        found = re.search(r"<#(.*?)#>", self.body, re.DOTALL)
        self.help = found.group(1) if found else ""

    def section(self, keyword):
        """The texts under each .KEYWORD of the help."""
        pattern = rf"^\s*\.{keyword}\b[^\n]*\n(.*?)(?=^\s*\.[A-Z]+\b|\Z)"
        return [part.strip() for part in re.findall(pattern, self.help, re.DOTALL | re.MULTILINE)]

    def described_parameters(self):
        return re.findall(r"^\s*\.PARAMETER\s+(\w+)\s*$", self.help, re.MULTILINE)


class ModuleTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.parser = grammar()
        cls.folder = ROOT / "Windows" / "PowerShell"
        # OVS.psm1 takes the other in, so that they are one.
        cls.source = (cls.folder / "OVS.psm1").read_bytes() + b"\n" + (cls.folder / "Compatibility.ps1").read_bytes()
        cls.tree = cls.parser.parse(cls.source).root_node
        cls.functions = {
            function.name: function
            for function in (Function(node) for node in walk(cls.tree) if node.type == "function_statement")
        }
        cls.manifest = (cls.folder / "OVS.psd1").read_text()
        cls.aliases = dict(re.findall(r"^Set-Alias -Name (\S+) -Value (\S+)$", cls.source.decode(), re.MULTILINE))
        cls.exported = names_in(re.search(r"^Export-ModuleMember .*?@\((.*?)^\)", cls.source.decode(), re.DOTALL | re.MULTILINE).group(1))

    def manifest_list(self, key):
        return names_in(re.search(rf"^\s*{key}\s*=\s*@\((.*?)\)", self.manifest, re.DOTALL | re.MULTILINE).group(1))

    def test_parses_without_error(self):
        for path in (self.folder / "OVS.psm1", self.folder / "OVS.psd1", self.folder / "Compatibility.ps1", ROOT / "Windows" / "Installer" / "Bindings.ps1"):
            tree = self.parser.parse(path.read_bytes()).root_node
            wrong = [f"{path.name}:{node.start_point[0] + 1}: {text(node)[:60]!r}" for node in walk(tree) if node.is_error or node.is_missing]
            self.assertEqual(wrong, [])

    def test_the_module_takes_in_its_parts(self):
        self.assertIn("\n. (Join-Path $PSScriptRoot 'Compatibility.ps1')\n", (self.folder / "OVS.psm1").read_text())

    def test_a_mistake_is_seen(self):
        self.assertTrue(self.parser.parse(self.source + b"\nfunction { \n").root_node.has_error)

    def test_is_plain_ascii(self):
        # Windows PowerShell reads a file without a byte order mark in the system's code page.
        for name in ("OVS.psm1", "OVS.psd1", "Compatibility.ps1"):
            (self.folder / name).read_bytes().decode("ascii")

    def test_manifest_exports_what_the_module_exports(self):
        self.assertEqual(self.manifest_list("FunctionsToExport"), self.exported)
        self.assertEqual(self.manifest_list("AliasesToExport"), list(self.aliases))
        self.assertEqual(len(set(self.exported)), len(self.exported))
        self.assertLessEqual(set(self.exported), set(self.functions))

    def test_every_exported_function_has_help(self):
        for name in self.exported:
            function = self.functions[name]
            with self.subTest(name):
                for keyword in ("SYNOPSIS", "DESCRIPTION", "OUTPUTS", "EXAMPLE"):
                    self.assertTrue(all(function.section(keyword)) and function.section(keyword), keyword)
                self.assertEqual(function.described_parameters(), function.parameters)
                self.assertIn("[CmdletBinding(", function.body)
                for link in re.findall(r"^\s*\.LINK\s*\n\s*(\S+)", function.help, re.MULTILINE):
                    self.assertIn(link, self.exported)
                # An example calls the function that it explains.
                self.assertTrue(all(name in example for example in function.section("EXAMPLE")))

    def test_private_functions_say_what_they_do(self):
        lines = self.source.decode().splitlines()
        for name in set(self.functions) - set(self.exported):
            at = next(number for number, line in enumerate(lines) if line.startswith(f"function {name} "))
            self.assertTrue(lines[at - 1].startswith("# "), name)

    def test_functions_that_change_something_ask(self):
        for name in self.exported:
            function = self.functions[name]
            with self.subTest(name):
                if name.split("-")[0] in CHANGING_VERBS:
                    self.assertIn("SupportsShouldProcess = $true", function.body)
                    self.assertIn("$PSCmdlet.ShouldProcess(", function.body)
                else:
                    self.assertNotIn("SupportsShouldProcess", function.body)

    def test_verbs_are_approved(self):
        for name in self.functions:
            self.assertIn(name.split("-")[0], APPROVED_VERBS, name)

    def test_old_names_work(self):
        known = {name.lower() for name in self.exported} | {name.lower() for name in self.aliases}
        for name in OLD_NAMES:
            self.assertIn(name.lower(), known)
        for name, value in self.aliases.items():
            self.assertIn(value, self.exported, name)
            self.assertNotIn(name.lower(), {function.lower() for function in self.functions})

    def test_old_parameters_work(self):
        """Parameter names of the older modules, by the names of their functions."""
        old = {
            "Set-VMNetworkAdapterOVSPort": ["VMNetworkAdapter", "OVSPortName"],
            "Set-VMNetworkAdapterOVSPortDirect": ["vmName", "OVSPortName"],
            "Get-VMNetworkAdapterByOVSPort": ["OVSPortName"],
            "Get-VMNetworkAdapterWithOVSPort": ["vmName"],
            "Get-VMByOVSPort": ["OVSPortName"],
            "Set-OvsPortName": ["vmName", "mac"],
            "Add-OvsPort": ["bridgeName", "vmName", "mac"],
            "Add-Flow": ["flowCmd"],
            "Delete-Flows": ["flowCmd"],
        }
        functions = {name.lower(): function for name, function in self.functions.items()}
        for name, parameters in old.items():
            function = functions[self.aliases.get(name, name).lower()]
            self.assertLessEqual({p.lower() for p in parameters}, {p.lower() for p in function.parameters}, name)

    def test_adapters_come_by_pipeline(self):
        for name in ("Set-VMNetworkAdapterOVSPort", "Get-VMNetworkAdapterOVSPort", "Remove-VMNetworkAdapterOVSPort"):
            declaration = re.search(r"\[Parameter\(([^\]]*)\)\]\s*\[ValidateNotNull\(\)\]\s*\[psobject\[\]\] \$VMNetworkAdapter", self.functions[name].body)
            self.assertIn("ValueFromPipeline = $true", declaration.group(1))
            self.assertRegex(self.functions[name].body, r"\n    process \{")

    def test_private_functions_are_called_with_parameters_they_have(self):
        for name, node in commands(self.tree):
            if name in self.functions:
                self.assertLessEqual(set(given_parameters(node)), self.accepted(name), text(node))

    def accepted(self, name):
        """The parameters that a function takes."""
        function = self.functions[name]
        common = {"ErrorAction", "Verbose"} if "CmdletBinding" in function.body else set()
        if "SupportsShouldProcess" in function.body:
            common |= {"Confirm", "WhatIf"}
        return set(function.parameters) | common

    def test_examples_are_commands_that_the_functions_take(self):
        for name in self.exported:
            for example in self.functions[name].section("EXAMPLE"):
                code = "\n".join(line.strip() for line in example.split("\n\n")[0].splitlines())
                with self.subTest(code):
                    tree = self.parser.parse(code.encode() + b"\n").root_node
                    self.assertFalse(tree.has_error)
                    for called, node in commands(tree):
                        if called in self.functions:
                            self.assertLessEqual(set(given_parameters(node)), self.accepted(called))

    def test_commands_are_those_of_every_version(self):
        """Nothing that PowerShell 7 has lost (Get-WmiObject) or that PowerShell 4.0 has not yet."""
        bindings = self.parser.parse((ROOT / "Windows" / "Installer" / "Bindings.ps1").read_bytes()).root_node
        for tree in (self.tree, bindings):
            known = {function.name for function in (Function(node) for node in walk(tree) if node.type == "function_statement")}
            called = {name for name, _ in commands(tree)} - known
            self.assertLessEqual(called, COMMANDS, "is it in PowerShell 4.0 and in 7?")
            types = {node.type for node in walk(tree)}
            self.assertFalse(types & {"class_statement", "enum_statement", "pipeline_chain_tail"})
        self.assertNotIn("[wmi", self.source.decode().lower())

    def test_every_question_goes_to_the_host_of_the_adapter(self):
        for name, node in commands(self.tree):
            if name == "Get-CimInstance":
                self.assertIn("@HostArgument", text(node))
            elif name in ("Get-VM", "Get-VMNetworkAdapter") and "-VM $machine" not in text(node):
                owner = node
                while owner.type != "function_statement":
                    owner = owner.parent
                function = Function(owner)
                if {"ComputerName", "CimSession"} & set(function.parameters):
                    self.assertIn("@connection", text(node))
        for name in ("Get-VMNetworkAdapterOVSPort", "Get-VMNetworkAdapterByOVSPort", "Get-VMByOVSPort"):
            self.assertLessEqual({"ComputerName", "CimSession"}, set(self.functions[name].parameters))

    def test_a_machines_name_is_no_pattern_where_one_machine_is_meant(self):
        for name in ("Set-VMNetworkAdapterOVSPortByVMName", "Set-OVSPortName"):
            self.assertIn("-VMName (ConvertTo-Literal $VMName)", self.functions[name].body)

    def test_manifest_has_words_of_powershell_4_alone(self):
        found = set(re.findall(r"^    (\w+)\s*=", self.manifest, re.MULTILINE))
        self.assertLessEqual(found, {
            "RootModule", "ModuleVersion", "GUID", "Author", "CompanyName", "Copyright", "Description", "PowerShellVersion",
            "RequiredModules", "FunctionsToExport", "AliasesToExport", "CmdletsToExport", "VariablesToExport", "FormatsToProcess",
            "TypesToProcess", "HelpInfoURI", "FileList", "PrivateData"})

    def test_variables_of_the_module_are_defined(self):
        code = self.source.decode()
        defined = set(re.findall(r"^\$script:(\w+) =", code, re.MULTILINE))
        used = set(re.findall(r"\$script:(\w+)", code))
        self.assertEqual(defined, used)

    def test_versions_agree(self):
        version = re.search(r'apusVersion = "([^"]+)"', (ROOT / "Sources/Command/Invocation.swift").read_text()).group(1)
        self.assertIn(f"ModuleVersion          = '{version}'", self.manifest)


class GuideTests(unittest.TestCase):
    """Docs/windows.md says what there is."""

    @classmethod
    def setUpClass(cls):
        ModuleTests.setUpClass()
        cls.parser = ModuleTests.parser
        cls.functions = {name.lower(): function for name, function in ModuleTests.functions.items()}
        cls.text = (ROOT / "Docs" / "windows.md").read_text()
        # PowerShell hands -- and --option to programs as they are; the grammar takes them for an operator.
        cls.blocks = [
            re.sub(r" --(?=[ a-z])", " ", textwrap.dedent(block)) for block in re.findall(r"^ *```powershell\n(.*?)^ *```$", cls.text, re.DOTALL | re.MULTILINE)]

    def test_blocks_are_powershell(self):
        self.assertGreater(len(self.blocks), 10)
        for block in self.blocks:
            with self.subTest(block):
                self.assertFalse(self.parser.parse(block.encode()).root_node.has_error)

    def test_functions_have_these_parameters(self):
        called = set()
        for block in self.blocks:
            for name, node in commands(self.parser.parse(block.encode()).root_node):
                function = self.functions.get(ModuleTests.aliases.get(name, name).lower())
                if function is None:
                    continue
                called.add(function.name)
                known = {parameter.lower() for parameter in function.parameters} | {"erroraction", "confirm", "whatif"}
                self.assertLessEqual({given.lower() for given in given_parameters(node)}, known, text(node))
        self.assertGreaterEqual(len(called), 5)

    def test_functions_that_are_named_exist(self):
        known = set(self.functions) | {alias.lower() for alias in ModuleTests.aliases}
        for name in re.findall(r"\b(?:Get|Set|Remove|Add)-(?:OVS|Ovs|VM)\w*OVS\w*", self.text):
            self.assertIn(name.lower(), known)

    def test_steps_and_options_of_the_installer_exist(self):
        setup = (ROOT / "Windows" / "Installer" / "Setup" / "Main.c").read_text()
        for step in re.findall(r"ovs-setup\.exe(?:`|\"|')? ([a-z][a-z-]+)\b(?!\.)", self.text):
            if step not in ("alone", "against"):
                self.assertIn(f'"  {step}', setup)
        package = (ROOT / "Windows" / "Installer" / "openvswitch.wxs").read_text()
        for feature in re.findall(r"\bOpenvSwitch[A-Z]\w+", self.text):
            self.assertIn(f'<Feature Id="{feature}"', package)
        for option in set(re.findall(r"\b([A-Z]{5,})=1\b", self.text)):
            self.assertRegex(package, rf"<Custom Action=[^\n]* {option}\b")

    def test_limits_have_these_names_and_values(self):
        rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| `([^|]+)` \|$", self.text[self.text.index("## Limits"):].split("## ")[1], re.MULTILINE)
        self.assertGreater(len(rows), 8)
        sources = {}
        for folder in ("Sources/Extension", "Sources/Datapath", "Sources/Switch", "Windows/Driver", "Windows/PowerShell"):
            for path in (ROOT / folder).rglob("*.*"):
                if path.suffix in (".swift", ".c", ".psm1"):
                    sources[path.name] = path.read_text()
        for values, names in rows:
            for name, value in zip(re.findall(r"[$A-Za-z_.]+", names), re.findall(r"[\d,]+(?: MiB)?", values)):
                number = value.split()[0].strip(",").replace(",", "_")
                short = name.split(".")[-1].lstrip("$")
                with self.subTest(names):
                    if name in sources:
                        self.assertIn(number, sources[name])
                        continue
                    if short == "MACTable":
                        continue
                    lines = [line for content in sources.values() for line in content.splitlines()
                             if re.search(rf"\b{short}\b.*[={{]|define {short}", line)]
                    # In C and in Swift, bytes as their source writes them.
                    written = [f"{number} << 20", f"{number}ll << 20"] if value.endswith("MiB") else [number, number.replace("_", "")]
                    self.assertTrue(any(form in line for form in written for line in lines), (name, value, lines))


if __name__ == "__main__":
    unittest.main()
