// Requests about meters. Meters belong to the datapath: whichever engine is asked speaks for all.

extension Engine {
  mutating func answer(
    meter command: DatapathMeterCommand, _ request: MeterMessage, _ header: NetlinkHeader
  ) throws(DatapathErrorCode) -> [NetlinkMessage] {
    if command == .features {
      return [NetlinkMessage(header.reply(), .meter(.features, .features))] + acknowledge(header)
    }
    if command == .get, header.isDump { return dumpMeters(header) }
    guard let id = request.id else { throw .invalid }
    let answered: DatapathMeter?
    switch command {
    case .set:
      guard id < UInt32(SharedMeters.limit) else { throw .noSpace }
      guard let meter = request.meter, !meter.bands.isEmpty, meter.bands.count <= SharedMeters.bandLimit
      else {
        throw .invalid
      }
      answered = metersReference.value.set(id, meter, now: now)
    case .delete:
      guard let old = metersReference.value.remove(id) else { throw .noEntry }
      answered = old
    case .get, .features:
      guard let meter = metersReference.value.meter(id) else { throw .noEntry }
      answered = meter
    }
    // What was there before is told, since nobody can ask for it any more.
    return [NetlinkMessage(header.reply(), .meter(command, MeterMessage(id: id, answered)))]
      + acknowledge(header)
  }

  private func dumpMeters(_ header: NetlinkHeader) -> [NetlinkMessage] {
    var replies: [NetlinkMessage] = []
    var place = 0
    while let part = nextMeters(from: &place, maximumCount: 64) {
      replies += part.map { NetlinkMessage(header.reply(flags: .multipart), .meter(.get, $0)) }
    }
    return replies + [NetlinkMessage(header.reply(), .done)]
  }

  /// The next part of a dump, from a place on, which is moved; nil is the end, and there may be none with more to come.
  func nextMeters(from place: inout Int, maximumCount: Int) -> [MeterMessage]? {
    metersReference.value.next(from: &place, maximumCount: maximumCount)?.map {
      MeterMessage(id: $0.id, $0.meter)
    }
  }
}
