#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

int cgpiod_failure(void) { return errno > 0 ? -errno : -EIO; }

int cgpiod_unblock(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return cgpiod_failure();
    return 0;
}

void cgpiod_copy_name(char target[CGPIOD_NAME_SIZE], const char *name) {
    snprintf(target, CGPIOD_NAME_SIZE, "%s", name ? name : "");
}
