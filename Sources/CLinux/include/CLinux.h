// What the Glibc module leaves out of Linux. Header only.
#pragma once
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

/// Names the calling thread, at most 15 bytes (prctl(2), PR_SET_NAME; Swift imports no variadic functions).
static inline void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/// A timer that sends `signo` to the calling thread alone (timer_create(2), SIGEV_THREAD_ID: Swift can't reach that
/// part of the union). Returns 0 or -1 with errno.
static inline int clinux_thread_timer(timer_t *timer, int signo) {
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signo;
    event._sigev_un._tid = (int)syscall(SYS_gettid);
    return timer_create(CLOCK_MONOTONIC, &event, timer);
}

/// poll(2) with a time in nanoseconds (ppoll(2), which glibc shows only where _GNU_SOURCE is defined).
static inline int clinux_poll(struct pollfd *entries, unsigned long count, long nanoseconds) {
    struct timespec wait = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    return (int)syscall(SYS_ppoll, entries, count, &wait, NULL, 0);
}

static inline void clinux_no_op(int signo) { (void)signo; }

/// Lets `signo` interrupt the calling thread's system calls: a handler that does nothing, without SA_RESTART.
static inline void clinux_let_interrupt(int signo) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = clinux_no_op;
    sigaction(signo, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signo);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
