import Datapath
import PacketWire
import Testing

@testable import Host

@Suite struct NetworkMonitorTests {
  @Test func `the loopback device is found with its address and its local route`() throws {
    let loop = EventLoop()
    let monitor = try NetworkMonitor(on: loop)
    var devices: [NetworkDevice] = []
    var routes: [NetworkRoute] = []
    monitor.onDevices = { devices = $0 }
    monitor.onRoutes = { routes = $0 }
    loop.runOnce(maximumMilliseconds: 0)
    let loopback = try #require(devices.first { $0.name == "lo" })
    #expect(loopback.maximumTransmissionUnit == 65_536)
    #expect(loopback.isUp)
    #expect(loopback.statistics.contains { $0.name == "rx_bytes" })
    let address = IPv6Address(high: 0, low: 0xffff_7f00_0001)
    #expect(loopback.addresses.contains(NetworkAddress(address: address, prefixBitCount: 104)))
    #expect(routes.contains { $0.destination == address && $0.isLocal && $0.deviceName == "lo" })
    monitor.close()
  }

  @Test func `a message cut anywhere is taken apart as far as it goes`() {
    // A link message: lo, index 1, with a name and an MTU.
    var bytes: [UInt8] = [48, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    bytes += [0, 0, 4, 3, 1, 0, 0, 0, 0x49, 0, 1, 0, 0, 0, 0, 0]
    bytes += [7, 0, 3, 0, 0x6c, 0x6f, 0, 0, 8, 0, 4, 0, 0, 0, 1, 0]
    guard case .device(let device) = RouteMessage.decode(bytes).first else {
      Issue.record("not a device")
      return
    }
    #expect(device.name == "lo" && device.index == 1 && device.maximumTransmissionUnit == 65_536)
    for count in 0..<bytes.count {
      #expect(RouteMessage.decode(Array(bytes[..<count])).isEmpty)
      // A wrong length inside must not lead outside either.
      var broken = bytes
      broken[count] = 0xff
      _ = RouteMessage.decode(broken)
    }
  }
}
