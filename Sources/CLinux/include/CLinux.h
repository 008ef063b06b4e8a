// What the Glibc module leaves out of Linux. Header only.
#pragma once
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

/// Names the calling thread, at most 15 bytes (prctl(2), PR_SET_NAME; Swift imports no variadic functions).
static inline void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
