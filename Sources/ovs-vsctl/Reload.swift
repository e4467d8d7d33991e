import Command
import JSON
import OVSDB

/// A change that the switch has yet to take up.
struct Reload {
  /// The number that `cur_cfg` reaches when it has.
  let number: Int64
  /// Interfaces that the change has brought.
  private let interfaces: [UUID]

  /// The exit status if the switch could not set up an interface: EX_DATAERR of sysexits(3).
  static let failureStatus: Int32 = 65

  init(number: Int64, context: TopologyContext, results: Edit.Results) {
    self.number = number
    interfaces = context.edit.rows("Interface")
      .filter { context.edit.isInserted($0) }
      .compactMap { results.inserted[$0.uuid] }
  }

  /// Whether the switch has taken the change up.
  func isDone(_ replica: Replica) -> Bool {
    guard let row = replica.onlyRow(of: "Open_vSwitch") else { return false }
    return row.integer("cur_cfg") ?? 0 >= number
  }

  /// What the switch could not do, for people.
  func errors(_ replica: Replica) -> [String] {
    var errors: [String] = []
    for uuid in interfaces {
      guard let row = replica.row(uuid, of: "Interface"), row["ofport"] != nil else { continue }
      if let port = row.integer("ofport"), port != -1 { continue }
      let name = row.text("name")
      let reason = row.text("error")
      let cause = reason.isEmpty ? "" : ": \(reason)"
      errors.append("Error detected while setting up '\(name)'\(cause).  See ovs-vswitchd log for details.")
    }
    return errors
  }
}
