import Testing

@testable import OpenFlow

@Suite struct MessageCorpusTests {
  @Test func `Recorded messages decode, and encode to the same bytes`() {
    let lines = Corpus.lines("messages.tsv")
    #expect(lines.count > 500)
    var opaque: [String: Int] = [:]
    for line in lines {
      let bytes = Corpus.bytes(hex: line[3])
      do throws(OpenFlowError) {
        let received = try Message.decode(bytes, hasTableID: line[2].contains("table="))
        if case .opaque(let kind, _) = received.message {
          opaque["\(kind)", default: 0] += 1
          continue
        }
        var form = received.replyProtocol
        form.hasTableID = line[2].contains("table=")
        // Extended counters of ports, which only the distribution's switch has, are skipped in reading.
        if case .portStatisticsReply = received.message, received.version >= .v14 { continue }
        let hex = Corpus.hex(received.message.encode(form, xid: received.xid))
        if hex != line[3] { Issue.record("\(line[1]) \(line[2])\n  theirs \(line[3])\n  ours   \(hex)") }
      } catch {
        Issue.record("\(line[1]) \(line[2]): \(error.name)\n  \(line[3])")
      }
    }
    #expect(opaque.count < 30, "\(opaque)")
  }

  @Test func `Every truncation of a recorded message is an error or a shorter message`() {
    for line in Corpus.lines("messages.tsv") {
      let whole = Corpus.bytes(hex: line[3])
      for count in stride(from: 8, to: whole.count, by: whole.count > 600 ? 7 : 1) {
        var cut = Array(whole.prefix(count))
        cut[2] = UInt8(count >> 8)
        cut[3] = UInt8(count & 0xff)
        _ = try? Message.decode(cut)
      }
    }
  }

  @Test func `Random changes of recorded messages never trap`() {
    var generator = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0...UInt64.max, using: &generator)
    var state = seed
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    let all = (Corpus.lines("messages.tsv").map { $0[3] } + Corpus.lines("flow-mods.tsv").map { $0[2] })
      .map(Corpus.bytes)
    for message in all {
      for _ in 0..<20 {
        var changed = message
        for _ in 0...(next() % 4) {
          changed[Int(next()) % changed.count] = next() % 3 == 0 ? 0xff : UInt8(truncatingIfNeeded: next())
        }
        changed[2] = UInt8(changed.count >> 8)
        changed[3] = UInt8(changed.count & 0xff)
        if let received = try? Message.decode(changed) {
          _ = received.message.encode(received.replyProtocol, xid: received.xid)
        }
      }
    }
    print("seed \(seed)")
  }
}
