import Datapath
import TestSupport

/// The datapaths of the simulated host: real engines, behind the messages that a daemon sends.
final class SimulatedDatapaths {
  /// What goes wrong, in percent of the requests or upcalls.
  struct Faults {
    var refusedPorts = 0
    var refusedFlows = 0
    var refusedExecutions = 0
    var lostUpcalls = 0
    var garbledUpcalls = 0
  }

  /// One datapath.
  final class Running {
    let index: Int32
    let name: [UInt8]
    fileprivate(set) var engine: SimulatedEngine

    fileprivate init(index: Int32, name: [UInt8]) {
      self.index = index
      self.name = name
      engine = SimulatedEngine(name: name, index: index)
    }
  }

  private(set) var running: [Running] = []
  var faults = Faults()
  /// The names of the host's devices, without which a port for one can't be; nil if every name is a device.
  var devices: Set<String>?
  private var nextIndex: Int32 = 1

  private enum Code {
    static let noEntry: UInt32 = 2
    static let noMemory: UInt32 = 12
    static let exists: UInt32 = 17
    static let noDevice: UInt32 = 19
    static let noSpace: UInt32 = 28
  }

  /// Carries out a request; gives what is sent back.
  func handle(_ bytes: [UInt8], _ chance: inout Chance, now: Int64) -> [[UInt8]] {
    guard let message = try? NetlinkMessage.decode(bytes).first else { return [] }
    if case .datapath(.new, let request) = message.body { return start(request, message.header, now) }
    guard let datapath = running.first(where: { $0.index == message.header.datapathIndex }) else {
      return [refusal(of: message, Code.noDevice)]
    }
    if let code = fault(message, &chance) { return [refusal(of: message, code)] }
    if case .vport(.new, let port) = message.body, port.type == .netdev, let devices,
      !devices.contains(String(decoding: port.name ?? [], as: UTF8.self))
    {
      return [refusal(of: message, Code.noDevice)]
    }
    return datapath.engine.handle(bytes, now)
  }

  private func fault(_ message: NetlinkMessage, _ chance: inout Chance) -> UInt32? {
    let codes = [Code.noMemory, Code.noSpace, Code.exists]
    switch message.body {
    case .vport(.new, _), .vport(.delete, _):
      return chance.percent(faults.refusedPorts) ? chance.pick(codes) : nil
    case .flow(let command, _):
      guard command != .get || !message.header.flags.isSuperset(of: .dump) || chance.percent(20) else {
        return nil
      }
      return chance.percent(faults.refusedFlows) ? chance.pick(codes + [Code.noEntry]) : nil
    case .packet: return chance.percent(faults.refusedExecutions) ? Code.noMemory : nil
    default: return nil
    }
  }

  private func refusal(of message: NetlinkMessage, _ code: UInt32) -> [UInt8] {
    NetlinkMessage(message.header.reply(), .error(code)).encode()
  }

  private func start(_ request: DatapathMessage, _ header: NetlinkHeader, _ now: Int64) -> [[UInt8]] {
    guard let name = request.name, !running.contains(where: { $0.name == name }) else {
      return [refusal(of: NetlinkMessage(header, .datapath(.new, request)), Code.exists)]
    }
    let datapath = Running(index: nextIndex, name: name)
    nextIndex += 1
    running.append(datapath)
    var header = header
    header.datapathIndex = datapath.index
    return datapath.engine.handle(NetlinkMessage(header, .datapath(.new, request)).encode(), now)
  }

  /// All datapaths end.
  func stop() { running = [] }

  /// The datapath loses everything that it held, as a driver does that is loaded anew.
  func empty(_ chance: inout Chance) {
    guard let datapath = chance.pickAny(running) else { return }
    datapath.engine = SimulatedEngine(name: datapath.name, index: datapath.index)
  }

  /// The upcalls that are not lost, and the frames that leave, each with its datapath and port.
  func takeUpcalls(_ chance: inout Chance) -> [[UInt8]] {
    var upcalls: [[UInt8]] = []
    for datapath in running {
      for upcall in datapath.engine.takeUpcalls() where !chance.percent(faults.lostUpcalls) {
        if chance.percent(faults.garbledUpcalls) { upcalls.append(chance.mutate(upcall)) }
        upcalls.append(upcall)
      }
    }
    return upcalls
  }

  /// Lets a frame come in by a port.
  func receive(_ frame: [UInt8], port: String, now: Int64) -> Bool {
    for datapath in running {
      guard let number = datapath.engine.ports(now).first(where: { $0.name == port })?.number else {
        continue
      }
      datapath.engine.receive(frame, DatapathPortNumber(number), now)
      return true
    }
    return false
  }

  /// The frames that left since the last call, with the names of their ports.
  func takeSent(now: Int64) -> [(port: String, frame: [UInt8])] {
    var sent: [(port: String, frame: [UInt8])] = []
    for datapath in running {
      let output = datapath.engine.takeSent()
      guard !output.isEmpty else { continue }
      let ports = datapath.engine.ports(now)
      for packet in output {
        let name = ports.first { $0.number == packet.port }?.name ?? "port \(packet.port)"
        sent.append((name, packet.bytes))
      }
    }
    return sent
  }
}

/// A port as a datapath describes it.
struct DescribedPort: Equatable {
  var number: UInt32
  var name: String
  var type: VportType?
}

/// The engine of one datapath, small enough for many lives, with what a life asks of it.
final class SimulatedEngine {
  private let engines: EngineGroup
  private var knownPorts: [DescribedPort]?

  init(name: [UInt8], index: Int32) {
    var sizes = EngineConfiguration()
    sizes.smallSlotCount = 128
    sizes.largeSlotCount = 4
    sizes.maximumPortCount = 256
    sizes.maximumMaskCount = 64
    sizes.maximumFlowCount = 512
    sizes.maximumOutputCount = 512
    sizes.maximumUpcallCount = 32
    sizes.initialCacheSetCount = 1 << 4
    sizes.maximumCacheSetCount = 1 << 6
    sizes.name = String(decoding: name, as: UTF8.self)
    sizes.datapathIndex = index
    engines = EngineGroup(count: 1, sizes)
  }

  func handle(_ message: [UInt8], _ now: Int64) -> [[UInt8]] {
    knownPorts = nil
    return engines.handle(message: message, nowMilliseconds: UInt64(now))
  }

  func receive(_ frame: [UInt8], _ port: DatapathPortNumber, _ now: Int64) {
    engines.take(frame, from: port.rawValue, now: UInt64(now))
  }

  func takeSent() -> [Sent] { engines.takeSent() }

  func takeUpcalls() -> [[UInt8]] { engines.drainUpcalls(on: 0) }

  /// All ports.
  func ports(_ now: Int64) -> [DescribedPort] {
    if let knownPorts { return knownPorts }
    let ports = engines.ports(now: UInt64(now)).compactMap { port in
      port.number.map {
        DescribedPort(
          number: $0.rawValue, name: String(decoding: port.name ?? [], as: UTF8.self), type: port.type)
      }
    }
    knownPorts = ports
    return ports
  }

  /// All flows.
  func flows(_ now: Int64) -> [FlowMessage] { engines.flows(now: UInt64(now)) }
}
