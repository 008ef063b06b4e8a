// Another wall clock for one program, without touching the machine's: a library for LD_PRELOAD.
//
// COURTYARD_CLOCK names a file of 16 bytes: by how many nanoseconds the program's wall clock is ahead of the machine's
// (int64), whether a time service has set it (int32, 0 or 1), and a count of changes (int32). Whoever writes the file
// changes the clock at once. Without the variable nothing is changed.
//
// Changed are clock_gettime(CLOCK_REALTIME), gettimeofday, time, the STA_UNSYNC of adjtimex, and timers that are
// cancelled when the clock is set (timerfd_settime with TFD_TIMER_CANCEL_ON_SET): those run out after a second, and
// reading one then says ECANCELED if the clock was set meanwhile. The monotonic clocks are the machine's.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

struct clock_file {
    int64_t ahead_ns;
    int32_t synchronized;
    int32_t changes;
};

static const struct clock_file *file;
/// The one timer that is cancelled when the clock is set, and how often it had been set when it was armed.
static int cancelled_timer = -1;
static int32_t changes_when_armed;

__attribute__((constructor)) static void courtyard_clock_open(void) {
    const char *path = getenv("COURTYARD_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    // What isn't there can't be read, mapped or not.
    if (lseek(fd, 0, SEEK_END) < (off_t)sizeof *file) {
        close(fd);
        return;
    }
    void *mapped = mmap(NULL, sizeof *file, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED) file = mapped;
}

static int64_t wall_ns(void) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec + (file ? __atomic_load_n(&file->ahead_ns, __ATOMIC_ACQUIRE) : 0);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (clock != CLOCK_REALTIME || !file) return (int)syscall(SYS_clock_gettime, clock, time);
    int64_t now = wall_ns();
    time->tv_sec = now / 1000000000;
    time->tv_nsec = now % 1000000000;
    return 0;
}

int gettimeofday(struct timeval *time, void *zone) {
    (void)zone;
    int64_t now = wall_ns();
    time->tv_sec = now / 1000000000;
    time->tv_usec = now % 1000000000 / 1000;
    return 0;
}

time_t time(time_t *result) {
    time_t now = wall_ns() / 1000000000;
    if (result) *result = now;
    return now;
}

int adjtimex(struct timex *state) {
    long code = syscall(SYS_adjtimex, state);
    if (!file || code < 0) return (int)code;
    int synchronized = __atomic_load_n(&file->synchronized, __ATOMIC_ACQUIRE);
    state->status = synchronized ? state->status & ~STA_UNSYNC : state->status | STA_UNSYNC;
    state->maxerror = synchronized ? 2000 : 16000000;
    return synchronized ? TIME_OK : TIME_ERROR;
}

int timerfd_settime(int timer, int flags, const struct itimerspec *value, struct itimerspec *old) {
    if (!file || !(flags & TFD_TIMER_CANCEL_ON_SET)) return (int)syscall(SYS_timerfd_settime, timer, flags, value, old);
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    struct itimerspec soon = {.it_value = {.tv_sec = now.tv_sec + 1, .tv_nsec = now.tv_nsec}};
    cancelled_timer = timer;
    changes_when_armed = __atomic_load_n(&file->changes, __ATOMIC_ACQUIRE);
    return (int)syscall(SYS_timerfd_settime, timer, TFD_TIMER_ABSTIME, &soon, old);
}

ssize_t read(int fd, void *buffer, size_t count) {
    ssize_t result = syscall(SYS_read, fd, buffer, count);
    if (file && fd == cancelled_timer && result > 0
        && changes_when_armed != __atomic_load_n(&file->changes, __ATOMIC_ACQUIRE)) {
        errno = ECANCELED;
        return -1;
    }
    return result;
}
