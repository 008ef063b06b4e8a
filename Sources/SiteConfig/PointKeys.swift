import CallCore

/// The keys of one call point.
enum PointKeys {
    static let id = Key(
        "id", .required, Kind<PointID>.name(), example: "b3-u2-401", "The point, unique in its site, the same for ever."
    )
    static let label = Key(
        "label", .required, Kind<String>.text(1...200), example: "3号楼2单元401 床头",
        "Where it is, in words that duty staff read.")
    static let line = KeyDoc(
        "line", .mapping, .optional("required with `hardware: gpio`, unless it has `radio`"),
        allowed: "{chip: …, offset: …} or {name: …}", example: "{chip: pinctrl-bcm2711, offset: 17}",
        "Where its wire ends.")
    static let loop = KeyDoc(
        "loop", .mapping, .optional("no loop"), allowed: "{chip: …, offset: …} or {name: …}, as for line",
        example: "{chip: pinctrl-bcm2711, offset: 18}",
        "Where the loop ends that supervises its wire; with `hardware: simulated` an empty `{}` will do.")
    static let radio = KeyDoc(
        "radio", .mapping, .optional("no transmitter"), allowed: "{device: …, code: …}",
        example: "{device: ev1527-one-button, code: 0x13CD38}",
        "Its transmitter; with it, `line` may be left out.")
    static let file = Key(
        "file", .required, Kind<String>.path, example: "points.csv",
        "The CSV file that lists the points.")

    static let all = [id.doc, label.doc, line, loop, radio] + PointSettingKeys.all
}

/// The keys of a point that `defaults` may give too.
enum PointSettingKeys {
    static let bias = Key(
        "bias", .optional("pull-up when `active: low`, pull-down when `active: high`"), Kind<LineBias>.choice,
        example: "disabled", "The resistor inside the chip that holds the open line; `disabled` if the wiring has one.")
    static let active = Key(
        "active", .optional("low"), Kind<ActiveLevel>.choice, example: "low",
        "The voltage of a made contact: `low` for a button to ground, the usual wiring.")
    static let contact = Key(
        "contact", .optional("normally-open"), Kind<Contact>.choice, example: "normally-closed",
        "`normally-closed` if pressing opens the contact: a cut wire then calls.")
    static let press = Key(
        "press", .optional("emergency"), Kind<ServiceID>.name(), example: "meal",
        "The service a press asks for, or `reset`: ends calls here.")
    static let hold = Key(
        "hold", .optional("none"), Kind<ExtraGesture>.gesture, example: "errand",
        "The service that holding the button asks for, or `reset`.")
    static let double = Key(
        "double", .optional("none"), Kind<ExtraGesture>.gesture, example: "meal",
        "The service that pressing twice asks for, or `reset`.")
    static let resets = Key(
        "resets", .optional("its own calls"), Kind<[String]>.pointPatterns, example: "b3-* gate",
        "Whose calls the gesture `reset` ends: for a reset button by the door, or at the nurses' desk.")
    static let holdAfter = Key(
        "hold-after", .optional("2s"), Kind<Duration>.duration(.milliseconds(500)...(.seconds(30))), example: "3s",
        "How long the button must be held to be a hold; shorter than `stuck-after`.")
    static let doubleWithin = Key(
        "double-within", .optional("500ms"), Kind<Duration>.duration(.milliseconds(200)...(.seconds(2))),
        example: "700ms", "How soon after its release the second press must follow; longer than `quiet`.")
    static let minimumWidth = Key(
        "minimum-width", .optional("5ms"), Kind<Duration>.duration(.zero...(.milliseconds(50))), example: "10ms",
        "How long the contact must be made to count, against spikes on old wiring; 0 counts the edge itself.")
    static let quiet = Key(
        "quiet", .optional("25ms"), Kind<Duration>.duration(.milliseconds(5)...(.milliseconds(200))), example: "40ms",
        "How long the contact must stay open to be released, against bounce.")
    static let stuckAfter = Key(
        "stuck-after", .optional("5min"), Kind<Duration>.duration(.seconds(10)...(.seconds(86_400))), example: "10min",
        "A contact made for longer than this is a fault: a jammed button or a shorted wire.")

    static let all = [
        bias.doc, active.doc, contact.doc, press.doc, hold.doc, double.doc, resets.doc, holdAfter.doc, doubleWithin.doc,
        minimumWidth.doc,
        quiet.doc, stuckAfter.doc,
    ]
}

/// The keys of a `line` or `loop`.
enum LineKeys {
    /// The last offset: the kernel long allowed 512 lines in all (`ARCH_NR_GPIOS`, until Linux 6.2), and no board's chip
    /// has more.
    static let lastOffset = 511

    static let chip = Key(
        "chip", .optional("any chip, with `name`"), Kind<String>.kernelName, example: "pinctrl-bcm2711",
        "The chip's label, in brackets in `gpiodetect`; its number moves between kernels.")
    static let offset = Key(
        "offset", .optional("found by `name`"), Kind<Int>.whole(0...lastOffset), example: "17",
        "The line's number on that chip; needs `chip`.")
    static let name = Key(
        "name", .optional("not checked, with `offset`"), Kind<String>.kernelName, example: "GPIO17",
        "The line's name in `gpioinfo`. Alone it finds the line; with `offset` it must be that line's name.")

    static let all = [chip.doc, offset.doc, name.doc]
}

/// The columns of a CSV file of points.
enum ColumnKeys {
    static let chip = LineKeys.chip
    static let offset = LineKeys.offset
    static let lineName = LineKeys.name.named("line-name")
    static let loopChip = LineKeys.chip.named("loop-chip")
    static let loopOffset = LineKeys.offset.named("loop-offset")
    static let loopName = LineKeys.name.named("loop-name")

    static let device = RadioKeys.device.optional("no transmitter")
    static let code = RadioKeys.code.optional("no transmitter")

    static let all =
        [
            PointKeys.id.doc, PointKeys.label.doc, chip.doc, offset.doc, lineName.doc, loopChip.doc, loopOffset.doc,
            loopName.doc, device.doc, code.doc,
        ] + PointSettingKeys.all
}
