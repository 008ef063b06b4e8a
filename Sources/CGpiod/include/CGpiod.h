// One small API over both libgpiods: 1.6 (Debian 12) and 2.x (Debian 13). gpiod1.c and gpiod2.c implement it, and the
// installed <gpiod.h> decides which of them is compiled; nobody else knows which.
//
// What can fail returns 0 or more when fine and a negated errno otherwise. Nothing here is locked: a chip, what was
// requested from it and an event buffer belong to one thread at a time.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// GPIO_MAX_NAME_SIZE in Linux include/uapi/linux/gpio.h: 31 bytes and a NUL.
#define CGPIOD_NAME_SIZE 32

struct cgpiod_chip;     // one open /dev/gpiochip*
struct cgpiod_request;  // one line that is held, as an input or as an output
struct cgpiod_events;   // room for the events of one read

enum cgpiod_bias { CGPIOD_BIAS_DISABLED, CGPIOD_BIAS_PULL_UP, CGPIOD_BIAS_PULL_DOWN };

struct cgpiod_settings {
    const char *consumer;  // what the kernel tells others who ask for the line
    enum cgpiod_bias bias;
    bool active_low;
    bool edges;  // report both edges; false: only the level can be read
};

struct cgpiod_output_settings {
    const char *consumer;
    bool active_low;
    bool on;  // the logical level from the first moment
};

struct cgpiod_line_info {
    char name[CGPIOD_NAME_SIZE];      // empty: the line has none
    char consumer[CGPIOD_NAME_SIZE];  // empty: nobody, or a holder without a name
    bool used;                        // requested by a program or by the kernel
    bool output;
    bool active_low;
};

struct cgpiod_event {
    int64_t timestamp_ns;  // CLOCK_MONOTONIC (Linux 5.7 and later)
    uint32_t sequence;     // counts the line's events from 1 and wraps; 0: this libgpiod doesn't tell
    bool made;             // the logical level that the line went to, active-low applied
};

// "libgpiod 1.6.3"
const char *cgpiod_version(void);

// How many unread events the kernel keeps per line, if it throws away the newest of more and doesn't say so: a read
// of that many may hide a loss. 0 if sequence numbers show every loss.
size_t cgpiod_silent_queue(void);

int cgpiod_chip_open(const char *path, struct cgpiod_chip **chip);
// Requested lines stay requested.
void cgpiod_chip_close(struct cgpiod_chip *chip);
const char *cgpiod_chip_name(const struct cgpiod_chip *chip);   // "gpiochip0"; lives as long as the chip
const char *cgpiod_chip_label(const struct cgpiod_chip *chip);  // "pinctrl-bcm2711"; lives as long as the chip
unsigned cgpiod_chip_line_count(const struct cgpiod_chip *chip);
int cgpiod_chip_line_info(struct cgpiod_chip *chip, unsigned offset, struct cgpiod_line_info *info);

// Reads of the request never block.
int cgpiod_request_input(struct cgpiod_chip *chip, unsigned offset, const struct cgpiod_settings *settings,
                         struct cgpiod_request **request);
// The line is driven from then on: push-pull, without touching its bias. Its descriptor is -EBADF.
int cgpiod_request_output(struct cgpiod_chip *chip, unsigned offset, const struct cgpiod_output_settings *settings,
                          struct cgpiod_request **request);
// An output is turned off first: a released line mostly keeps the level it had.
void cgpiod_request_release(struct cgpiod_request *request);
// Readable when there are events, error and hang-up when the chip is gone; the request keeps it. -EBADF without edges.
int cgpiod_request_fd(const struct cgpiod_request *request);
// 1 made, 0 not: the logical level.
int cgpiod_request_level(struct cgpiod_request *request);
// Sets the logical level of an output.
int cgpiod_request_set(struct cgpiod_request *request, bool on);
// How many were read, the oldest first; 0 if there are none now.
int cgpiod_request_read(struct cgpiod_request *request, struct cgpiod_events *events);

// NULL if memory is short. One buffer serves any number of requests.
struct cgpiod_events *cgpiod_events_new(void);
void cgpiod_events_free(struct cgpiod_events *events);
// The event at `index` of the last read, which said how many there are.
struct cgpiod_event cgpiod_events_at(struct cgpiod_events *events, size_t index);

static inline const char *cgpiod_line_name(const struct cgpiod_line_info *info) { return info->name; }
static inline const char *cgpiod_line_consumer(const struct cgpiod_line_info *info) { return info->consumer; }
