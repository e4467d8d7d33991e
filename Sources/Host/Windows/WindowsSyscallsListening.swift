// What: how connections arrive at sockets and pipes that listen.

#if APUS_WINDOWS
  extension Syscalls {
    /// How many connections may arrive in one turn at a listener.
    private static let placeCount = 8

    /// Makes the places at which a listener's next connections arrive, as far as the system lets it.
    static func fillPlaces(_ listener: Descriptor) {
      guard let poller = listener.poller else { return }
      if case .pipeListener = listener.kind {
        for place in listener.places where !listener.isAssociated { _ = startPipePlace(listener, place) }
        listener.isAssociated = true
      }
      var isCrowded = false
      while listener.places.count < placeCount, !isCrowded {
        guard let place = makePlace(listener) else {
          isCrowded = true
          break
        }
        listener.places.append(place)
      }
      poller.setCrowded(listener.number, isCrowded)
    }

    private static func makePlace(_ listener: Descriptor) -> ListeningPlace? {
      switch listener.kind {
      case .pipeListener(let name): makePipePlace(listener, name)
      case .socketListener(let family): makeSocketPlace(listener, family)
      case .file, .console, .termination, .datagrams, .socket, .pipe, .device: nil
      }
    }

    /// The next connection that has arrived at a listener.
    static func accept(_ listener: Descriptor) throws(SystemError) -> Descriptor {
      while let index = listener.places.firstIndex(where: { !$0.operation.state.isPending }) {
        let place = listener.places.remove(at: index)
        fillPlaces(listener)
        guard case .done = place.operation.state else {
          // A peer that has gone again.
          close(listener.kind, place.handle)
          continue
        }
        if case .pipeListener = listener.kind {
          let descriptor = Descriptor(.pipe, place.handle)
          descriptor.isAssociated = true
          return descriptor
        }
        return adopt(place.handle, of: listener)
      }
      throw SystemError(code: Int32(Win32.socketWouldBlock))
    }
  }
#endif
