import Datapath

/// A dump that a handle reads, piece by piece.
struct RunningDump {
  private enum Source {
    case datapath(EngineGroup.Dump)
    /// Nothing more comes than what waits.
    case finished
  }

  private var source: Source
  private var waiting = MessageQueue()

  init(_ dump: EngineGroup.Dump) { source = .datapath(dump) }

  /// A dump of devices, which are few.
  init(devices: [NetworkDeviceMessage], _ header: NetlinkHeader) {
    source = .finished
    for device in devices {
      waiting.append(NetlinkMessage(header.reply(flags: .multipart), .networkDevice(device)).encode())
    }
    waiting.append(NetlinkMessage(header.reply(), .done).encode())
  }

  /// Whether all has been read.
  var isFinished: Bool {
    if case .finished = source { return waiting.isEmpty }
    return false
  }

  /// As many messages as there is room for; `nil` if there is none for the next.
  mutating func read(_ capacity: Int, from engines: EngineGroup) -> [UInt8]? {
    while waiting.byteCount < capacity, case .datapath(var dump) = source {
      for message in engines.next(of: &dump) { waiting.append(message.encode()) }
      source = dump.isFinished ? .finished : .datapath(dump)
    }
    if let first = waiting.first, first.count > capacity { return nil }
    var bytes: [UInt8] = []
    while let next = waiting.first, bytes.count + next.count <= capacity {
      bytes += next
      _ = waiting.popFirst()
    }
    return bytes
  }
}

extension ControlDevice {
  /// Reads from the dump that a handle has under way; nothing if there is none.
  func readDump(_ handle: OpenHandle, _ capacity: Int) -> DeviceReply {
    guard hasMemory(limits.stepByteCount) else { return refuse(.noMemory, .insufficientResources) }
    guard let bytes = handle.dump?.read(min(capacity, limits.maximumReadByteCount), from: engines) else {
      return handle.dump == nil ? DeviceReply(.success) : refuse(.bufferTooSmall, .bufferTooSmall)
    }
    if handle.dump?.isFinished == true { handle.dump = nil }
    return DeviceReply(.success, bytes)
  }
}
