// swift-tools-version: 6.3
import PackageDescription

// Targets are listed inside-out. A target imports only targets listed above it in its own ring, or
// targets of rings further in; Docs/architecture.md draws the rings. The build enforces the list with
// `--explicit-target-dependency-import-check error`.

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .treatWarning("DeprecatedDeclaration", as: .warning),
  .treatWarning("EmbeddedRestrictions", as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ImmutableWeakCaptures"),
  .enableExperimentalFeature("Lifetimes"),
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

let testSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableExperimentalFeature("Lifetimes"),
]

func ring(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name), "TestSupport"] + dependencies,
    swiftSettings: testSettings)
}

let package = Package(
  name: "apus",
  targets: [
    // Ring 0: formats and the packet path. Runs in the daemon and in the Windows driver.
    ring("PacketWire"),
    ring("Datapath", ["PacketWire"]),

    // Ring 1: protocols and behaviour, sans-IO.
    ring("Vlog"),
    ring("JSON"),
    ring("OVSDB", ["JSON"]),
    ring("OpenFlow", ["PacketWire", "Datapath"]),
    ring("Switch", ["PacketWire", "Datapath", "Vlog", "JSON", "OVSDB", "OpenFlow"]),
    ring("Extension", ["PacketWire", "Datapath"]),

    // Ring 2: the operating system.
    .target(name: "CLinux"),
    ring("Host", ["CLinux", "PacketWire", "Datapath"]),
    ring("Command", ["Vlog", "JSON", "OVSDB", "Host"]),

    // Ring 3: programs.
    program("ovsdb-tool", ["Vlog", "JSON", "OVSDB", "Host", "Command"]),
    program("ovsdb-server", ["Vlog", "JSON", "OVSDB", "Host", "Command"]),
    program("ovsdb-client", ["Vlog", "JSON", "OVSDB", "Host", "Command"]),
    program("ovs-vsctl", ["Vlog", "JSON", "OVSDB", "Host", "Command"]),
    program(
      "ovs-vswitchd",
      ["PacketWire", "Datapath", "Vlog", "JSON", "OVSDB", "OpenFlow", "Switch", "Host", "Command"]),
    program("ovs-ofctl", ["PacketWire", "Datapath", "Vlog", "JSON", "OpenFlow", "Host", "Command"]),
    program("ovs-dpctl", ["PacketWire", "Datapath", "Vlog", "JSON", "Host", "Command"]),
    program("ovs-appctl", ["Vlog", "JSON", "Host", "Command"]),

    // Loads for the benchmarks; not shipped.
    .executableTarget(name: "udp-load", path: "Benchmarks/udp-load"),

    // Measurements.
    .executableTarget(
      name: "datapath-bench", dependencies: ["Datapath"], path: "Benchmarks/datapath",
      swiftSettings: testSettings),

    // What several of the tests share; not shipped.
    .target(
      name: "TestSupport", dependencies: ["PacketWire", "Datapath"], path: "Tests/Support",
      swiftSettings: testSettings),

    tests("PacketWire", []),
    tests("Datapath", ["PacketWire"]),
    tests("JSON", []),
    tests("OVSDB", ["JSON"]),
    tests("OpenFlow", ["PacketWire", "Datapath"]),
    tests("Switch", ["PacketWire", "Datapath", "JSON", "OVSDB", "OpenFlow"]),
    .testTarget(
      name: "SimulationTests",
      dependencies: ["PacketWire", "Datapath", "Vlog", "JSON", "OVSDB", "OpenFlow", "Switch", "TestSupport"],
      swiftSettings: testSettings),
    tests("Extension", ["PacketWire", "Datapath"]),
    tests("Host", ["PacketWire", "Datapath", "Extension"]),
    tests("Command", ["Vlog", "JSON", "OVSDB", "Host"]),
  ]
)
