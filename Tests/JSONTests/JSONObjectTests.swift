import JSON
import Testing

@Suite struct JSONObjectTests {
  @Test("small and large objects find, replace and remove members alike")
  func members() {
    for count in [3, 12, 13, 100] {
      var object = JSONObject()
      for number in 0..<count { object[Text("m\(number)")] = .integer(Int64(number)) }
      #expect(object.count == count)
      object["m1"] = "new"
      #expect(object.count == count)
      #expect(object["m1"] == "new")
      object["m0"] = nil
      #expect(object["m0"] == nil)
      #expect(object["m2"] == 2)
      #expect(object.count == count - 1)
      #expect(object.members.map(\.name).first == "m1")
    }
  }

  @Test("the order of members does not matter to equality")
  func equality() {
    let left: JSONObject = ["a": 1, "b": 2]
    let right: JSONObject = ["b": 2, "a": 1]
    #expect(left == right)
    #expect(left != ["a": 1, "c": 2])
  }
}
