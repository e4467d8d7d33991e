// Every action and instruction of OpenFlow, in one table: its name, when a flow executes it, which OpenFlow forms can
// carry it, the words of flow syntax with what reads their arguments, and its forms on the wire with their numbers and
// what reads them. Readers, writers, text and the order of actions look everything up here.
//
// Numbers stand in order of preference: a version writes the first that it has, and reads all that it has.

/// Every action and instruction.
enum ActionTable {
  /// How many lists of actions may lie within one another, the outermost included.
  ///
  /// OVS has this limit in flow syntax, where it refuses the hundredth list, and none on the wire; here it holds for
  /// both, so that what one accepts the other can say, and no peer can exhaust the stack.
  static var maximumListDepth: Int { 100 }

  private typealias Row = ActionRow
  private typealias Word = ActionRow.Word
  private typealias Form = ActionRow.Form

  /// Actions that send a packet somewhere, or choose where.
  static let outputs: [ActionRow] = [
    Row(
      .output, "output",
      words: [Word("output") { parser, text throws(FlowTextError) in try parser.output(text) }],
      forms: [
        Form(.output, [.standard(0)]) { reader, body throws(OpenFlowError) in try reader.output(&body) }
      ]),
    Row(
      .outputField, "output_reg",
      forms: [
        Form(.outputField, [.nicira(15)]) { reader, body throws(OpenFlowError) in
          try reader.outputField(&body)
        },
        Form(.outputExtendedField, [.nicira(32)]) { reader, body throws(OpenFlowError) in
          try reader.outputExtendedField(&body)
        },
      ]),
    Row(
      .outputTruncated, "output_trunc",
      forms: [
        Form(.outputTruncated, [.nicira(39)]) { reader, body throws(OpenFlowError) in
          try reader.outputTruncated(&body)
        }
      ]),
    Row(
      .enqueue, "enqueue",
      words: [Word("enqueue") { parser, text throws(FlowTextError) in try parser.enqueue(text) }],
      forms: [
        Form(.enqueue, [.standard(11, .v10 ... .v10)]) { reader, body throws(OpenFlowError) in
          try reader.enqueue(&body)
        }
      ]),
    Row(
      .controller, "controller",
      words: [
        Word("controller") { parser, text throws(FlowTextError) in try .controller(parser.controller(text)) }
      ],
      forms: [
        Form(.controller, [.nicira(20)]) { reader, body throws(OpenFlowError) in try reader.controller(&body)
        },
        Form(.controllerProperties, [.nicira(37)]) { reader, body throws(OpenFlowError) in
          try reader.controllerProperties(&body)
        },
      ]),
    Row(
      .group, "group",
      words: [Word("group") { _, text throws(FlowTextError) in try .group(parseUInt32(text)) }],
      forms: [
        Form(.group, [.standard(22, .v11 ... .v15), .nicira(40)], alignment: 4) {
          _, body throws(OpenFlowError) in try .group(body.uint32())
        }
      ]),
    Row(
      .bundle, "bundle",
      words: [
        Word("bundle") { parser, text throws(FlowTextError) in try .bundle(parser.bundle(text, isLoad: false))
        },
        Word("bundle_load") { parser, text throws(FlowTextError) in
          try .bundle(parser.bundle(text, isLoad: true))
        },
      ],
      forms: [
        Form(.bundle, [.nicira(12)]) { reader, body throws(OpenFlowError) in
          try reader.bundle(&body, isLoad: false)
        },
        Form(.bundleLoad, [.nicira(13)]) { reader, body throws(OpenFlowError) in
          try reader.bundle(&body, isLoad: true)
        },
      ]),
    Row(
      .resubmit, "resubmit",
      words: [
        Word("resubmit") { parser, text throws(FlowTextError) in try .resubmit(parser.resubmit(text)) }
      ],
      forms: [
        Form(.resubmit, [.nicira(1)]) { reader, body throws(OpenFlowError) in try reader.resubmit(&body) },
        Form(.resubmitTable, [.nicira(14)]) { reader, body throws(OpenFlowError) in
          try reader.resubmitTable(&body, usesConnectionTuple: false)
        },
        Form(.resubmitTuple, [.nicira(44)]) { reader, body throws(OpenFlowError) in
          try reader.resubmitTable(&body, usesConnectionTuple: true)
        },
      ]),
    Row(
      .multipath, "multipath",
      words: [
        Word("multipath") { parser, text throws(FlowTextError) in try .multipath(parser.multipath(text)) }
      ],
      forms: [
        Form(.multipath, [.nicira(10)]) { reader, body throws(OpenFlowError) in try reader.multipath(&body) }
      ]),
  ]

  /// Actions on fields in general.
  static let fields: [ActionRow] = [
    Row(
      .setField, "set_field",
      words: [
        Word("set_field") { parser, text throws(FlowTextError) in try parser.setField(text) },
        Word("load") { parser, text throws(FlowTextError) in try .setField(parser.load(text)) },
      ],
      forms: [
        Form(.setField, [.standard(25, .v12 ... .v15)]) { reader, body throws(OpenFlowError) in
          try reader.setField(&body)
        },
        Form(.load, [.nicira(7)]) { reader, body throws(OpenFlowError) in try reader.load(&body) },
        Form(.loadExtended, [.nicira(33)]) { reader, body throws(OpenFlowError) in
          try reader.loadExtended(&body)
        },
      ]),
    Row(
      .move, "move", words: [Word("move") { parser, text throws(FlowTextError) in try parser.move(text) }],
      forms: [
        Form(.copyField, [.standard(28, .v15 ... .v15)], alignment: 4) { reader, body throws(OpenFlowError) in
          try reader.copyField(&body)
        },
        Form(.copyFieldONF, [.onf(3200, .v13 ... .v15)], alignment: 4) { reader, body throws(OpenFlowError) in
          try reader.copyField(&body)
        },
        Form(.move, [.nicira(6)]) { reader, body throws(OpenFlowError) in try reader.move(&body) },
      ]),
    Row(
      .stackPush, "push",
      words: [Word("push") { _, text throws(FlowTextError) in try .stackPush(Subfield.parse(text)) }],
      forms: [
        Form(.stackPush, [.nicira(27)]) { reader, body throws(OpenFlowError) in
          try .stackPush(reader.stack(&body, isWritten: false))
        }
      ]),
    Row(
      .stackPop, "pop",
      words: [Word("pop") { _, text throws(FlowTextError) in try .stackPop(Subfield.parse(text)) }],
      forms: [
        Form(.stackPop, [.nicira(28)]) { reader, body throws(OpenFlowError) in
          try .stackPop(reader.stack(&body, isWritten: true))
        }
      ]),
    Row(
      .deleteField, "delete_field",
      words: [Word("delete_field") { parser, text throws(FlowTextError) in try parser.deleteField(text) }],
      forms: [
        Form(.deleteField, [.nicira(50)]) { reader, body throws(OpenFlowError) in
          try .deleteField(reader.fieldHeader(&body))
        }
      ]),
    Row(
      .checkPacketLarger, "check_pkt_larger",
      words: [
        Word("check_pkt_larger") { parser, text throws(FlowTextError) in try parser.checkPacketLarger(text) }
      ],
      forms: [
        Form(.checkPacketLarger, [.nicira(49)]) { reader, body throws(OpenFlowError) in
          try reader.checkPacketLarger(&body)
        }
      ]),
  ]

  /// Actions on particular headers.
  static let headers: [ActionRow] = [
    Row(
      .setVLANID, "set_vlan_vid",
      words: [
        Word("set_vlan_vid") { parser, text throws(FlowTextError) in
          try .setVLANID(parser.vlanID(text), pushesIfNeeded: false)
        },
        Word("mod_vlan_vid") { parser, text throws(FlowTextError) in
          try .setVLANID(parser.vlanID(text), pushesIfNeeded: true)
        },
      ],
      forms: [
        Form(.setVLANID, [.standard(1, .v10 ... .v11)]) { reader, body throws(OpenFlowError) in
          try reader.setVLANID(&body)
        }
      ]),
    Row(
      .setVLANPriority, "set_vlan_pcp",
      words: [
        Word("set_vlan_pcp") { parser, text throws(FlowTextError) in
          try .setVLANPriority(parser.vlanPriority(text), pushesIfNeeded: false)
        },
        Word("mod_vlan_pcp") { parser, text throws(FlowTextError) in
          try .setVLANPriority(parser.vlanPriority(text), pushesIfNeeded: true)
        },
      ],
      forms: [
        Form(.setVLANPriority, [.standard(2, .v10 ... .v11)]) { reader, body throws(OpenFlowError) in
          try reader.setVLANPriority(&body)
        }
      ]),
    Row(
      .stripVLAN, "strip_vlan",
      words: [
        Word("strip_vlan") { _, _ in .stripVLAN(isPop: false) },
        Word("pop_vlan") { _, _ in .stripVLAN(isPop: true) },
      ],
      forms: [
        Form(.stripVLAN, [.standard(3, .v10 ... .v10), .standard(18, .v11 ... .v15)]) { reader, _ in
          .stripVLAN(isPop: reader.version != .v10)
        }
      ]),
    Row(
      .pushVLAN, "push_vlan", formats: .openFlow11Up,
      words: [Word("push_vlan") { parser, text throws(FlowTextError) in try parser.pushVLAN(text) }],
      forms: [
        Form(.pushVLAN, [.standard(17, .v11 ... .v15)]) { reader, body throws(OpenFlowError) in
          try reader.pushVLAN(&body)
        }
      ]),
    Row(
      .setEthernetSource, "mod_dl_src",
      words: [
        Word("mod_dl_src") { parser, text throws(FlowTextError) in
          try .setEthernetSource(parser.ethernet(text))
        }
      ],
      forms: [
        Form(.setEthernetSource, [.standard(4, .v10 ... .v10), .standard(3, .v11 ... .v11)]) {
          _, body throws(OpenFlowError) in try .setEthernetSource(body.uint48())
        }
      ]),
    Row(
      .setEthernetDestination, "mod_dl_dst",
      words: [
        Word("mod_dl_dst") { parser, text throws(FlowTextError) in
          try .setEthernetDestination(parser.ethernet(text))
        }
      ],
      forms: [
        Form(.setEthernetDestination, [.standard(5, .v10 ... .v10), .standard(4, .v11 ... .v11)]) {
          _, body throws(OpenFlowError) in try .setEthernetDestination(body.uint48())
        }
      ]),
    Row(
      .setIPv4Source, "mod_nw_src",
      words: [
        Word("mod_nw_src") { parser, text throws(FlowTextError) in try .setIPv4Source(parser.ipv4(text)) }
      ],
      forms: [
        Form(.setIPv4Source, [.standard(6, .v10 ... .v10), .standard(5, .v11 ... .v11)]) {
          _, body throws(OpenFlowError) in try .setIPv4Source(body.uint32())
        }
      ]),
    Row(
      .setIPv4Destination, "mod_nw_dst",
      words: [
        Word("mod_nw_dst") { parser, text throws(FlowTextError) in try .setIPv4Destination(parser.ipv4(text))
        }
      ],
      forms: [
        Form(.setIPv4Destination, [.standard(7, .v10 ... .v10), .standard(6, .v11 ... .v11)]) {
          _, body throws(OpenFlowError) in try .setIPv4Destination(body.uint32())
        }
      ]),
    Row(
      .setIPDSCP, "mod_nw_tos",
      words: [Word("mod_nw_tos") { parser, text throws(FlowTextError) in try .setIPDSCP(parser.dscp(text)) }],
      forms: [
        Form(.setIPDSCP, [.standard(8, .v10 ... .v10), .standard(7, .v11 ... .v11)]) {
          reader, body throws(OpenFlowError) in try reader.setIPDSCP(&body)
        }
      ]),
    Row(
      .setIPECN, "mod_nw_ecn",
      words: [Word("mod_nw_ecn") { parser, text throws(FlowTextError) in try .setIPECN(parser.ecn(text)) }],
      forms: [
        Form(.setIPECN, [.standard(8, .v11 ... .v11)]) { reader, body throws(OpenFlowError) in
          try reader.setIPECN(&body)
        }
      ]),
    Row(
      .setIPTTL, "mod_nw_ttl",
      words: [
        Word("mod_nw_ttl") { _, text throws(FlowTextError) in try .setIPTTL(parseUInt8(text, "TTL")) },
        Word("set_nw_ttl") { _, text throws(FlowTextError) in try .setIPTTL(parseUInt8(text, "TTL")) },
      ],
      forms: [
        Form(.setIPTTL, [.standard(23, .v11 ... .v15)]) { _, body throws(OpenFlowError) in
          try .setIPTTL(body.uint8())
        }
      ]),
    Row(
      .setTransportSource, "mod_tp_src",
      words: [
        Word("mod_tp_src") { _, text throws(FlowTextError) in
          try .setTransportSource(parseUInt16(text, "source port"))
        }
      ],
      forms: [
        Form(.setTransportSource, [.standard(9, .v10 ... .v11)]) { _, body throws(OpenFlowError) in
          try .setTransportSource(body.uint16())
        }
      ]),
    Row(
      .setTransportDestination, "mod_tp_dst",
      words: [
        Word("mod_tp_dst") { _, text throws(FlowTextError) in
          try .setTransportDestination(parseUInt16(text, "destination port"))
        }
      ],
      forms: [
        Form(.setTransportDestination, [.standard(10, .v10 ... .v11)]) { _, body throws(OpenFlowError) in
          try .setTransportDestination(body.uint16())
        }
      ]),
    Row(
      .decrementTTL, "dec_ttl",
      words: [Word("dec_ttl") { parser, text throws(FlowTextError) in try parser.decrementTTL(text) }],
      forms: [
        Form(.decrementTTL, [.standard(24, .v11 ... .v15), .nicira(18)]) { _, _ in
          .decrementTTL(controllers: [0])
        },
        Form(.decrementTTLControllers, [.nicira(21)]) { reader, body throws(OpenFlowError) in
          try reader.decrementTTL(&body)
        },
      ]),
  ]

  /// Actions that add and remove headers, and on headers of MPLS and NSH.
  static let encapsulations: [ActionRow] = [
    Row(
      .pushMPLS, "push_mpls",
      words: [
        Word("push_mpls") { _, text throws(FlowTextError) in try .pushMPLS(parseUInt16(text, "push_mpls")) }
      ],
      forms: [
        Form(.pushMPLS, [.standard(19, .v11 ... .v15), .nicira(23)]) { reader, body throws(OpenFlowError) in
          try reader.pushMPLS(&body)
        }
      ]),
    Row(
      .popMPLS, "pop_mpls",
      words: [
        Word("pop_mpls") { _, text throws(FlowTextError) in try .popMPLS(parseUInt16(text, "pop_mpls")) }
      ],
      forms: [
        Form(.popMPLS, [.standard(20, .v11 ... .v15), .nicira(24)]) { _, body throws(OpenFlowError) in
          try .popMPLS(body.uint16())
        }
      ]),
    Row(
      .setMPLSLabel, "set_mpls_label",
      words: [Word("set_mpls_label") { parser, text throws(FlowTextError) in try parser.setMPLSLabel(text) }],
      forms: [
        Form(.setMPLSLabel, [.standard(13, .v11 ... .v11), .nicira(30)], alignment: 4) {
          _, body throws(OpenFlowError) in try .setMPLSLabel(body.uint32() & 0xfffff)
        }
      ]),
    Row(
      .setMPLSTrafficClass, "set_mpls_tc",
      words: [
        Word("set_mpls_tc") { parser, text throws(FlowTextError) in try parser.setMPLSTrafficClass(text) }
      ],
      forms: [
        Form(.setMPLSTrafficClass, [.standard(14, .v11 ... .v11), .nicira(31)]) {
          _, body throws(OpenFlowError) in try .setMPLSTrafficClass(body.uint8() & 7)
        }
      ]),
    Row(
      .setMPLSTTL, "set_mpls_ttl",
      words: [Word("set_mpls_ttl") { parser, text throws(FlowTextError) in try parser.setMPLSTTL(text) }],
      forms: [
        Form(.setMPLSTTL, [.standard(15, .v11 ... .v15), .nicira(25)]) { _, body throws(OpenFlowError) in
          try .setMPLSTTL(body.uint8())
        }
      ]),
    Row(
      .decrementMPLSTTL, "dec_mpls_ttl", words: [Word("dec_mpls_ttl") { _, _ in .decrementMPLSTTL }],
      forms: [
        Form(.decrementMPLSTTL, [.standard(16, .v11 ... .v15), .nicira(26)]) { _, _ in .decrementMPLSTTL }
      ]),
    Row(
      .decrementNSHTTL, "dec_nsh_ttl", words: [Word("dec_nsh_ttl") { _, _ in .decrementNSHTTL }],
      forms: [Form(.decrementNSHTTL, [.nicira(48)]) { _, _ in .decrementNSHTTL }]),
    Row(
      .encapsulate, "encap", formats: .openFlow13Up,
      words: [Word("encap") { parser, text throws(FlowTextError) in try parser.encapsulate(text) }],
      forms: [
        Form(.encapsulate, [.nicira(46)]) { reader, body throws(OpenFlowError) in
          try reader.encapsulate(&body)
        }
      ]),
    Row(
      .decapsulate, "decap",
      words: [Word("decap") { parser, text throws(FlowTextError) in try parser.decapsulate(text) }],
      forms: [
        Form(.decapsulate, [.nicira(47)], alignment: 4) { reader, body throws(OpenFlowError) in
          try reader.decapsulate(&body)
        }
      ]),
  ]

  /// Actions on the processing of a packet.
  static let processing: [ActionRow] = [
    Row(
      .setTunnel, "set_tunnel",
      words: [
        Word("set_tunnel") { _, text throws(FlowTextError) in try .setTunnel(parseUInt64(text), isWide: false)
        },
        Word("set_tunnel64") { _, text throws(FlowTextError) in
          try .setTunnel(parseUInt64(text), isWide: true)
        },
      ],
      forms: [
        Form(.setTunnel, [.nicira(2)], alignment: 4) { _, body throws(OpenFlowError) in
          try .setTunnel(UInt64(body.uint32()), isWide: false)
        },
        Form(.setTunnelWide, [.nicira(9)], alignment: 8) { _, body throws(OpenFlowError) in
          try .setTunnel(body.uint64(), isWide: true)
        },
      ]),
    Row(
      .setQueue, "set_queue",
      words: [Word("set_queue") { _, text throws(FlowTextError) in try .setQueue(parseUInt32(text)) }],
      forms: [
        Form(.setQueue, [.standard(21, .v11 ... .v15), .nicira(4)], alignment: 4) {
          _, body throws(OpenFlowError) in try .setQueue(body.uint32())
        }
      ]),
    Row(
      .popQueue, "pop_queue", words: [Word("pop_queue") { _, _ in .popQueue }],
      forms: [Form(.popQueue, [.nicira(5)]) { _, _ in .popQueue }]),
    Row(
      .finTimeout, "fin_timeout",
      words: [Word("fin_timeout") { parser, text throws(FlowTextError) in try parser.finTimeout(text) }],
      forms: [
        Form(.finTimeout, [.nicira(19)]) { _, body throws(OpenFlowError) in
          try .finTimeout(idleSeconds: body.uint16(), hardSeconds: body.uint16())
        }
      ]),
    Row(
      .learn, "learn",
      words: [Word("learn") { parser, text throws(FlowTextError) in try .learn(parser.learn(text)) }],
      forms: [
        Form(.learn, [.nicira(16)]) { reader, body throws(OpenFlowError) in
          try reader.learn(&body, isLimited: false)
        },
        Form(.learnLimited, [.nicira(45)]) { reader, body throws(OpenFlowError) in
          try reader.learn(&body, isLimited: true)
        },
      ]),
    Row(
      .conjunction, "conjunction",
      words: [
        Word("conjunction") { parser, text throws(FlowTextError) in try .conjunction(parser.conjunction(text))
        }
      ],
      forms: [
        Form(.conjunction, [.nicira(34)]) { reader, body throws(OpenFlowError) in
          try reader.conjunction(&body)
        }
      ]),
    Row(
      .note, "note", words: [Word("note") { parser, text throws(FlowTextError) in try parser.note(text) }],
      forms: [Form(.note, [.nicira(8)]) { _, body in .note(body.rest()) }]),
    Row(
      .exit, "exit", words: [Word("exit") { _, _ in .exit }],
      forms: [Form(.exit, [.nicira(17)]) { reader, body throws(OpenFlowError) in try reader.exit(&body) }]),
    Row(
      .sample, "sample",
      words: [Word("sample") { parser, text throws(FlowTextError) in try .sample(parser.sample(text)) }],
      forms: [
        Form(.sample, [.nicira(29)]) { reader, body throws(OpenFlowError) in try .sample(reader.sample(&body))
        },
        Form(.samplePort, [.nicira(38)]) { reader, body throws(OpenFlowError) in
          try .sample(reader.samplePort(&body))
        },
        Form(.sampleDirection, [.nicira(41)]) { reader, body throws(OpenFlowError) in
          try .sample(reader.sampleDirection(&body))
        },
      ]),
    Row(
      .connectionTrack, "ct",
      words: [Word("ct") { parser, text throws(FlowTextError) in try parser.connectionTrack(text) }],
      forms: [
        Form(.connectionTrack, [.nicira(35)]) { reader, body throws(OpenFlowError) in
          try reader.connectionTrack(&body)
        }
      ]),
    Row(
      .nat, "nat", words: [Word("nat") { parser, text throws(FlowTextError) in try .nat(parser.nat(text)) }],
      forms: [Form(.nat, [.nicira(36)]) { reader, body throws(OpenFlowError) in try reader.nat(&body) }]),
    Row(
      .connectionTrackClear, "ct_clear", words: [Word("ct_clear") { _, _ in .connectionTrackClear }],
      forms: [Form(.connectionTrackClear, [.nicira(43)]) { _, _ in .connectionTrackClear }]),
    Row(
      .clone, "clone",
      words: [
        Word("clone") { parser, text throws(FlowTextError) in try .clone(parser.nested(text, inside: .clone))
        }
      ],
      forms: [
        Form(.clone, [.nicira(42)], alignment: 8) { reader, body throws(OpenFlowError) in
          try .clone(reader.nested(&body, inside: .clone))
        }
      ]),
    Row(
      .debugRecirculate, "debug_recirc", words: [Word("debug_recirc") { _, _ in .debugRecirculate }],
      forms: [Form(.debugRecirculate, [.nicira(255)]) { _, _ in .debugRecirculate }]),
    Row(
      .debugSlow, "debug_slow", words: [Word("debug_slow") { _, _ in .debugSlow }],
      forms: [Form(.debugSlow, [.nicira(254)]) { _, _ in .debugSlow }]),
  ]

  /// Instructions.
  static let instructions: [ActionRow] = [
    Row(
      .meter, "meter", stage: .meter, formats: .openFlow13Up,
      words: [Word("meter") { _, text throws(FlowTextError) in try .meter(parseUInt32(text)) }],
      forms: [
        Form(
          .meter, [.instruction(6, .v13 ... .v14, byteCount: 8), .standard(29, .v15 ... .v15)], alignment: 4
        ) { _, body throws(OpenFlowError) in try .meter(body.uint32()) }
      ]),
    Row(
      .applyActions, "apply_actions", forms: [Form(.applyActions, [.instruction(4)], alignment: 8, nil)]),
    Row(
      .clearActions, "clear_actions", stage: .clearActions,
      words: [Word("clear_actions") { _, _ in .clearActions }],
      forms: [Form(.clearActions, [.instruction(5, byteCount: 8)]) { _, _ in .clearActions }]),
    Row(
      .writeActions, "write_actions", stage: .writeActions,
      words: [
        Word("write_actions") { parser, text throws(FlowTextError) in
          try .writeActions(parser.nested(text, inside: .writeActions))
        }
      ],
      forms: [
        Form(.writeActions, [.instruction(3)], alignment: 8) { reader, body throws(OpenFlowError) in
          try reader.writeActions(&body)
        }
      ]),
    Row(
      .writeMetadata, "write_metadata", stage: .writeMetadata, formats: .nxmOrOpenFlow11Up,
      words: [
        Word("write_metadata") { parser, text throws(FlowTextError) in try parser.writeMetadata(text) }
      ],
      forms: [
        Form(.writeMetadata, [.instruction(2, byteCount: 24)], alignment: 8) {
          _, body throws(OpenFlowError) in try .writeMetadata(body.uint64(), mask: body.uint64())
        },
        Form(.writeMetadataAction, [.nicira(22)]) { reader, body throws(OpenFlowError) in
          try reader.writeMetadataAction(&body)
        },
      ]),
    Row(
      .gotoTable, "goto_table", stage: .gotoTable,
      words: [Word("goto_table") { parser, text throws(FlowTextError) in try parser.gotoTable(text) }],
      forms: [
        Form(.gotoTable, [.instruction(1, byteCount: 8)]) { reader, body throws(OpenFlowError) in
          try reader.gotoTable(&body)
        }
      ]),
  ]
}
