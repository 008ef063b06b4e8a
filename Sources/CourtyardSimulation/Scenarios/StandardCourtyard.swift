/// The courtyard of a scenario that describes none of its own; simulator/README.md shows it.
enum StandardCourtyard {
    /// How messages call it.
    static let name = "the standard courtyard"

    static let yaml = """
        outputs:
          b3-lamp: {kind: lamp, points: [b3-*]}
          siren: {kind: relay}
        services:
          emergency:
            escalation: [{}, {outputs: [siren]}]
        nobody-listening: {outputs: [siren]}
        receivers: {hall: {}}
        points:
          - {id: b3-u2-401, label: 3号楼2单元401 床头}
          - {id: b3-u2-401-kitchen, label: 3号楼2单元401 厨房, press: meal, double: errand, hold: emergency}
          - {id: b3-u2-402, label: 3号楼2单元402 床头}
          - {id: b5-u1-102, label: 5号楼1单元102 床头, double: reset}
          - {id: gate, label: 东门 门口, press: errand, loop: {}}

        """
}
