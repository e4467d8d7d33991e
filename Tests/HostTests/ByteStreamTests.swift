import Testing

@testable import Host

@Suite struct ByteStreamTests {
  /// Echoes everything at an address.
  func startEcho(_ address: StreamAddress, on loop: EventLoop) throws -> StreamListener {
    try StreamListener(address, on: loop) { stream in
      stream.onReceive = { stream.send($0) }
    }
  }

  func roundTrip(_ listen: String, byteCount: Int) throws -> (received: Int, reason: ByteStream.CloseReason?)
  {
    let loop = EventLoop()
    let listener = try startEcho(StreamAddress(listen, defaultPort: 0), on: loop)
    let target: String
    switch listener.address.transport {
    case .local(let path): target = "unix:" + path
    case .tcp(let host, _), .tls(let host, _):
      target = "tcp:" + (host.contains(":") ? "[\(host)]" : host) + ":\(listener.port)"
    }
    let stream = try ByteStream.connect(to: StreamAddress(target, defaultPort: 0), on: loop)
    var received: [UInt8] = []
    var reason: ByteStream.CloseReason?
    let sent = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    stream.onConnect = { stream.send(sent) }
    stream.onReceive = {
      received += $0
      if received.count >= byteCount { stream.close() }
    }
    stream.onClose = {
      reason = $0
      loop.stop()
    }
    loop.schedule(afterMilliseconds: 20_000) { loop.stop() }
    loop.run()
    listener.close()
    #expect(received == sent)
    return (received.count, reason)
  }

  @Test func `bytes cross a unix socket, even under a long path`() throws {
    let directory = TemporaryDirectory()
    let folder = directory.path + "/" + String(repeating: "x", count: 150)
    try Files.makeDirectory(folder)
    let result = try roundTrip("punix:" + folder + "/sock", byteCount: 3_000_000)
    #expect(result.reason == .closedHere)
    #expect(!Files.exists(folder + "/sock"))
  }

  @Test func `bytes cross TCP over IPv4 and IPv6`() throws {
    #expect(try roundTrip("ptcp:0:127.0.0.1", byteCount: 100_000).reason == .closedHere)
    #expect(try roundTrip("ptcp:0:[::1]", byteCount: 100_000).reason == .closedHere)
  }

  @Test func `nobody at the address is an error`() throws {
    let loop = EventLoop()
    let directory = TemporaryDirectory()
    let address = try StreamAddress("unix:" + directory.path + "/none", defaultPort: 0)
    #expect(throws: SystemError(code: 2)) { _ = try ByteStream.connect(to: address, on: loop) }
  }

  @Test func `a peer that does not read overflows the queue and loses the stream`() throws {
    let loop = EventLoop()
    let directory = TemporaryDirectory()
    let path = directory.path + "/s"
    var accepted: ByteStream?
    let listener = try StreamListener(StreamAddress("punix:" + path, defaultPort: 0), on: loop) {
      accepted = $0
      $0.pauseReading()
    }
    let stream = try ByteStream.connect(to: StreamAddress("unix:" + path, defaultPort: 0), on: loop)
    stream.sendQueueLimitByteCount = 1_000_000
    var reason: ByteStream.CloseReason?
    stream.onClose = {
      reason = $0
      loop.stop()
    }
    stream.onConnect = {
      while stream.send([UInt8](repeating: 7, count: 100_000)) {}
    }
    loop.run()
    guard case .sendQueueFull(let count) = reason else {
      Issue.record("closed for \(String(describing: reason))")
      return
    }
    #expect(count > 900_000)
    accepted?.close()
    listener.close()
  }

  @Test func `the end of the peer's bytes closes the stream in good order`() throws {
    let loop = EventLoop()
    let directory = TemporaryDirectory()
    let path = directory.path + "/s"
    let listener = try StreamListener(StreamAddress("punix:" + path, defaultPort: 0), on: loop) { stream in
      #expect(stream.peerName == "unix#0")
      stream.send([1, 2, 3])
      stream.close()
    }
    let stream = try ByteStream.connect(to: StreamAddress("unix:" + path, defaultPort: 0), on: loop)
    var received: [UInt8] = []
    var reason: ByteStream.CloseReason?
    stream.onReceive = { received += $0 }
    stream.onClose = {
      reason = $0
      loop.stop()
    }
    loop.run()
    #expect(received == [1, 2, 3])
    #expect(reason == .endOfStream)
    listener.close()
  }

  @Test func `closing after sending loses nothing`() throws {
    let loop = EventLoop()
    let directory = TemporaryDirectory()
    let path = directory.path + "/s"
    let listener = try StreamListener(StreamAddress("punix:" + path, defaultPort: 0), on: loop) { stream in
      stream.send([UInt8](repeating: 1, count: 2_000_000))
      stream.closeAfterSending()
      #expect(!stream.send([1]))
    }
    let stream = try ByteStream.connect(to: StreamAddress("unix:" + path, defaultPort: 0), on: loop)
    var count = 0
    stream.onReceive = { count += $0.count }
    stream.onClose = { _ in loop.stop() }
    loop.run()
    #expect(count == 2_000_000)
    listener.close()
  }
}
