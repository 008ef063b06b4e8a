/* Drives gpio-sim lines to a timetable. A shell needs milliseconds for one edge
 * in the guest; this keeps the pull files open and needs microseconds.
 *
 *   gpio-drive [STEP...]         each argument is one step
 *   gpio-drive <FILE             one step per line; # starts a comment
 *
 * Steps:
 *   LABEL OFFSET 0|1             pull the line down or up
 *   sleep N(us|ms|s)             wait, counted from when the last wait should have
 *                                ended, so that small delays don't add up; after
 *                                one of more than 1 ms it counts from now, so that
 *                                a guest held up doesn't catch up in a burst
 *
 * Exit: 0; 1 a line could not be driven; 64 a step was not understood.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LINES = 256, MAX_LABEL = 64 };
static const long long ALLOWED_LATENESS_NS = 1000000;

struct line { char label[MAX_LABEL]; unsigned offset; int fd; };
static struct line lines[MAX_LINES];
static size_t line_count;

static void fail_step(const char *step, const char *why) {
    fprintf(stderr, "gpio-drive: \"%s\": %s\n", step, why);
    exit(64);
}

static void fail_line(const char *label, unsigned offset) {
    fprintf(stderr, "gpio-drive: %s line %u: %s\n", label, offset, strerror(errno));
    exit(1);
}

static long long now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void sleep_until(long long moment_ns) {
    struct timespec time = {moment_ns / 1000000000LL, moment_ns % 1000000000LL};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {}
}

static int pull_file(const char *label, unsigned offset) {
    char path[MAX_LABEL + 64];
    for (size_t i = 0; i < line_count; i++)
        if (lines[i].offset == offset && !strcmp(lines[i].label, label)) return lines[i].fd;
    snprintf(path, sizeof path, "/run/gpio-sim/%s/sim_gpio%u/pull", label, offset);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) fail_line(label, offset);
    if (line_count == MAX_LINES) { errno = EMFILE; fail_line(label, offset); }
    struct line *line = &lines[line_count++];
    *line = (struct line){.offset = offset, .fd = fd};
    snprintf(line->label, sizeof line->label, "%s", label);
    return fd;
}

static void pull(const char *label, unsigned offset, int level) {
    const char *word = level ? "pull-up" : "pull-down";
    if (pwrite(pull_file(label, offset), word, strlen(word), 0) < 0) fail_line(label, offset);
}

static long long unit_ns(const char *unit) {
    if (!strcmp(unit, "us")) return 1000;
    if (!strcmp(unit, "ms")) return 1000000;
    return strcmp(unit, "s") ? 0 : 1000000000;
}

static void wait_for(const char *step, double amount, const char *unit) {
    static long long due_ns;
    long long now = now_ns();
    if (amount < 0 || !unit_ns(unit)) fail_step(step, "a time is a number with us, ms or s");
    if (now - due_ns > ALLOWED_LATENESS_NS) due_ns = now;
    due_ns += (long long)(amount * (double)unit_ns(unit));
    sleep_until(due_ns);
}

static void perform(const char *step) {
    char label[MAX_LABEL], unit[3], extra;
    unsigned offset, level;
    double amount;
    if (sscanf(step, " sleep %lf%2s %c", &amount, unit, &extra) == 2) wait_for(step, amount, unit);
    else if (sscanf(step, " %63s %u %u %c", label, &offset, &level, &extra) == 3 && level <= 1)
        pull(label, offset, (int)level);
    else fail_step(step, "neither \"LABEL OFFSET 0|1\" nor \"sleep TIME\"");
}

static void perform_input(void) {
    char *step = NULL;
    size_t capacity = 0;
    while (getline(&step, &capacity, stdin) > 0) {
        step[strcspn(step, "#\n")] = 0;
        if (step[strspn(step, " \t\r")]) perform(step);
    }
    free(step);
}

int main(int count, char **words) {
    /* A real button takes no processor time from the program that watches it:
     * on the guest's only processor, the watcher goes first. */
    if (nice(19) < 0) perror("gpio-drive: nice");
    for (int i = 1; i < count; i++) perform(words[i]);
    if (count == 1) perform_input();
    return 0;
}
