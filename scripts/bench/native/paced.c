/*
 * Records at the times of a clock, through librdkafka: an open loop. A record carries the time at
 * which it was to be sent, and both latencies count from that time: to its acknowledgement, and to
 * its arrival at a consumer that reads along in a thread of its own. So a broker that stands still
 * is charged for every record that would have come meanwhile. The first second is left out.
 *
 *   paced BROKERS TOPIC PARTITIONS RECORD_BYTES RECORDS_PER_SECOND SECONDS LINGER_MS
 *
 * Prints one line of JSON; times are microseconds. Rate 0: as fast as they are taken, and no
 * consumer. A list of topics TOPIC0 … TOPIC(n-1) is written with TOPIC = name*n.
 */
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  uint32_t *values;
  size_t count, room;
} samples_t;

static samples_t acknowledged, arrived;
static int64_t measured_from;
static atomic_long delivered, failed, consumed;
static atomic_int is_over;
static int64_t last_delivery;

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void add(samples_t *samples, int64_t sent_ns) {
  int64_t us = (now_ns() - sent_ns) / 1000;
  if (sent_ns < measured_from || samples->count == samples->room) return;
  samples->values[samples->count++] = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  int64_t sent_ns;
  (void)client;
  (void)opaque;
  if (message->err) {
    failed++;
    return;
  }
  delivered++;
  last_delivery = now_ns();
  memcpy(&sent_ns, message->payload, sizeof sent_ns);
  add(&acknowledged, sent_ns);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) == RD_KAFKA_CONF_OK) return;
  fprintf(stderr, "paced: %s\n", error);
  exit(1);
}

static rd_kafka_t *client_of(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
  char error[512];
  rd_kafka_t *client = rd_kafka_new(type, conf, error, sizeof error);
  if (client) return client;
  fprintf(stderr, "paced: %s\n", error);
  exit(1);
}

typedef struct {
  const char *brokers, *topic;
  int partitions;
} reading_t;

static void *read_along(void *argument) {
  reading_t *reading = argument;
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  rd_kafka_topic_partition_list_t *list;
  rd_kafka_t *client;
  set(conf, "bootstrap.servers", reading->brokers);
  set(conf, "group.id", "paced");
  set(conf, "enable.auto.commit", "false");
  set(conf, "fetch.min.bytes", "1");
  client = client_of(RD_KAFKA_CONSUMER, conf);
  list = rd_kafka_topic_partition_list_new(reading->partitions);
  for (int at = 0; at < reading->partitions; at++) {
    rd_kafka_topic_partition_list_add(list, reading->topic, at)->offset = 0;
  }
  rd_kafka_poll_set_consumer(client);
  rd_kafka_assign(client, list);
  while (!is_over) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 100);
    if (!message) continue;
    if (!message->err) {
      int64_t sent_ns;
      memcpy(&sent_ns, message->payload, sizeof sent_ns);
      add(&arrived, sent_ns);
      consumed++;
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return NULL;
}

static int ascending(const void *a, const void *b) {
  uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
  return first < second ? -1 : first > second;
}

static void print(const char *name, samples_t *samples) {
  static const double shares[] = {0.5, 0.9, 0.99, 0.999, 1};
  qsort(samples->values, samples->count, sizeof *samples->values, ascending);
  printf(",\"%s\":[", name);
  for (int at = 0; at < 5; at++) {
    size_t index = (size_t)(shares[at] * (double)samples->count);
    if (index >= samples->count) index = samples->count - 1;
    printf("%s%u", at ? "," : "", samples->count ? samples->values[index] : 0);
  }
  printf("]");
}

static void wait_until(rd_kafka_t *client, int64_t due) {
  for (int64_t left = due - now_ns(); left > 0; left = due - now_ns()) {
    struct timespec nap = {0, left > 1000000 ? 1000000 : left};
    rd_kafka_poll(client, 0);
    if (left > 60000) nanosleep(&nap, NULL);
  }
}

int main(int count, char **words) {
  if (count != 8) return fprintf(stderr, "paced: seven arguments; see its source\n"), 2;
  reading_t reading = {words[1], words[2], atoi(words[3])};
  size_t bytes = (size_t)atol(words[4]);
  double rate = atof(words[5]), seconds = atof(words[6]);
  char *star = strchr(words[2], '*');
  int topics = star ? atoi(star + 1) : 1;
  long total = (long)(rate * seconds), sent = 0;
  char *payload = malloc(bytes);
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  rd_kafka_t *client;
  rd_kafka_topic_t **handles = calloc((size_t)topics, sizeof *handles);
  pthread_t reader;

  acknowledged.room = arrived.room = rate > 0 ? (size_t)total : 8000000;
  acknowledged.values = malloc(acknowledged.room * sizeof(uint32_t));
  arrived.values = malloc(arrived.room * sizeof(uint32_t));
  memset(payload, 'x', bytes);
  set(conf, "bootstrap.servers", words[1]);
  set(conf, "linger.ms", words[7]);
  set(conf, "acks", "all");
  set(conf, "queue.buffering.max.messages", "1000000");
  set(conf, "queue.buffering.max.kbytes", "1048576");
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  client = client_of(RD_KAFKA_PRODUCER, conf);
  for (int at = 0; at < topics; at++) {
    char name[256];
    if (star) snprintf(name, sizeof name, "%.*s%d", (int)(star - words[2]), words[2], at);
    handles[at] = rd_kafka_topic_new(client, star ? name : words[2], NULL);
  }
  /* The producer knows its topic, and the reader waits at its start, before the clock begins. */
  const struct rd_kafka_metadata *metadata;
  if (!rd_kafka_metadata(client, 0, handles[0], &metadata, 10000)) {
    rd_kafka_metadata_destroy(metadata);
  }
  if (rate > 0) {
    pthread_create(&reader, NULL, read_along, &reading);
    usleep(500000);
  }

  int64_t begun = now_ns(), end = begun + (int64_t)(seconds * 1e9);
  measured_from = begun + 1000000000;
  for (;; sent++) {
    int64_t due = rate > 0 ? begun + (int64_t)((double)sent * 1e9 / rate) : now_ns();
    if (rate > 0 ? sent >= total : due >= end) break;
    if (rate > 0) wait_until(client, due);
    memcpy(payload, &due, sizeof due);
    while (rd_kafka_produce(handles[sent % topics], RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                            payload, bytes, NULL, 0, NULL) == -1) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        fprintf(stderr, "paced: %s\n", rd_kafka_err2str(rd_kafka_last_error()));
        return 1;
      }
      rd_kafka_poll(client, 1);
    }
    if (sent % 256 == 0) rd_kafka_poll(client, 0);
  }
  rd_kafka_flush(client, 60000);
  if (rate > 0) {
    for (int tries = 0; tries < 1000 && consumed < delivered; tries++) usleep(10000);
    is_over = 1;
    pthread_join(reader, NULL);
  }
  printf("{\"sent\":%ld,\"delivered\":%ld,\"failed\":%ld,\"consumed\":%ld,\"seconds\":%.3f", sent,
         (long)delivered, (long)failed, (long)consumed, (double)(last_delivery - begun) / 1e9);
  print("acknowledged", &acknowledged);
  print("arrived", &arrived);
  printf("}\n");
  return failed > 0;
}
