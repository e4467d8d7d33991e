import Host
import Testing
import Vlog

@testable import Command

@Suite struct LogTests {
  final class Captured {
    var text = ""
    var now = Instant(milliseconds: 0)
  }

  func makeLog() -> (log: Log, captured: Captured) {
    let captured = Captured()
    let log = Log(programName: "prog")
    log.set(systemLogMethod: "null")
    log.console = { captured.text += $0 }
    log.wallClock = { 1_700_000_000_123 }
    log.now = { captured.now }
    return (log, captured)
  }

  @Test func `lines are laid out by their pattern`() throws {
    let (log, captured) = makeLog()
    let module = log.module("jsonrpc")
    module.warn("hello")
    #expect(captured.text == "2023-11-14T22:13:20Z|00001|jsonrpc|WARN|hello\n")
    captured.text = ""
    try log.apply(specification: "PATTERN:console:%c{3}%A|%-10p|%5N|%010N|%D|%d{%H:%M:%S.###}|%t|%T|%%|%m|%q")
    module.warn("x:y")
    #expect(
      captured.text
        == "jsonrpcprog|WARN      |    2|0000000002|2023-11-14 22:13:20.123|22:13:20.123|main||%|x:y|%q\n")
  }

  @Test func `thresholds are set by module, destination and level in any order`() throws {
    let (log, captured) = makeLog()
    let first = log.module("first")
    let second = log.module("second_part")
    try log.apply(specification: "console:first:dbg")
    first.debug("a")
    second.debug("b")
    #expect(captured.text.contains("|a\n") && !captured.text.contains("|b\n"))
    try log.apply(specification: "second-part off")
    second.error("c")
    #expect(!captured.text.contains("|c\n"))
    #expect(
      log.levelTable == """
                         console    syslog    file
                         -------    ------    ------
        first              DBG       INFO       INFO
        second_part        OFF        OFF        OFF

        """)
  }

  @Test func `every program knows Open vSwitch's modules by name`() throws {
    let invocation = Invocation(arguments: ["prog"], directories: Directories())
    invocation.log.set(systemLogMethod: "null")
    invocation.log.declare(LogModuleNames.ofSwitch)
    for name in ["vconn", "ofproto_dpif", "ofproto-dpif", "dpif", "dpif-netdev", "unixctl", "netdev_dummy"] {
      try invocation.log.apply(specification: "\(name):file:dbg")
    }
    #expect(invocation.log.module("ofproto_dpif").thresholds == [.information, .information, .debug])
    let all = LogModuleNames.common + LogModuleNames.ofSwitch + LogModuleNames.ofDatabase
    #expect(Set(all).count == all.count)
  }

  @Test func `lines with a priority have facility local0 until another is chosen`() throws {
    let (log, captured) = makeLog()
    try log.apply(specification: "PATTERN:console:<%B>%m")
    log.module("m").info("x")
    try log.apply(specification: "FACILITY:daemon")
    log.module("m").warn("y")
    #expect(captured.text == "<133>x\n<28>y\n")
  }

  @Test func `wrong specifications are refused in OVS's words`() {
    let (log, _) = makeLog()
    _ = log.module("vlog")
    func message(_ text: String) -> String? {
      do { try log.apply(specification: text) } catch { return error.message }
      return nil
    }
    #expect(message("foo") == "no destination, level, or module \"foo\"")
    #expect(message("console:dbg:info") == "cannot specify multiple levels")
    #expect(message("console,file") == "cannot specify multiple destinations")
    #expect(message("PATTERN:foo:x") == "unknown destination \"foo\"")
    #expect(message("PATTERN:") == "unknown destination \"\"" || message("PATTERN:") == "missing pattern")
    #expect(message("FACILITY:x") == "invalid facility")
    #expect(message("FACILITY:local7") == nil)
    #expect(message("any:syslog:warn") == nil)
  }

  @Test func `messages that come too often are dropped, and counted`() {
    let (log, captured) = makeLog()
    let module = log.module("m")
    let limit = LogRateLimit(perMinute: 60, burst: 2)
    for _ in 0..<5 { module.log(.warning, limit, "x") }
    #expect(captured.text.split(separator: "\n").count == 2)
    captured.now = Instant(milliseconds: 1_500)
    module.log(.warning, limit, "y")
    #expect(
      captured.text.contains(
        "Dropped 3 log messages in last 1 seconds (most recently, 1 seconds ago) due to excessive rate"))
    #expect(captured.text.contains("|y\n"))
  }
}
