// What: the layout of log lines, as `-vPATTERN:DESTINATION:PATTERN` gives it: text with conversions `%X`, each with
// an optional `-` (pad on the right), `0` (pad with zeros), width, and argument in braces.

import Host
import Vlog

/// What a log line is made of.
struct LogRecord {
  var module: String
  var level: LogLevel
  var message: String
  var number: Int
  var wallClockMilliseconds: Int64
  var sinceStartMilliseconds: Int64
  var programName: String
}

/// A parsed layout.
struct LogPattern {
  private let bytes: [UInt8]
  /// The layout as it was written.
  let text: String

  init(_ text: String) {
    self.text = text
    bytes = Array(text.utf8)
  }

  /// Lays out one line, without its newline.
  func line(_ record: LogRecord, hostName: () -> String, facility: Int) -> String {
    var output = ""
    var index = 0
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "%"), index + 1 < bytes.count else {
        let end = bytes[(index + 1)...].firstIndex(of: UInt8(ascii: "%")) ?? bytes.count
        output += String(decoding: bytes[index..<end], as: UTF8.self)
        index = end
        continue
      }
      index += 1
      let conversion = readConversion(&index)
      let value: String
      switch conversion.letter {
      case UInt8(ascii: "A"): value = record.programName
      case UInt8(ascii: "B"): value = "\(facility * 8 + record.level.syslogSeverity)"
      case UInt8(ascii: "c"): value = record.module
      case UInt8(ascii: "d"):
        value = LogPattern.time(conversion.argument ?? "%Y-%m-%d %H:%M:%S.###", record.wallClockMilliseconds)
      case UInt8(ascii: "D"):
        value = LogPattern.time(conversion.argument ?? "%Y-%m-%d %H:%M:%S.###", record.wallClockMilliseconds)
      case UInt8(ascii: "E"): value = hostName()
      case UInt8(ascii: "m"): value = record.message
      case UInt8(ascii: "N"): value = "\(record.number)"
      case UInt8(ascii: "n"): value = "\n"
      case UInt8(ascii: "p"): value = record.level.name
      case UInt8(ascii: "P"): value = "\(Process.identifier)"
      case UInt8(ascii: "r"): value = "\(record.sinceStartMilliseconds)"
      case UInt8(ascii: "t"): value = conversion.argument ?? "main"
      case UInt8(ascii: "T"): value = ""
      case UInt8(ascii: "%"): value = "%"
      default: value = "%" + String(decoding: [conversion.letter], as: UTF8.self)
      }
      output += value.padded(
        toWidth: conversion.width, with: conversion.padsWithZeros ? "0" : " ", onRight: conversion.padsOnRight
      )
    }
    return output
  }

  private struct Conversion {
    var letter: UInt8 = 0
    var padsOnRight = false
    var padsWithZeros = false
    var width = 0
    var argument: String?
  }

  /// Reads what follows a percent sign, which is at least one byte.
  private func readConversion(_ index: inout Int) -> Conversion {
    var result = Conversion()
    if bytes[index] == UInt8(ascii: "-") {
      result.padsOnRight = true
      index += 1
    }
    if index < bytes.count, bytes[index] == UInt8(ascii: "0") {
      result.padsWithZeros = true
      index += 1
    }
    while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
      result.width = min(result.width * 10 + Int(bytes[index] - 0x30), LogPattern.maximumWidth)
      index += 1
    }
    if index < bytes.count {
      result.letter = bytes[index]
      index += 1
    }
    if index < bytes.count, bytes[index] == UInt8(ascii: "{"),
      let close = bytes[index...].firstIndex(of: UInt8(ascii: "}"))
    {
      result.argument = String(decoding: bytes[(index + 1)..<close], as: UTF8.self)
      index = close + 1
    }
    return result
  }

  private static let maximumWidth = 1_000

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// A time as `strftime` writes it in UTC, with `###` for milliseconds, of the conversions that logs use.
  static func time(_ format: String, _ milliseconds: Int64) -> String {
    let time = CalendarTime(unixMilliseconds: milliseconds)
    let bytes = Array(format.utf8)
    var output: [UInt8] = []
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "#") {
        let end = bytes[index...].firstIndex { $0 != UInt8(ascii: "#") } ?? bytes.count
        let digits = Array((time.millisecond.decimal(digits: 3) + "000000").utf8)
        output += digits.prefix(end - index)
        index = end
        continue
      }
      guard byte == UInt8(ascii: "%"), index + 1 < bytes.count else {
        output.append(byte)
        index += 1
        continue
      }
      let text: String
      switch bytes[index + 1] {
      case UInt8(ascii: "Y"): text = "\(time.year)"
      case UInt8(ascii: "m"): text = time.month.decimal(digits: 2)
      case UInt8(ascii: "d"): text = time.day.decimal(digits: 2)
      case UInt8(ascii: "e"): text = "\(time.day)".padded(toWidth: 2)
      case UInt8(ascii: "H"): text = time.hour.decimal(digits: 2)
      case UInt8(ascii: "M"): text = time.minute.decimal(digits: 2)
      case UInt8(ascii: "S"): text = time.second.decimal(digits: 2)
      case UInt8(ascii: "h"), UInt8(ascii: "b"): text = months[time.month - 1]
      case UInt8(ascii: "F"): text = LogPattern.time("%Y-%m-%d", milliseconds)
      case UInt8(ascii: "T"): text = LogPattern.time("%H:%M:%S", milliseconds)
      case UInt8(ascii: "s"): text = "\(milliseconds / 1000)"
      case UInt8(ascii: "%"): text = "%"
      default: text = "%" + String(decoding: [bytes[index + 1]], as: UTF8.self)
      }
      output += Array(text.utf8)
      index += 2
    }
    return String(decoding: output, as: UTF8.self)
  }
}
