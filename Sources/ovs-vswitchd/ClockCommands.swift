// `time/stop` and `time/warp`, which tests with dummy devices command the clock by.

import Command
import Host

/// Commands that stop the clock and set it forward.
final class ClockCommands {
  private let loop: EventLoop
  /// Whether the switch waits for answers that a step of the clock has led to.
  private let isBusy: () -> Bool
  private var isWarping = false

  /// Turns of the loop that a step of the clock waits at most for what it has led to.
  private static let maximumTurnsPerStep = 200

  init(_ control: UnixctlServer, loop: EventLoop, isBusy: @escaping () -> Bool) {
    self.loop = loop
    self.isBusy = isBusy
    control.register("time/stop") { request in
      AdjustableClock.halt()
      request.reply()
    }
    control.register("time/warp", usage: "[large_msecs] msecs", minimum: 1, maximum: 2) { [self] request in
      warp(request)
    }
  }

  /// Sets the clock forward at once, or by `large_msecs` in steps of `msecs`, after each of which what has become due is done.
  private func warp(_ request: UnixctlRequest) {
    let numbers = request.arguments.map { Int64($0) ?? 0 }
    let step = numbers[numbers.count - 1]
    let total = numbers.count > 1 ? numbers[0] : 0
    guard step > 0, total >= 0 else { return request.fail("invalid MSECS") }
    guard !isWarping else { return request.fail("A previous warp in progress") }
    isWarping = true
    advance(step, left: total > 0 ? total : step, request, turns: Self.maximumTurnsPerStep)
  }

  private func advance(_ step: Int64, left: Int64, _ request: UnixctlRequest, turns: Int) {
    if turns < Self.maximumTurnsPerStep, isBusy(), turns > 0 {
      loop.schedule(afterMilliseconds: 0) { [self] in advance(step, left: left, request, turns: turns - 1) }
      return
    }
    guard left > 0 else {
      isWarping = false
      return request.reply("warped")
    }
    let count = min(step, left)
    AdjustableClock.advance(byMilliseconds: count)
    loop.schedule(afterMilliseconds: 0) { [self] in
      advance(step, left: left - count, request, turns: Self.maximumTurnsPerStep - 1)
    }
  }
}
