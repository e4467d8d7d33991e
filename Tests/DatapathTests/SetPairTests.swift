import Testing

@testable import Datapath

struct SetPairTests {
  @Test func `the pairs of an instruction lie behind each other and fill its data`() {
    for operation in Operation.allCases where !operation.setPairs.isEmpty {
      var index = 0
      for pair in operation.setPairs {
        #expect(pair.index == index, "\(operation)")
        index += pair.place.words.count
      }
      #expect(operation.dataWordCount(head: 0, first: 0) == 2 * index, "\(operation)")
    }
  }

  @Test func `every instruction that sets header fields has pairs`() {
    let setting = Operation.allCases.filter { !$0.setPairs.isEmpty }
    #expect(setting == [.setEthernet, .setIPv4, .setIPv6, .setPorts, .setARP, .setNeighbor, .setMPLS])
  }
}
