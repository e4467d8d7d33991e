// What: an open file, socket or pipe of Windows.
//
// How: sockets and pipes have no readiness here, only operations that end later. A stream always has one read under
// way, into memory of that operation, and at most one write; a listener has some places at which the next connections
// arrive. A descriptor is ready when an operation that it needs has ended. Operations begin once the descriptor is
// watched by an event loop, whose completion port they end at.

#if APUS_WINDOWS
  /// An open file, socket or other object of the operating system.
  public final class Descriptor {
    enum Kind {
      /// Read and written at once.
      case file
      /// Written at once, as characters.
      case console
      /// Requests to end the program.
      case termination
      /// A UDP socket, written at once.
      case datagrams
      case socket
      case pipe
      case socketListener(family: Int32)
      case pipeListener(name: [UInt16])
      /// Another object that operations are begun on by whoever made it: ready when one has ended.
      case device
    }

    let kind: Kind
    /// Of a listening pipe 0: each of its places has a handle of its own.
    let handle: Handle
    /// The read, or the attempt to connect, that is under way or has ended.
    var input: Operation?
    /// The write that is under way or has ended.
    var output: Operation?
    /// The address to connect to, until that begins.
    var target: [UInt8] = []
    var isConnecting = false
    /// Where the next connections arrive.
    var places: [ListeningPlace] = []
    /// Whether the handle belongs to a completion port already.
    var isAssociated = false
    private(set) var poller: Poller?
    private(set) var number: UInt64 = 0

    init(_ kind: Kind, _ handle: Handle) {
      self.kind = kind
      self.handle = handle
    }

    /// Says whose completion port the operations end at.
    func attach(to poller: Poller, number: UInt64) {
      self.poller = poller
      self.number = number
    }

    /// Ends that.
    func detach() {
      poller = nil
      number = 0
    }

    /// Begins an operation; `call` gives the error of the system's call, 0 for none.
    ///
    /// An operation of a descriptor that no event loop watches fails.
    func begin(_ operation: Operation, on handle: Handle, _ call: (UnsafeMutableRawPointer) -> UInt32) {
      guard let poller else {
        operation.state = .failed(Win32.errorInvalidHandle)
        return
      }
      operation.clear()
      // SAFETY: the poller holds the operation, and so its memory, until the port says that it has ended.
      let error = unsafe call(operation.overlapped)
      switch error {
      case 0, Win32.errorIOPending:
        operation.state = .pending
        poller.hold(operation, on: handle, number: number)
      case Win32.errorPipeConnected:
        operation.state = .done(count: 0, consumed: 0)
        poller.touch(number)
      default:
        operation.state = .failed(error)
        poller.touch(number)
      }
    }
  }

  /// One place at which a listener's next connection arrives.
  struct ListeningPlace {
    let operation: Operation
    /// The socket or end of a pipe that becomes the connection.
    let handle: Handle
  }
#endif
