/// A JSON object, whose members stay in the order in which they were added.
///
/// Most objects of the database protocol have a handful of members, which are found by looking at each; the
/// few that are large (the rows of a table) get a dictionary from name to place.
public struct JSONObject: Sendable {
  /// A name and its value.
  public struct Member: Sendable, Equatable {
    /// Name, unique in the object.
    public let name: Text
    /// Value.
    public var value: JSONValue

    /// Makes a member.
    @inlinable
    public init(name: Text, value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// Members beyond which a dictionary finds them.
  static let linearSearchLimit = 12

  /// The members, in the order in which they were added.
  public private(set) var members: [Member] = []
  private var places: [Text: Int]?

  /// Makes an empty object.
  public init() {}

  /// Number of members.
  public var count: Int { members.count }

  /// Whether there are no members.
  public var isEmpty: Bool { members.isEmpty }

  /// Members sorted by the bytes of their names.
  public var sortedMembers: [Member] { members.sorted { $0.name < $1.name } }

  /// Makes room for so many members.
  public mutating func reserveCapacity(_ count: Int) {
    members.reserveCapacity(count)
  }

  /// The value of that name; setting `nil` removes the member.
  public subscript(name: Text) -> JSONValue? {
    get {
      guard let place = place(of: name) else { return nil }
      return members[place].value
    }
    set {
      guard let newValue else {
        remove(name)
        return
      }
      if let place = place(of: name) {
        members[place].value = newValue
      } else {
        append(name, newValue)
      }
    }
  }

  /// Adds a member, whose name the caller knows to be new.
  public mutating func append(_ name: Text, _ value: JSONValue) {
    places?[name] = members.count
    members.append(Member(name: name, value: value))
    guard places == nil, members.count > Self.linearSearchLimit else { return }
    var index: [Text: Int] = [:]
    for (place, member) in members.enumerated() { index[member.name] = place }
    places = index
  }

  private mutating func remove(_ name: Text) {
    guard let place = place(of: name) else { return }
    members.remove(at: place)
    guard places != nil else { return }
    var index: [Text: Int] = [:]
    for (place, member) in members.enumerated() { index[member.name] = place }
    places = index
  }

  private func place(of name: Text) -> Int? {
    if let places { return places[name] }
    for index in members.indices where members[index].name == name { return index }
    return nil
  }
}

extension JSONObject: Equatable {
  /// Whether both have the same names with the same values, in whatever order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    guard left.count == right.count else { return false }
    for member in left.members where right[member.name] != member.value { return false }
    return true
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// Makes an object from a literal.
  public init(dictionaryLiteral members: (Text, JSONValue)...) {
    self.init()
    for (name, value) in members { self[name] = value }
  }
}
