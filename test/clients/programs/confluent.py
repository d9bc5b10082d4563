"""The jobs of support/jobs.ts with confluent-kafka. Arguments: address, jobs."""

import json
import sys

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin import NewPartitions, NewTopic, OffsetSpec, ResourceType

address = sys.argv[1]
seconds = 20


def text(value):
    return None if value is None else value.decode()


def produce(job):
    producer = Producer(
        {
            "bootstrap.servers": address,
            "compression.type": job["codec"],
            "enable.idempotence": job["idempotent"],
            "linger.ms": 1000,
        }
    )
    faults = []
    for record in job["records"]:
        producer.produce(
            job["topic"],
            key=record["key"],
            value=record["value"],
            headers=record["headers"],
            partition=0,
            on_delivery=lambda fault, _: faults.append(fault) if fault else None,
        )
    left = producer.flush(seconds)
    if left or faults:
        raise RuntimeError(f"{left} left, {faults}")
    return len(job["records"])


def consumer(group="reader", **settings):
    return Consumer(
        {
            "bootstrap.servers": address,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "heartbeat.interval.ms": 200,
            "fetch.wait.max.ms": 100,
            **settings,
        }
    )


def messages(reader, count):
    found = reader.consume(count, seconds)
    while 0 < len(found) < count:
        found += reader.consume(count - len(found), seconds)
    for message in found:
        if message.error():
            raise KafkaException(message.error())
    return found


def record_of(message):
    headers = {name: text(value) for name, value in message.headers() or []}
    return {"key": text(message.key()), "value": text(message.value()), "headers": headers}


def read_from(reader, topic, offset, count):
    reader.assign([TopicPartition(topic, 0, offset)])
    found = [record_of(message) for message in messages(reader, count)]
    reader.close()
    return found


def read(job):
    reader = consumer()
    offset = 0
    if "from" in job:
        wanted = [TopicPartition(job["topic"], 0, job["from"])]
        offset = reader.offsets_for_times(wanted, seconds)[0].offset
    return read_from(reader, job["topic"], offset, job["count"])


def tail(job):
    reader = consumer()
    _, end = reader.get_watermark_offsets(TopicPartition(job["topic"], 0), seconds)
    late = {"key": None, "value": "late", "headers": {}}
    produce({"topic": job["topic"], "codec": "none", "idempotent": False, "records": [late]})
    return read_from(reader, job["topic"], end, 1)


class Member:
    def __init__(self, topic, group, strategy):
        settings = {"partition.assignment.strategy": strategy}
        self.consumer = consumer(group, **settings)
        self.consumer.subscribe([topic])

    def assigned(self):
        self.consumer.poll(0.05)
        return [each.partition for each in self.consumer.assignment()]


def until(condition):
    while not condition():
        pass


def share(job, strategy="cooperative-sticky"):
    first = Member(job["topic"], job["group"], strategy)
    until(lambda: len(first.assigned()) == 4)
    alone = [first.assigned()]
    second = Member(job["topic"], job["group"], strategy)
    # Both are polled each time: either may have to answer for the other to get its part.
    until(lambda: [len(first.assigned()), len(second.assigned())] == [2, 2])
    together = [first.assigned(), second.assigned()]
    second.consumer.close()
    until(lambda: len(first.assigned()) == 4)
    afterwards = [first.assigned()]
    first.consumer.close()
    return {"alone": alone, "together": together, "afterwards": afterwards}


def take(job):
    member = consumer(job["group"])
    member.subscribe([job["topic"]])
    found = messages(member, job["count"])
    member.commit(message=found[-1], asynchronous=False)
    member.close()
    return [text(message.value()) for message in found]


def only(futures):
    (future,) = futures.values()
    return future.result(seconds)


def admin(job):
    topic, group = job["topic"], job["group"]
    client = AdminClient({"bootstrap.servers": address})
    wanted = NewTopic(topic, num_partitions=2, config={"retention.ms": "100000"})
    resource = ConfigResource(ResourceType.TOPIC, topic)

    def partition_count():
        return len(client.list_topics(topic, seconds).topics[topic].partitions)

    def retention():
        return only(client.describe_configs([resource]))["retention.ms"].value

    def offset(spec):
        return only(client.list_offsets({TopicPartition(topic, 0): spec})).offset

    def is_listed():
        listing = client.list_consumer_groups().result(seconds)
        return group in [each.group_id for each in listing.valid]

    only(client.create_topics([wanted]))
    counts, configured = [partition_count()], [retention()]
    operation = AlterConfigOpType.SET
    entry = ConfigEntry("retention.ms", "200000", incremental_operation=operation)
    altered = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    only(client.incremental_alter_configs([altered]))
    configured.append(retention())
    only(client.create_partitions([NewPartitions(topic, 4)]))
    counts.append(partition_count())
    record = {"key": None, "value": "value", "headers": {}}
    produce({"topic": topic, "codec": "none", "idempotent": False, "records": [record] * 3})
    deleted = only(client.delete_records([TopicPartition(topic, 0, 2)]))
    offsets = [offset(OffsetSpec.earliest()), offset(OffsetSpec.latest())]
    member = Member(topic, group, "range")
    until(lambda: len(member.assigned()) == 4)
    description = only(client.describe_consumer_groups([group]))
    listed = is_listed()
    member.consumer.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)
    member.consumer.close()
    committed = only(client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))
    if [each.offset for each in committed.topic_partitions] != [3]:
        raise RuntimeError(f"committed: {committed.topic_partitions}")
    only(client.delete_consumer_groups([group]))
    try:
        only(client.create_topics([wanted]))
        refused = None
    except KafkaException as fault:
        refused = fault.args[0].name()
    only(client.delete_topics([topic]))
    return {
        "partitions": counts,
        "configured": configured,
        "lowWatermark": deleted.low_watermark,
        "offsets": offsets,
        "group": [description.state.name.capitalize(), len(description.members)],
        "isListed": listed,
        "isGroupGone": not is_listed(),
        "isTopicGone": topic not in client.list_topics(timeout=seconds).topics,
        "refused": refused,
    }


jobs = {each.__name__: each for each in [produce, read, tail, share, take, admin]}
for job in json.loads(sys.argv[2]):
    print(json.dumps(jobs[job["do"]](job)), flush=True)
