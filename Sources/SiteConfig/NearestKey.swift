/// The word of `known` that `word` was probably meant to be; nil if none is near.
func nearest(to word: String, of known: [String]) -> String? {
    let length = word.unicodeScalars.count
    guard (2...40).contains(length) else { return nil }
    let written = Array(word.lowercased().unicodeScalars)
    let distances = known.map { (word: $0, distance: editDistance(written, Array($0.unicodeScalars))) }
    guard let best = distances.min(by: { $0.distance < $1.distance }), best.distance <= max(1, length / 3) else {
        return nil
    }
    return best.word
}

/// How many letters must be changed, added, left out or swapped with their neighbour to make `b` of `a` (optimal string
/// alignment).
func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var before: [Int] = []
    var previous = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var cost = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
            row.append(cost)
        }
        (before, previous) = (previous, row)
    }
    return previous[b.count]
}
