// Differences between values, as files and monitors carry them (Open vSwitch's ovsdb-server(7), "update2").
//
// For a column of at most one atom the difference is the new value. For a set it is the atoms that only one
// of both has; for a map the pairs whose key is new or gone, and the new pairs of keys whose value differs.

extension Datum {
  /// What makes `new` of this value.
  func difference(to new: Datum, _ type: ColumnType) -> Datum {
    guard type.maximum > 1 else { return new }
    return type.isMap ? mapDifference(to: new) : symmetricDifference(new)
  }

  /// The value that a difference makes of this one.
  func applying(difference: Datum, _ type: ColumnType) -> Datum {
    guard type.maximum > 1 else { return difference }
    guard type.isMap else { return symmetricDifference(difference) }
    return joining(difference) { old, new in old == new ? nil : new }
  }

  /// The pairs of both maps, in time proportional to their number.
  ///
  /// - Parameter combine: What becomes of the values of a key that both have; none removes the key.
  func joining(_ other: Datum, _ combine: (Atom, Atom) -> Atom?) -> Datum {
    let (leftKeys, leftValues) = (keys, values)
    let (rightKeys, rightValues) = (other.keys, other.values)
    var joinedKeys: [Atom] = []
    var joinedValues: [Atom] = []
    joinedKeys.reserveCapacity(leftKeys.count + rightKeys.count)
    joinedValues.reserveCapacity(leftKeys.count + rightKeys.count)
    var (left, right) = (0, 0)
    while left < leftKeys.count || right < rightKeys.count {
      if right == rightKeys.count || left < leftKeys.count && leftKeys[left] < rightKeys[right] {
        joinedKeys.append(leftKeys[left])
        joinedValues.append(leftValues[left])
        left += 1
      } else if left == leftKeys.count || rightKeys[right] < leftKeys[left] {
        joinedKeys.append(rightKeys[right])
        joinedValues.append(rightValues[right])
        right += 1
      } else {
        if let value = combine(leftValues[left], rightValues[right]) {
          joinedKeys.append(leftKeys[left])
          joinedValues.append(value)
        }
        left += 1
        right += 1
      }
    }
    return Datum(sortedKeys: joinedKeys, values: joinedValues)
  }

  private func symmetricDifference(_ other: Datum) -> Datum {
    let left = keys
    let right = other.keys
    var result: [Atom] = []
    var (leftIndex, rightIndex) = (0, 0)
    while leftIndex < left.count && rightIndex < right.count {
      if left[leftIndex] == right[rightIndex] {
        leftIndex += 1
        rightIndex += 1
      } else if left[leftIndex] < right[rightIndex] {
        result.append(left[leftIndex])
        leftIndex += 1
      } else {
        result.append(right[rightIndex])
        rightIndex += 1
      }
    }
    result.append(contentsOf: left[leftIndex...])
    result.append(contentsOf: right[rightIndex...])
    return Datum(sortedSet: result)
  }

  private func mapDifference(to new: Datum) -> Datum {
    var keys: [Atom] = []
    var values: [Atom] = []
    let oldKeys = self.keys
    let newKeys = new.keys
    var (oldIndex, newIndex) = (0, 0)
    while oldIndex < oldKeys.count || newIndex < newKeys.count {
      if newIndex == newKeys.count || oldIndex < oldKeys.count && oldKeys[oldIndex] < newKeys[newIndex] {
        keys.append(oldKeys[oldIndex])
        values.append(self.values[oldIndex])
        oldIndex += 1
      } else if oldIndex == oldKeys.count || newKeys[newIndex] < oldKeys[oldIndex] {
        keys.append(newKeys[newIndex])
        values.append(new.values[newIndex])
        newIndex += 1
      } else {
        if self.values[oldIndex] != new.values[newIndex] {
          keys.append(newKeys[newIndex])
          values.append(new.values[newIndex])
        }
        oldIndex += 1
        newIndex += 1
      }
    }
    return Datum(sortedKeys: keys, values: values)
  }
}
