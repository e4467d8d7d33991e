// What: an `internal` port: a network device of the host whose other end is the switch.

#if !APUS_WINDOWS
  import CLinux
  import Datapath
  import Glibc

  final class TapPort: Port {
    private let tap: Descriptor
    private var staging = [UInt8](repeating: 0, count: 65_536 + 256)
    private var stagedByteCount = 0
    private var isOpen = true
    private let vector: TransmitVector

    override var capabilities: OffloadCapabilities { .all }

    /// Makes the device, which goes away with this port.
    init(number: DatapathPortNumber, name: String, vector: TransmitVector) throws(SystemError) {
      // SAFETY: the path is a literal.
      let descriptor = unsafe apus_open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK, 0)
      if descriptor < 0 { throw SystemError.last }
      tap = Descriptor(number: descriptor)
      // SAFETY: the name is a terminated string during the call.
      if unsafe apus_make_tap(descriptor, name) < 0 {
        let error = SystemError.last
        _ = Glibc.close(descriptor)
        throw error
      }
      self.vector = vector
      super.init(number: number, descriptor: tap)
    }

    override func close() {
      if isOpen { Syscalls.close(tap) }
      isOpen = false
    }

    override func receive(into engine: inout Engine) -> Bool {
      for _ in 0..<Engine.batchCapacity {
        if stagedByteCount == 0 {
          guard case .count(let count) = Syscalls.read(tap, into: &staging) else { return false }
          stagedByteCount = count
        }
        // SAFETY: bytes have no padding, so their span as raw bytes is initialised.
        guard unsafe engine.hand(staging.span.bytes.extracting(0..<stagedByteCount), tag: 0, from: number)
        else {
          return true
        }
        stagedByteCount = 0
      }
      return true
    }

    override func send(_ output: PortOutput, of engine: borrowing Engine) -> Int {
      vector.send(output, of: engine, to: tap, isSocket: false)
    }
  }
#endif
