/// The addresses that a bridge has learned. (To be filled in.)
final class MACTable {
  init() {}
}
