public import JSON

/// Why the database refused something (RFC 7047, section 3.1, `<error>`).
public struct DatabaseError: Error, Equatable, Sendable {
  /// A short string that programs compare, such as "constraint violation"; none for a fault without a name.
  public let tag: Text?
  /// What is wrong, for people.
  public let details: String
  /// The JSON at fault, written with sorted members.
  public let syntax: String?

  /// Makes an error.
  public init(_ tag: Text?, _ details: String, syntax: JSONValue? = nil) {
    self.tag = tag
    self.details = details
    self.syntax = syntax.map { $0.string(style: .sorted) }
  }

  private init(tag: Text?, details: String, syntaxText: String?) {
    self.tag = tag
    self.details = details
    syntax = syntaxText
  }

  /// A syntax error in a piece of JSON.
  static func syntax(_ json: JSONValue?, _ details: String) -> DatabaseError {
    DatabaseError("syntax error", details, syntax: json)
  }

  /// A value that its column does not allow.
  static func constraint(_ details: String) -> DatabaseError {
    DatabaseError("constraint violation", details)
  }

  /// The same error with what was being done when it arose in front of its details.
  public func wrapped(_ context: String) -> DatabaseError {
    DatabaseError(
      tag: tag, details: details.isEmpty ? context : "\(context): \(details)", syntaxText: syntax)
  }

  /// The form for replies.
  public var json: JSONValue {
    var object = JSONObject()
    object.append("error", .string(tag ?? "ovsdb error"))
    if !details.isEmpty { object.append("details", .string(Text(details))) }
    if let syntax { object.append("syntax", .string(Text(syntax))) }
    return .object(object)
  }

  /// The form for people, in one line.
  public var message: String {
    var message = ""
    if let syntax { message += "syntax \"\(syntax)\": " }
    message += (tag ?? "ovsdb error").string
    if !details.isEmpty { message += ": \(details)" }
    return message
  }
}
