import Glibc
import Host
import JSON
import Testing

@testable import Command

@Suite struct UnixctlTests {
  func makeServer() -> UnixctlServer {
    let log = Log(programName: "test")
    log.set(.off)
    let server = UnixctlServer(log: log, versionText: "test 1\n")
    server.registerLogCommands(log)
    server.register("greet", usage: "NAME", minimum: 1, maximum: 2) { request in
      request.reply("hello " + request.arguments[0])
    }
    return server
  }

  @Test func `a client gets the answer, whole lines`() throws {
    var template = Array("/tmp/apus-ctl-XXXXXX".utf8CString)
    let directory = String(cString: mkdtemp(&template))
    defer { _ = system("rm -rf '\(directory)'") }
    let loop = EventLoop()
    let server = makeServer()
    try server.listen(path: directory + "/a.ctl", on: loop)
    let address = try StreamAddress("unix:" + directory + "/a.ctl", defaultPort: 0)
    #expect(try UnixctlClient.run("greet", ["you"], at: address, on: loop) == .success("hello you\n"))
    #expect(
      try UnixctlClient.run("none", [], at: address, on: loop)
        == .failure(
          "\"none\" is not a valid command (use \"list-commands\" to see a list of valid commands)\n"))
    server.close()
  }

  @Test func `counts of arguments are checked`() {
    let server = makeServer()
    var answers: [String] = []
    server.run("greet", []) { text, _ in answers.append(text) }
    server.run("greet", ["a", "b", "c"]) { text, _ in answers.append(text) }
    server.run("version", []) { text, _ in answers.append(text) }
    #expect(
      answers == [
        "\"greet\" command requires at least 1 arguments", "\"greet\" command takes at most 2 arguments",
        "test 1\n",
      ])
  }

  @Test func `commands are listed in order`() {
    let server = makeServer()
    var list = ""
    server.run("list-commands", []) { text, _ in list = text }
    #expect(
      list.hasPrefix(
        "The available commands are:\n  greet                   NAME\n  list-commands           \n"))
  }
}
