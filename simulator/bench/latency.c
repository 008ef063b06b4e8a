/* Measures from a button's first edge to a subscriber: subscribes, and for each
 * message with "monotonicNs":N in it takes CLOCK_MONOTONIC now, less N. Only
 * right on the kernel that stamped the edge.
 *
 *   latency [--timeout SECONDS] [--values FILE] HOST PORT FILTER COUNT
 *
 * Says "ready" on standard error when subscribed. After COUNT messages, or when
 * the time (default 60 s) is over, prints one line:
 *   {"count":200,"minUs":…,"p50Us":…,"p90Us":…,"p99Us":…,"maxUs":…}
 * Retained messages and repeats of the last stamp (one press can make several
 * messages: the first counts) are left out. Each latency is also appended to FILE,
 * in microseconds, one a line. Exit: 0; 1 fewer than COUNT came.
 *
 * gcc -O2 -Wall -Wextra -o latency latency.c -lmosquitto
 */
#define _GNU_SOURCE
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEEPALIVE_S = 60, TICK_MS = 100, MAX_COUNT = 1000000, QOS = 1 };

struct measurement {
    const char *filter;
    double *latencies_us;
    long wanted, count;
    long long last_stamp_ns;
};

static long long now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *what, const char *why) {
    fprintf(stderr, "latency: %s: %s\n", what, why);
    exit(1);
}

static void need(int code, const char *what) {
    if (code != MOSQ_ERR_SUCCESS) fail(what, mosquitto_strerror(code));
}

/* The number after the key, or -1. */
static long long stamp_in(const char *payload, size_t length) {
    static const char key[] = "\"monotonicNs\":";
    const char *found = memmem(payload, length, key, sizeof key - 1);
    char digits[24] = "";
    if (!found) return -1;
    found += sizeof key - 1;
    size_t rest = length - (size_t)(found - payload), kept = rest < sizeof digits - 1 ? rest : sizeof digits - 1;
    memcpy(digits, found, kept);
    char *end;
    long long value = strtoll(digits, &end, 10);
    return end == digits ? -1 : value;
}

static void on_connect(struct mosquitto *client, void *context, int code) {
    struct measurement *measurement = context;
    if (code) fail("the broker refused the connection", mosquitto_reason_string(code));
    need(mosquitto_subscribe(client, NULL, measurement->filter, QOS), "subscribe");
}

static void on_subscribe(struct mosquitto *client, void *context, int id, int count, const int *granted) {
    (void)client, (void)context, (void)id;
    if (count < 1 || granted[0] >= 128) fail("subscribe", "the broker refused");
    fprintf(stderr, "ready\n");
}

static void on_message(struct mosquitto *client, void *context, const struct mosquitto_message *message) {
    long long at_ns = now_ns(), stamp_ns = stamp_in(message->payload, (size_t)message->payloadlen);
    struct measurement *measurement = context;
    (void)client;
    if (stamp_ns < 0 || stamp_ns == measurement->last_stamp_ns || message->retain) return;
    if (measurement->count >= measurement->wanted) return;
    measurement->last_stamp_ns = stamp_ns;
    measurement->latencies_us[measurement->count++] = (double)(at_ns - stamp_ns) / 1000;
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The nearest rank: the smallest value that `percent` of all don't exceed. */
static double percentile(const struct measurement *measurement, int percent) {
    long rank = (measurement->count * percent + 99) / 100;
    return measurement->latencies_us[rank > 0 ? rank - 1 : 0];
}

static void print(struct measurement *measurement) {
    if (measurement->count == 0) { printf("{\"count\":0}\n"); return; }
    qsort(measurement->latencies_us, (size_t)measurement->count, sizeof(double), by_size);
    printf("{\"count\":%ld,\"minUs\":%.0f,\"p50Us\":%.0f,\"p90Us\":%.0f,\"p99Us\":%.0f,\"maxUs\":%.0f}\n",
        measurement->count, percentile(measurement, 0), percentile(measurement, 50), percentile(measurement, 90),
        percentile(measurement, 99), percentile(measurement, 100));
}

static void append_values(const struct measurement *measurement, const char *path) {
    FILE *file = fopen(path, "a");
    if (!file) fail(path, "can't be written");
    for (long i = 0; i < measurement->count; i++) fprintf(file, "%.0f\n", measurement->latencies_us[i]);
    if (fclose(file)) fail(path, "can't be written");
}

static struct mosquitto *connect_broker(struct measurement *measurement, const char *host, int port) {
    char name[32];
    snprintf(name, sizeof name, "latency-%llx", now_ns() & 0xffffffff);
    mosquitto_lib_init();
    struct mosquitto *client = mosquitto_new(name, true, measurement);
    if (!client) fail("client", "out of memory");
    need(mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5), "MQTT 5");
    need(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1), "no delay");
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_subscribe_callback_set(client, on_subscribe);
    mosquitto_message_callback_set(client, on_message);
    need(mosquitto_connect(client, host, port, KEEPALIVE_S), host);
    return client;
}

static int usage(void) {
    fprintf(stderr, "usage: latency [--timeout SECONDS] [--values FILE] HOST PORT FILTER COUNT\n");
    return 64;
}

int main(int count, char **words) {
    struct measurement measurement = {.last_stamp_ns = -1};
    double timeout_s = 60;
    const char *values = NULL;
    for (; count > 2 && words[1][0] == '-'; words += 2, count -= 2) {
        if (!strcmp(words[1], "--timeout")) timeout_s = atof(words[2]);
        else if (!strcmp(words[1], "--values")) values = words[2];
        else return usage();
    }
    if (count != 5) return usage();
    measurement.filter = words[3];
    measurement.wanted = atol(words[4]);
    if (timeout_s <= 0 || measurement.wanted < 1 || measurement.wanted > MAX_COUNT) return usage();
    measurement.latencies_us = calloc((size_t)measurement.wanted, sizeof(double));
    if (!measurement.latencies_us) fail("start", "out of memory");
    struct mosquitto *client = connect_broker(&measurement, words[1], atoi(words[2]));
    long long deadline_ns = now_ns() + (long long)(timeout_s * 1e9);
    while (measurement.count < measurement.wanted && now_ns() < deadline_ns)
        need(mosquitto_loop(client, TICK_MS, 1), "connection to the broker");
    print(&measurement);
    if (values) append_values(&measurement, values);
    return measurement.count < measurement.wanted;
}
