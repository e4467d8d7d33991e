#!/usr/bin/env python3
"""Flow syntax: `ovs-ofctl parse-flow` of both kinds, flow by flow.

Every field under every kind of mask, every action under several matches, and the recorded flows of
Tests/Vectors/OpenFlow/flow-text.tsv; each under OpenFlow 1.0, 1.3 and 1.5. What is compared is what parse-flow
prints: the forms that can carry the flow, the form chosen, and the message, encoded and decoded again.
"""

import os
import re
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

import support

VECTORS = os.path.join(support.ROOT, "Tests", "Vectors", "OpenFlow", "flow-text.tsv")
CHECKED = os.path.join(support.ROOT, "Tests", "Vectors", "OpenFlow", "checked-actions.tsv")
VERSIONS = ["OpenFlow10", "OpenFlow13", "OpenFlow15"]

# What a field needs, and some values of it.
FIELDS = [
    ("", "in_port", ["1", "LOCAL", "65279", "controller"]),
    ("", "reg0", ["0", "5", "0x12/0xff", "0xffffffff"]),
    ("", "reg15", ["0x80000000/0x80000000"]),
    ("", "xreg3", ["5", "0x100000000/0xf00000000"]),
    ("", "xxreg1", ["5", "0x10000000000000000/0xf0000000000000000"]),
    ("", "metadata", ["0", "0x1234", "5/7"]),
    ("", "tun_id", ["0", "0x5", "5/0xff"]),
    ("", "tun_src", ["1.2.3.4", "1.2.0.0/16", "1.0.3.0/255.0.255.0"]),
    ("", "tun_dst", ["1.2.3.4", "0.0.0.0/1"]),
    ("", "tun_ipv6_src", ["::1", "fe80::/10"]),
    ("", "tun_ipv6_dst", ["2001:db8::1"]),
    ("", "tun_gbp_id", ["0", "5", "5/0xf"]),
    ("", "tun_gbp_flags", ["5", "1/1"]),
    ("", "tun_flags", ["+oam", "-oam", "oam", "0"]),
    ("", "pkt_mark", ["5", "5/7", "0"]),
    ("", "ct_state", ["+trk", "+trk+est-inv", "trk|new", "0x21/0x23", "0"]),
    ("", "ct_zone", ["5"]),
    ("", "ct_mark", ["5", "5/7"]),
    ("", "ct_label", ["5", "0x10000000000000000/0xf0000000000000000"]),
    ("ct_state=+trk+est,ip,", "ct_nw_src", ["1.2.3.4", "1.2.3.0/24"]),
    ("ct_state=+trk+est,ip,", "ct_nw_dst", ["1.2.3.4"]),
    ("ct_state=+trk+est,ip,", "ct_nw_proto", ["6"]),
    ("ct_state=+trk+est,ipv6,", "ct_ipv6_src", ["::1", "fe80::/10"]),
    ("ct_state=+trk+est,ip,ct_nw_proto=6,", "ct_tp_src", ["5", "4/0xfc"]),
    ("ct_state=+trk+est,ip,ct_nw_proto=6,", "ct_tp_dst", ["5"]),
    ("", "conj_id", ["5"]),
    ("", "dp_hash", ["5", "5/7"]),
    ("", "recirc_id", ["5"]),
    ("", "actset_output", ["5"]),
    ("", "dl_src", ["1:2:3:4:5:6", "1:2:3:0:0:0/ff:ff:ff:0:0:0"]),
    ("", "dl_dst", ["1:2:3:4:5:6", "1:0:0:0:0:0/1:0:0:0:0:0", "ff:ff:ff:ff:ff:ff"]),
    ("", "dl_type", ["0x800", "0x806", "0x86dd", "0x88cc", "0x8847", "0x8848", "0x8035", "0x1234", "0x5ff"]),
    ("", "vlan_tci", ["0", "0x1005", "0x1000/0x1000", "0x1005/0x1fff", "0x3/0xf", "0xf005"]),
    ("", "dl_vlan", ["0", "5", "4095", "0xffff"]),
    ("dl_vlan=5,", "dl_vlan_pcp", ["0", "7"]),
    ("", "vlan_vid", ["0x1005", "0x1000/0x1000", "0x1005/0x100f"]),
    ("dl_vlan=5,", "vlan_pcp", ["3"]),
    ("mpls,", "mpls_label", ["0", "5", "1048575"]),
    ("mpls,", "mpls_tc", ["3"]),
    ("mpls,", "mpls_bos", ["0", "1"]),
    ("mpls,", "mpls_ttl", ["64"]),
    ("ip,", "nw_src", ["1.2.3.4", "1.2.3.4/8", "1.2.3.4/255.0.255.0", "1.2.3.4/0", "*"]),
    ("ip,", "nw_dst", ["1.2.3.4", "128.0.0.0/1"]),
    ("ipv6,", "ipv6_src", ["::1", "fe80::/10", "2001:db8::1/ffff:ffff::ffff", "::ffff:1.2.3.4", "::"]),
    ("ipv6,", "ipv6_dst", ["ff02::1:ff00:0/104"]),
    ("ipv6,", "ipv6_label", ["0x12345", "0x45/0xff"]),
    ("ip,", "nw_proto", ["0", "1", "2", "6", "17", "47", "58", "132", "255"]),
    ("ipv6,", "nw_proto", ["1", "6", "58"]),
    ("ip,", "nw_tos", ["0", "4", "252"]),
    ("ip,", "ip_dscp", ["0", "63"]),
    ("ip,", "nw_ecn", ["0", "3"]),
    ("ip,", "nw_ttl", ["0", "64"]),
    ("ip,", "nw_frag", ["no", "yes", "first", "later", "not_later"]),
    ("arp,", "arp_op", ["0", "1", "2"]),
    ("arp,", "arp_spa", ["1.2.3.4", "1.2.3.0/24"]),
    ("arp,", "arp_tpa", ["1.2.3.4"]),
    ("arp,", "arp_sha", ["1:2:3:4:5:6", "1:0:0:0:0:0/1:0:0:0:0:0"]),
    ("rarp,", "arp_tha", ["1:2:3:4:5:6"]),
    ("tcp,", "tp_src", ["0", "80", "0x50/0xfff0"]),
    ("tcp6,", "tcp_dst", ["80", "0/0x8000"]),
    ("tcp,", "tcp_flags", ["syn", "+syn-ack", "0x12/0x3f", "0", "0xfff"]),
    ("udp,", "udp_src", ["53"]),
    ("udp6,", "udp_dst", ["53", "1/1"]),
    ("sctp,", "sctp_src", ["5"]),
    ("sctp6,", "sctp_dst", ["5/7"]),
    ("icmp,", "icmp_type", ["0", "8"]),
    ("icmp,", "icmp_code", ["3"]),
    ("icmp6,", "icmpv6_type", ["128"]),
    ("icmp6,", "icmpv6_code", ["1"]),
    ("icmp6,icmp_type=135,icmp_code=0,", "nd_target", ["::1", "fe80::/64"]),
    ("icmp6,icmp_type=135,icmp_code=0,", "nd_sll", ["1:2:3:4:5:6"]),
    ("icmp6,icmp_type=136,icmp_code=0,", "nd_tll", ["1:2:3:4:5:6"]),
    ("", "packet_type", ["(0,0)", "(1,0x800)", "(1,0x894f)"]),
    ("", "priority", ["0", "1", "32768", "65535"]),
    ("", "cookie", ["0", "0x123456789abcdef"]),
    ("", "idle_timeout", ["0", "60"]),
    ("", "hard_timeout", ["3600"]),
    ("", "table", ["0", "1", "254"]),
]

MATCHES = ["", "tcp,", "udp6,", "dl_vlan=5,", "mpls,", "arp,", "table=3,icmp,"]

ACTIONS = """
output:1
LOCAL
in_port
normal
flood
all
controller
controller:128
controller(id=3,reason=no_match)
controller(userdata=01.02.03.04.05,pause)
output:reg0[0..15]
output(port=1,max_len=100)
enqueue:1:2
group:5
drop
mod_vlan_vid:5
mod_vlan_pcp:5
strip_vlan
push_vlan:0x8100,mod_vlan_vid:7
mod_dl_src:1:2:3:4:5:6
mod_dl_dst:1:2:3:4:5:6
mod_nw_src:1.2.3.4
mod_nw_dst:1.2.3.4
mod_nw_tos:16
mod_nw_ecn:1
mod_nw_ttl:9
mod_tp_src:80
mod_tp_dst:80
dec_ttl
dec_ttl(1,2)
push_mpls:0x8847,set_mpls_label:5,set_mpls_tc:2,set_mpls_ttl:9,dec_mpls_ttl
pop_mpls:0x0800
set_tunnel:5
set_tunnel64:5
set_queue:7,output:1,pop_queue
fin_timeout(idle_timeout=3)
resubmit:1
resubmit(,5)
resubmit(1,5)
learn(table=1,NXM_OF_VLAN_TCI[0..11],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])
learn(table=1,priority=7,eth_type=0x800,load:0x1f->reg0[0..7],load:reg1[]->reg2[])
multipath(symmetric_l4,1024,hrw,10,0,reg0[0..7])
bundle(eth_src,50,hrw,ofport,members:1,2,3)
conjunction(5,1/2),conjunction(6,2/2)
note:01.02.03.04.05.06
exit
sample(probability=12345,collector_set_id=1,obs_domain_id=2,obs_point_id=3)
ct
ct(commit,zone=5,exec(set_field:1->ct_mark),nat(src))
ct(commit,force,table=7,nat(dst=1.2.3.4-1.2.3.9:5-10,random))
ct_clear
clone(set_field:1->reg0,output:1),output:2
check_pkt_larger(1500)->reg0[3]
meter:3,output:1
clear_actions
write_actions(output:1,dec_ttl)
write_metadata:5/7
goto_table:9
output:1,write_metadata:5,goto_table:9
set_field:5->reg0
set_field:5/7->reg0
set_field:5->xreg1
set_field:5->xxreg1
set_field:1:2:3:4:5:6->eth_src
set_field:5->metadata
set_field:5->tun_id
set_field:1.2.3.4->tun_dst
set_field:1.2.3.4->ip_src
set_field:::1->ipv6_dst
set_field:80->tcp_dst
set_field:53->udp_src
set_field:5->nw_ttl
set_field:5->ip_dscp
set_field:5->mpls_label
set_field:0x1005->vlan_vid
set_field:2->arp_op
set_field:5->pkt_mark
load:5->reg0[0..7]
load:1->eth_src[40]
move:reg0[]->reg1[]
move:eth_src[]->eth_dst[]
push:reg0[],pop:reg1[]
foo
output:foo
set_field:1->foo
set_field:1->eth_type
load:256->reg0[0..7]
""".split("\n")


def generated():
    flows = []
    for prerequisite, field, values in FIELDS:
        for value in values:
            flows.append("%s%s=%s,actions=drop" % (prerequisite, field, value))
    for match in MATCHES:
        for action in ACTIONS:
            flows.append("%sactions=%s" % (match, action))
    for depth in (99, 100):
        flows.append("actions=%soutput:1%s" % ("clone(" * depth, ")" * depth))
    return flows


def recorded():
    with open(VECTORS, encoding="utf-8") as lines:
        return [line.split("\t")[0] for line in lines if not line.startswith("#")]


# Flows that OVS 3.1.0 itself gets wrong, with why.
IGNORED = re.compile(
    r"dl_vlan(_pcp)?\[\]"  # encodes a field without a number as some other field
    r"|tun_erspan_ver"  # the mask of the version is its value
    r"|check_pkt_larger\((foo|70000)"  # prints a null pointer
)


def run(kind, version, flow):
    command = [support.program(kind, "ovs-ofctl"), "-O", version, "parse-flow", flow]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not support.LOG_LINE.match(line)]
    return "\n".join(line for line in lines if not re.match(r"^[0-9a-f]{8}  ", line)), done.returncode


class FlowText(unittest.TestCase):
    maxDiff = None

    def compare(self, version, flows):
        differences = []
        with ThreadPoolExecutor(max_workers=4) as pool:
            ask = lambda flow: (flow, run("oracle", version, flow), run("apus", version, flow))
            for flow, theirs, ours in pool.map(ask, flows):
                # OVS's own decoder refuses some of what its encoder writes; ours has to be no better.
                if "decode error" in theirs[0] or IGNORED.search(flow):
                    continue
                if theirs != ours:
                    differences.append("%s\n  theirs %r\n  ours   %r" % (flow, theirs, ours))
        if differences:
            self.fail("%d of %d flows differ\n%s" % (len(differences), len(flows), "\n".join(differences)))

    def test_flows_under_openflow_10(self):
        self.compare("OpenFlow10", generated() + recorded())

    def test_flows_under_openflow_13(self):
        self.compare("OpenFlow13", generated() + recorded())

    def test_flows_under_openflow_15(self):
        self.compare("OpenFlow15", generated())

    def test_messages_with_actions_are_refused_alike(self):
        with open(CHECKED, encoding="utf-8") as lines:
            messages = [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
        for what, _, message in messages:
            answers = []
            for kind in ("oracle", "apus"):
                command = [support.program(kind, "ovs-ofctl"), "ofp-print", message]
                done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
                answers.append(re.findall(r"decode error: (\w+)", done.stdout))
            with self.subTest(what):
                self.assertEqual(answers[0], answers[1])


if __name__ == "__main__":
    unittest.main()
