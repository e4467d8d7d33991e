// What: the datapaths of this process, as the daemon sees them: requests in the format of netlink go in, answers and
// upcalls in the same format come out, and which thread does what is nobody's concern.

#if !APUS_WINDOWS
  import CLinux
  public import Datapath
  import Glibc
  import Synchronization

  /// The datapaths of this process, each with a worker thread of its own.
  public final class DatapathHost {
    /// Which datapaths have ports without devices, for tests.
    public enum DummyMode: Sendable {
      /// None.
      case none
      /// The one named `ovs-dummy`.
      case dummyType
      /// All (`--enable-dummy=override`).
      case all
    }

    private final class RunningDatapath {
      let index: Int32
      let name: [UInt8]
      let link: WorkerLink
      let thread: pthread_t
      var token: WatchToken?
      /// Requests for which the ring had no room.
      var backlog: [WorkerCommand] = []

      init(index: Int32, name: [UInt8], link: WorkerLink, thread: pthread_t) {
        self.index = index
        self.name = name
        self.link = link
        self.thread = thread
      }
    }

    /// Called with each message that a datapath sends, apart from those that `takeUpcalls` gives.
    public var onMessage: (([UInt8]) -> Void)?
    /// Called when there are packets that `takeUpcalls` gives.
    public var onUpcalls: (() -> Void)?

    private let loop: EventLoop
    private let dummyMode: DummyMode
    private var datapaths: [RunningDatapath] = []
    private var nextIndex: Int32 = 1

    /// Makes a host without datapaths.
    public init(on loop: EventLoop, dummyMode: DummyMode = .none) {
      self.loop = loop
      self.dummyMode = dummyMode
    }

    /// Sends a request to the datapath that its header names.
    public func send(_ bytes: [UInt8]) {
      if DatapathRouting.family(of: bytes) == .datapath,
        let message = try? NetlinkMessage.decode(bytes).first,
        case .datapath(let command, let request) = message.body
      {
        return send(command, request, message.header)
      }
      guard let index = DatapathRouting.datapathIndex(of: bytes),
        let datapath = datapaths.first(where: { $0.index == index })
      else {
        return refuse(bytes)
      }
      post(.message(bytes), to: datapath)
    }

    /// Lets a port without a device receive a frame.
    public func inject(_ frame: [UInt8], port: DatapathPortNumber, datapath name: String) {
      let bytes = Array(name.utf8)
      guard let datapath = datapaths.first(where: { $0.name == bytes }) ?? datapaths.first else { return }
      post(.inject(port, frame), to: datapath)
    }

    /// Whether there are packets that `takeUpcalls` gives.
    public var hasUpcalls: Bool { datapaths.contains { !$0.link.upcalls.isEmpty } }

    /// Takes the messages of some packets that came up, of each datapath at most so many.
    public func takeUpcalls(maximumCount: Int) -> [[UInt8]] {
      var messages: [[UInt8]] = []
      for datapath in datapaths {
        var count = 0
        while count < maximumCount, let message = datapath.link.upcalls.take() {
          count += 1
          messages.append(message)
        }
        // More may wait in the engine.
        if count > 0 { datapath.link.workerBell.ring() }
      }
      return messages
    }

    /// Ends all datapaths, and waits until they have.
    public func stop() {
      for datapath in datapaths { post(.stop, to: datapath) }
      for datapath in datapaths { join(datapath) }
      datapaths = []
    }

    private func send(_ command: MessageCommand, _ request: DatapathMessage, _ header: NetlinkHeader) {
      var header = header
      let named = datapaths.first {
        $0.index == header.datapathIndex || (request.name != nil && $0.name == request.name)
      }
      if command == .new {
        guard named == nil, let name = request.name else {
          return reply(header, error: DatapathErrorCode.exists.rawValue)
        }
        do throws(SystemError) {
          header.datapathIndex = try start(name).index
        } catch {
          return reply(header, error: UInt32(bitPattern: error.code))
        }
      }
      let target = datapaths.first { $0.index == header.datapathIndex } ?? named
      guard let target else {
        // A dump of nothing is complete.
        if header.isDump {
          return reply(NetlinkMessage(header.reply(), .done))
        }
        return reply(header, error: DatapathErrorCode.noDevice.rawValue)
      }
      header.datapathIndex = target.index
      post(.message(NetlinkMessage(header, .datapath(command, request)).encode()), to: target)
      if command == .delete { post(.stop, to: target) }
    }

    private func refuse(_ bytes: [UInt8]) {
      guard let messages = try? NetlinkMessage.decode(bytes) else { return }
      for message in messages { reply(message.header, error: DatapathErrorCode.noDevice.rawValue) }
    }

    private func reply(_ header: NetlinkHeader, error: UInt32) {
      reply(NetlinkMessage(header.reply(), .error(error)))
    }

    private func reply(_ message: NetlinkMessage) {
      let bytes = message.encode()
      loop.deferWork { [self] in onMessage?(bytes) }
    }

    private func start(_ name: [UInt8]) throws(SystemError) -> RunningDatapath {
      let text = String(decoding: name, as: UTF8.self)
      let isDummy: Bool
      switch dummyMode {
      case .none: isDummy = false
      case .dummyType: isDummy = name == Array("ovs-dummy".utf8)
      case .all: isDummy = true
      }
      let link = try WorkerLink()
      let index = nextIndex
      let thread = try WorkerThread.start {
        do throws(SystemError) {
          var worker = try Worker(name: text, index: index, isDummy: isDummy, link: link)
          worker.run()
        } catch {
          // Out of descriptors at the start: the datapath ends before it began.
          link.hasEnded.store(true, ordering: .sequentiallyConsistent)
          link.daemonBell.ring()
        }
      }
      let datapath = RunningDatapath(index: index, name: name, link: link, thread: thread)
      nextIndex += 1
      datapath.token = try loop.watch(link.daemonBell.descriptor, .readable) { [self] _ in
        take(from: datapath)
      }
      link.daemonBell.arm()
      datapaths.append(datapath)
      return datapath
    }

    private func post(_ command: WorkerCommand, to datapath: RunningDatapath) {
      if !datapath.backlog.isEmpty || !datapath.link.commands.add(command) {
        // Answers wake this side again, and with them goes what waits here.
        datapath.backlog.append(command)
      }
      datapath.link.workerBell.ring()
    }

    /// Takes what a worker has said, in turns that leave other work its share.
    private func take(from datapath: RunningDatapath) {
      datapath.link.daemonBell.disarm()
      var count = 0
      while count < DatapathHost.messagesPerTurn, let message = datapath.link.answers.take() {
        count += 1
        onMessage?(message)
      }
      var posted = 0
      while posted < datapath.backlog.count, datapath.link.commands.add(datapath.backlog[posted]) {
        posted += 1
      }
      if posted > 0 { datapath.backlog.removeFirst(posted) }
      if count + posted > 0 { datapath.link.workerBell.ring() }
      datapath.link.daemonBell.arm()
      if !datapath.link.upcalls.isEmpty { onUpcalls?() }
      if !datapath.link.answers.isEmpty || !datapath.backlog.isEmpty {
        // Whoever else has become ready has a turn before.
        loop.schedule(at: loop.now) { [self] in take(from: datapath) }
      } else if datapath.link.hasEnded.load(ordering: .sequentiallyConsistent) {
        join(datapath)
        datapaths.removeAll { $0 === datapath }
      }
    }

    private static let messagesPerTurn = 256

    private func join(_ datapath: RunningDatapath) {
      guard let token = datapath.token else { return }
      datapath.token = nil
      loop.unwatch(token)
      WorkerThread.join(datapath.thread)
    }
  }
#endif
