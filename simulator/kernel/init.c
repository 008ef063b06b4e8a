/* The guest's process 1. Reads the plan that run.sh wrote (strings "key=value",
 * each ended by a NUL), mounts, creates the chips, runs the program as its child,
 * carries the program's output to the two serial lines, leaves the exit code in
 * the host's scratch directory, and powers the guest off.
 *
 *   plan=DIR on the kernel's command line: the scratch directory (host path)
 *   chip=LABEL:LINES:PREFIX  hog=LABEL:OFFSET:NAME  share=DIR  user=UID:GID
 *   tools=DIR  cwd=DIR  env=NAME=VALUE  arg=WORD
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_WORDS = 4096, MAX_CHIPS = 32, CANNOT_RUN = 126, RIG_FAILED = 125 };
#define CONFIGFS "/sys/kernel/config"
#define CHIPS CONFIGFS "/gpio-sim"
#define OWN "/run/guest"             /* what only process 1 needs */
#define SCRATCH OWN "/scratch"       /* run.sh's directory on the host */

struct chip { char *label, *prefix; long lines; };
struct channel { int from, to; };

static char *arguments[MAX_WORDS], *environment_words[MAX_WORDS], *shares[MAX_WORDS], *hogs[MAX_WORDS];
static size_t argument_count, environment_count, share_count, hog_count, chip_count;
static struct chip chips[MAX_CHIPS];
static char *cwd = "/", *user, *tools;

static char *text(const char *format, ...) {
    va_list list;
    char *result;
    va_start(list, format);
    if (vasprintf(&result, format, list) < 0) abort();
    va_end(list);
    return result;
}

static void finish(int code) {
    char *line = text("%d\n", code);
    int fd = open(SCRATCH "/exit", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, line, strlen(line)) < 0 || fsync(fd) < 0) perror("init: exit code");
    sync();
    reboot(RB_POWER_OFF);
    _exit(1);
}

/* What goes wrong here goes to the kernel's log, which run.sh then shows. */
static void fail(const char *format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(stderr, "init: ");
    vfprintf(stderr, format, list);
    fprintf(stderr, ": %s\n", strerror(errno));
    va_end(list);
    finish(RIG_FAILED);
}

static void put(const char *path, const char *value) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, value, strlen(value)) < 0) fail("%s to %s", value, path);
    close(fd);
}

static char *get(const char *path) {
    char buffer[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? -1 : read(fd, buffer, sizeof buffer - 1);
    if (count < 0) fail("read %s", path);
    close(fd);
    buffer[count] = 0;
    buffer[strcspn(buffer, "\n")] = 0;
    return text("%s", buffer);
}

static void make_directory(const char *path) {
    if (mkdir(path, 0755) < 0 && errno != EEXIST) fail("mkdir %s", path);
}

static void make_parents(const char *path) {
    char *copy = text("%s", path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(copy, 0755) < 0 && errno != EEXIST) fail("mkdir %s", copy);
        *slash = '/';
    }
    make_directory(copy);
}

static void attach(const char *type, const char *target, const char *options) {
    if (mount(type, target, type, 0, options) < 0) fail("mount %s on %s", type, target);
}

/* ---- the plan ---- */

static void keep(char **list, size_t *count, char *word) {
    errno = E2BIG;
    if (*count >= MAX_WORDS - 1) fail("plan");
    list[(*count)++] = word;
}

static char *cut(char **rest) {
    char *field = strsep(rest, ":");
    return field ? field : "";
}

static void take(char *key, char *value) {
    if (!strcmp(key, "arg")) keep(arguments, &argument_count, value);
    else if (!strcmp(key, "env")) keep(environment_words, &environment_count, value);
    else if (!strcmp(key, "share")) keep(shares, &share_count, value);
    else if (!strcmp(key, "hog")) keep(hogs, &hog_count, value);
    else if (!strcmp(key, "cwd")) cwd = value;
    else if (!strcmp(key, "user")) user = value;
    else if (!strcmp(key, "tools")) tools = value;
    else if (!strcmp(key, "chip") && chip_count < MAX_CHIPS) {
        struct chip *chip = &chips[chip_count++];
        chip->label = cut(&value);
        chip->lines = strtol(cut(&value), NULL, 10);
        chip->prefix = cut(&value);
    } else { errno = EINVAL; fail("plan: %s", key); }
}

static void read_plan(const char *directory) {
    char *path = text("%s/plan", directory), *key = NULL;
    size_t capacity = 0;
    FILE *file = fopen(path, "re");
    if (!file) fail("%s", path);
    while (getdelim(&key, &capacity, 0, file) > 0) {
        char *value = strchr(key, '=');
        errno = EINVAL;
        if (!value) fail("plan: %s", key);
        *value++ = 0;
        take(key, value);
        key = NULL;     /* the words live on */
        capacity = 0;
    }
    fclose(file);
}

/* ---- the guest's world ---- */

static void bring_up_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0) fail("lo up");
    close(fd);
}

static void mount_all(void) {
    attach("proc", "/proc", NULL);
    attach("sysfs", "/sys", NULL);
    attach("configfs", CONFIGFS, NULL);
    attach("devtmpfs", "/dev", "mode=755");
    make_directory("/dev/pts");
    make_directory("/dev/shm");
    attach("devpts", "/dev/pts", "mode=620,ptmxmode=666");
    attach("tmpfs", "/dev/shm", "mode=1777");
    attach("tmpfs", "/run", "mode=755");
    make_directory("/run/lock");
    make_directory("/run/gpio-sim");
    /* The host's /tmp can be read, what is written there stays in the guest. */
    make_directory(OWN);
    make_directory(OWN "/tmp");
    if (chmod(OWN, 0700) < 0 || chmod(OWN "/tmp", 01777) < 0) fail("chmod");
    make_directory(OWN "/work");
    make_directory(SCRATCH);
    attach("overlay", "/tmp", "lowerdir=/tmp,upperdir=" OWN "/tmp,workdir=" OWN "/work");
}

static void mount_shares(const char *scratch) {
    attach("hostfs", SCRATCH, scratch);
    /* Where every user can reach them, the cache may be in a closed home. */
    make_directory("/run/tools");
    if (tools && mount(tools, "/run/tools", NULL, MS_BIND, NULL) < 0) fail("mount %s", tools);
    for (size_t i = 0; i < share_count; i++) {
        make_parents(shares[i]);
        attach("hostfs", shares[i], shares[i]);
    }
}

/* ---- chips ---- */

static void add_hogs(const struct chip *chip, const char *bank) {
    for (size_t i = 0; i < hog_count; i++) {
        char *rest = text("%s", hogs[i]), *label = cut(&rest), *offset = cut(&rest), *line;
        if (strcmp(label, chip->label)) continue;
        line = text("%s/line%s", bank, offset);
        make_directory(line);
        make_directory(text("%s/hog", line));
        put(text("%s/hog/name", line), rest ? rest : "");
        put(text("%s/hog/direction", line), "output-low");
    }
}

/* The user of --user may drive the lines and open the chip, as group gpio may on a board. */
static void give_to_user(const char *node, const char *lines, long count) {
    if (!user) return;
    uid_t uid = (uid_t)strtoul(user, NULL, 10);
    if (chown(node, uid, (gid_t)-1) < 0) fail("chown %s", node);
    for (long i = 0; i < count; i++) {
        char *pull = text("%s/sim_gpio%ld/pull", lines, i);
        if (chown(pull, uid, (gid_t)-1) < 0) fail("chown %s", pull);
        free(pull);
    }
}

static void make_chip(const struct chip *chip) {
    char *device = text(CHIPS "/%s", chip->label), *bank = text("%s/bank", device);
    make_directory(device);
    make_directory(bank);
    put(text("%s/num_lines", bank), text("%ld", chip->lines));
    put(text("%s/label", bank), chip->label);
    for (long i = 0; *chip->prefix && i < chip->lines; i++) {
        char *line = text("%s/line%ld", bank, i);
        make_directory(line);
        put(text("%s/name", line), text("%s%ld", chip->prefix, i));
    }
    add_hogs(chip, bank);
    put(text("%s/live", device), "1");
    char *name = get(text("%s/chip_name", bank));
    char *lines = text("/sys/devices/platform/%s/%s", get(text("%s/dev_name", device)), name);
    if (symlink(lines, text("/run/gpio-sim/%s", chip->label)) < 0) fail("link %s", chip->label);
    if (symlink(device, text("/run/gpio-sim/%s.config", chip->label)) < 0) fail("link %s", chip->label);
    give_to_user(text("/dev/%s", name), lines, chip->lines);
}

/* ---- the program ---- */

static void become(int out, int err) {
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    dup2(null, 0);
    dup2(out, 1);
    dup2(err, 2);
    close_range(3, ~0U, 0);
    if (user) {
        char *rest = user;
        uid_t uid = (uid_t)strtoul(cut(&rest), NULL, 10);
        gid_t gid = (gid_t)strtoul(cut(&rest), NULL, 10);
        if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) _exit(CANNOT_RUN);
    }
    if (chdir(cwd) < 0 && chdir("/") < 0) _exit(CANNOT_RUN);
    environ = environment_words;
    execvp(arguments[0], arguments);
    fprintf(stderr, "run.sh: %s: %s\n", arguments[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : CANNOT_RUN);
}

static int open_serial(const char *path) {
    struct termios settings;
    int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || tcgetattr(fd, &settings) < 0) fail("%s", path);
    cfmakeraw(&settings);
    if (tcsetattr(fd, TCSANOW, &settings) < 0) fail("%s", path);
    return fd;
}

/* Carries what is there; false when there is no more for now. */
static int carry(struct channel *channel) {
    char buffer[4096];
    ssize_t count = channel->from < 0 ? 0 : read(channel->from, buffer, sizeof buffer);
    if (count < 0) return errno == EINTR;
    if (count == 0) { channel->from = -1; return 0; }
    for (ssize_t done = 0, n; done < count; done += n) {
        n = write(channel->to, buffer + done, (size_t)(count - done));
        if (n < 0 && errno == EINTR) n = 0;
        if (n < 0) {        /* nobody reads any more: let the program feel it */
            close(channel->from);
            channel->from = -1;
            return 0;
        }
    }
    return 1;
}

/* The program's exit status, once it has one; reaps whatever else ended. */
static int reap(pid_t program, int *code) {
    int status, found = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == program) {
            *code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            found = 1;
        }
    return found;
}

static int run(void) {
    int out[2], err[2], code = 0;
    sigset_t child_ended;
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) fail("pipe");
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, NULL);
    int ended = signalfd(-1, &child_ended, SFD_NONBLOCK | SFD_CLOEXEC);
    struct channel channels[] = {{out[0], open_serial("/dev/ttyS0")}, {err[0], open_serial("/dev/ttyS1")}};
    pid_t program = fork();
    if (program < 0 || ended < 0) fail("start");
    if (program == 0) become(out[1], err[1]);
    close(out[1]);
    close(err[1]);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    for (int over = 0; !over;) {
        struct pollfd waits[] = {{ended, POLLIN, 0}, {channels[0].from, POLLIN, 0}, {channels[1].from, POLLIN, 0}};
        struct signalfd_siginfo info;
        if (poll(waits, 3, -1) < 0 && errno != EINTR) fail("poll");
        if (read(ended, &info, sizeof info) > 0) over = reap(program, &code);
        carry(&channels[0]);
        carry(&channels[1]);
    }
    kill(-1, SIGKILL);      /* what it left running could go on writing for ever */
    for (int i = 0; i < 2; i++) {
        while (carry(&channels[i])) {}
        tcdrain(channels[i].to);
    }
    return code;
}

int main(void) {
    const char *scratch = getenv("plan");
    errno = EINVAL;
    if (!scratch || getpid() != 1) { fprintf(stderr, "init: only as process 1 of the guest\n"); return 64; }
    read_plan(scratch);
    mount_all();
    mount_shares(scratch);
    if (sethostname("gpio-sim", 8) < 0) fail("hostname");
    bring_up_loopback();
    if (chip_count) make_directory(CHIPS);
    for (size_t i = 0; i < chip_count; i++) make_chip(&chips[i]);
    finish(run());
}
