import Vlog
import Command
import Host

/// Creates, inspects and changes files of databases that no server has open.
@main
struct Program {
  static func main() {
    let invocation = Invocation()
    invocation.log.declare(LogModuleNames.ofDatabase)
    invocation.log.set(.warning, destination: .console)
    let tool = Tool(invocation)
    invocation.helpText = tool.help
    var ignored: String?
    let options = [
      CommandOption("more", short: "m") { tool.verbosity += 1 },
      CommandOption("rbac-role") { (role: String) in ignored = role },
    ]
    let words = invocation.parse(options)
    // Roles are checked by servers, not by this program on its own files.
    _ = ignored
    invocation.run(tool.commands, words)
  }
}
