"""A learning switch for OpenFlow 1.3 on os-ken, which also asks the switch for what controllers ask for.

Its argument is the port to listen at; what it sees it writes to $SEEN, a JSON object a line.
"""

import json
import os
import sys

from os_ken import cfg
from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib.packet import ethernet, packet
from os_ken.ofproto import ofproto_v1_3


class Learning(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_3.OFP_VERSION]

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.places = {}

    def see(self, **what):
        with open(os.environ["SEEN"], "a") as file:
            file.write(json.dumps(what) + "\n")

    def add_flow(self, switch, priority, match, actions, **options):
        parser, protocol = switch.ofproto_parser, switch.ofproto
        apply = parser.OFPInstructionActions(protocol.OFPIT_APPLY_ACTIONS, actions)
        switch.send_msg(parser.OFPFlowMod(
            datapath=switch, priority=priority, match=match, instructions=[apply], **options))

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)
    def features(self, event):
        switch = event.msg.datapath
        parser, protocol = switch.ofproto_parser, switch.ofproto
        self.see(kind="features", id=event.msg.datapath_id, tables=event.msg.n_tables)
        self.add_flow(switch, 0, parser.OFPMatch(),
                      [parser.OFPActionOutput(protocol.OFPP_CONTROLLER, protocol.OFPCML_NO_BUFFER)])
        # Each kind of match and action that a controller writes most, to be read back.
        self.add_flow(
            switch, 7, parser.OFPMatch(eth_type=0x800, ip_proto=6, ipv4_src=("10.1.0.0", "255.255.0.0"), tcp_dst=80),
            [parser.OFPActionPushVlan(), parser.OFPActionSetField(vlan_vid=0x1005), parser.OFPActionOutput(2)],
            cookie=0x1234, idle_timeout=60, flags=protocol.OFPFF_SEND_FLOW_REM)
        # A wrong one: an IPv4 address of no IPv4 packet.
        self.add_flow(switch, 1, parser.OFPMatch(ipv4_src="10.0.0.1"), [])
        for request in (
                parser.OFPDescStatsRequest(switch, 0), parser.OFPPortDescStatsRequest(switch, 0),
                parser.OFPPortStatsRequest(switch, 0, protocol.OFPP_ANY), parser.OFPTableStatsRequest(switch, 0),
                parser.OFPFlowStatsRequest(switch, cookie_mask=0),
                parser.OFPAggregateStatsRequest(
                    switch, 0, protocol.OFPTT_ALL, protocol.OFPP_ANY, protocol.OFPG_ANY, 0, 0, parser.OFPMatch()),
                parser.OFPRoleRequest(switch, protocol.OFPCR_ROLE_MASTER, 1), parser.OFPGetAsyncRequest(switch),
                parser.OFPGetConfigRequest(switch), parser.OFPBarrierRequest(switch)):
            switch.send_msg(request)

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)
    def packet_in(self, event):
        message = event.msg
        switch, in_port = message.datapath, message.match["in_port"]
        parser, protocol = switch.ofproto_parser, switch.ofproto
        frame = packet.Packet(message.data).get_protocol(ethernet.ethernet)
        self.see(kind="packet", port=in_port, source=frame.src, destination=frame.dst, length=message.total_len)
        self.places[frame.src] = in_port
        out = self.places.get(frame.dst, protocol.OFPP_FLOOD)
        actions = [parser.OFPActionOutput(out)]
        if out != protocol.OFPP_FLOOD:
            self.add_flow(switch, 1, parser.OFPMatch(in_port=in_port, eth_dst=frame.dst), actions)
        switch.send_msg(parser.OFPPacketOut(
            datapath=switch, buffer_id=message.buffer_id, in_port=in_port, actions=actions, data=message.data))

    @set_ev_cls(ofp_event.EventOFPErrorMsg, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def error(self, event):
        self.see(kind="error", type=event.msg.type, code=event.msg.code)

    @set_ev_cls(ofp_event.EventOFPPortStatus, MAIN_DISPATCHER)
    def port_status(self, event):
        self.see(kind="port", reason=event.msg.reason, name=event.msg.desc.name.decode())

    @set_ev_cls(ofp_event.EventOFPFlowRemoved, MAIN_DISPATCHER)
    def flow_removed(self, event):
        self.see(kind="removed", cookie=event.msg.cookie, reason=event.msg.reason)

    @set_ev_cls([
        ofp_event.EventOFPDescStatsReply, ofp_event.EventOFPPortDescStatsReply, ofp_event.EventOFPPortStatsReply,
        ofp_event.EventOFPTableStatsReply,
        ofp_event.EventOFPFlowStatsReply, ofp_event.EventOFPAggregateStatsReply, ofp_event.EventOFPRoleReply,
        ofp_event.EventOFPGetAsyncReply, ofp_event.EventOFPGetConfigReply, ofp_event.EventOFPBarrierReply,
    ], [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def reply(self, event):
        self.see(kind=type(event.msg).__name__, **event.msg.to_jsondict()[type(event.msg).__name__])


if __name__ == "__main__":
    from os_ken.controller import controller  # noqa: F401  (declares the options below)
    cfg.CONF(args=["--ofp-listen-host", "127.0.0.1", "--ofp-tcp-listen-port", sys.argv[1]], project="os_ken")
    app_manager.AppManager.run_apps([__file__, "os_ken.controller.ofp_handler"])
