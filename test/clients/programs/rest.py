"""A consumer that was written for Confluent's REST proxy (v2). Arguments: address, records."""

import json
import sys

from kafka_rest.kafka_rest import Consumer, Producer

settings = {"kafka_rest_api_url": "http://" + sys.argv[1], "auth_headers": {}}
messages = [{"number": number} for number in range(int(sys.argv[2]))]

# It reads the answers to what it has sent: from the topic with this ending.
producer = Producer(topic_id="work-response", **settings)
keys = producer.produce(messages, "endpoint")

with Consumer(topic_id="work", **settings) as consumer:
    found = {}
    for records, remaining in consumer.consume(keys, 0.1):
        found.update({record["key"]: record["value"] for record in records})

print(json.dumps([found[key]["payload"] for key in keys]))
