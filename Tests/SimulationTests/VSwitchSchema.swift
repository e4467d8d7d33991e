import Foundation
import JSON
import OVSDB

/// The schema that ships with the switch.
enum VSwitchSchema {
  static let schema: Schema = {
    let file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Schemas/vswitch.ovsschema")
    guard let data = try? Data(contentsOf: file), let json = try? JSONParser.parse(Array(data)),
      let schema = try? Schema(json)
    else { fatalError("no schema in \(file.path)") }
    return schema
  }()
}
