#!/usr/bin/python3
"""The same ovs-vsctl command lines, by Open vSwitch's program and server and by ours, in every combination.

Each list of command lines runs in its own database, once with both oracle programs, which say what is
expected, and once with each of the other combinations. Exit codes, outputs and the contents of the database
afterwards have to agree, but for UUIDs and the order of rows in lists, which means nothing.
"""

import json
import re
import shlex
import unittest

from support import ORACLE_SCHEMA, SCHEMA, Sandbox, has_program, program, without_uuids

COMBINATIONS = [("apus", "apus"), ("apus", "oracle"), ("oracle", "apus")]

# Log lines carry times, and what is worth a warning is each implementation's own affair.
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT[^|]*\|\d+\|[^\n]*\n", re.MULTILINE)

BRIDGES = """
show
add-br br0
add-br br0
--may-exist add-br br0
add-br br1 br0 10
--may-exist add-br br1 br0 10
--may-exist add-br br1 br0 11
--may-exist add-br br1
--may-exist add-br br0 br1 3
add-br br2 br1 3
add-br br2 br9 3
add-br br2 br0 4096
add-br br2 br0 x
add-br br2 br0
add-br a b c d
add-br br3 br0 10
list-br
--real list-br
--fake list-br
--real --fake list-br
br-exists br0
br-exists br9
br-exists br1
br-to-vlan br1
br-to-vlan br0
br-to-vlan br9
br-to-parent br1
br-to-parent br0
br-set-external-id br0 key value
br-set-external-id br0 k2 v2
br-get-external-id br0
br-get-external-id br0 key
br-get-external-id br0 nokey
br-set-external-id br1 key value
br-get-external-id br1
br-get-external-id br1 key
br-set-external-id br0 key
br-get-external-id br0
br-get-external-id br9
get port br1 external-ids
del-br br9
--if-exists del-br br9
del-br br2
list-br
-- add-br b7 -- add-port b7 p7 -- list-ports b7 -- list-br
add-br b8 -- add-port b9 p7
add-br bry -- del-br bry -- add-br bry
-- add-br brx -- set bridge brx other_config:a=b -- get bridge brx other_config -- del-br brx
del-br br0
list-br
show
"""

PORTS = """
add-br br0
add-br br1 br0 10
add-port br0 eth0
add-port br0 eth0
add-port br1 eth1
add-port br0 br0
add-port br1 br0
add-port br9 eth0
add-port br9 eth7
--may-exist add-port br0 eth0
--may-exist add-port br1 eth0
add-port br0 eth2 tag=9
add-port br0 eth3 tag=9999
add-port br0 eth3 foo=9
add-port br0 eth3 trunks=1,2,3 external-ids:a=b
add-port br0 eth3=4
add-port br0 eth9 eth9
add-port br0 eth9 tag
list-ports br0
list-ports br1
list-ports br9
port-to-br eth0
port-to-br eth1
port-to-br br0
port-to-br nope
add-bond br0 bond0 e1 e2
add-bond br0 bond0 e1 e2
add-bond br0 bond1 e1 e2
add-bond br0 bond1 e3
add-bond br0 bond1 e3 tag=3
add-bond br0 bond1 e3 e3
--may-exist add-bond br0 bond0 e2 e1
--may-exist add-bond br0 bond0 e2 e3
--may-exist add-bond br1 bond0 e2 e1
--may-exist add-port br0 bond0
--fake-iface add-bond br0 bond2 e5 e6 bond_mode=active-backup lacp=active
add-bond br0 bond3 e7 e8 bond_mode=foo
add-bond-iface bond0 e9
add-bond-iface bond0 e9
--may-exist add-bond-iface bond0 e9
add-bond-iface bond0 e5
--may-exist add-bond-iface bond0 e5
add-bond-iface bondx e5
del-bond-iface bond0 e9
del-bond-iface bond0 e9
--if-exists del-bond-iface bond0 e9
del-bond-iface bond0 e5
del-bond-iface eth0
del-bond-iface eth2 eth0
list-ifaces br0
list-ifaces br1
iface-to-br e1
iface-to-br br0
iface-to-br nope
del-port eth9
--if-exists del-port eth9
del-port br1 eth0
del-port br0 eth1
--with-iface del-port e5
--with-iface del-port e1x
--with-iface del-port br0 e1x
del-port br0
--if-exists del-port br0
del-port br0 br0
del-port br9 eth0
--if-exists del-port br9 eth0
del-port br0 eth2
add-port br0 v1 -- set interface v1 type=internal -- --id=@i get interface v1 -- set port eth0 interfaces=@i
list-ports br0
list-ifaces br0
"""

CONTROLLERS = """
add-br br0
add-br br1 br0 5
set-controller br0 tcp:127.0.0.1 unix:/x
get-controller br0
get-controller br1
set-controller br1 tcp:1.1.1.1
get-controller br9
set-controller br0 foo
--inactivity-probe=3000 set-controller br0 tcp:1.2.3.4
get controller br0 inactivity_probe target
set-controller br0 tcp:1.2.3.4 tcp:1.2.3.4
get-controller br0
del-controller br0
get-controller br0
set-controller br0
set-fail-mode br0 secure
get-fail-mode br0
get-fail-mode br1
set-fail-mode br0 foo
set-fail-mode br1 secure
del-fail-mode br0
get-fail-mode br0
set-manager ptcp:6640 ssl:1.2.3.4
get-manager
get manager ptcp:6640 target
set-manager foo
set-manager tcp:1.1.1.1 tcp:1.1.1.1
show
del-manager
get-manager
set-ssl /a /b /c
get-ssl
get ssl . private_key
--bootstrap set-ssl /a /b /c
get-ssl
del-ssl
get-ssl
set-ssl /a
add-aa-mapping br0 3 4
add-aa-mapping br0 5 6
get-aa-mapping br0
del-aa-mapping br0 3 4
get-aa-mapping br0
del-aa-mapping br0 3 5
add-aa-mapping br9 3 4
add-aa-mapping br0 x 4
add-zone-tp netdev zone=1 icmp_first=1
list-zone-tp netdev
del-zone-tp netdev zone=1
list-dp-cap netdev
set open . datapaths:netdev=@d -- --id=@d create datapath datapath_version=x capabilities:a=true
add-zone-tp netdev zone=1 icmp_first=1 icmp_reply=2
add-zone-tp netdev zone=1 icmp_first=1 icmp_reply=2
--may-exist add-zone-tp netdev zone=1 icmp_first=1 icmp_reply=2
add-zone-tp netdev zone=2 icmp_reply=2 icmp_first=1
add-zone-tp netdev zone=3 foo=1
add-zone-tp netdev zone=4
add-zone-tp netdev zone=65536 icmp_first=1
list-zone-tp netdev
del-zone-tp netdev zone=1
del-zone-tp netdev zone=1
--if-exists del-zone-tp netdev zone=1
list-zone-tp netdev
list-dp-cap netdev
set bridge br0 other_config:hwaddr=00:00:00:00:00:01 other_config:x=y fail_mode=secure
set port br0 other_config:a=b
set interface br0 ingress_policing_rate=5
set-controller br0 tcp:1.2.3.4
set-manager tcp:1.2.3.4
emer-reset
get bridge br0 other_config fail_mode controller
get port br0 other_config
get interface br0 ingress_policing_rate
"""

DATABASE = r"""
add-br br0
add-port br0 eth0 tag=9 trunks=1,2,3 -- set interface eth0 type=gre options:remote_ip=1.2.3.4 options:key=7 'external-ids:"x y"=z'
list port eth0
list bridge
--columns=name,ports list bridge
--columns=name,tag,trunks list port eth0
-f table --columns=name,tag list port eth0
-f csv --columns=name,tag,trunks,external_ids list port eth0
-f json --columns=name,tag,trunks,external_ids list port eth0
-f html --columns=name,tag list port eth0
-f list -d bare --columns=name,trunks list port eth0
--bare --columns=name,trunks list port eth0
--no-headings -f table --columns=name,trunks list port eth0
-f table -d json --columns=name,trunks list port eth0
--pretty -f json --columns=name,trunks list port eth0
--max-column-width=4 -f table --columns=name,trunks list port eth0
-f foo list port
-d foo list port
-f csv list controller
-f table list controller
-f json list controller
-f table --columns=name list bridge -- --columns=name list port br0 -- list-br -- --columns=name list port eth0
--oneline -- --columns=name list bridge -- list-br
--columns=name find port tag=9
--columns=name find port tag!=9
--columns=name find port 'tag{>=}9'
--columns=name find port 'trunks{>=}1,2'
--columns=name find port 'trunks{<=}1,2,3,4'
--columns=name find port 'trunks>1'
--columns=name find interface 'options:key{!=}x'
--columns=name find interface 'options={}'
--columns=name find interface 'options:key>6'
--columns=name find interface 'options:key{in}6,7'
--columns=name find interface 'options:key{not-in}6,7'
--columns=name find interface 'type{not-in}6,7'
--columns=name find interface 'type==gre'
--columns=name find interface type
--columns=name find interface 'type~gre'
--columns=name find interface options:key
--columns=name find interface =3
--columns=name find interface ''
--columns=name find interface 'name=eth0' type=gre
--columns=name find interface 'name={eth0'
--columns=name find interface foo=3
--columns=name find interface name:x=3
--columns=name find foo foo=3
--columns=nope list bridge
--columns=_uuid,name list bridge
--columns= list bridge
list foo
--columns=name list b
--columns=name list br br0
list bridge nope
--if-exists list bridge nope
list open .
list controller br0
get bridge br0 name ports _uuid
get bridge br0 nope
get bridge br0 datapath-id
get port eth0 tag trunks
get interface eth0 options:remote_ip options
get interface eth0 options:nokey
--if-exists get interface eth0 options:nokey
--if-exists get interface nope options
get interface nope options
get interface eth0 name:foo
get interface eth0 options:
get interface eth0 st
get br br0 other_config:a:b
get br br0 other_config=a
get interface eth0 _version
set bridge br0 foo=3
set bridge br0 fail_mode=secure
get bridge br0 fail_mode
set bridge br0 fail_mode=x
set bridge br0 other-config:a=b other-config:c=d
get bridge br0 other-config
set bridge br0 other-config={e=f}
get bridge br0 other-config
set bridge br0 name=br1
set bridge br0 _uuid=3
set bridge br0 protocols=OpenFlow10,OpenFlow13
set bridge br0 protocols=[OpenFlow14]
get bridge br0 protocols
set bridge br0 flood_vlans=1-5,7
get bridge br0 flood_vlans
set bridge br0 stp_enable=maybe
set bridge br0 stp_enable=true
set BRIDGE br0 Stp_Enable=false
set bridge nope stp_enable=true
--if-exists set bridge nope stp_enable=true
set bridge br0
set bridge br0 stp_enable
set bridge br0 stp_enable:x=true
set interface eth0 options:a=
set interface eth0 options:a=1,b=2
set interface nope options:a
get interface eth0 options
set interface eth0 mtu_request=0
set interface eth0 mtu_request=1500
set interface eth0 mtu_request=[]
set interface eth0 mtu_request=1,2
set interface eth0 type=a,b
set interface eth0 'type=""'
set interface eth0 type=[]
set interface eth0 cfm_remote_mpids=0-5000
set port eth0 bond_updelay=9223372036854775808
set port eth0 bond_updelay=-5
get port eth0 bond_updelay
set port eth0 interfaces=abc
set port eth0 interfaces=12345678-1234-1234-1234-1234567890ab
set bridge br0 'other_config={""=""}'
set bridge br0 'other_config:a="\u00e9\n\t\""'
get bridge br0 other_config
set bridge br0 'other_config=a = b'
set bridge br0 'external_ids={a=b-c,b=b.c,c=_x,d="0a",e="true",g="a1b2c3d4-1234-1234-1234-1234567890ab",h="a1b2c3d4",i=ABC,j="a/b",k="-a",m=True,n=no}'
get bridge br0 external_ids
add bridge br0 flood_vlans 9 10
get bridge br0 flood_vlans
add bridge br0 fail_mode standalone
add bridge br0 other-config k=v
add bridge br0 other-config k=w
get bridge br0 other-config
add bridge br0 stp_enable true
add bridge br0 ports 12345678-1234-1234-1234-1234567890ab
remove bridge br0 flood_vlans 9
remove bridge br0 flood_vlans 99
remove bridge br0 flood_vlans 3,5 4
get bridge br0 flood_vlans
remove bridge br0 other-config k
remove bridge br0 other-config a=z
remove bridge br0 other-config 'a="'
get bridge br0 other-config
remove bridge br0 name br0
remove bridge br0 stp_enable true
remove bridge br0 stp_enable false
clear bridge br0 flood_vlans other-config
get bridge br0 flood_vlans other-config
clear bridge br0 stp_enable
clear bridge br0 name
clear port eth0 interfaces
clear bridge nope name
--if-exists clear bridge nope name
create qos type=linux-htb other-config:max-rate=1000
set port eth0 qos=@newqos -- --id=@newqos create qos type=linux-htb queues:0=@q -- --id=@q create queue other-config:min-rate=1
create qos type=linux-htb queues:0=@q -- --id=@q create queue other-config:min-rate=1 -- set port eth0 qos=@nope
--columns=type,other_config find qos other_config:max-rate=1000
list queue
create mirror name=m
create bridge name=foo
create foo
create foo x=y
create qos
create qos foo=1
destroy qos nope
--if-exists destroy qos nope
--all destroy qos
--all destroy queue q
--all --if-exists destroy queue
destroy queue
--id=@p get port eth0 -- --id=@m create mirror name=m0 select-dst-port=@p output-port=@p -- set bridge br0 mirrors=@m
list mirror m0
destroy mirror m0
--columns=name list mirror
clear bridge br0 mirrors
--columns=name list mirror
--id=p get port eth0
--id=@p get port nope
--id=@p create qos type=x -- --id=@p create qos type=x
--id=@a get bridge br0 -- --id=@a get bridge br0
--id=@a --if-exists get bridge br0
-- --id=@a create port name=x
--id=@bad set port eth0 qos=@bad
--id=11111111-2222-3333-4444-555555555555 create qos type=q
--id=11111111-2222-3333-4444-555555555555 create qos type=q
--id=foo create qos type=q
--id=@m create mirror name=x select_dst_port=@p -- --id=@p create port name=x interfaces=@i -- --id=@i create interface name=x
create open_vswitch next_cfg=3
--id=@b get bridge br0 -- create flow_sample_collector_set id=3 bridge=@b
--columns=id list flow_sample_collector_set 3
list flow_sample_collector_set x
set bridge br0 flow_tables:0=@t -- --id=@t create flow_table name=tt
--columns=name list flow_table tt
set bridge br0 netflow=@nf -- --id=@nf create netflow 'targets="1.2.3.4:5"'
list netflow br0
list sflow br0
comment hello there
-- comment hello -- get bridge br0 name
wait-until bridge br0
wait-until bridge br0 name=br0
wait-until bridge br0 foo=3
--dry-run del-br br0
list-br
--dry-run -- add-br brx -- list-br
get bridge 12345678-1234-1234-1234-1234567890ab name
list bridge 1234
--all destroy qos
"""

USAGE = """
foo
del-br
add-br
br-exists
-- --bogus add-br x
-- --may-exist del-br x
-- --id add-br x
-- --may-exist=3 add-br x

--
--bogus show
-t
-t x show
-t 0x show
--timeout=-1 show
-x
--oneline=3 show
--db
--no show
--f=json show
show show
list-br x
list-br -x
--format
-f
-vfoo show
--no-wait --dry-run --no-syslog
--may-exist --may-exist add-br x
"""


def is_built(kind, name):
    with Sandbox("built") as sandbox:
        return has_program(kind, name) and sandbox.run(kind, name, "--version").stdout != ""


class Database:
    """A database server of one kind, and ovs-vsctl of another kind that talks to it."""

    def __init__(self, tool, server, schema=ORACLE_SCHEMA):
        self.sandbox = Sandbox("vsctl")
        self.tool = tool
        self.sandbox.start_database(server, schema=schema)
        self.address = "unix:" + self.sandbox.path("db.sock")

    def run(self, line, *options):
        result = self.sandbox.run(
            self.tool, "ovs-vsctl", "--db=" + self.address, "-t", "10", *options, *shlex.split(line))
        names = {}
        lines = without_uuids(result.stdout, {}).split("\n")
        stderr = LOG_LINE.sub("", result.stderr).replace(self.sandbox.directory, "DIR")
        # Rows come in the order of their UUIDs, which differ.
        return result.code, sorted(lines), without_uuids(stderr, names)

    def contents(self):
        """Every row of every table, without UUIDs."""
        dump = self.sandbox.check(
            "oracle", "ovsdb-client", "--format=json", "dump", self.address, "Open_vSwitch")
        tables = {}
        for line in dump.splitlines():
            table = json.loads(line)
            rows = []
            for row in table["data"]:
                # References count by their number, since UUIDs differ.
                cells = zip(table["headings"], row)
                rows.append(re.sub("<uuid[0-9]+>", "<uuid>", without_uuids(
                    json.dumps([cell for cell in cells if cell[0] != "_uuid"], sort_keys=True))))
            tables[table["caption"]] = sorted(rows)
        return tables

    def close(self):
        self.sandbox.close()


class VsctlTest(unittest.TestCase):
    def compare(self, lines):
        lines = [line for line in lines.strip().split("\n")]
        expected = self.results("oracle", "oracle", lines)
        for tool, server in COMBINATIONS:
            if not (is_built(tool, "ovs-vsctl") and is_built(server, "ovsdb-server")):
                continue
            found = self.results(tool, server, lines)
            for line, one, other in zip(lines + ["contents"], expected, found):
                with self.subTest(tool=tool, server=server, line=line):
                    self.assertEqual(other, one)

    def results(self, tool, server, lines):
        database = Database(tool, server)
        self.addCleanup(database.close)
        found = [database.run(line, "--no-wait") for line in lines]
        found.append(database.contents())
        database.close()
        return found

    def test_bridges(self):
        self.compare(BRIDGES)

    def test_ports_bonds_and_interfaces(self):
        self.compare(PORTS)

    def test_controllers_managers_and_the_rest(self):
        self.compare(CONTROLLERS)

    def test_database_commands(self):
        self.compare(DATABASE)

    def test_usage_errors(self):
        with Sandbox("usage") as sandbox:
            for line in USAGE.strip("\n").split("\n"):
                with self.subTest(line=line):
                    one = sandbox.run("oracle", "ovs-vsctl", *shlex.split(line))
                    other = sandbox.run("apus", "ovs-vsctl", *shlex.split(line))
                    for kind, result in (("oracle", one), ("apus", other)):
                        result.stderr = result.stderr.replace(program(kind, "ovs-vsctl"), "ovs-vsctl")
                    # What an abbreviation may stand for depends on the options there are.
                    ambiguous = "is ambiguous; possibilities:"
                    if ambiguous in one.stderr:
                        self.assertIn(one.stderr.split(ambiguous)[0] + ambiguous, other.stderr)
                        self.assertEqual(one.code, other.code)
                    else:
                        self.assertEqual(other, one)

    def test_failures_to_connect(self):
        with Sandbox("connect") as sandbox:
            for line in ["show", "--db=unix:/nonexistent show", "--db=tcp:127.0.0.1:1 show", "--db=foo show"]:
                with self.subTest(line=line):
                    one = sandbox.run("oracle", "ovs-vsctl", *shlex.split(line))
                    other = sandbox.run("apus", "ovs-vsctl", *shlex.split(line))
                    self.assertEqual(other, one)
            # A timeout ends the program as an alarm does.
            one = sandbox.run("oracle", "ovs-vsctl", "-t1", "--retry", "show")
            other = sandbox.run("apus", "ovs-vsctl", "-t1", "--retry", "show")
            self.assertEqual(other.code, one.code)


class WaitingTest(unittest.TestCase):
    def setUp(self):
        self.database = Database("apus", "oracle", schema=SCHEMA)
        self.addCleanup(self.database.close)
        self.database.run("add-br br0", "--no-wait")

    def other(self, *arguments):
        """Runs the oracle's ovs-vsctl on the same database."""
        return self.database.sandbox.check(
            "oracle", "ovs-vsctl", "--no-wait", "--db=" + self.database.address, *arguments)

    def start(self, *arguments):
        process = self.database.sandbox.start(
            "apus", "ovs-vsctl", "--db=" + self.database.address, "-t", "20", *arguments, log="waiting.out")
        self.addCleanup(self.database.sandbox.stop, process)
        return process

    def output(self):
        with open(self.database.sandbox.path("waiting.out")) as file:
            return file.read()

    def test_a_change_waits_until_the_switch_has_taken_it_up(self):
        process = self.start("add-port", "br0", "p0", "--", "list-ports", "br0")
        self.database.sandbox.wait_until(
            lambda: self.other("get", "open", ".", "next_cfg").strip() == "1", "next_cfg counts", process=process)
        self.assertIsNone(process.poll())
        self.other("set", "interface", "p0", "ofport=1", "--", "set", "open", ".", "cur_cfg=1")
        self.assertEqual(process.wait(10), 0)
        self.assertEqual(self.output(), "p0\n")

    def test_what_the_switch_could_not_set_up_is_told_with_its_reason(self):
        process = self.start("add-port", "br0", "p0")
        self.database.sandbox.wait_until(
            lambda: self.other("get", "open", ".", "next_cfg").strip() == "1", "next_cfg counts", process=process)
        self.other(
            "set", "interface", "p0", "ofport=-1", 'error="no such device"', "--", "set", "open", ".", "cur_cfg=1")
        self.assertEqual(process.wait(10), 65)
        self.assertEqual(
            self.output(),
            "ovs-vsctl: Error detected while setting up 'p0': no such device.  See ovs-vswitchd log for details.\n"
            "ovs-vsctl: The default log directory is \"%s\".\n" % self.database.sandbox.directory)

    def test_nothing_changed_is_nothing_to_wait_for(self):
        self.assertEqual(self.database.run("--may-exist add-br br0"), (0, [""], ""))
        self.assertEqual(self.other("get", "open", ".", "next_cfg").strip(), "0")

    def test_wait_until_goes_on_when_the_condition_holds(self):
        process = self.start("wait-until", "interface", "p1", "ofport=7", "--", "get", "interface", "p1", "type")
        self.other("add-port", "br0", "p1", "--", "set", "interface", "p1", "type=internal")
        self.assertIsNone(process.poll())
        self.other("set", "interface", "p1", "ofport=7")
        self.assertEqual(process.wait(10), 0)
        self.assertEqual(self.output(), "internal\n")

    def test_ports_added_at_the_same_time_do_not_undo_each_other(self):
        processes = [self.start("--no-wait", "add-port", "br0", "p%d" % number) for number in range(20)]
        self.assertEqual([process.wait(20) for process in processes], [0] * 20, self.output())
        self.assertEqual(len(self.other("list-ports", "br0").split()), 20)

    def test_adding_a_port_does_not_rewrite_the_others(self):
        for number in range(5):
            self.database.run("add-port br0 q%d" % number, "--no-wait")
        with open(self.database.sandbox.path("db.db"), "rb") as file:
            last = json.loads(file.read().splitlines()[-1])
        self.assertEqual(len(last["Bridge"]), 1)
        (row,) = last["Bridge"].values()
        self.assertEqual(row["ports"][0], "uuid", "one port is the difference")


if __name__ == "__main__":
    unittest.main()
