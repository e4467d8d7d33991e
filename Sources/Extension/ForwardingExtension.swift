// What: the forwarding extension, as the driver's adapter to NDIS calls it: one datapath under all attached virtual switches.
//
//     adapter ─► arrive ─► engine of this processor ─► depart ─► adapters
//                             │ upcalls ▲ messages
//                             ▼         │
//                        the device, and the daemon behind it
//
// Who may call what:
//  - `perform`, `save` and everything else about the model: whoever holds the control lock.
//  - `control`, `deliverUpcalls`, `maintain`: one at a time, without the control lock; they take it for what they share
//    with the switches, and each pipeline's lock for bounded steps.
//  - `arrive`, `process`, `depart` with a pipeline's number: whoever holds that pipeline's lock. A change that the control
//    side makes takes each pipeline's lock in turn, so that a packet sees either all of it or nothing.
//
// After `perform(.disconnectAdapter)` has returned, no `depart` that begins later names the adapter. What an earlier one
// named may still be on its way; the driver waits for that before it lets the request go on.

public import Datapath
import PacketWire

/// One datapath under all attached virtual switches.
public final class ForwardingExtension {
  /// The engines, one for each processor.
  public let engines: EngineGroup
  /// The control device, by which the daemon reaches the datapath.
  public let device: ControlDevice
  /// The switches, their ports and adapters.
  public private(set) var model = SwitchModel()
  let maps: [PortMap]
  let batches: [ArrivedBatch]
  private let controlLock: ControlLock

  /// What every port of a Hyper-V switch does by itself: complete checksums and cut large sends.
  public static var capabilities: OffloadCapabilities { [.checksum, .tcp4, .tcp6] }

  /// Makes an extension without switches.
  public init(
    count: Int, _ configuration: EngineConfiguration = EngineConfiguration(), locks: EngineLocks = .none,
    controlLock: ControlLock = .none
  ) {
    engines = EngineGroup(count: count, configuration, locks: locks)
    device = ControlDevice(engines, lock: controlLock)
    self.controlLock = controlLock
    var maps: [PortMap] = []
    var batches: [ArrivedBatch] = []
    for _ in 0..<engines.count {
      maps.append(PortMap())
      batches.append(ArrivedBatch())
    }
    self.maps = maps
    self.batches = batches
    // The two live and die together.
    unowned(unsafe) let me = self
    device.networkPorts = { unsafe me.networkPorts }
  }

  /// Notes an event of a switch's life; returns why it did not fit.
  public func perform(_ event: SwitchEvent) -> SwitchRefusal? {
    let refusal = model.perform(event)
    publish()
    return refusal
  }

  /// A list of all ports or adapters of a switch will be asked for, or none will be looked at any more.
  public func setLearning(_ id: SwitchID, _ begins: Bool) { model.setLearning(id, begins) }

  /// A request that says something of a port, or of the adapter `index` at it, begins or is over.
  public func noteRequest(
    _ id: SwitchID, _ port: SwitchPortID, _ index: SwitchNICIndex?, _ fate: RequestFate, isOver: Bool
  ) {
    model.noteRequest(id, port, index, fate, isOver: isOver)
  }

  /// What is to be made of an entry of a list; `isLast` if the list will not be asked for again.
  public func believe(
    _ id: SwitchID, _ port: SwitchPortID, _ index: SwitchNICIndex?, isConnected: Bool, isLast: Bool
  ) -> ListBelief {
    model.believe(id, port, index, isConnected: isConnected, isLast: isLast)
  }

  /// What goes to another host with an adapter's machine.
  public func save(_ key: AdapterKey) -> [UInt8]? { model.save(key) }

  /// Carries out a request of the device, and lets the model follow the ports that it makes or removes; see
  /// `ControlDevice.control`.
  public func control(
    _ number: UInt32, code: UInt32, input: [UInt8], capacity: Int, nowMilliseconds: UInt64,
    on processor: Int = 0
  ) -> DeviceReply {
    let reply = device.control(
      number, code: code, input: input, capacity: capacity, nowMilliseconds: nowMilliseconds, on: processor)
    followPorts()
    return reply
  }

  /// Lets the model follow the ports that requests to the engines have made or removed.
  public func followPorts() {
    let changes = engines.takePortChanges()
    guard !changes.isEmpty else { return }
    controlLock.acquire()
    for change in changes {
      follow(change)
      publish()
    }
    controlLock.release()
  }

  private func follow(_ change: EngineGroup.PortChange) {
    switch change {
    case .present(let number, let type, let name):
      guard type == .netdev || type == .internal else { return }
      model.addDatapathPort(number, name: name)
      engines.describe(
        number, capabilities: ForwardingExtension.capabilities, hasAdapter: model.isConnected(number))
    case .removed(let number): model.removeDatapathPort(number)
    case .allRemoved: model.removeAllDatapathPorts()
    }
  }

  /// The adapters that answer to a name, as the device tells of them.
  private var networkPorts: [NetworkPort] {
    controlLock.acquire()
    let adapters = model.namedAdapters
    controlLock.release()
    return adapters.map { name, adapter in
      NetworkPort(
        name: name, type: adapter.kind == .internal ? .internal : .netdev,
        ethernetAddress: MACAddress(adapter.address),
        maximumTransmissionUnit: adapter.mtu == 0 ? 1_500 : adapter.mtu,
        isConnected: adapter.state == .connected)
    }
  }

  /// How many packets become messages while an engine's lock is held.
  private static var deliveryStepCount: Int { 8 }
  /// What that may take from the heap, if all are segments of the largest size.
  private static var deliveryStepByteCount: Int { 4 << 20 }

  /// Takes packets that a pipeline has for the daemon to the device, in a step; whether there are more.
  ///
  /// Where there is no memory for their messages, they are lost, and counted.
  public func deliverUpcalls(of index: Int) -> Bool {
    let hasMemory = device.hasMemory(Self.deliveryStepByteCount)
    var upcalls: [[UInt8]] = []
    let hasMore = engines.locked(index) { engine in
      if hasMemory {
        upcalls = engine.drainUpcalls(maximumCount: Self.deliveryStepCount)
      } else {
        engine.discardUpcalls(maximumCount: Self.deliveryStepCount)
      }
      return engine.hasUpcalls
    }
    device.deliver(upcalls: upcalls)
    return hasMore
  }

  /// Lets each engine put its tables in order, if there is memory for that; to be called a few times a second.
  public func maintain() { engines.maintain(hasMemory: device.hasMemory) }

  /// Lets the device tell of the names that have come or gone.
  ///
  /// Apart from `perform`, whose callers may be deep in their stack: the driver's worker thread calls it.
  public func announce() {
    for change in model.takeNameChanges() {
      device.publish(networkPort: change.name, isPresent: change.isPresent)
    }
  }

  /// Lets every processor's map follow the model.
  private func publish() {
    let changes = model.takeChanges()
    guard !changes.isEmpty else { return }
    for index in 0..<engines.count {
      engines.locked(index) { engine in
        for change in changes {
          maps[index].apply(change)
          if case .destination(let number, let destination) = change {
            let isPresent = destination.map { $0.adapters != 0 } ?? false
            engine.setAdapter(isPresent: isPresent, of: DatapathPortNumber(number))
          }
        }
      }
    }
  }
}
