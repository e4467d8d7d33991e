// Bundles: changes that a controller sends one by one, and that are then made together or not at all
// (OpenFlow 1.4, section 6.9, and its extension to earlier versions).

import OpenFlow

/// A bundle that a controller opened.
struct Bundle {
  /// How many messages a bundle may hold.
  static var messageLimit: Int { 1 << 20 }
  /// How many bytes the messages of a connection's bundles may have together.
  static var byteLimit: Int { 256 << 20 }
  /// How many bundles a connection may have open.
  static var countLimit: Int { 64 }
  /// How long a bundle stays when nothing comes for it, in milliseconds.
  static var idleMilliseconds: Int64 { 10_000 }

  /// Its flags.
  var flags: BundleFlags
  /// Whether it takes no more messages.
  var isClosed = false
  /// The messages that bring its messages, as they came.
  var messages: [[UInt8]] = []
  /// The message that opened it, which is refused if nothing follows.
  var opening: [UInt8] = []
  /// When something last came for it, in milliseconds.
  var usedMilliseconds: Int64 = 0
  /// The bytes of the messages.
  var byteCount = 0
}

extension OpenFlowSession {
  /// Opens, closes or discards a bundle, or gives it out to be committed; and says what to answer.
  func control(
    _ control: BundleControl, _ bytes: [UInt8], now: Int64
  ) throws(OpenFlowError) -> (answer: BundleControl, committed: Bundle?) {
    let id = control.bundleID
    var answer = control
    answer.flags = []
    var committed: Bundle?
    switch control.type {
    case .openRequest:
      guard bundles[id] == nil else {
        bundles[id] = nil
        throw .bundleFailedBadID
      }
      guard bundles.count < Bundle.countLimit else { throw .bundleFailedOutOfBundles }
      bundles[id] = Bundle(flags: control.flags, opening: bytes, usedMilliseconds: now)
      answer.type = .openReply
    case .closeRequest:
      guard let bundle = bundles[id] else { throw .bundleFailedBadID }
      guard !bundle.isClosed else {
        bundles[id] = nil
        throw .bundleFailedBundleClosed
      }
      guard bundle.flags == control.flags else {
        bundles[id] = nil
        throw .bundleFailedBadFlags
      }
      bundles[id]?.isClosed = true
      bundles[id]?.usedMilliseconds = now
      answer.type = .closeReply
    case .commitRequest:
      guard let bundle = bundles.removeValue(forKey: id) else { throw .bundleFailedBadID }
      guard bundle.flags == control.flags else { throw .bundleFailedBadFlags }
      committed = bundle
      answer.type = .commitReply
    case .discardRequest:
      guard bundles.removeValue(forKey: id) != nil else { throw .bundleFailedBadID }
      answer.type = .discardReply
    case .openReply, .closeReply, .commitReply, .discardReply:
      throw .bundleFailedBadType
    }
    return (answer, committed)
  }

  /// Puts a message into a bundle, which is opened by it if need be.
  func add(_ addition: BundleAdd, _ bytes: [UInt8], now: Int64) throws(OpenFlowError) {
    let id = addition.bundleID
    if bundles[id] == nil {
      guard bundles.count < Bundle.countLimit else { throw .bundleFailedOutOfBundles }
      bundles[id] = Bundle(flags: addition.flags, opening: bytes)
    }
    guard let bundle = bundles[id] else { throw .bundleFailedBadID }
    guard !bundle.isClosed else {
      bundles[id] = nil
      throw .bundleFailedBundleClosed
    }
    guard bundle.flags == addition.flags else {
      bundles[id] = nil
      throw .bundleFailedBadFlags
    }
    let byteCount = bundles.values.reduce(addition.message.count) { $0 + $1.byteCount }
    guard bundle.messages.count < Bundle.messageLimit, byteCount <= bundleByteLimit else {
      throw .bundleFailedMessageTooMany
    }
    // A flow whose actions make no sense is to refuse the whole bundle, when that is carried out.
    let message = try Message.decode(
      addition.message, hasTableID: form.hasTableID, checksActions: false)
    guard Self.isBundled(message.message.kind) else { throw .bundleFailedMessageUnsupported }
    bundles[id]?.usedMilliseconds = now
    bundles[id]?.messages.append(bytes)
    bundles[id]?.byteCount += addition.message.count
  }

  /// Gives up the bundles for which nothing has come for long; answers the messages that had opened them.
  func expireBundles(now: Int64) -> [[UInt8]] {
    let old = bundles.keys.sorted().filter {
      (bundles[$0]?.usedMilliseconds ?? 0) + Bundle.idleMilliseconds <= now
    }
    return old.compactMap { bundles.removeValue(forKey: $0)?.opening }
  }

  /// When a bundle is next to be given up, in milliseconds.
  var nextBundleExpiry: Int64? {
    bundles.values.map { $0.usedMilliseconds + Bundle.idleMilliseconds }.min()
  }

  private static func isBundled(_ kind: MessageKind) -> Bool {
    switch kind {
    case .flowModification, .portModification, .groupModification, .packetOut: true
    default: false
    }
  }
}
