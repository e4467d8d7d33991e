import JSON
import Testing

@testable import Switch

struct DatabaseLinkTests {
  private static let schema =
    #"{"name":"Open_vSwitch","version":"1.0.0","tables":{"Bridge":{"isRoot":true,"columns":{"name":{"type":"string"}}}}}"#

  private static func say(_ text: String, _ harness: SwitchHarness) throws {
    harness.step([.databaseReceived(try JSONParser.parse(text))])
  }

  private static func connected(lockIsHeld: Bool) throws -> SwitchHarness {
    let harness = SwitchHarness()
    harness.step([.databaseOpened])
    try say(#"{"id":1,"result":\#(schema),"error":null}"#, harness)
    try say(#"{"id":2,"result":[false,"00000000-0000-0000-0000-000000000000",{}],"error":null}"#, harness)
    try say(#"{"id":3,"result":{"locked":\#(lockIsHeld)},"error":null}"#, harness)
    return harness
  }

  @Test func `who waits for the lock says so once, and sleeps`() throws {
    let harness = try Self.connected(lockIsHeld: false)
    harness.advance(milliseconds: 5000)
    let complaints = harness.takeEffects().filter {
      if case .log(_, .error, let text) = $0 { text.hasPrefix("another ovs-vswitchd") } else { false }
    }
    #expect(complaints.count == 1)
    #expect(harness.virtualSwitch.nextWakeup == nil)
  }

  @Test func `a connection on which the server makes no sense is closed`() throws {
    let harness = try Self.connected(lockIsHeld: true)
    try Self.say(
      #"{"method":"update3","params":[["monid","Open_vSwitch"],"x",{"Bridge":{"no uuid":{}}}],"id":null}"#,
      harness)
    let closed = harness.takeEffects().contains { if case .databaseClose = $0 { true } else { false } }
    #expect(closed)
    harness.step([.databaseClosed(reason: "closed"), .databaseOpened])
    try Self.say(#"{"id":4,"result":\#(Self.schema),"error":null}"#, harness)
    let asks = harness.takeEffects().contains { effect in
      if case .databaseSend(let message) = effect { message["method"] == "monitor_cond_since" } else { false }
    }
    #expect(asks)
  }
}
