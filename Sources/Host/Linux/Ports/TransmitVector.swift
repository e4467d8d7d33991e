#if !APUS_WINDOWS
  import CLinux
  import Datapath
  import Glibc

  /// The arrays of one `sendmmsg`: for each packet a virtio header and a pointer to the packet's bytes.
  @safe
  final class TransmitVector {
    /// The most packets of one call.
    static let capacity = 64

    // SAFETY: three rows of `capacity` plain values each (two vectors a message), made here, freed in `deinit`,
    // and touched only below an index that was checked.
    private let messages: UnsafeMutablePointer<apus_message>
    private let vectors: UnsafeMutablePointer<iovec>
    private let headers: UnsafeMutablePointer<virtio_net_hdr>
    private var count = 0

    init() {
      unsafe messages = .allocate(capacity: TransmitVector.capacity)
      unsafe vectors = .allocate(capacity: TransmitVector.capacity * 2)
      unsafe headers = .allocate(capacity: TransmitVector.capacity)
      unsafe messages.initialize(repeating: apus_message(), count: TransmitVector.capacity)
      unsafe vectors.initialize(repeating: iovec(), count: TransmitVector.capacity * 2)
      unsafe headers.initialize(repeating: virtio_net_hdr(), count: TransmitVector.capacity)
      for index in 0..<TransmitVector.capacity {
        unsafe vectors[2 * index].iov_base = UnsafeMutableRawPointer(headers + index)
        unsafe vectors[2 * index].iov_len = MemoryLayout<virtio_net_hdr>.size
        unsafe messages[index].header.msg_iov = vectors + 2 * index
        unsafe messages[index].header.msg_iovlen = 2
      }
    }

    deinit {
      unsafe messages.deallocate()
      unsafe vectors.deallocate()
      unsafe headers.deallocate()
    }

    /// Sends a port's queue through a packet socket or, one packet a call, a tap; returns how many went.
    func send(_ output: PortOutput, of engine: borrowing Engine, to descriptor: Descriptor, isSocket: Bool)
      -> Int
    {
      var sent = 0
      var next = engine.first(of: output)
      while next != nil {
        count = 0
        while let packet = next, count < TransmitVector.capacity {
          append(packet, of: engine)
          next = engine.next(after: packet)
        }
        sent += isSocket ? flush(to: descriptor) : flushOneByOne(to: descriptor)
      }
      return sent
    }

    private func append(_ packet: OutputPacket, of engine: borrowing Engine) {
      let offload = packet.offload
      var header = virtio_net_hdr()
      if offload.needsChecksum {
        header.flags = UInt8(VIRTIO_NET_HDR_F_NEEDS_CSUM)
        header.csum_start = offload.checksumStart
        header.csum_offset = offload.checksumOffset
      }
      if offload.segmentation != .none {
        header.gso_type = offload.segmentation.rawValue
        header.hdr_len = offload.headerByteCount
        header.gso_size = offload.segmentByteCount
      }
      // SAFETY: the caller checked `count` against the capacity; the packet's bytes stay until the queue is
      // finished, which is after the call that reads them.
      unsafe headers[count] = header
      let bytes = unsafe engine.pointer(of: packet)
      unsafe vectors[2 * count + 1].iov_base = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
      unsafe vectors[2 * count + 1].iov_len = bytes.count
      count += 1
    }

    private func flush(to descriptor: Descriptor) -> Int {
      var position = 0
      var sent = 0
      while position < count {
        // SAFETY: the messages from `position` to `count` are filled.
        let result = unsafe apus_send_messages(
          descriptor.number, messages + position, UInt32(count - position))
        if result > 0 {
          position += Int(result)
          sent += Int(result)
        } else if errno != EINTR {
          // The device refuses this packet: its queue is full, it is down, or the packet is too long for it.
          position += 1
        }
      }
      return sent
    }

    private func flushOneByOne(to descriptor: Descriptor) -> Int {
      var sent = 0
      for index in 0..<count {
        // SAFETY: two vectors of each packet are filled.
        if unsafe writev(descriptor.number, vectors + 2 * index, 2) > 0 { sent += 1 }
      }
      return sent
    }
  }
#endif
