// What controllers do with groups: change them, ask for them, and hear of what others change.

import OpenFlow
import Vlog

/// A change to groups that was carried out, as other controllers are told of it.
struct ForwardedGroupMod {
  private let change: GroupMod
  private let xid: UInt32
  /// Whether the group was there before.
  private let existed: Bool
  /// The group as it is now, if there is one.
  private let group: Group?

  init(_ change: GroupMod, _ effects: [FlowEffect], xid: UInt32) {
    self.change = change
    self.xid = xid
    var existed = false
    var group: Group?
    for case .group(let old, let new) in effects {
      existed = old != nil
      group = new
    }
    self.existed = existed
    self.group = group
  }

  /// The change in the commands that a version has.
  func message(_ form: WireProtocol) -> RequestForward {
    var said = change
    if said.command == .addOrModify { said.command = existed ? .modify : .add }
    if let group, said.command == .insertBuckets || said.command == .removeBuckets,
      !form.version.hasBucketIDs
    {
      said = GroupMod(.modify, group: group.number, type: group.type, buckets: group.buckets)
    }
    return RequestForward(message: Message.groupModification(said).encode(form, xid: xid))
  }
}

extension BridgeAgent {
  /// Handles the messages about groups.
  func handleGroups(_ request: ReceivedMessage, _ session: OpenFlowSession) throws(OpenFlowError) {
    switch request.message {
    case .groupModification(let change):
      let effects = try bridge.tables.apply(change, now: context.now)
      report(effects)
      forward(ForwardedGroupMod(change, effects, xid: request.xid), from: session)
    case .groupStatisticsRequest(let wanted):
      reply(
        .groupStatisticsReply(groups(wanted).map { statistics(of: $0) }, more: false), to: request, session)
    case .groupDescriptionRequest(let wanted):
      reply(.groupDescriptionReply(groups(wanted).map { $0.description }, more: false), to: request, session)
    default:
      let features = GroupFeatures(
        capabilities: [.selectWeight, .selectLiveness, .chaining], limit: GroupNumber.maximum,
        in: request.version)
      reply(.groupFeaturesReply(features), to: request, session)
    }
  }

  /// Tells other controllers, if they want it, what one of them changed.
  func forward(_ request: ForwardedGroupMod, from source: OpenFlowSession) {
    // OFPRFR_GROUP_MOD.
    for session in listenersTo(.requestForward, reason: 0) where session !== source {
      notify(.requestForward(request.message(session.form)), session)
    }
  }

  /// Writes to the log how a select group chooses buckets, if somebody wants to read it.
  func logChoice(of group: Group) {
    guard group.type == .select, context.turn.details.contains(.groups) else { return }
    context.turn.log("ofproto_dpif", .debug, "Constructing select group \(group.number)")
    for line in group.choice.explanation(group.buckets, group.selection) {
      context.turn.log("ofproto_dpif", .debug, line)
    }
  }

  /// The group with a number, or all of them.
  private func groups(_ wanted: UInt32) -> [Group] {
    if wanted == GroupNumber.all { return bridge.tables.groups.inOrder }
    return bridge.tables.groups[wanted].map { [$0] } ?? []
  }

  private func statistics(of group: Group) -> GroupStatistics {
    let age = Age(since: group.createdMilliseconds, now: context.now)
    return GroupStatistics(
      group: group.number, references: UInt32(clamping: bridge.tables.userCount(ofGroup: group.number)),
      count: group.count, durationSeconds: age.seconds,
      durationNanoseconds: age.nanoseconds, buckets: group.bucketCounts)
  }
}
