import Host
public import JSON
public import OVSDB

/// What a command works on: the transaction that all commands of a command line make up together, and where
/// the command's own output goes.
open class ControlContext {
  /// The transaction.
  public var edit: Edit
  /// Finds tables, columns and records.
  public let names: DatabaseNames
  /// The rows that commands call by `@name`.
  public var rowNames = RowNames()
  /// The command that runs now.
  public var invocation = ControlInvocation(name: "", arguments: [])
  /// What the command prints.
  public var output = ""
  /// What the command prints as a table.
  public var table: Table?
  /// The row whose UUID the command prints once the server has given it.
  public var createdRow: UUID?
  /// Whether the command has found that it needs more of the database than it selected in `prepare`, and
  /// everything is to be run again with that.
  public var needsMore = false
  /// Whether the command waits for the database to change, and everything is to be run again then.
  public var mustTryAgain = false
  /// Warnings for the user's log.
  public var warnings: [String] = []

  /// Starts a transaction.
  public init(_ replica: Replica, names: DatabaseNames) {
    edit = Edit(replica)
    self.names = names
  }

  /// Starts a command.
  public func begin(_ invocation: ControlInvocation) {
    self.invocation = invocation
    output = ""
    table = nil
    createdRow = nil
  }

  /// Called when a command has changed rows by their columns.
  open func rowsChanged() {}

  /// The arguments of the command.
  public var arguments: [String] { invocation.arguments }

  /// Whether the command has an option.
  public func has(_ option: String) -> Bool { invocation.has(option) }

  /// Adds a line to the output.
  public func printLine(_ line: String) { output += line + "\n" }

  /// A new row's name.
  public func newUUID() -> UUID {
    UUID(high: Random.integer() & ~0xf000 | 0x4000, low: Random.integer() & ~(3 << 62) | 1 << 63)
  }

  /// Reads a value in the notation of command lines.
  public func datum(_ text: String, _ type: ColumnType) throws(ControlError) -> Datum {
    var rowNames = self.rowNames
    defer { self.rowNames = rowNames }
    do throws(ValueTextError) {
      return try Datum(text: text, type: type) { name, base in
        rowNames.reference(name, from: base, newUUID: { newUUID() })
      }
    } catch {
      throw ControlError(error.message)
    }
  }

  /// Reads an atom in the notation of command lines.
  public func atom(_ text: String, _ type: BaseType) throws(ControlError) -> Atom {
    var rowNames = self.rowNames
    defer { self.rowNames = rowNames }
    do throws(ValueTextError) {
      return try type.atom(text: text) { name, base in
        rowNames.reference(name, from: base, newUUID: { newUUID() })
      }
    } catch {
      throw ControlError(error.message)
    }
  }

  /// Checks, after all commands, that every row that they named exists; warns of those that will not last.
  public func checkRowNames() throws(ControlError) {
    for symbol in rowNames.symbols {
      let name = symbol.name
      if !symbol.isCreated {
        throw ControlError(
          "row id \"\(name)\" is referenced but never created (e.g. with \"-- --id=\(name) create ...\")")
      }
      if symbol.isStronglyReferenced { continue }
      let what = symbol.isWeaklyReferenced ? "only a weak reference" : "no reference"
      warnings.append(
        "row id \"\(name)\" was created but \(what) to it was inserted, so it will not actually appear in "
          + "the database")
    }
  }
}

/// The rows that the commands of a command line call by `@name`.
public struct RowNames: Sendable {
  /// A name and what is known of its row.
  public struct Symbol: Sendable {
    /// The name, with the `@`.
    public let name: Text
    /// The row.
    public var uuid: UUID
    /// Whether a command has defined it.
    public var isCreated = false
    /// Whether something keeps it alive.
    public var isStronglyReferenced = false
    /// Whether something refers to it that does not keep it alive.
    public var isWeaklyReferenced = false
  }

  /// The names, in the order of their first use.
  public private(set) var symbols: [Symbol] = []
  private var places: [Text: Int] = [:]

  /// The row that a value refers to by name.
  mutating func reference(_ name: Text, from base: BaseType, newUUID: () -> UUID) -> UUID {
    let place = place(of: name, newUUID: newUUID)
    if base.isStrongReference { symbols[place].isStronglyReferenced = true }
    if base.isWeakReference { symbols[place].isWeaklyReferenced = true }
    return symbols[place].uuid
  }

  /// The row that a name stands for, if it has been used.
  func uuid(named name: Text) -> UUID? { places[name].map { symbols[$0].uuid } }

  /// Notes that a command makes a new row of that name.
  mutating func create(
    _ name: String, isRoot: Bool, newUUID: () -> UUID
  ) throws(ControlError) -> UUID {
    let place = try definition(of: name, newUUID: newUUID)
    if isRoot { symbols[place].isStronglyReferenced = true }
    return symbols[place].uuid
  }

  /// Notes that a name stands for an existing row.
  mutating func define(_ name: String, as uuid: UUID) throws(ControlError) {
    let isNew = places[Text(name)] == nil
    let place = try definition(of: name, newUUID: { uuid })
    guard isNew else {
      throw ControlError(
        "row id \"\(name)\" specified on \"get\" command was used before it was defined")
    }
    symbols[place].isStronglyReferenced = true
  }

  private mutating func definition(of name: String, newUUID: () -> UUID) throws(ControlError) -> Int {
    guard name.utf8.first == UInt8(ascii: "@") else {
      throw ControlError("row id \"\(name)\" does not begin with \"@\"")
    }
    let place = place(of: Text(name), newUUID: newUUID)
    if symbols[place].isCreated {
      throw ControlError("row id \"\(name)\" may only be specified on one --id option")
    }
    symbols[place].isCreated = true
    return place
  }

  private mutating func place(of name: Text, newUUID: () -> UUID) -> Int {
    if let place = places[name] { return place }
    let place = symbols.count
    symbols.append(Symbol(name: name, uuid: newUUID()))
    places[name] = place
    return place
  }
}
