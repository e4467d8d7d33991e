import PacketWire
import TestSupport
import Testing

@Suite struct MACAddressTests {
  @Test func `Text is read and written`() {
    #expect(MACAddress("00:23:20:AB:cd:ef")?.rawValue == 0x0023_20ab_cdef)
    #expect(MACAddress("0:1:2:3:4:5")?.description == "00:01:02:03:04:05")
    for bad in [
      "", ":", "00:01:02:03:04", "00:01:02:03:04:05:", "00:01:02:03:04:05:06", "001:2:3:4:5:6", "g:1:2:3:4:5",
    ] {
      #expect(MACAddress(bad) == nil, "\(bad)")
    }
  }

  @Test func `Kinds of address`() {
    #expect(MACAddress.broadcast.isMulticast && MACAddress.broadcast.isBroadcast)
    #expect(MACAddress(0x0180_c200_000e).isBridgeGroup)
    #expect(!MACAddress(0x0180_c200_0010).isBridgeGroup)
    #expect(MACAddress(UInt64.max) == .broadcast)
    let solicited = IPv6Address("fe80::1:2:ab34")!.solicitedNode
    #expect(MACAddress.multicast(for: solicited).description == "33:33:ff:02:ab:34")
    #expect(MACAddress.multicast(for: IPv4Address(224, 129, 1, 2)).description == "01:00:5e:01:01:02")
  }
}

@Suite struct IPv4AddressTests {
  @Test func `Text is read and written`() {
    #expect(IPv4Address("10.0.0.255")?.rawValue == 0x0a00_00ff)
    for good in ["0.0.0.0", "255.255.255.255", "1.20.30.4", "100.101.9.10"] {
      #expect(IPv4Address(good)?.description == good)
    }
    for bad in [
      "", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.256", "01.2.3.4", "1.2.3.4x", "99999999999.1.1.1",
      "1..2.3",
    ] {
      #expect(IPv4Address(bad) == nil, "\(bad)")
    }
  }

  @Test func `Every prefix length has one mask`() {
    for length in 0...32 {
      #expect(IPv4Address(prefixLength: length).prefixLength == length)
    }
    #expect(IPv4Address(255, 0, 255, 0).prefixLength == nil)
    #expect(IPv4Address(0, 0, 0, 1).prefixLength == nil)
  }

  @Test func `Masked addresses`() {
    for good in ["10.0.0.0/8", "1.2.3.4", "0.0.0.0/0", "1.2.3.4/255.0.255.0"] {
      #expect(MaskedIPv4Address(good)?.description == good)
    }
    #expect(MaskedIPv4Address("1.2.3.4/255.255.255.0")?.description == "1.2.3.4/24")
    for bad in ["1.2.3.4/", "1.2.3.4/33", "1.2.3.4/1.2", "/8", "1.2.3.4/8x"] {
      #expect(MaskedIPv4Address(bad) == nil, "\(bad)")
    }
  }
}

@Suite struct IPv6AddressTests {
  // Left: text given. Right: what inet_ntop writes for it.
  @Test(arguments: [
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
    ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:0:2:0:0:3:4", "1::2:0:0:3:4"),
    ("1:2:3:0:5:6:7:8", "1:2:3:0:5:6:7:8"),
    ("::ffff:1.2.3.4", "::ffff:1.2.3.4"), ("::1.2.3.4", "::1.2.3.4"),
    ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
    ("0:0:0:0:0:0:0:1234", "::1234"), ("0:0:0:0:0:0:1:0", "::0.1.0.0"), ("fe80::", "fe80::"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("0001:0020:0300:4000::", "1:20:300:4000::"),
  ])
  func `Text is read, and written in canonical form`(given: String, canonical: String) {
    #expect(IPv6Address(given)?.description == canonical)
    #expect(IPv6Address(canonical) == IPv6Address(given))
  }

  @Test func `Malformed text is refused`() {
    for bad in [
      "", ":", ":::", "1", "1:", ":1", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "::g",
      "1:2:3:4:5:6:7:8::",
      "::1.2.3", "::1.2.3.4.5", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "1:::2", "fe80::1%eth0",
      "::256.1.1.1", "1::2:",
    ] {
      #expect(IPv6Address(bad) == nil, "\(bad)")
    }
  }

  @Test func `Random addresses survive their text`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededRandom(seed: seed)
    for _ in 0..<5_000 {
      // Zero some groups, so that runs of zeros are common.
      var halves: [UInt64] = [0, 0]
      for index in 0..<8 where random.next() & 1 == 0 {
        halves[index / 4] |= (random.next() & 0xffff) << UInt64(16 * (index % 4))
      }
      let address = IPv6Address(high: halves[0], low: halves[1])
      #expect(IPv6Address(address.description) == address, "seed \(seed), \(address)")
    }
  }

  @Test func `Every prefix length has one mask`() {
    for length in 0...128 {
      #expect(IPv6Address(prefixLength: length).prefixLength == length)
    }
    #expect(IPv6Address("ffff::1")!.prefixLength == nil)
    #expect(IPv6Address("fffe:ffff::")!.prefixLength == nil)
  }

  @Test func `Masked addresses`() {
    for good in ["2001:db8::/32", "::1", "::/0", "::1/ff::ff", "1::/127"] {
      #expect(MaskedIPv6Address(good)?.description == good)
    }
    for bad in ["::/", "::/129", "::/x", "/64"] {
      #expect(MaskedIPv6Address(bad) == nil, "\(bad)")
    }
  }

  @Test func `Derived addresses`() {
    #expect(IPv6Address.linkLocal(MACAddress(0x5254_0012_3456)).description == "fe80::5054:ff:fe12:3456")
    #expect(IPv6Address("2001:db8::1:2ab:cdef")!.solicitedNode.description == "ff02::1:ffab:cdef")
    #expect(IPv6Address(mapped: IPv4Address(1, 2, 3, 4)).mappedIPv4 == IPv4Address(1, 2, 3, 4))
    #expect(IPv6Address("::1")!.mappedIPv4 == nil)
  }
}
