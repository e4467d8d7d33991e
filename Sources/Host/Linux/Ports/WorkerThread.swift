#if !APUS_WINDOWS
  import Glibc

  /// Threads of the operating system.
  enum WorkerThread {
    private final class Body {
      let run: @Sendable () -> Void
      init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs a closure on a new thread.
    static func start(_ body: @escaping @Sendable () -> Void) throws(SystemError) -> pthread_t {
      var thread = pthread_t()
      // SAFETY: the new thread takes over the reference that is passed to it.
      let argument = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
      let code = unsafe pthread_create(
        &thread, nil,
        { argument in
          guard let argument = unsafe argument else { return nil }
          let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
          body.run()
          return nil
        }, argument)
      if code != 0 {
        unsafe Unmanaged<Body>.fromOpaque(argument).release()
        throw SystemError(code: code)
      }
      return thread
    }

    /// Waits until a thread has ended.
    static func join(_ thread: pthread_t) { _ = pthread_join(thread, nil) }
  }
#endif
