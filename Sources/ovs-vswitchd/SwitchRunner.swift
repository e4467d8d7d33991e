// What: carries out what the switch wants done, and tells it what happened. Everything that decides is in `Switch`.
//
// How: requests, answers and whatever keeps a connection alive are told to the switch when they come. What may be much, packets that came up
// and flows that are to be looked over, is done at the end of the loop's turn, as much as takes some milliseconds; then the loop looks again
// who else has become ready.

import Command
import Datapath
import Host
import JSON
import Switch
import Vlog

/// Runs a switch on an event loop.
final class SwitchRunner {
  private let loop: EventLoop
  private let invocation: Invocation
  private let control: UnixctlServer
  private let database: StreamAddress
  private let virtualSwitch: VirtualSwitch
  private let host: HostSide
  private var streams: [StreamID: ByteStream] = [:]
  /// Streams of which the switch waits to hear that all has left.
  private var awaited: Set<StreamID> = []
  private var listeners: [ListenerID: StreamListener] = [:]
  private var requests: [CommandID: UnixctlRequest] = [:]
  private var nextRequest: UInt64 = 1
  private var connection: JSONRPCConnection?
  private var backoffMilliseconds: Int64 = 1000
  private var events: [Event] = []
  private var isDraining = false
  private var timer: TimerToken?
  private var budget = TurnBudget()
  private var clock: ClockCommands?
  /// Called when the configuration is in force for the first time.
  var onReady: (() -> Void)?

  /// The longest wait before the database server is tried again.
  private static let maximumBackoffMilliseconds: Int64 = 8000

  init(
    loop: EventLoop, invocation: Invocation, control: UnixctlServer, database: StreamAddress,
    options: SwitchOptions
  ) {
    self.loop = loop
    self.invocation = invocation
    self.control = control
    self.database = database
    virtualSwitch = VirtualSwitch(options: options)
    host = HostSide(loop: loop, dummyMode: options.dummyMode)
    host.onMessage = { [self] in post(.datapathReceived($0)) }
    host.onUpcalls = { [self] in scheduleWork() }
    host.onDevices = { [self] in post(.devicesChanged($0)) }
    host.onFailure = { invocation.log.module("netdev").warn($0) }
    host.onRoutes = { [self] in post(.routesChanged($0)) }
    for command in VirtualSwitch.commands { register(command) }
    guard options.dummyMode != .none else { return }
    clock = ClockCommands(control, loop: loop) { [self] in
      isDraining || !events.isEmpty || virtualSwitch.isWaiting
    }
  }

  /// Connects to the database server.
  func start() { connect() }

  /// Removes the sockets and ends the datapaths.
  func stop() {
    for listener in listeners.values { listener.close() }
    listeners = [:]
    host.stop()
  }

  // MARK: events

  /// Tells the switch something, soon.
  private func post(_ event: Event) {
    events.append(event)
    guard !isDraining, events.count == 1 else { return }
    loop.deferWork { [self] in drain() }
  }

  private func drain() {
    step(budget: .none)
    scheduleWork()
  }

  /// Tells the switch what has happened, and what happens by that.
  private func step(budget: StepBudget) {
    isDraining = true
    var budget = budget
    repeat {
      let taken = events
      events = []
      virtualSwitch.turns = TurnCounts(
        longestMicroseconds: loop.longestTurnMicroseconds, longCount: loop.longTurnCount)
      virtualSwitch.logsDetails = LoggedDetails(invocation.log)
      let moment = Moment(milliseconds: loop.now.milliseconds, wallMilliseconds: WallClock.milliseconds)
      for effect in virtualSwitch.step(taken, now: moment, budget: budget) { perform(effect) }
      budget = .none
    } while !events.isEmpty
    isDraining = false
  }

  /// Sees to it that the switch is called when there is something for it to do.
  private func scheduleWork() {
    if isDraining { return }
    if let timer { loop.cancel(timer) }
    timer = nil
    let wakeup = host.hasUpcalls ? loop.now.milliseconds : virtualSwitch.nextWakeup
    guard let wakeup else { return }
    timer = loop.schedule(at: Instant(milliseconds: wakeup)) { [self] in
      timer = nil
      work()
    }
  }

  /// Does some of what may be much.
  private func work() {
    let start = loop.preciseNow
    let room = max(0, budget.count - virtualSwitch.waitingPacketCount)
    events += host.takeUpcalls(maximumCount: room).map { .datapathReceived($0) }
    step(budget: StepBudget(packetCount: budget.count, flowCount: budget.count))
    budget.adapt(microseconds: (loop.preciseNow &- start) / 1000)
    scheduleWork()
  }

  // MARK: effects

  private func perform(_ effect: Effect) {
    switch effect {
    case .databaseSend(let message): connection?.send(message)
    case .databaseClose: connection?.close()
    case .openStream(let id, let address): open(id, address)
    case .streamSend(let id, let bytes):
      streams[id]?.send(bytes)
      reportDrained(id)
    case .awaitDrain(let id):
      streams[id]?.pauseReading()
      awaited.insert(id)
      reportDrained(id)
    case .closeStream(let id):
      awaited.remove(id)
      streams.removeValue(forKey: id)?.close()
    case .openListener(let id, let address): listen(id, address)
    case .closeListener(let id): listeners.removeValue(forKey: id)?.close()
    case .datapathSend(let message): host.send(message)
    case .datapathReceive(let datapath, let port, let frame):
      host.inject(frame, port: port, datapath: datapath)
    case .configureDevice(let name, let change): host.configure(name, change)
    case .refreshDevices: host.refresh()
    case .reply(let id, let reply):
      guard let request = requests.removeValue(forKey: id) else { return }
      switch reply {
      case .success(let text): request.reply(text)
      case .failure(let text): request.fail(text)
      }
    case .log(let module, let level, let text):
      invocation.log.module("\(module)").log(level, text)
    case .ready:
      onReady?()
      onReady = nil
    case .exit: loop.stop()
    }
  }

  /// Lets a stream be read again, and tells the switch, if it waits for that and all has left.
  private func reportDrained(_ id: StreamID) {
    guard awaited.contains(id), streams[id]?.queuedByteCount == 0 else { return }
    // Others get their turn before the stream's next requests do.
    loop.deferWork { [self] in
      guard let stream = streams[id], stream.queuedByteCount == 0, awaited.remove(id) != nil else { return }
      stream.resumeReading()
      post(.streamDrained(id))
    }
  }

  private func open(_ id: StreamID, _ text: String) {
    do throws(StreamAddress.ParseError) {
      let address = try StreamAddress(
        text, defaultPort: StreamAddress.openFlowPort, runDirectory: invocation.directories.run)
      open(id, address)
    } catch {
      post(.streamClosed(id, reason: "Address family not supported by protocol"))
    }
  }

  private func open(_ id: StreamID, _ address: StreamAddress) {
    do throws(SystemError) {
      let stream = try ByteStream.connect(to: address, on: loop)
      attach(stream, id)
      stream.onConnect = { [self] in post(.streamOpened(id)) }
    } catch {
      post(.streamClosed(id, reason: error.message))
    }
  }

  private func attach(_ stream: ByteStream, _ id: StreamID) {
    streams[id] = stream
    stream.onReceive = { [self] in post(.streamReceived(id, $0)) }
    stream.onDrain = { [self] in reportDrained(id) }
    stream.onClose = { [self] reason in
      awaited.remove(id)
      guard streams.removeValue(forKey: id) != nil else { return }
      post(.streamClosed(id, reason: Self.text(reason)))
    }
  }

  private static func text(_ reason: ByteStream.CloseReason) -> String {
    switch reason {
    case .endOfStream: "connection closed by peer"
    case .closedHere: "connection closed"
    case .failed(let error): error.message
    case .sendQueueFull: "send queue full"
    }
  }

  private func listen(_ id: ListenerID, _ text: String) {
    guard
      let address = try? StreamAddress(
        text, defaultPort: StreamAddress.openFlowPort, runDirectory: invocation.directories.run)
    else {
      post(.listenerFailed(id, reason: "\(text): bad address"))
      return
    }
    do throws(SystemError) {
      let listener = try StreamListener(address, on: loop) { [self] stream in
        let streamID = virtualSwitch.makeStreamID()
        attach(stream, streamID)
        post(.streamAccepted(id, streamID, peer: stream.peerName))
      }
      listeners[id] = listener
      if let text = listener.chosenPortText { invocation.log.module("socket_util").info(text) }
    } catch {
      post(.listenerFailed(id, reason: "\(text): \(error.message)"))
    }
  }

  // MARK: database

  private func connect() {
    let log = invocation.log.module("reconnect")
    log.info("\(database.text): connecting...")
    do throws(SystemError) {
      let connection = try JSONRPCConnection.connect(to: database, on: loop)
      self.connection = connection
      connection.onConnect = { [self] in
        log.info("\(database.text): connected")
        backoffMilliseconds = 1000
        post(.databaseOpened)
      }
      connection.onMessage = { [self] in post(.databaseReceived($0)) }
      connection.onClose = { [self] reason in disconnected(reason.message) }
    } catch {
      disconnected(error.message)
    }
  }

  private func disconnected(_ reason: String) {
    connection = nil
    invocation.log.module("reconnect").warn(
      "\(database.text): connection attempt failed or connection lost (\(reason)), waiting \(backoffMilliseconds / 1000) seconds before reconnect"
    )
    post(.databaseClosed(reason: reason))
    loop.schedule(afterMilliseconds: backoffMilliseconds) { [self] in connect() }
    backoffMilliseconds = min(backoffMilliseconds * 2, Self.maximumBackoffMilliseconds)
  }

  // MARK: commands

  private func register(_ command: SwitchCommand) {
    control.register(
      command.name, usage: command.usage, minimum: command.minimumArgumentCount,
      maximum: command.maximumArgumentCount
    ) { [self] request in
      let id = CommandID(nextRequest)
      nextRequest += 1
      requests[id] = request
      post(.command(id, name: command.name, arguments: request.arguments))
    }
  }
}

extension LoggedDetails {
  /// The details for which the log has a taker.
  init(_ log: Log) {
    self = []
    if log.module("dpif").isEnabled(.debug) { insert(.datapathRequests) }
    if log.module("dpif_netdev").isEnabled(.debug) { insert(.datapathFlows) }
    if log.module("vconn").isEnabled(.debug) { insert(.messages) }
    if log.module("ofproto_dpif").isEnabled(.debug) { insert(.groups) }
  }
}

/// How much of what may be much is done in one turn of the loop: as much as takes some milliseconds.
struct TurnBudget {
  /// What a turn may take, in microseconds, so that with all else it stays well below `EventLoop.longTurnMicroseconds`.
  private static let targetMicroseconds: UInt64 = 4_000
  private static let leastCount = 8
  private static let mostCount = 256

  /// How many packets, and how many flows.
  private(set) var count = 64

  /// Learns from what a turn took.
  mutating func adapt(microseconds: UInt64) {
    if microseconds > Self.targetMicroseconds {
      count = max(Self.leastCount, count * 3 / 4)
    } else if microseconds < Self.targetMicroseconds / 2 {
      count = min(Self.mostCount, count + 8)
    }
  }
}
