/* The least that C needs from a button's first edge to a durable, acknowledged
 * MQTT message: what the gateway's own latency is to be measured against.
 *
 * One thread and one poll loop over the same C libraries as the gateway: a line
 * event (libgpiod 1.6), one row inserted and committed (SQLite, WAL,
 * synchronous=FULL), one QoS 1 publication (libmosquitto, MQTT 5). A press is
 * the first rising edge; edges in the 25 ms after it are bounce. It knows
 * nothing of calls, faults or reconnection, and ends when the broker is gone.
 *
 *   floor LABEL OFFSET JOURNAL HOST PORT TOPIC
 *
 * Says "ready" on standard output when presses count, and ends at SIGTERM.
 *
 * gcc -O2 -Wall -Wextra -o floor floor.c -lgpiod -lsqlite3 -lmosquitto
 */
#define _GNU_SOURCE
#include <errno.h>
#include <gpiod.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEEPALIVE_S = 60, TICK_MS = 1000, EVENTS_AT_ONCE = 16, PAYLOAD_SIZE = 1024 };
static const long long BOUNCE_NS = 25000000;

struct floor {
    struct gpiod_line *line;
    struct mosquitto *client;
    sqlite3 *journal;
    sqlite3_stmt *insert;
    const char *topic;
    long long presses, last_press_ns;
};

static volatile sig_atomic_t asked_to_end;
static int connected;

static void end(int signal) { (void)signal; asked_to_end = 1; }

static void fail(const char *format, ...) {
    va_list list;
    fprintf(stderr, "floor: ");
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(1);
}

/* ---- the line ---- */

static struct gpiod_line *open_line(const char *label, unsigned offset) {
    struct gpiod_chip *chip = gpiod_chip_open_by_label(label);
    if (!chip) fail("chip %s: %s", label, strerror(errno));
    struct gpiod_line *line = gpiod_chip_get_line(chip, offset);
    if (!line || gpiod_line_request_both_edges_events(line, "floor") < 0)
        fail("%s line %u: %s", label, offset, strerror(errno));
    return line;
}

/* ---- the journal ---- */

static int take_text(void *result, int columns, char **values, char **names) {
    (void)names;
    if (columns > 0) snprintf(result, 16, "%s", values[0] ? values[0] : "");
    return 0;
}

static void pragma(sqlite3 *journal, const char *statement, const char *expected) {
    char found[16] = "";
    int code = sqlite3_exec(journal, statement, take_text, found, NULL);
    if (code != SQLITE_OK || (expected && strcmp(found, expected)))
        fail("journal: %s gave \"%s\" (%s)", statement, found, sqlite3_errmsg(journal));
}

static void open_journal(struct floor *floor, const char *path) {
    if (sqlite3_open(path, &floor->journal) != SQLITE_OK) fail("journal %s: %s", path, sqlite3_errmsg(floor->journal));
    pragma(floor->journal, "PRAGMA journal_mode=WAL", "wal");
    pragma(floor->journal, "PRAGMA synchronous=FULL", NULL);
    pragma(floor->journal, "PRAGMA synchronous", "2");
    pragma(floor->journal, "CREATE TABLE IF NOT EXISTS event(sequence INTEGER PRIMARY KEY, topic TEXT, payload BLOB)", NULL);
    if (sqlite3_prepare_v2(floor->journal, "INSERT INTO event(topic, payload) VALUES(?, ?)", -1, &floor->insert, NULL) != SQLITE_OK)
        fail("journal: %s", sqlite3_errmsg(floor->journal));
}

/* One statement outside a transaction is its own commit, and WAL with FULL syncs it. */
static void keep(struct floor *floor, const char *payload, int length) {
    sqlite3_bind_text(floor->insert, 1, floor->topic, -1, SQLITE_STATIC);
    sqlite3_bind_blob(floor->insert, 2, payload, length, SQLITE_STATIC);
    if (sqlite3_step(floor->insert) != SQLITE_DONE) fail("journal: %s", sqlite3_errmsg(floor->journal));
    sqlite3_reset(floor->insert);
}

/* ---- the broker ---- */

static void on_connect(struct mosquitto *client, void *context, int code) {
    (void)client, (void)context;
    if (code) fail("the broker refused the connection: %s", mosquitto_reason_string(code));
    connected = 1;
}

static void need(int code, const char *what) {
    if (code != MOSQ_ERR_SUCCESS) fail("%s: %s", what, mosquitto_strerror(code));
}

static void serve_broker(struct floor *floor, short events) {
    if (events & (POLLIN | POLLERR | POLLHUP)) need(mosquitto_loop_read(floor->client, 1), "read from the broker");
    if (events & POLLOUT) need(mosquitto_loop_write(floor->client, 1), "write to the broker");
    need(mosquitto_loop_misc(floor->client), "connection to the broker");
}

static void connect_broker(struct floor *floor, const char *host, int port) {
    mosquitto_lib_init();
    floor->client = mosquitto_new("floor", true, NULL);
    if (!floor->client) fail("no client: %s", strerror(errno));
    need(mosquitto_int_option(floor->client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5), "MQTT 5");
    need(mosquitto_int_option(floor->client, MOSQ_OPT_TCP_NODELAY, 1), "no delay");
    mosquitto_connect_callback_set(floor->client, on_connect);
    need(mosquitto_connect(floor->client, host, port, KEEPALIVE_S), host);
    while (!connected) need(mosquitto_loop(floor->client, TICK_MS, 1), "connection to the broker");
}

/* ---- a press ---- */

static int write_payload(char *payload, long long sequence, long long monotonic_ns) {
    struct timespec now;
    struct tm parts;
    char time[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &parts);
    return snprintf(payload, PAYLOAD_SIZE,
        "{\"specversion\":\"1.0\",\"id\":\"floor0-emergency-%lld\",\"source\":\"/courtyard/bench/floor\","
        "\"type\":\"courtyard.call.pressed\",\"subject\":\"b3-u2-401\",\"time\":\"%s.%03ldZ\",\"sequence\":\"%lld\","
        "\"datacontenttype\":\"application/json\",\"data\":{\"journal\":\"floor0\",\"call\":\"floor0-%lld\","
        "\"point\":\"b3-u2-401\",\"label\":\"Building 3, door 2, 401, bedside\",\"service\":\"emergency\",\"priority\":1,"
        "\"state\":\"raised\",\"revision\":1,\"presses\":1,\"boot\":\"00000000\",\"monotonicNs\":%lld,\"late\":false,\"test\":false}}",
        sequence, time, now.tv_nsec / 1000000, sequence, sequence, monotonic_ns);
}

static void press(struct floor *floor, long long monotonic_ns) {
    char payload[PAYLOAD_SIZE];
    int length = write_payload(payload, ++floor->presses, monotonic_ns);
    keep(floor, payload, length);
    need(mosquitto_publish_v5(floor->client, NULL, floor->topic, length, payload, 1, false, NULL), "publish");
}

static void read_line(struct floor *floor) {
    struct gpiod_line_event events[EVENTS_AT_ONCE];
    int count = gpiod_line_event_read_multiple(floor->line, events, EVENTS_AT_ONCE);
    if (count < 0) fail("line: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        long long at_ns = events[i].ts.tv_sec * 1000000000LL + events[i].ts.tv_nsec;
        if (events[i].event_type != GPIOD_LINE_EVENT_RISING_EDGE) continue;
        if (floor->presses && at_ns - floor->last_press_ns < BOUNCE_NS) continue;
        floor->last_press_ns = at_ns;
        press(floor, at_ns);
    }
}

static void run(struct floor *floor) {
    while (!asked_to_end) {
        short wanted = mosquitto_want_write(floor->client) ? POLLIN | POLLOUT : POLLIN;
        struct pollfd waits[] = {{gpiod_line_event_get_fd(floor->line), POLLIN, 0}, {mosquitto_socket(floor->client), wanted, 0}};
        if (poll(waits, 2, TICK_MS) < 0) {
            if (errno == EINTR) continue;
            fail("poll: %s", strerror(errno));
        }
        if (waits[0].revents) read_line(floor);
        serve_broker(floor, waits[1].revents);
    }
}

int main(int count, char **words) {
    struct floor floor = {0};
    if (count != 7) { fprintf(stderr, "usage: floor LABEL OFFSET JOURNAL HOST PORT TOPIC\n"); return 64; }
    signal(SIGTERM, end);
    signal(SIGPIPE, SIG_IGN);
    floor.topic = words[6];
    open_journal(&floor, words[3]);
    connect_broker(&floor, words[4], atoi(words[5]));
    floor.line = open_line(words[1], (unsigned)strtoul(words[2], NULL, 10));
    printf("ready\n");
    fflush(stdout);
    run(&floor);
    mosquitto_disconnect(floor.client);
    sqlite3_finalize(floor.insert);
    sqlite3_close(floor.journal);
    return 0;
}
