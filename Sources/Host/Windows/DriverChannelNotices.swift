// What comes from the driver without being asked for: packets for the daemon, or events of ports. A request that the driver
// keeps until there is something is always under way; when it has ended, everything is read.
//
// Windows unloads a driver only when nobody has its device open, and until then says nothing to those who have: it merely lets
// nobody open it any more. So it is opened again now and then, and given up if that fails; the driver can be
// replaced while the daemon runs.

#if APUS_WINDOWS
  import Datapath

  /// A handle by which packets or events come.
  final class DriverNotices {
    /// What comes.
    enum Kind {
      case packets
      case events
    }

    private let handle: DriverHandle
    private let conversation: DriverConversation
    private let loop: EventLoop
    private let kind: Kind
    private let operation = Operation(byteCount: 64)
    private var token: WatchToken?
    private var timer: TimerToken?
    /// Takes messages.
    var onMessages: (([[UInt8]]) -> Void)?
    /// Called when the device gives nothing any more.
    var onFailure: ((SystemError) -> Void)?

    /// The handle's number, by which packets are sent here.
    var processID: UInt32 { conversation.processID }

    /// Reads in one turn of the loop, so that other work gets its share.
    private static let readsPerTurn = 16
    /// How often it is looked whether the driver is to go, in milliseconds.
    private static let presenceMilliseconds: Int64 = 1000

    /// Opens a handle on the device and begins to wait.
    init(_ kind: Kind, on loop: EventLoop) throws(SystemError) {
      self.kind = kind
      self.loop = loop
      handle = try DriverHandle(.overlapped)
      do throws(SystemError) {
        conversation = try DriverConversation(handle)
        switch kind {
        case .packets: try conversation.subscribePackets()
        case .events: try conversation.joinPortGroup()
        }
        handle.descriptor.input = operation
        token = try loop.watch(handle.descriptor, .readable) { [self] _ in take() }
      } catch {
        handle.close()
        throw error
      }
      wait()
      look()
    }

    /// Ends the wait and closes the handle.
    func close() {
      guard let token else { return }
      self.token = nil
      if let timer { loop.cancel(timer) }
      timer = nil
      onMessages = nil
      onFailure = nil
      loop.unwatch(token)
      handle.close()
    }

    /// Has the driver say when there is something.
    private func wait() {
      let request = conversation.notice(kind == .packets ? .awaitPacket : .awaitEvent)
      let count = operation.fill(request, from: 0)
      unsafe handle.descriptor.begin(operation, on: handle.descriptor.handle) { [self] overlapped in
        // SAFETY: the operation, whose memory this is, is kept until it has ended.
        let result = unsafe DeviceIoControl(
          handle.descriptor.handle, DeviceControlCode.write.rawValue, operation.buffer, UInt32(count), nil, 0,
          nil,
          overlapped)
        return result != 0 ? 0 : GetLastError()
      }
    }

    private func take() {
      guard token != nil else { return }
      switch operation.state {
      case .pending: return
      case .failed(let error): return fail(SystemError(code: Int32(bitPattern: error)))
      case .done, .idle: break
      }
      do throws(SystemError) {
        for _ in 0..<Self.readsPerTurn {
          let messages = try conversation.read(kind == .packets ? .readPacket : .readEvent)
          if messages.isEmpty { return wait() }
          onMessages?(messages)
          guard token != nil else { return }
        }
        // There may be more: the descriptor stays ready, so that this is called again.
      } catch {
        fail(error)
      }
    }

    /// Looks now and then whether the device can still be opened.
    private func look() {
      timer = loop.schedule(afterMilliseconds: Self.presenceMilliseconds) { [self] in
        timer = nil
        do throws(SystemError) {
          try DriverHandle(.atOnce).close()
        } catch {
          if error.isDeviceGone { return fail(error) }
        }
        look()
      }
    }

    private func fail(_ error: SystemError) {
      let report = onFailure
      close()
      report?(error)
    }
  }
#endif
