// libgpiod 1.6: a line belongs to its chip's handle, which must stay open while the line is held.
#include "shim.h"
#if CGPIOD_LIBRARY == 1
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// GPIO v1 line events: a fixed queue (kernel drivers/gpio/gpiolib-cdev.c, lineevent_state.events); what comes when it
// is full is dropped.
enum { QUEUE_LENGTH = 16 };

struct cgpiod_chip {
    struct gpiod_chip *handle;
    unsigned users;  // whoever opened it, and every request
};

struct cgpiod_request {
    struct cgpiod_chip *chip;
    struct gpiod_line *line;
    int fd;  // negative errno: without edges
    bool output;
};

struct cgpiod_events {
    struct gpiod_line_event list[QUEUE_LENGTH];
};

const char *cgpiod_version(void) {
    static char text[32];
    snprintf(text, sizeof text, "libgpiod %s", gpiod_version_string());
    return text;
}

size_t cgpiod_silent_queue(void) { return QUEUE_LENGTH; }

// ---- chips ----

int cgpiod_chip_open(const char *path, struct cgpiod_chip **chip) {
    struct cgpiod_chip *opened = malloc(sizeof *opened);
    if (!opened) return -ENOMEM;
    errno = 0;
    *opened = (struct cgpiod_chip){.handle = gpiod_chip_open(path), .users = 1};
    if (!opened->handle) {
        int failure = cgpiod_failure();
        free(opened);
        return failure;
    }
    *chip = opened;
    return 0;
}

void cgpiod_chip_close(struct cgpiod_chip *chip) {
    if (--chip->users > 0) return;
    gpiod_chip_close(chip->handle);
    free(chip);
}

const char *cgpiod_chip_name(const struct cgpiod_chip *chip) { return gpiod_chip_name(chip->handle); }
const char *cgpiod_chip_label(const struct cgpiod_chip *chip) { return gpiod_chip_label(chip->handle); }
unsigned cgpiod_chip_line_count(const struct cgpiod_chip *chip) { return gpiod_chip_num_lines(chip->handle); }

int cgpiod_chip_line_info(struct cgpiod_chip *chip, unsigned offset, struct cgpiod_line_info *info) {
    errno = 0;
    struct gpiod_line *line = gpiod_chip_get_line(chip->handle, offset);  // asks the kernel anew each time
    if (!line) return cgpiod_failure();
    cgpiod_copy_name(info->name, gpiod_line_name(line));
    cgpiod_copy_name(info->consumer, gpiod_line_consumer(line));
    info->used = gpiod_line_is_used(line);
    info->output = gpiod_line_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT;
    info->active_low = gpiod_line_active_state(line) == GPIOD_LINE_ACTIVE_STATE_LOW;
    return 0;
}

// ---- requests ----

static int flags_of(const struct cgpiod_settings *settings) {
    int flags = settings->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
    switch (settings->bias) {
    case CGPIOD_BIAS_DISABLED: return flags | GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE;
    case CGPIOD_BIAS_PULL_UP: return flags | GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
    case CGPIOD_BIAS_PULL_DOWN: return flags | GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
    }
    return flags;
}

// Takes the line for `request`; `on` is an output's first level.
static int hold(struct cgpiod_request *request, const struct gpiod_line_request_config *config, bool on) {
    bool edges = config->request_type == GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES;
    errno = 0;
    if (gpiod_line_request(request->line, config, on) < 0) return cgpiod_failure();
    request->fd = edges ? gpiod_line_event_get_fd(request->line) : -EBADF;
    int result = edges ? cgpiod_unblock(request->fd) : 0;
    if (result < 0) gpiod_line_release(request->line);
    return result;
}

static int request_line(struct cgpiod_chip *chip, unsigned offset, const struct gpiod_line_request_config *config,
                        bool on, struct cgpiod_request **request) {
    errno = 0;
    struct gpiod_line *line = gpiod_chip_get_line(chip->handle, offset);
    if (!line) return cgpiod_failure();
    struct cgpiod_request *made = malloc(sizeof *made);
    if (!made) return -ENOMEM;
    bool output = config->request_type == GPIOD_LINE_REQUEST_DIRECTION_OUTPUT;
    *made = (struct cgpiod_request){.chip = chip, .line = line, .output = output};
    int result = hold(made, config, on);
    if (result < 0) {
        free(made);
        return result;
    }
    chip->users++;
    *request = made;
    return 0;
}

int cgpiod_request_input(struct cgpiod_chip *chip, unsigned offset, const struct cgpiod_settings *settings,
                         struct cgpiod_request **request) {
    struct gpiod_line_request_config config = {
        .consumer = settings->consumer,
        .request_type = settings->edges ? GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES : GPIOD_LINE_REQUEST_DIRECTION_INPUT,
        .flags = flags_of(settings),
    };
    return request_line(chip, offset, &config, false, request);
}

int cgpiod_request_output(struct cgpiod_chip *chip, unsigned offset, const struct cgpiod_output_settings *settings,
                          struct cgpiod_request **request) {
    struct gpiod_line_request_config config = {
        .consumer = settings->consumer,
        .request_type = GPIOD_LINE_REQUEST_DIRECTION_OUTPUT,
        .flags = settings->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0,
    };
    return request_line(chip, offset, &config, settings->on, request);
}

void cgpiod_request_release(struct cgpiod_request *request) {
    if (request->output) gpiod_line_set_value(request->line, 0);
    gpiod_line_release(request->line);
    cgpiod_chip_close(request->chip);
    free(request);
}

int cgpiod_request_fd(const struct cgpiod_request *request) { return request->fd; }

int cgpiod_request_level(struct cgpiod_request *request) {
    errno = 0;
    int value = gpiod_line_get_value(request->line);
    return value < 0 ? cgpiod_failure() : value;
}

int cgpiod_request_set(struct cgpiod_request *request, bool on) {
    errno = 0;
    return gpiod_line_set_value(request->line, on) < 0 ? cgpiod_failure() : 0;
}

// ---- events ----

int cgpiod_request_read(struct cgpiod_request *request, struct cgpiod_events *events) {
    errno = 0;
    int count = gpiod_line_event_read_fd_multiple(request->fd, events->list, QUEUE_LENGTH);
    if (count >= 0) return count;
    return errno == EAGAIN ? 0 : cgpiod_failure();
}

struct cgpiod_events *cgpiod_events_new(void) { return calloc(1, sizeof(struct cgpiod_events)); }
void cgpiod_events_free(struct cgpiod_events *events) { free(events); }

struct cgpiod_event cgpiod_events_at(struct cgpiod_events *events, size_t index) {
    const struct gpiod_line_event *event = &events->list[index];
    return (struct cgpiod_event){
        .timestamp_ns = (int64_t)event->ts.tv_sec * 1000000000 + event->ts.tv_nsec,
        .sequence = 0,
        .made = event->event_type == GPIOD_LINE_EVENT_RISING_EDGE,
    };
}

#endif
