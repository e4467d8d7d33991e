import Datapath
import TestSupport
import Testing

@testable import Extension

struct DeviceLockTests {
  /// Watches the locks: each is taken alone or in order, and given back, and no step under one is long.
  private final class Watch {
    weak var engines: EngineGroup?
    var controlIsHeld = false
    var engine: Int?
    var flows: UInt64 = 0
    var mostRemoved: UInt64 = 0
    var released: (Int) -> Void = { _ in }

    var controlLock: ControlLock {
      ControlLock(
        acquire: { [unowned self] in
          #expect(!controlIsHeld && engine == nil)
          controlIsHeld = true
        },
        release: { [unowned self] in
          #expect(controlIsHeld && engine == nil)
          controlIsHeld = false
        })
    }

    var locks: EngineLocks {
      EngineLocks(
        acquire: { [unowned self] index in
          #expect(engine == nil)
          engine = index
          flows = engines?.statistics(on: index).flows ?? 0
        },
        release: { [unowned self] index in
          #expect(engine == index)
          engine = nil
          let left = engines?.statistics(on: index).flows ?? 0
          if left < flows { mostRemoved = max(mostRemoved, flows - left) }
          released(index)
        })
    }
  }

  private func flow(_ number: UInt64) -> FlowMessage {
    var key = FlowKey()
    key.words[0] = 1 << 32
    key.words[1] = number << 16 | 0x88b5
    var mask = FlowKey()
    for word in 0..<3 { mask.words[word] = ~0 }
    mask.words[5] = 0xffff_0000
    return FlowMessage(key: key, mask: mask, actions: [.output(.init(2))])
  }

  private func harness(_ watch: Watch) throws -> (DeviceHarness, UInt32) {
    let harness = DeviceHarness(count: 3, locks: watch.locks, controlLock: watch.controlLock)
    watch.engines = harness.engines
    let handle = try #require(harness.device.open())
    for number in UInt32(1)...2 { harness.addPort(number, for: handle) }
    return (harness, handle)
  }

  @Test func `a flush goes step by step, with packets in between that see each flow or not`() throws {
    let watch = Watch()
    let (harness, handle) = try harness(watch)
    for number in 0..<UInt64(190) { _ = harness.transact(handle, .flow(.new, flow(number))) }
    var outcomes: Set<String> = []
    var steps = 0
    watch.released = { index in
      steps += 1
      for number in [UInt8(0), 100, 189] {
        var frame = harness.frame()
        for place in 0..<12 { frame[place] = 0 }
        frame[5] = number
        let left = harness.engines.statistics(on: index).flows
        let (sent, up) = harness.engines.run(frame, from: 1, now: 1, on: index)
        #expect(sent.count + up.count == 1, "it is forwarded, or goes to the daemon")
        outcomes.insert("\(number) \(sent.count) \(left)")
      }
    }
    for body: NetlinkMessage.Body in [.flow(.delete, FlowMessage(key: nil))] {
      #expect(harness.transact(handle, body).map(\.body) == [.error(0)])
    }
    watch.released = { _ in }
    #expect(watch.mostRemoved == 64)
    #expect(steps >= 9)
    // Of the first flow none was seen any more while the last was still there.
    #expect(outcomes.contains("0 0 126") && outcomes.contains("189 1 126") && outcomes.contains("189 0 0"))
    for index in 0..<3 { #expect(harness.engines.statistics(on: index).flows == 0) }
  }

  @Test func `deleting the datapath removes its flows step by step too`() throws {
    let watch = Watch()
    let (harness, handle) = try harness(watch)
    for number in 0..<UInt64(150) { _ = harness.transact(handle, .flow(.new, flow(number))) }
    #expect(
      harness.transact(handle, .datapath(.delete, DatapathMessage(name: "ovs-system"))).map(\.body)
        == [.error(0)])
    #expect(watch.mostRemoved == 64)
    for index in 0..<3 { #expect(harness.engines.statistics(on: index).flows == 0) }
  }

  @Test func `only a request that waits leaves the control lock held`() throws {
    let watch = Watch()
    let (harness, handle) = try harness(watch)
    var requests: [(DeviceControlCode, NetlinkMessage.Body, MessageFlags)] = []
    for command: ControlCommand in [.awaitEvent, .awaitPacket, .joinGroup, .subscribePackets, .counters] {
      for value in [nil, UInt8(0), 1, 2, 9] {
        var message = ControlMessage()
        message.joins = value
        message.subscription = value
        message.group = MulticastGroup.vport
        requests.append((.write, .control(command, message), .request))
        requests.append((.transact, .control(command, message), .request))
      }
    }
    for name in ["p1", "none"] {
      let device = NetworkDeviceMessage(name: Array(name.utf8))
      requests.append((.transact, .networkDevice(device), .request))
      requests.append((.write, .networkDevice(device), [.request, .dump]))
      requests.append((.transact, .vport(.new, VportMessage(type: .netdev, name: name)), .request))
    }
    requests.append((.write, .flow(.get, FlowMessage(key: nil)), [.request, .dump]))
    requests.append((.transact, .flow(.delete, FlowMessage(key: nil)), [.request, .acknowledge]))
    var random = SeededRandom(seed: 3)
    var pended = 0
    for _ in 0..<3_000 {
      let (code, body, flags) = requests[random.below(requests.count)]
      let reply = harness.control(handle, code, harness.message(handle, body, flags))
      #expect(watch.controlIsHeld == (reply.status == .pending))
      if reply.status == .pending {
        pended += 1
        watch.controlIsHeld = false
        if random.below(2) == 0, let thing = reply.awaits { harness.device.cancel(handle, thing) }
      }
      for code: DeviceControlCode in [.read, .readEvent, .readPacket, .getProcessID] {
        _ = harness.control(handle, code, capacity: random.below(300))
        #expect(!watch.controlIsHeld)
      }
      _ = harness.wakeUps()
    }
    #expect(pended > 20)
  }

  @Test func `a device found by its name is described as in the list of all`() throws {
    let watch = Watch()
    let (harness, handle) = try harness(watch)
    harness.nics = [
      NetworkPort(
        name: Array("p1".utf8), type: .netdev, ethernetAddress: .init(0x02_00_00_00_00_01),
        maximumTransmissionUnit: 1_500, isConnected: true)
    ]
    let all = harness.dump(handle, .networkDevice(NetworkDeviceMessage(name: [])))
    for name in ["p1", "p2"] {
      let device = NetworkDeviceMessage(name: Array(name.utf8))
      let one = harness.transact(handle, .networkDevice(device), .request)
      #expect(one.count == 1 && all.contains { $0.body == one[0].body })
    }
  }
}
