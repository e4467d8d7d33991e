import OVSDB
import Testing

@testable import Command

private func tool() -> ControlCommandLine<ControlContext> {
  ControlCommandLine([
    ControlCommand(
      "add", 1...2, options: ["--may-exist", "--id="], prepare: { _ throws(ControlError) in },
      run: { _ throws(ControlError) in }),
    ControlCommand(
      "show", 0...0, prepare: { _ throws(ControlError) in }, run: { _ throws(ControlError) in }),
  ])
}

private func parse(_ words: String, options: [ControlInvocation.Option] = []) -> String {
  do throws(ControlError) {
    let words = words.split(separator: " ").map { String($0) }
    return try tool().parse(words, options: options).map(\.invocation.text).joined(separator: " | ")
  } catch {
    return "error: " + (error.message ?? "none")
  }
}

@Suite struct ControlCommandLineTests {
  /// What ovs-vsctl 3.1.0 makes of like words.
  @Test(arguments: [
    ("add a -- show", "add a | show"), ("-- add a -- -- show --", "add a | show"),
    ("--may-exist --id=@x add a b", "--may-exist --id=@x add a b"),
    ("", "error: missing command name (use --help for help)"),
    ("-- --", "error: missing command name (use --help for help)"),
    ("--id=3", "error: missing command name (use --help for help)"),
    ("add a -- foo", "error: unknown command 'foo'; use --help for help"),
    ("add", "error: 'add' command requires at least 1 arguments"),
    ("add a b c", "error: 'add' command takes at most 2 arguments"),
    (
      "add a b --may-exist",
      "error: 'add' command takes at most 2 arguments (note that options must precede command names and "
        + "follow a \"--\" argument)"
    ),
    ("--bogus add a", "error: 'add' command has no '--bogus' option"),
    ("--may-exist show", "error: 'show' command has no '--may-exist' option"),
    ("--may-exist=1 add a", "error: '--may-exist' option on 'add' does not accept an argument"),
    ("--id add a", "error: missing argument to '--id' option on 'add' command"),
    ("--id=1 --id=2 add a", "error: '--id=2' option specified multiple times"),
  ])
  func wordsAreCommandsOrErrors(_ words: String, _ expected: String) {
    #expect(parse(words) == expected)
  }

  @Test func optionsAmongThoseOfTheProgramBelongToTheFirstCommand() {
    let option = ControlInvocation.Option("--may-exist")
    #expect(parse("add a -- show", options: [option]) == "--may-exist add a | show")
    #expect(parse("show", options: [option]) == "error: 'show' command has no '--may-exist' option")
  }

  @Test func optionNamesAndListingAreThoseOfTheTable() {
    #expect(tool().optionNames == ["--may-exist", "--id="])
    #expect(tool().command(named: "add")?.listing == "[--may-exist] [--id=] ,add,")
  }
}
