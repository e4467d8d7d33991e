import JSON
import OVSDB
import Testing

@Suite struct RPCMessageTests {
  @Test("messages are written as they are read")
  func roundTrip() throws {
    let messages: [RPCMessage] = [
      .request(method: "echo", parameters: [1], id: "a"), .notification(method: "update", parameters: []),
      .reply(result: ["x": 1], id: 3), .reply(result: .null, id: 3), .error("bad", id: 4),
    ]
    for message in messages {
      #expect(try RPCMessage(try JSONParser.parse(message.bytes)) == message)
    }
  }

  @Test("what is no message is refused in Open vSwitch's words")
  func faults() throws {
    let cases = [
      ("[]", "message is not a JSON object"),
      (#"{"method":1}"#, "method is not a JSON string"),
      (#"{"method":"a","id":1,"params":{}}"#, "\"params\" must be JSON array"),
      (#"{"method":"a","id":1}"#, "request must have \"params\""),
      (#"{"method":"a","id":null}"#, "notification must have \"params\""),
      (#"{"x":1}"#, "message has unexpected member \"x\""),
      (#"{"result":1}"#, "reply must have \"id\""),
      (#"{"id":1}"#, "reply must have \"result\""),
    ]
    for (text, message) in cases {
      let json = try JSONParser.parse(text)
      #expect(throws: RPCError(message: message)) { try RPCMessage(json) }
    }
  }
}
