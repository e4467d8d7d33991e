import Command
import JSON
import OVSDB

/// Commands for the keys and certificates of TLS connections.
func securityCommands() -> [SwitchCommand] {
  [
    SwitchCommand(
      "get-ssl", 0...0, prepare: prepareSecurity,
      run: { context throws(ControlError) in context.showSecurity() }),
    SwitchCommand(
      "del-ssl", 0...0, prepare: prepareSecurity,
      run: { context throws(ControlError) in context.deleteSecurity() }),
    SwitchCommand(
      "set-ssl", 3...3, syntax: "!PRIVATE-KEY !CERTIFICATE !CA-CERT", options: ["--bootstrap"],
      prepare: prepareSecurity, run: { context throws(ControlError) in context.setSecurity() }),
  ]
}

private func prepareSecurity(_ preparation: inout ControlPreparation) throws(ControlError) {
  preparation.selection.add("Open_vSwitch", "ssl")
  for column in ["private_key", "certificate", "ca_cert", "bootstrap_ca_cert"] as [Text] {
    preparation.selection.add("SSL", column)
  }
}

extension TopologyContext {
  private var security: RowHandle? {
    edit[root, "ssl"].references.first.map { RowHandle("SSL", $0) }.flatMap { edit.exists($0) ? $0 : nil }
  }

  fileprivate func showSecurity() {
    guard let row = security else { return }
    printLine("Private key: \(edit[row, "private_key"].text ?? "")")
    printLine("Certificate: \(edit[row, "certificate"].text ?? "")")
    printLine("CA Certificate: \(edit[row, "ca_cert"].text ?? "")")
    printLine("Bootstrap: \(edit[row, "bootstrap_ca_cert"].boolean == true ? "true" : "false")")
  }

  /// Forgets the keys and certificates.
  func deleteSecurity() {
    if let row = security { edit.delete(row) }
    edit.set(root, "ssl", .empty)
  }

  fileprivate func setSecurity() {
    edit.verify(root, "ssl")
    deleteSecurity()
    let row = insert(
      "SSL",
      [
        ("private_key", Datum(Text(arguments[0]))), ("certificate", Datum(Text(arguments[1]))),
        ("ca_cert", Datum(Text(arguments[2]))),
        ("bootstrap_ca_cert", Datum(.boolean(has("--bootstrap")))),
      ])
    edit.set(root, "ssl", Datum(row))
  }
}
