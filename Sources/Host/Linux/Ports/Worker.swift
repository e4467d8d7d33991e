// What: the thread that runs one datapath: it owns the engine and the ports, and nothing else touches either.
//
// How: a round takes a batch from each port that has packets, processes it and sends what came out; commands of the
// daemon are looked at between batches. A port stays in the set of busy ports while its ring has more, so that a
// loaded worker asks the kernel only now and then which ports are ready. An idle worker sleeps in epoll.
//
// Whatever is not packets is done in pieces, so that a packet waits for no more than a piece of each: some commands a round, some
// flows of a dump. Few packets for the daemon are on their way at a time; the others wait in the engine, which is fair to ports.

#if !APUS_WINDOWS
  import CLinux
  import Datapath
  import Glibc
  import Synchronization

  /// What the daemon tells a worker.
  enum WorkerCommand: Sendable {
    /// A request in the format of netlink.
    case message([UInt8])
    /// A frame that a port without a device is to receive.
    case inject(DatapathPortNumber, [UInt8])
    /// The end.
    case stop
  }

  /// What the two sides of a worker share.
  final class WorkerLink: Sendable {
    /// Requests that may wait for the worker.
    static let commandCapacity = 65_536
    /// Answers that may wait for the daemon.
    static let answerCapacity = 16_384
    /// Upcalls that may wait for the daemon: those of `upcallCount` packets, each of which may be cut into many.
    static let upcallCapacity = 8_192
    /// Packets that may be on their way to the daemon; about as many as it takes in a turn.
    static let upcallCount = 64
    /// Parts of dumps that may be on their way to the daemon.
    static let dumpedCount = 128

    let commands = BoundedRing<WorkerCommand>(capacity: WorkerLink.commandCapacity)
    let answers = BoundedRing<[UInt8]>(capacity: WorkerLink.answerCapacity)
    let upcalls = BoundedRing<[UInt8]>(capacity: WorkerLink.upcallCapacity)
    let workerBell: Doorbell
    let daemonBell: Doorbell
    let hasEnded = Atomic<Bool>(false)

    init() throws(SystemError) {
      workerBell = try Doorbell()
      daemonBell = try Doorbell()
    }
  }

  /// A running datapath, seen from its thread.
  struct Worker: ~Copyable {
    private var engine: Engine
    private let link: WorkerLink
    private let poller = Poller()
    private let vector = TransmitVector()
    private let isDummy: Bool
    private var ports: [UInt32: Port] = [:]
    private var names: [UInt32: [UInt8]] = [:]
    private var numbers: [[UInt8]: UInt32] = [:]
    private var busy: [Port] = []
    /// Answers that found the ring full.
    private var backlog: [[UInt8]] = []
    /// Requests that are carried out in steps, and the place of the table where each goes on.
    private var dumps: [(request: NetlinkMessage, place: Int?)] = []
    private var lastMaintenance: UInt64 = 0
    private var isRunning = true

    init(name: String, index: Int32, isDummy: Bool, link: WorkerLink) throws(SystemError) {
      var configuration = EngineConfiguration()
      configuration.name = name
      configuration.datapathIndex = index
      configuration.seed = Random.integer()
      configuration.maximumUpcallCount = Worker.waitingUpcallCount
      configuration.reservedConnectionCount = Worker.reservedConnectionCount
      engine = Engine(configuration)
      self.isDummy = isDummy
      self.link = link
      try poller.add(link.workerBell.descriptor, number: Worker.bellNumber, interest: .readable)
    }

    private static let bellNumber = UInt64.max
    /// Rounds after which a loaded worker asks which other ports have become ready.
    private static let roundsBetweenPolls = 8
    /// Time after which it asks so in any case, in nanoseconds.
    private static let nanosecondsBetweenPolls: UInt64 = 200_000
    /// Commands between two rounds of packets.
    private static let commandsPerRound = 64
    /// Flows or connections of a dump that are described between two rounds of packets.
    private static let dumpedPerRound = 32
    /// Connections for which there is room from the beginning; its memory is given when they are made.
    private static let reservedConnectionCount = 1 << 18
    /// Packets that may wait in the engine for the daemon.
    private static let waitingUpcallCount = 1024
    private static let maintenanceIntervalMilliseconds: UInt64 = 250

    /// Runs until told to stop.
    mutating func run() {
      var round = 0
      var lastPoll: UInt64 = 0
      while isRunning {
        var nanoseconds = Syscalls.monotonicNanoseconds()
        if busy.isEmpty || round >= Worker.roundsBetweenPolls
          || nanoseconds &- lastPoll >= Worker.nanosecondsBetweenPolls
        {
          round = 0
          poll()
          nanoseconds = Syscalls.monotonicNanoseconds()
          lastPoll = nanoseconds
        }
        round += 1
        let now = AdjustableClock.milliseconds(of: nanoseconds)
        runPorts(now)
        runCommands(now)
        runDumps(now)
        report()
        if now &- lastMaintenance >= Worker.maintenanceIntervalMilliseconds {
          lastMaintenance = now
          engine.maintain()
          engine.maintainConnections(nowMilliseconds: now)
        }
      }
      for port in ports.values { port.close() }
      link.hasEnded.store(true, ordering: .sequentiallyConsistent)
      link.daemonBell.ring()
    }

    /// Adds the ports that are ready to the busy ones; sleeps if there is nothing else to do.
    private mutating func poll() {
      var timeout: Int64 = 0
      if busy.isEmpty {
        link.workerBell.arm()
        if !backlog.isEmpty {
          timeout = 1
        } else if link.commands.isEmpty {
          let mayDump = !dumps.isEmpty && link.answers.count < WorkerLink.dumpedCount
          let mayReport = engine.hasUpcalls && link.upcalls.count < WorkerLink.upcallCount
          if !mayDump, !mayReport { timeout = Int64(Worker.maintenanceIntervalMilliseconds) }
        }
      }
      let events = poller.wait(timeoutMilliseconds: timeout)
      for event in events {
        if event.number == Worker.bellNumber {
          link.workerBell.disarm()
        } else if let port = ports[UInt32(truncatingIfNeeded: event.number)],
          !busy.contains(where: { $0 === port })
        {
          busy.append(port)
        }
      }
    }

    private mutating func runPorts(_ now: UInt64) {
      var index = 0
      while index < busy.count {
        let mayHaveMore = busy[index].receive(into: &engine)
        engine.process(nowMilliseconds: now)
        emit()
        if mayHaveMore { index += 1 } else { busy.remove(at: index) }
      }
    }

    private mutating func emit() {
      while let output = engine.nextOutput() {
        let sent = ports[output.port.rawValue]?.send(output, of: engine) ?? 0
        engine.finishOutput(output, sent: sent)
      }
    }

    /// Hands answers that waited, then upcalls, to the daemon.
    private mutating func report() {
      var delivered = 0
      while delivered < backlog.count, link.answers.add(backlog[delivered]) { delivered += 1 }
      if delivered > 0 { backlog.removeFirst(delivered) }
      let room = WorkerLink.upcallCount - link.upcalls.count
      var reported = false
      if room > 0, engine.hasUpcalls {
        // The ring has room for whatever so many packets are cut into.
        for upcall in engine.drainUpcalls(maximumCount: room) { reported = link.upcalls.add(upcall) }
      }
      if delivered > 0 || reported { link.daemonBell.ring() }
    }

    /// Takes a step of what is about any number of flows or connections, as fast as the daemon takes the answers.
    private mutating func runDumps(_ now: UInt64) {
      guard !dumps.isEmpty, backlog.isEmpty, link.answers.count < WorkerLink.dumpedCount else { return }
      answer(
        engine.nextStep(
          of: dumps[0].request, from: &dumps[0].place, nowMilliseconds: now,
          maximumCount: Worker.dumpedPerRound))
      if dumps[0].place == nil { dumps.removeFirst() }
    }

    private mutating func answer(_ replies: [[UInt8]]) {
      for reply in replies where !(backlog.isEmpty && link.answers.add(reply)) { backlog.append(reply) }
      if !replies.isEmpty { link.daemonBell.ring() }
    }

    private mutating func runCommands(_ now: UInt64) {
      var count = 0
      // While the daemon does not take its answers it gets no further ones.
      while count < Worker.commandsPerRound, backlog.isEmpty, let command = link.commands.take() {
        count += 1
        switch command {
        case .stop: isRunning = false
        case .inject(let number, let frame):
          // SAFETY: bytes have no padding, so their span as raw bytes is initialised.
          _ = unsafe engine.receive(frame.span.bytes, from: number)
          engine.process(nowMilliseconds: now)
          emit()
        case .message(let bytes):
          handle(bytes, now)
          emit()
        }
      }
    }

    private mutating func handle(_ bytes: [UInt8], _ now: UInt64) {
      if DatapathRouting.mayTakeSteps(bytes), let request = (try? NetlinkMessage.decode(bytes))?.first,
        Engine.takesSteps(request)
      {
        dumps.append((request, 0))
        return
      }
      guard DatapathRouting.family(of: bytes) == .vport, let messages = try? NetlinkMessage.decode(bytes)
      else {
        return answer(engine.handle(message: bytes, nowMilliseconds: now))
      }
      for message in messages {
        guard case .vport(let command, let request) = message.body else { continue }
        switch command {
        case .new: answer(addPort(request, message.header, now))
        case .delete:
          let replies = engine.handle(message: message.encode(), nowMilliseconds: now)
          if !DatapathRouting.containsError(replies) { removePort(request) }
          answer(replies)
        case .get, .set: answer(engine.handle(message: message.encode(), nowMilliseconds: now))
        }
      }
    }

    /// Opens the device of a new port before the engine learns of the port.
    private mutating func addPort(_ request: VportMessage, _ header: NetlinkHeader, _ now: UInt64)
      -> [[UInt8]]
    {
      var request = request
      let number = request.number ?? freeNumber()
      request.number = number
      let name = request.name ?? []
      // A number or a name in use is the engine's to refuse; its device must not be touched.
      let isTaken = names[number.rawValue] != nil || numbers[name] != nil
      var port: Port?
      do throws(SystemError) {
        if !isTaken {
          port = try openPort(number, request.type ?? .unspecified, String(decoding: name, as: UTF8.self))
        }
        if let port, let descriptor = port.descriptor {
          try poller.add(descriptor, number: UInt64(number.rawValue), interest: .readable)
        }
      } catch {
        port?.close()
        return [NetlinkMessage(header.reply(), .error(UInt32(bitPattern: error.code))).encode()]
      }
      let replies = engine.handle(
        message: NetlinkMessage(header, .vport(.new, request)).encode(), nowMilliseconds: now)
      if isTaken || DatapathRouting.containsError(replies) {
        port?.close()
        return replies
      }
      names[number.rawValue] = name
      numbers[name] = number.rawValue
      if let port {
        ports[number.rawValue] = port
        engine.setCapabilities(port.capabilities, of: number)
      }
      return replies
    }

    private func openPort(
      _ number: DatapathPortNumber, _ type: VportType, _ name: String
    ) throws(SystemError) -> Port? {
      switch type {
      case .netdev, .internal:
        if isDummy { return DummyPort(number: number, descriptor: nil) }
        return type == .netdev
          ? try PacketPort(number: number, device: name, vector: vector)
          : try TapPort(number: number, name: name, vector: vector)
      default: return nil
      }
    }

    private mutating func removePort(_ request: VportMessage) {
      var number = request.number?.rawValue
      if number == nil, let name = request.name { number = numbers[name] }
      guard let number else { return }
      if let name = names.removeValue(forKey: number) { numbers[name] = nil }
      guard let port = ports.removeValue(forKey: number) else { return }
      busy.removeAll { $0 === port }
      if let descriptor = port.descriptor { poller.remove(descriptor) }
      port.close()
    }

    private func freeNumber() -> DatapathPortNumber {
      var number: UInt32 = 1
      while names[number] != nil { number += 1 }
      return DatapathPortNumber(number)
    }
  }
#endif
