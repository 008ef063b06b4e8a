// What gpiod1.c and gpiod2.c share.
#pragma once
#include "CGpiod.h"
#include <gpiod.h>

// Neither version says which it is; this macro left with bulk requests in 2.0.
#ifdef GPIOD_LINE_BULK_MAX_LINES
#define CGPIOD_LIBRARY 1
#else
#define CGPIOD_LIBRARY 2
#endif

// The negated errno of what just failed; -EIO if the library left none.
int cgpiod_failure(void);

// Makes reads of `fd` return at once.
int cgpiod_unblock(int fd);

// Copies a kernel name of at most 31 bytes; NULL becomes the empty name.
void cgpiod_copy_name(char target[CGPIOD_NAME_SIZE], const char *name);
