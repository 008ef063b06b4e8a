import Testing

/// The real agent, a real broker and clients that are not ours, from outside. One test at a time: some measure time.
@Suite(.serialized) enum EndToEnd {}
