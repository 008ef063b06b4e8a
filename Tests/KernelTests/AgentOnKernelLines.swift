import Testing

/// The real agent with the real libgpiod, mosquitto and SQLite, on lines of a real kernel. `GuestTests` runs these in
/// its guest, one at a time: they share the chips.
@Suite(.serialized, .enabled(if: isInGuest, "run by GuestTests inside its kernel"))
enum AgentOnKernelLines {}
