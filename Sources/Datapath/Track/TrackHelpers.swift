// What helpers are given and may do: they see a packet of a connection that has one, may have another connection expected, and may
// make a segment's payload longer or shorter, whose numbers the tracker moves from then on. The helpers themselves, which know
// applications' protocols, are in Helper*.swift.

extension Tracker {
  /// Has the connection expected that a helper has read of.
  ///
  /// - Parameters:
  ///   - index: The connection that the packet belongs to, with its first direction's tuple; it may be gone.
  ///   - port: The port that is called.
  ///   - callsClient: Whether who began the connection is called, and not who answers.
  ///   - keepsAddress: Whether the packet names an address already that is not translated.
  /// - Returns: `false` if there are too many expectations, or the connection is gone.
  func expect(
    _ index: Int, _ original: ConnectionTuple, port: UInt16, callsClient: Bool, keepsAddress: Bool
  ) -> Bool {
    table.locks.acquire(table.structure)
    var isExpected = false
    if table[index].traits.contains(.isAlive), table.matches(index, original, isReply: false) {
      isExpected = expectHeld(index, original, port, callsClient: callsClient, keepsAddress: keepsAddress)
    }
    table.locks.release(table.structure)
    return isExpected
  }

  private func expectHeld(
    _ index: Int, _ original: ConnectionTuple, _ port: UInt16, callsClient: Bool, keepsAddress: Bool
  ) -> Bool {
    let reply = table.tuple(of: index, isReply: true)
    // The caller's packets as they come here: of a server's, those that answer; of a client's, those of the first direction.
    var expectation = Expectation()
    expectation.tuple = callsClient ? reply : original
    expectation.tuple.destinationPort = port
    expectation.parent = original
    let shard = Int(table[index].shard)
    table.locks.acquire(shard)
    expectation.mark = table[index].mark
    expectation.label = table[index].label
    table.locks.release(shard)
    // The end of the expected connection that is translated, and to what; see `translate`.
    let isOtherEnd = table[index].traits.contains(.translatesDestination) && !keepsAddress
    if callsClient {
      expectation.end = isOtherEnd ? .source : .destination
      let client = keepsAddress ? reply.reversed : original
      expectation.address =
        isOtherEnd
        ? (original.destinationHigh, original.destinationLow) : (client.sourceHigh, client.sourceLow)
    } else {
      expectation.end = isOtherEnd ? .destination : .source
      let client = keepsAddress ? original : reply.reversed
      expectation.address =
        isOtherEnd ? (reply.sourceHigh, reply.sourceLow) : (client.sourceHigh, client.sourceLow)
    }
    return expectations.add(expectation)
  }

  /// Notes that a helper has made the payload of one direction longer by so many bytes, or shorter.
  func addSkew(_ index: Int, _ original: ConnectionTuple, by byteCount: Int32, isReply: Bool) {
    table.locks.acquire(table.structure)
    if table[index].traits.contains(.isAlive), table.matches(index, original, isReply: false) {
      let shard = Int(table[index].shard)
      table.locks.acquire(shard)
      table[index].skew &+= byteCount
      table[index].skewsReply = isReply
      table.locks.release(shard)
    }
    table.locks.release(table.structure)
  }
}
