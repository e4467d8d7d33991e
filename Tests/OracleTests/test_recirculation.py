"""`ofproto/trace` of what leaves the pipeline and comes back, beside Open vSwitch's: ct, labels, lengths, clones.

Whole texts are compared. Open vSwitch never gives a number of a recirculation again, so that numbers are
replaced by their order in each text.
"""

import random
import re
import unittest

import support
import test_trace

SEED = test_trace.SEED
IN = "in_port=1,dl_src=50:54:00:00:00:01,dl_dst=50:54:00:00:00:02"
TCP = IN + ",tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_ttl=64,tcp_src=1000,tcp_dst=80"
UDP = IN + ",udp,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_ttl=64,udp_src=1000,udp_dst=53"
TCP6 = IN + ",tcp6,ipv6_src=2001:db8::1,ipv6_dst=2001:db8::2,nw_ttl=64,tcp_src=1000,tcp_dst=80"
ARP = IN + ",arp,arp_op=1,arp_spa=10.0.0.1,arp_tpa=10.0.0.2"
MPLS = IN + ",mpls,mpls_label=100,mpls_tc=3,mpls_bos=1,mpls_ttl=64"

# Rules of br0, and packets with options for the trace.
CASES = {
    "ct without a table": (["ip,actions=ct(commit),output:2"], [[TCP]]),
    "ct with a table": (
        ["ip,actions=ct(table=1),output:3", "table=1,ct_state=+trk+new,ip,actions=ct(commit),output:2",
         "table=1,ct_state=+trk+est,ip,actions=output:3", "table=1,ct_state=+trk+inv,actions=drop"],
        [[TCP], [TCP, "--ct-next", "trk,est"], [TCP, "--ct-next", "trk,inv"], [ARP], [TCP6]]),
    "several ct": (
        ["ip,actions=ct(table=1,zone=1)", "table=1,ip,ct_state=+trk,actions=ct(table=2,zone=2)",
         "table=2,ip,ct_state=+est,actions=output:2", "table=2,priority=1,actions=output:3"],
        [[TCP], [TCP, "--ct-next", "trk,new", "--ct-next", "trk,est"]]),
    "zones and marks": (
        ["tcp,actions=set_field:7->reg0,ct(commit,zone=NXM_NX_REG0[0..15],exec(set_field:0x10/0xf0->ct_mark,"
         "set_field:0x5->ct_label)),output:2",
         "udp,actions=ct(commit,force,zone=65535,exec(move:NXM_OF_ETH_SRC[0..31]->NXM_NX_CT_MARK[],"
         "move:NXM_NX_CT_MARK[0..15]->NXM_NX_CT_LABEL[0..15]),table=3)",
         "table=3,ct_mark=1,actions=output:2", "table=3,priority=1,ct_label=0x1,actions=output:3"],
        [[TCP], [UDP], [UDP, "--ct-next", "trk,est"]]),
    "nat": (
        ["tcp,in_port=1,actions=ct(commit,nat(src=10.1.1.1-10.1.1.9:1000-2000,persistent,hash),table=1)",
         "udp,in_port=1,actions=ct(commit,nat(dst=10.1.1.1:99),table=1)",
         "tcp6,in_port=1,actions=ct(commit,nat(src=fd00::1-fd00::9,random),table=1)",
         "icmp,actions=ct(nat,table=1)", "table=1,nw_src=10.1.1.1,ip,actions=output:2",
         "table=1,ip,nw_dst=10.1.1.1,actions=output:3", "table=1,priority=1,actions=LOCAL"],
        [[TCP], [UDP], [TCP6], [IN + ",icmp,nw_src=10.0.0.1,nw_dst=10.0.0.2"]]),
    "alg": (
        ["tcp,actions=ct(commit,alg=ftp),output:2", "udp,actions=ct(commit,alg=tftp,table=1)",
         "table=1,actions=output:3"], [[TCP], [UDP]]),
    "ct_clear": (
        ["ip,actions=ct_clear,ct(table=1)", "table=1,actions=ct_clear,resubmit(,2)",
         "table=2,ip,ct_state=-trk,actions=output:2"], [[TCP]]),
    "ct in the middle": (
        ["ip,actions=set_field:10.9.9.9->ip_dst,set_field:5->reg3,push:NXM_NX_REG3[],ct(table=1),"
         "set_field:10.8.8.8->ip_dst,output:3",
         "table=1,reg3=5,ip,actions=pop:NXM_NX_REG4[],set_field:1->reg5,ct(table=2,commit),resubmit(,4)",
         "table=2,reg4=5,actions=output:2", "table=4,actions=output:3"], [[TCP]]),
    "action set and ct": (
        ["ip,actions=ct(table=1),write_actions(output:3),goto_table:2", "table=1,ip,actions=output:2",
         "table=2,actions=set_field:9->reg0"], [[TCP]]),
    "clone with ct": (
        ["ip,actions=clone(ct(commit),output:2),output:3", "arp,actions=clone(set_field:1->reg0,output:2),output:3"],
        [[TCP], [ARP]]),
    "clone with ct at the end": (["ip,actions=output:3,clone(ct(commit,table=1),output:2)",
                                  "table=1,actions=output:2"], [[TCP]]),
    "a patch with ct": (["ip,actions=output:8,output:2"], [[TCP]]),
    "check_pkt_larger": (
        ["ip,actions=check_pkt_larger(1500)->NXM_NX_REG0[0],resubmit(,1)", "table=1,ip,reg0=1,actions=output:2",
         "table=1,ip,reg0=0,actions=set_field:10.7.7.7->ip_src,output:3"], [[TCP], [TCP, "--generate"]]),
    "ct behind check_pkt_larger": (
        ["ip,actions=check_pkt_larger(900)->NXM_NX_REG0[0],resubmit(,1)", "table=1,ip,reg0=1,actions=ct(commit),output:2",
         "table=1,ip,reg0=0,actions=ct(table=2)", "table=2,actions=output:3"], [[TCP]]),
    "debug_recirc": (["ip,actions=debug_recirc,output:2", "arp,actions=resubmit(,1),output:3",
                      "table=1,actions=set_field:4->reg1,debug_recirc,resubmit(,2)"], [[TCP], [ARP]]),
    "labels pushed": (
        ["tcp,actions=push_mpls:0x8847,set_field:10->mpls_label,output:2",
         "udp,actions=push_mpls:0x8847,push_mpls:0x8847,pop_mpls:0x8847,output:2",
         "arp,actions=push_mpls:0x8848,output:2,pop_mpls:0x0806,output:3"],
        [[TCP], [TCP + ",nw_tos=0xb8"], [UDP], [ARP], [TCP6]]),
    "labels taken off": (
        ["mpls,mpls_label=100,actions=pop_mpls:0x0800,resubmit(,1)",
         "mpls,mpls_label=200,actions=pop_mpls:0x0800,set_field:50:54:00:00:00:09->eth_src,output:2",
         "mpls,mpls_label=300,actions=pop_mpls:0x8847,resubmit(,1)",
         "mpls,mpls_label=400,actions=pop_mpls:0x0800,dec_ttl,output:2",
         "mpls,mpls_label=500,mpls_bos=1,actions=dec_mpls_ttl,set_field:7->mpls_tc,output:2",
         "table=1,ip,actions=output:2", "table=1,mpls,actions=output:3"],
        [[MPLS], [MPLS.replace("100", "200")],
         [MPLS.replace("100", "400")],
         [MPLS.replace("100", "500")], [MPLS.replace("100", "500").replace("ttl=64", "ttl=1")]]),
    "a label pushed and taken off": (
        ["ip,actions=push_mpls:0x8847,pop_mpls:0x0800,output:2,resubmit(,1)", "table=1,tcp,actions=output:3"],
        [[TCP], [UDP]]),
    "packets to controllers": (
        ["tcp,actions=ct(table=1),controller(reason=no_match,id=5)", "table=1,cookie=9,actions=controller",
         "udp,actions=output:2,controller(pause),output:3"], [[TCP], [UDP]]),
    "conjunctions": (
        ["ip,actions=ct(table=1)", "table=1,ct_state=+new+trk,ip,actions=conjunction(7,1/2)",
         "table=1,tcp,tp_dst=80,actions=conjunction(7,2/2)", "table=1,conj_id=7,ip,actions=output:2",
         "table=1,priority=1,actions=output:3"], [[TCP], [UDP], [TCP, "--ct-next", "trk,est"]]),
}


def plain(text):
    """A trace without the numbers of recirculations, and without what depends on who listens."""
    numbers = {}

    def name(found):
        return found.group(1) + numbers.setdefault(found.group(2), "N%d" % len(numbers))

    text = re.sub(r"(recirc\(|recirc_id=)(0x[0-9a-f]+|[1-9][0-9]*)", lambda found: name(re.match(
        r"(.*?[(=])(.*)", found.group(1) + str(int(found.group(2), 0)))), text)
    text = re.sub(r"/tmp/[^ ]*", "SOCKET", text)
    return re.sub(r"dont_send=[01]", "dont_send=N", text)


@unittest.skipUnless(support.has_program("apus", "ovs-vswitchd"), "ovs-vswitchd is not built")
class RecirculationTests(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.switches = []
        for kind in ("oracle", "apus"):
            cls.switches.append(test_trace.Switch(kind))
            cls.addClassCleanup(cls.switches[-1].close)
        for switch in cls.switches:
            switch.flows("br1", ["ip,actions=ct(commit),output:4", "priority=1,actions=output:4"])

    def test_cases(self):
        for name, (rules, packets) in CASES.items():
            for switch in self.switches:
                self.assertTrue(switch.flows("br0", rules), name)
            for flow, *options in packets:
                with self.subTest(name=name, flow=flow, options=options):
                    oracle, ours = [switch.trace("br0", flow, *options) for switch in self.switches]
                    self.assertEqual(plain(oracle.stdout + oracle.stderr), plain(ours.stdout + ours.stderr))

    def test_states_that_no_connection_has(self):
        for state in ("new", "trk,new,est", "trk,new,rpl", "trk,inv,est", "bad", ""):
            with self.subTest(state=state):
                oracle, ours = [switch.trace("br0", TCP, "--ct-next", state) for switch in self.switches]
                self.assertEqual((oracle.code, plain(oracle.stdout), plain(oracle.stderr)),
                                 (ours.code, plain(ours.stdout), plain(ours.stderr)))


if __name__ == "__main__":
    unittest.main()
