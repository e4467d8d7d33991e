public import Foundation

/// A file or folder under `Tests/Vectors`.
public func vector(_ path: String) -> URL {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Vectors").appendingPathComponent(path)
}

/// A packet under `Tests/Vectors/Packets`: lines of hexadecimal bytes, and `#` lines that tell its origin.
public func packetVector(_ name: String) throws -> [UInt8] {
  try bytes(inHexadecimalFile: vector("Packets/\(name).hex"))
}

/// All packets under `Tests/Vectors/Packets`, by name.
public func allPacketVectors() throws -> [(name: String, bytes: [UInt8])] {
  try FileManager.default.contentsOfDirectory(at: vector("Packets"), includingPropertiesForKeys: nil)
    .filter { $0.pathExtension == "hex" }
    .sorted { $0.path < $1.path }
    .map { ($0.deletingPathExtension().lastPathComponent, try bytes(inHexadecimalFile: $0)) }
}

private func bytes(inHexadecimalFile file: URL) throws -> [UInt8] {
  try String(contentsOf: file, encoding: .utf8)
    .split(separator: "\n")
    .filter { !$0.hasPrefix("#") }
    .flatMap { $0.split(separator: " ").map { UInt8($0, radix: 16) ?? 0 } }
}
