import CYaml

/// One step of a YAML text, copied out of libyaml.
struct YAMLEvent {
    enum Kind {
        case documentStart, streamEnd
        /// `plain` is false for quoted and block text.
        case scalar(String, plain: Bool)
        case listStart, mappingStart
        /// The end of the innermost list or mapping.
        case end
        /// `*name`, which stands for what `&name` marked.
        case alias
        /// Stream starts and document ends: nothing to be done.
        case other
    }

    let kind: Kind
    let mark: Mark
    /// True for `&name value`.
    var isAnchored = false
    /// True for `!tag value`.
    var isTagged = false
}

/// What libyaml doesn't understand, in its own words.
struct YAMLSyntaxError: Error {
    enum Position {
        case mark(Mark)
        /// Bytes from the beginning: characters that YAML doesn't allow anywhere.
        case offset(Int)
    }
    let message: String
    let position: Position
    /// What libyaml was in the middle of, and where that began.
    var context: (what: String, mark: Mark)?
}

/// Owns one libyaml parser over a buffer that must outlive it.
///
/// The parser's events are read rather than its finished document: depth, size and aliases are then bounded while
/// reading, before they have taken any memory.
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// Nil only when there is no memory. `text` is UTF-8 without a byte order mark.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        // SAFETY: the struct is kept at one address, since libyaml keeps pointers into it; deinit releases it.
        let made = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        made.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(made) == 1 else {
            made.deallocate()
            return nil
        }
        parser = made
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        // SAFETY: libyaml only reads `text`, and only during `next()`.
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        // SAFETY: initialised in init, and released here only.
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next event. Not to be called again after an error or the stream's end.
    borrowing func next() throws(YAMLSyntaxError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
        // SAFETY: libyaml filled the event; everything kept of it is copied before it is released here.
        defer { yaml_event_delete(&event) }
        return Self.copy(event)
    }

    private static func copy(_ event: yaml_event_t) -> YAMLEvent {
        let mark = Mark(event.start_mark)
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, mark: mark)
        case YAML_STREAM_END_EVENT: return YAMLEvent(kind: .streamEnd, mark: mark)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .end, mark: mark)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(kind: .alias, mark: mark)
        case YAML_SEQUENCE_START_EVENT:
            let list = event.data.sequence_start
            return YAMLEvent(kind: .listStart, mark: mark, isAnchored: list.anchor != nil, isTagged: list.tag != nil)
        case YAML_MAPPING_START_EVENT:
            let mapping = event.data.mapping_start
            return YAMLEvent(
                kind: .mappingStart, mark: mark, isAnchored: mapping.anchor != nil, isTagged: mapping.tag != nil)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            // SAFETY: value points at `length` bytes until the event is deleted; they are copied.
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let kind = YAMLEvent.Kind.scalar(
                String(decoding: bytes, as: UTF8.self), plain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
            return YAMLEvent(kind: kind, mark: mark, isAnchored: scalar.anchor != nil, isTagged: scalar.tag != nil)
        default: return YAMLEvent(kind: .other, mark: mark)
        }
    }

    private var failure: YAMLSyntaxError {
        let state = parser.pointee
        // SAFETY: libyaml's messages and contexts are constants, NUL-terminated.
        let message = state.problem.map { String(cString: $0) } ?? "no memory"
        if state.error == YAML_READER_ERROR {
            return YAMLSyntaxError(message: message, position: .offset(state.problem_offset))
        }
        let context = state.context.map { (what: String(cString: $0), mark: Mark(state.context_mark)) }
        return YAMLSyntaxError(message: message, position: .mark(Mark(state.problem_mark)), context: context)
    }
}

extension Mark {
    fileprivate init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}
