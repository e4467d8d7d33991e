public import JSON

/// A message of JSON-RPC 1.0, as the database protocol uses it (RFC 7047, section 4).
public enum RPCMessage: Equatable, Sendable {
  /// Asks for something, and wants a reply with the same identifier.
  case request(method: Text, parameters: [JSONValue], id: JSONValue)
  /// Says something, and wants no reply.
  case notification(method: Text, parameters: [JSONValue])
  /// What a request has led to.
  case reply(result: JSONValue, id: JSONValue)
  /// Why a request has led to nothing.
  case error(JSONValue, id: JSONValue)
}

/// Why a JSON value is not a message.
public struct RPCError: Error, Equatable, Sendable {
  /// What is wrong, in Open vSwitch's words.
  public let message: String

  /// Makes an error.
  public init(message: String) {
    self.message = message
  }
}

extension RPCMessage {
  /// Reads a message.
  public init(_ json: JSONValue) throws(RPCError) {
    guard case .object(let object) = json else {
      throw RPCError(message: "message is not a JSON object")
    }
    var method: Text?
    var parameters: JSONValue?
    var result: JSONValue?
    var error: JSONValue?
    var id: JSONValue?
    for member in object.members {
      let value = member.value.isNull ? nil : member.value
      switch member.name {
      case "method":
        guard case .string(let name) = member.value else {
          throw RPCError(message: "method is not a JSON string")
        }
        method = name
      case "params": parameters = value
      case "result": result = member.value
      case "error": error = value
      case "id": id = value
      default: throw RPCError(message: "message has unexpected member \"\(member.name)\"")
      }
    }
    if let method {
      try RPCMessage.refuse(result.flatMap { $0.isNull ? nil : $0 }, "result", in: id == nil)
      try RPCMessage.refuse(error, "error", in: id == nil)
      let kind = id == nil ? "notification" : "request"
      guard let parameters else { throw RPCError(message: "\(kind) must have \"params\"") }
      guard case .array(let list) = parameters else {
        throw RPCError(message: "\"params\" must be JSON array")
      }
      if let id {
        self = .request(method: method, parameters: list, id: id)
      } else {
        self = .notification(method: method, parameters: list)
      }
      return
    }
    guard parameters == nil else {
      throw RPCError(message: "\(error == nil ? "reply" : "error") must not have \"params\"")
    }
    guard let id else {
      throw RPCError(message: "\(error == nil ? "reply" : "error") must have \"id\"")
    }
    if let error {
      guard result?.isNull ?? true else { throw RPCError(message: "error must not have \"result\"") }
      self = .error(error, id: id)
    } else {
      guard let result else { throw RPCError(message: "reply must have \"result\"") }
      self = .reply(result: result, id: id)
    }
  }

  private static func refuse(
    _ member: JSONValue?, _ name: String, in isNotification: Bool
  ) throws(RPCError) {
    guard member != nil else { return }
    throw RPCError(message: "\(isNotification ? "notification" : "request") must not have \"\(name)\"")
  }

  /// The message as JSON.
  public var json: JSONValue {
    var object = JSONObject()
    switch self {
    case .request(let method, let parameters, let id):
      object.append("id", id)
      object.append("method", .string(method))
      object.append("params", .array(parameters))
    case .notification(let method, let parameters):
      object.append("id", .null)
      object.append("method", .string(method))
      object.append("params", .array(parameters))
    case .reply(let result, let id):
      object.append("id", id)
      object.append("result", result)
      object.append("error", .null)
    case .error(let error, let id):
      object.append("id", id)
      object.append("error", error)
    }
    return .object(object)
  }

  /// The message as bytes for the wire.
  public var bytes: [UInt8] { json.bytes() }
}
