import Vlog
import Host

extension UnixctlServer {
  /// Adds the `vlog/…` commands.
  func registerLogCommands(_ log: Log) {
    register("vlog/set", usage: "{spec | PATTERN:destination:pattern}", maximum: nil) { request in
      // Without arguments everything is logged everywhere.
      if request.arguments.isEmpty { log.set(.debug) }
      for argument in request.arguments {
        do throws(UsageError) {
          try log.apply(specification: argument)
        } catch {
          return request.fail(error.message)
        }
      }
      request.reply()
    }
    register("vlog/list") { $0.reply(log.levelTable) }
    register("vlog/list-pattern") { $0.reply(log.patternTable) }
    register("vlog/reopen") { request in
      guard log.filePath != nil else { return request.fail("Logging to file not configured") }
      do throws(SystemError) {
        try log.reopenFile()
        request.reply()
      } catch {
        request.fail(error.message)
      }
    }
    register("vlog/close") { request in
      log.closeFile()
      request.reply()
    }
    for (command, isLimited) in [("vlog/enable-rate-limit", true), ("vlog/disable-rate-limit", false)] {
      register(command, usage: "[module]...", maximum: nil) { request in
        let names = request.arguments.filter { !sameBytes($0.asciiUppercased, "ANY") }
        var modules: [LogModule] = []
        for name in names {
          guard let module = log.find(module: name) else { return request.fail("unknown module") }
          modules.append(module)
        }
        if names.isEmpty { modules = log.sortedModules }
        for module in modules { module.isRateLimited = isLimited }
        request.reply()
      }
    }
  }
}
