// Meters: which of the datapath's a packet goes through.

import Datapath
import OpenFlow

extension Translator {
  /// Takes the packet through a meter; the datapath ends its way there, if it comes too fast.
  func meter(_ number: UInt32) {
    guard let meter = bridge.tables.meters[number] else {
      note(.warning, "meter \(number) does not exist")
      return
    }
    actions.append(.meter(meter.datapathNumber))
  }

  /// Sends the packet up to the daemon for controllers, behind the meter that the action names or the bridge has for such packets.
  ///
  /// What exceeds the meter does not come up, and goes on its way all the same.
  func appendForControllers(_ action: DatapathAction, meter number: UInt32?) {
    let meters = bridge.tables.meters
    actions.append(action.metered(by: number.flatMap { meters[$0] } ?? meters.controller))
  }
}

extension DatapathAction {
  /// The action behind a meter, if there is one.
  func metered(by meter: Meter?) -> DatapathAction {
    guard let meter else { return self }
    // A sample of all packets is a copy that every datapath knows to make.
    return .sample(probability: .max, actions: [.meter(meter.datapathNumber), self])
  }
}
