import Foundation
import Testing

/// Many lives of a whole switch, each from one seed.
///
/// `APUS_SIMULATION_SEED` is the first seed, `APUS_SIMULATION_LIVES` how many lives there are, and
/// `APUS_SIMULATION_TRACE=1` prints what happens.
struct SimulationTests {
  private static func setting(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment["APUS_SIMULATION_\(name)"].flatMap { UInt64($0) }
  }

  private static func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  /// How many lives there are in an ordinary run.
  private static let lifeCount: UInt64 = 150

  /// Lives a life; gives what went wrong.
  private static func live(_ seed: UInt64) -> (failure: String?, digest: EffectDigest) {
    do {
      let life = try Life(seed: seed)
      if setting("TRACE") == 1 { life.world.loggedLevel = .information }
      do {
        try life.run()
        if setting("TRACE") == 1 { say(life.story.joined(separator: "\n")) }
        return (nil, life.world.digest)
      } catch {
        let story = life.story.suffix(setting("TRACE") == 1 ? 1000 : 12).joined(separator: "\n  ")
        let warnings = life.world.log.suffix(setting("TRACE") == 1 ? 200 : 8).joined(separator: "\n  ")
        return (
          "seed \(seed), step \(life.world.stepCount), at \(life.world.now): \(error)\n  \(story)\n  \(warnings)",
          life.world.digest
        )
      }
    } catch {
      return ("seed \(seed): \(error)", EffectDigest())
    }
  }

  @Test
  func `whatever happens to a switch, it does not fail, and does what it should when faults have ended`() {
    let first = Self.setting("SEED") ?? 1
    let count = Self.setting("LIVES") ?? Self.lifeCount
    var failures = 0
    for seed in first..<first + count where failures < 10 {
      // A trap ends the process: what was said last tells where.
      if (seed - first) % 10 == 0 { Self.say("simulation: lives from seed \(seed)") }
      guard let failure = Self.live(seed).failure else { continue }
      failures += 1
      Issue.record("\(failure)")
    }
  }

  @Test func `the same seed gives the same effects`() {
    for seed in [UInt64(3), 4, 5] {
      let first = Self.live(seed)
      let second = Self.live(seed)
      #expect(first.digest == second.digest, "seed \(seed)")
    }
  }
}
