// libgpiod 2.x: a request stands on its own; the kernel numbers its events.
#include "shim.h"
#if CGPIOD_LIBRARY == 2
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    // Unread events the kernel keeps per line: at 48 bytes each 12 KB, several presses with all their bounce. Of more
    // it drops the oldest, and the sequence numbers show it.
    KERNEL_QUEUE_LENGTH = 256,
    EVENTS_PER_READ = 64,
};

struct cgpiod_chip {
    struct gpiod_chip *handle;
    struct gpiod_chip_info *info;
};

struct cgpiod_request {
    struct gpiod_line_request *handle;
    unsigned offset;
    int fd;  // negative errno: without edges
    bool output;
};

const char *cgpiod_version(void) {
    static char text[32];
    snprintf(text, sizeof text, "libgpiod %s", gpiod_api_version());
    return text;
}

size_t cgpiod_silent_queue(void) { return 0; }

// ---- chips ----

int cgpiod_chip_open(const char *path, struct cgpiod_chip **chip) {
    struct cgpiod_chip *opened = calloc(1, sizeof *opened);
    if (!opened) return -ENOMEM;
    errno = 0;
    opened->handle = gpiod_chip_open(path);
    if (opened->handle) opened->info = gpiod_chip_get_info(opened->handle);
    if (!opened->info) {
        int failure = cgpiod_failure();
        if (opened->handle) gpiod_chip_close(opened->handle);
        free(opened);
        return failure;
    }
    *chip = opened;
    return 0;
}

void cgpiod_chip_close(struct cgpiod_chip *chip) {
    gpiod_chip_info_free(chip->info);
    gpiod_chip_close(chip->handle);
    free(chip);
}

const char *cgpiod_chip_name(const struct cgpiod_chip *chip) { return gpiod_chip_info_get_name(chip->info); }
const char *cgpiod_chip_label(const struct cgpiod_chip *chip) { return gpiod_chip_info_get_label(chip->info); }
unsigned cgpiod_chip_line_count(const struct cgpiod_chip *chip) {
    return (unsigned)gpiod_chip_info_get_num_lines(chip->info);
}

int cgpiod_chip_line_info(struct cgpiod_chip *chip, unsigned offset, struct cgpiod_line_info *info) {
    errno = 0;
    struct gpiod_line_info *line = gpiod_chip_get_line_info(chip->handle, offset);
    if (!line) return cgpiod_failure();
    cgpiod_copy_name(info->name, gpiod_line_info_get_name(line));
    cgpiod_copy_name(info->consumer, gpiod_line_info_get_consumer(line));
    info->used = gpiod_line_info_is_used(line);
    info->output = gpiod_line_info_get_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT;
    info->active_low = gpiod_line_info_is_active_low(line);
    gpiod_line_info_free(line);
    return 0;
}

// ---- requests ----

static enum gpiod_line_bias bias_of(const struct cgpiod_settings *settings) {
    switch (settings->bias) {
    case CGPIOD_BIAS_DISABLED: return GPIOD_LINE_BIAS_DISABLED;
    case CGPIOD_BIAS_PULL_UP: return GPIOD_LINE_BIAS_PULL_UP;
    case CGPIOD_BIAS_PULL_DOWN: return GPIOD_LINE_BIAS_PULL_DOWN;
    }
    return GPIOD_LINE_BIAS_AS_IS;
}

// The three objects that libgpiod wants for a request.
struct plan {
    struct gpiod_line_settings *settings;
    struct gpiod_line_config *lines;
    struct gpiod_request_config *request;
};

static void free_plan(struct plan *plan) {
    gpiod_request_config_free(plan->request);
    gpiod_line_config_free(plan->lines);
    gpiod_line_settings_free(plan->settings);
}

static int begin_plan(struct plan *plan, const char *consumer, bool active_low) {
    errno = 0;
    plan->settings = gpiod_line_settings_new();
    plan->lines = gpiod_line_config_new();
    plan->request = gpiod_request_config_new();
    if (!plan->settings || !plan->lines || !plan->request) return cgpiod_failure();
    gpiod_request_config_set_consumer(plan->request, consumer);
    gpiod_line_settings_set_active_low(plan->settings, active_low);
    return 0;
}

static int plan_input(struct plan *plan, const struct cgpiod_settings *settings) {
    int result = begin_plan(plan, settings->consumer, settings->active_low);
    if (result < 0) return result;
    gpiod_request_config_set_event_buffer_size(plan->request, settings->edges ? KERNEL_QUEUE_LENGTH : 0);
    errno = 0;
    if (gpiod_line_settings_set_direction(plan->settings, GPIOD_LINE_DIRECTION_INPUT) < 0
        || gpiod_line_settings_set_bias(plan->settings, bias_of(settings)) < 0
        || (settings->edges && gpiod_line_settings_set_edge_detection(plan->settings, GPIOD_LINE_EDGE_BOTH) < 0))
        return cgpiod_failure();
    return 0;
}

static int plan_output(struct plan *plan, const struct cgpiod_output_settings *settings) {
    int result = begin_plan(plan, settings->consumer, settings->active_low);
    if (result < 0) return result;
    enum gpiod_line_value value = settings->on ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
    errno = 0;
    if (gpiod_line_settings_set_direction(plan->settings, GPIOD_LINE_DIRECTION_OUTPUT) < 0
        || gpiod_line_settings_set_output_value(plan->settings, value) < 0)
        return cgpiod_failure();
    return 0;
}

// Takes the line for `request` as planned.
static int hold(struct cgpiod_chip *chip, struct cgpiod_request *request, const struct plan *plan, bool edges) {
    errno = 0;
    if (gpiod_line_config_add_line_settings(plan->lines, &request->offset, 1, plan->settings) < 0)
        return cgpiod_failure();
    request->handle = gpiod_chip_request_lines(chip->handle, plan->request, plan->lines);
    if (!request->handle) return cgpiod_failure();
    request->fd = edges ? gpiod_line_request_get_fd(request->handle) : -EBADF;
    int result = edges ? cgpiod_unblock(request->fd) : 0;
    if (result < 0) gpiod_line_request_release(request->handle);
    return result;
}

// Carries `plan` out, unless making it gave the failure `result`; frees it either way.
static int request_line(struct cgpiod_chip *chip, struct cgpiod_request wanted, struct plan *plan, int result,
                        bool edges, struct cgpiod_request **request) {
    struct cgpiod_request *made = NULL;
    if (result == 0 && !(made = malloc(sizeof *made))) result = -ENOMEM;
    if (result == 0) {
        *made = wanted;
        result = hold(chip, made, plan, edges);
    }
    free_plan(plan);
    if (result < 0) {
        free(made);
        return result;
    }
    *request = made;
    return 0;
}

int cgpiod_request_input(struct cgpiod_chip *chip, unsigned offset, const struct cgpiod_settings *settings,
                         struct cgpiod_request **request) {
    struct plan plan = {0};
    int result = plan_input(&plan, settings);
    return request_line(chip, (struct cgpiod_request){.offset = offset}, &plan, result, settings->edges, request);
}

int cgpiod_request_output(struct cgpiod_chip *chip, unsigned offset, const struct cgpiod_output_settings *settings,
                          struct cgpiod_request **request) {
    struct plan plan = {0};
    int result = plan_output(&plan, settings);
    struct cgpiod_request wanted = {.offset = offset, .output = true};
    return request_line(chip, wanted, &plan, result, false, request);
}

void cgpiod_request_release(struct cgpiod_request *request) {
    if (request->output) cgpiod_request_set(request, false);
    gpiod_line_request_release(request->handle);
    free(request);
}

int cgpiod_request_fd(const struct cgpiod_request *request) { return request->fd; }

int cgpiod_request_level(struct cgpiod_request *request) {
    errno = 0;
    switch (gpiod_line_request_get_value(request->handle, request->offset)) {
    case GPIOD_LINE_VALUE_ACTIVE: return 1;
    case GPIOD_LINE_VALUE_INACTIVE: return 0;
    default: return cgpiod_failure();
    }
}

int cgpiod_request_set(struct cgpiod_request *request, bool on) {
    enum gpiod_line_value value = on ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
    errno = 0;
    return gpiod_line_request_set_value(request->handle, request->offset, value) < 0 ? cgpiod_failure() : 0;
}

// ---- events: the opaque cgpiod_events is libgpiod's own buffer ----

static struct gpiod_edge_event_buffer *buffer_of(struct cgpiod_events *events) {
    return (struct gpiod_edge_event_buffer *)events;
}

int cgpiod_request_read(struct cgpiod_request *request, struct cgpiod_events *events) {
    errno = 0;
    int count = gpiod_line_request_read_edge_events(request->handle, buffer_of(events), EVENTS_PER_READ);
    if (count >= 0) return count;
    return errno == EAGAIN ? 0 : cgpiod_failure();
}

struct cgpiod_events *cgpiod_events_new(void) {
    return (struct cgpiod_events *)gpiod_edge_event_buffer_new(EVENTS_PER_READ);
}

void cgpiod_events_free(struct cgpiod_events *events) { gpiod_edge_event_buffer_free(buffer_of(events)); }

struct cgpiod_event cgpiod_events_at(struct cgpiod_events *events, size_t index) {
    struct gpiod_edge_event *event = gpiod_edge_event_buffer_get_event(buffer_of(events), index);
    return (struct cgpiod_event){
        .timestamp_ns = (int64_t)gpiod_edge_event_get_timestamp_ns(event),
        .sequence = (uint32_t)gpiod_edge_event_get_line_seqno(event),
        .made = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE,
    };
}

#endif
