// What: a value that all engines of a datapath share, and how they reach it.
//
// Why a class around a plain pointer: see UnsafeEngineGroup.swift. Nothing in the value is changed by `mutating`: an `inout` of it
// would promise the compiler that no other engine changes anything meanwhile.

/// Owns a value that engines share.
@safe
final class SharedBox<Value: ~Copyable> {
  private let base: UnsafeMutablePointer<Value>

  /// Takes a value over.
  init(_ value: consuming Value) {
    // SAFETY: initialised here, destroyed and freed in `deinit` alone.
    unsafe base = .allocate(capacity: 1)
    unsafe base.initialize(to: value)
  }

  deinit {
    // SAFETY: nobody holds the pointer beyond this owner's life.
    unsafe base.deinitialize(count: 1)
    unsafe base.deallocate()
  }

  /// The value as engines reach it on the packet path: without reference counts.
  ///
  /// Who holds it keeps the owner.
  var reference: SharedReference<Value> { unsafe SharedReference(base) }

  var value: Value {
    @inline(__always)
    unsafeAddress {
      // SAFETY: the value lives as long as this object.
      unsafe UnsafePointer(base)
    }
  }
}

/// A shared value that somebody else owns.
@safe
struct SharedReference<Value: ~Copyable> {
  private let base: UnsafePointer<Value>

  fileprivate init(_ base: UnsafeMutablePointer<Value>) { unsafe self.base = UnsafePointer(base) }

  var value: Value {
    @inline(__always)
    unsafeAddress {
      // SAFETY: whoever has made the reference keeps the owner.
      unsafe base
    }
  }
}
