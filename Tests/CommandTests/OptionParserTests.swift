import Testing

@testable import Command

@Suite struct OptionParserTests {
  final class Seen {
    var log: [String] = []
  }

  func parse(_ words: [String], stops: Bool = false) throws -> (log: [String], rest: [String]) {
    let seen = Seen()
    let options = [
      CommandOption("target", short: "t") { (text: String) in seen.log.append("target=" + text) },
      CommandOption("timeout", short: "T") { (text: String) in seen.log.append("timeout=" + text) },
      CommandOption("log-file") { (text: String?) in seen.log.append("log=" + (text ?? "nil")) },
      CommandOption("verbose", short: "v") { (text: String?) in seen.log.append("v=" + (text ?? "nil")) },
      CommandOption("detach", short: "d") { seen.log.append("detach") },
    ]
    let rest = try OptionParser(options, stopsAtFirstWord: stops).parse(words)
    return (seen.log, rest)
  }

  @Test func `options mix with words, and shorten`() throws {
    let result = try parse([
      "a", "--det", "--targ=x", "b", "-ty", "-t", "z", "--log-file", "c", "--log=", "-dv", "-vfoo", "-", "--",
      "-d",
    ])
    #expect(
      result.log == [
        "detach", "target=x", "target=y", "target=z", "log=nil", "log=", "detach", "v=nil", "v=foo",
      ])
    #expect(result.rest == ["a", "b", "c", "-", "-d"])
  }

  @Test func `the first word ends options if asked to`() throws {
    let result = try parse(["-d", "command", "-d", "--x"], stops: true)
    #expect(result.log == ["detach"])
    #expect(result.rest == ["command", "-d", "--x"])
  }

  @Test func `what is wrong is said as getopt says it`() {
    func message(_ words: String...) -> String? {
      do { _ = try parse(words) } catch let error as UsageError { return error.message } catch { return nil }
      return nil
    }
    #expect(message("--foo=1") == "unrecognized option '--foo=1'")
    #expect(message("--t") == "option '--t' is ambiguous; possibilities: '--target' '--timeout'")
    #expect(message("--detach=1") == "option '--detach' doesn't allow an argument")
    #expect(message("--target") == "option '--target' requires an argument")
    #expect(message("-x") == "invalid option -- 'x'")
    #expect(message("-dt") == "option requires an argument -- 't'")
  }
}
