import Datapath
import OpenFlow

/// What all translations of a switch share beside its bridges.
final class TranslationEnvironment {
  /// The tunnels' next hops.
  let neighbors = NeighborTable()
  /// The ways to the tunnels' other ends.
  let routes = RouteTable()
  /// The tunnel interfaces by what received packets look like.
  let tunnels = TunnelMap()
  /// The addresses at which tunnels end here.
  let endpoints = EndpointTable()
  /// What was left of the pipeline when packets went to controllers, or to another lookup.
  let frozen = FrozenTable()
  /// How long connections live.
  let timeouts = TimeoutPolicies()

  init() {}

  /// Counts the changes after which a translation may come out otherwise.
  var generation: UInt64 {
    neighbors.generation &+ routes.generation &+ tunnels.generation &+ endpoints.generation
      &+ timeouts.generation
  }
}
