// What: a port on a network device of the host, by a packet socket.
//
// How: what comes in lies in a ring that the kernel shares with us, so a batch costs no system call; the kernel puts
// virtio's header before each frame, which says what the sender left undone (a checksum, the cutting of a segment).
// A ring of small frames (TPACKET_V2) keeps what it costs in cache small; a frame that is too long for its place,
// such as a 64 KiB segment, is queued at the socket by the kernel in ring order (PACKET_COPY_THRESH), and read from
// there. TPACKET_V3 packs frames of any length, but gives a block only when it is full or a millisecond old, which
// makes a ping ten times slower. What goes out goes by sendmmsg, a batch a call, past the device's queue
// discipline, and does not come back to us as received (PACKET_IGNORE_OUTGOING).

#if !APUS_WINDOWS
  import CLinux
  import Datapath
  import Glibc
  import PacketWire

  @safe
  final class PacketPort: Port {
    private static let frameByteCount = 2_048
    private static let frameCount = 2_048
    private static let blockByteCount = 65_536
    private static let ringByteCount = frameByteCount * frameCount

    private let socket: Descriptor
    // SAFETY: the mapping of `ringByteCount` bytes, alive until `close`; frames in it are ours from the moment at
    // which their status says so until we change it.
    private let ring: UnsafeMutableRawPointer
    private var position = 0
    private var isMapped = true
    private let vector: TransmitVector
    /// Frames that the ring cut and that nobody has whole.
    private(set) var truncatedCount: UInt64 = 0

    override var capabilities: OffloadCapabilities { .all }

    init(number: DatapathPortNumber, device: String, vector: TransmitVector) throws(SystemError) {
      let index = try NetworkDeviceControl.index(of: device)
      socket = try PacketPort.openSocket()
      do throws(SystemError) {
        unsafe ring = try PacketPort.mapRing(of: socket)
        if apus_bind_packet(socket.number, index, UInt16(ETH_P_ALL)) < 0 { throw SystemError.last }
        try PacketPort.makePromiscuous(socket, index)
      } catch {
        Syscalls.close(socket)
        throw error
      }
      self.vector = vector
      super.init(number: number, descriptor: socket)
    }

    override func close() {
      guard isMapped else { return }
      isMapped = false
      // SAFETY: unmaps what `mapRing` mapped; nothing reads it after this.
      _ = unsafe munmap(ring, PacketPort.ringByteCount)
      Syscalls.close(socket)
    }

    private static func openSocket() throws(SystemError) -> Descriptor {
      // Protocol 0: nothing comes in before the ring exists and the device is known.
      let number = Glibc.socket(
        AF_PACKET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
      if number < 0 { throw SystemError.last }
      let descriptor = Descriptor(number: number)
      for (option, value) in [
        (PACKET_VERSION, Int32(TPACKET_V2.rawValue)), (PACKET_VNET_HDR, 1), (PACKET_IGNORE_OUTGOING, 1),
        (PACKET_QDISC_BYPASS, 1), (PACKET_COPY_THRESH, 1 << 20),
      ] {
        Syscalls.setOption(descriptor, SOL_PACKET, option, value)
      }
      Syscalls.setOption(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
      Syscalls.setOption(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20)
      return descriptor
    }

    private static func mapRing(of socket: Descriptor) throws(SystemError) -> UnsafeMutableRawPointer {
      var request = tpacket_req()
      request.tp_block_size = UInt32(blockByteCount)
      request.tp_block_nr = UInt32(ringByteCount / blockByteCount)
      request.tp_frame_size = UInt32(frameByteCount)
      request.tp_frame_nr = UInt32(frameCount)
      // SAFETY: the kernel reads one structure of the size given.
      if unsafe setsockopt(
        socket.number, SOL_PACKET, PACKET_RX_RING, &request, socklen_t(MemoryLayout<tpacket_req>.size)) < 0
      {
        throw SystemError.last
      }
      // SAFETY: a new mapping at a place of the kernel's choice.
      let address = unsafe mmap(nil, ringByteCount, PROT_READ | PROT_WRITE, MAP_SHARED, socket.number, 0)
      guard let address = unsafe address, unsafe address != MAP_FAILED else { throw SystemError.last }
      return unsafe address
    }

    private static func makePromiscuous(_ socket: Descriptor, _ index: Int32) throws(SystemError) {
      var request = packet_mreq()
      request.mr_ifindex = index
      request.mr_type = UInt16(PACKET_MR_PROMISC)
      // SAFETY: the kernel reads one structure of the size given.
      if unsafe setsockopt(
        socket.number, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, socklen_t(MemoryLayout<packet_mreq>.size))
        < 0
      {
        throw SystemError.last
      }
    }

    override func receive(into engine: inout Engine) -> Bool {
      while true {
        // SAFETY: `position` stays below `frameCount`, so the frame lies in the mapping.
        let frame = unsafe ring + position * PacketPort.frameByteCount
        let status = unsafe apus_load_acquire(frame)
        guard status & UInt32(TP_STATUS_USER) != 0 else { return false }
        // SAFETY: the frame begins with this header, and is ours since its status says so.
        let header = unsafe frame.load(as: tpacket2_hdr.self)
        guard unsafe hand(UnsafeRawPointer(frame), header, status, to: &engine) else { return true }
        unsafe apus_store_release(frame, UInt32(TP_STATUS_KERNEL))
        position += 1
        if position == PacketPort.frameCount { position = 0 }
      }
    }

    /// Hands one frame to the engine; false if the engine has no room for it now.
    private func hand(
      _ frame: UnsafeRawPointer, _ header: tpacket2_hdr, _ status: UInt32, to engine: inout Engine
    ) -> Bool {
      var tag: UInt32 = 0
      if status & UInt32(TP_STATUS_VLAN_VALID) != 0 {
        let hasType = status & UInt32(TP_STATUS_VLAN_TPID_VALID) != 0
        tag = UInt32(hasType ? header.tp_vlan_tpid : UInt16(ETH_P_8021Q)) << 16 | UInt32(header.tp_vlan_tci)
      }
      let headerSize = MemoryLayout<virtio_net_hdr>.size
      if status & UInt32(TP_STATUS_COPY) != 0 {
        // SAFETY: the call fills at most the memory that it is given.
        let reception = unsafe engine.receive(
          from: number, prefixByteCount: headerSize, tag: tag,
          read: { [socket] memory in
            max(0, unsafe Glibc.read(socket.number, memory.baseAddress, memory.count))
          }, offload: { Offload(virtioHeader: $0) })
        if case .full = reception { return false }
        return true
      }
      let start = Int(header.tp_mac) - headerSize
      let count = Int(header.tp_snaplen) + headerSize
      guard header.tp_snaplen == header.tp_len, start >= 0, start + count <= PacketPort.frameByteCount else {
        truncatedCount &+= 1
        return true
      }
      // SAFETY: the range was checked to lie in the frame, which is ours until its status changes.
      let bytes = unsafe UnsafeRawBufferPointer(start: frame + start, count: count)
      return unsafe engine.hand(bytes.bytes, tag: tag, from: number)
    }

    override func send(_ output: PortOutput, of engine: borrowing Engine) -> Int {
      vector.send(output, of: engine, to: socket, isSocket: true)
    }
  }

  extension Engine {
    /// Hands in a packet behind virtio's header; false if there is no room for it now.
    mutating func hand(_ bytes: RawSpan, tag: UInt32, from port: DatapathPortNumber) -> Bool {
      let headerSize = MemoryLayout<virtio_net_hdr>.size
      guard bytes.byteCount > headerSize else { return true }
      let offload = Offload(virtioHeader: bytes)
      if case .full = receive(bytes.extracting(headerSize...), from: port, offload: offload, tag: tag) {
        return false
      }
      return true
    }
  }

  extension Offload {
    /// What a virtio header says (VIRTIO 1.2, section 5.1.6), in the host's byte order, which is little-endian.
    init(virtioHeader bytes: RawSpan) {
      let flags = bytes.byte(at: 0)
      let type = bytes.byte(at: 1)
      if flags & UInt8(VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0, type == 0 {
        self.init()
      } else {
        self.init(
          virtioFlags: flags, type: type, headerLength: bytes.bigEndian16(at: 2).byteSwapped,
          size: bytes.bigEndian16(at: 4).byteSwapped, start: bytes.bigEndian16(at: 6).byteSwapped,
          offset: bytes.bigEndian16(at: 8).byteSwapped)
      }
    }
  }
#endif
