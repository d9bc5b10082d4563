/** The jobs of support/jobs.ts with @platformatic/kafka. Arguments: address, jobs; $KIT. */
import { createRequire } from "node:module";

const require = createRequire(`${process.env.KIT}/package.json`);
const library = await import(require.resolve("@platformatic/kafka"));
const { Admin, Consumer, ListOffsetTimestamps, Producer } = library;
const { stringDeserializers, stringSerializers } = library;

const base = { clientId: "jobs", bootstrapBrokers: [process.argv[2]], autocreateTopics: true };
// What is null or empty stays apart, as the library's own deserializers don't keep it.
const text = (bytes) => bytes?.toString() ?? null;
const deserializers = {
  key: text,
  value: text,
  headerKey: stringDeserializers.headerKey,
  headerValue: stringDeserializers.headerValue,
};
const recordOf = ({ key, value, headers }) => ({
  key,
  value,
  headers: Object.fromEntries(headers),
});

async function produce({ topic, codec, idempotent, records }) {
  const serializers = stringSerializers;
  const producer = new Producer({ ...base, serializers, idempotent, compression: codec });
  const messages = records.map((record) => ({ topic, partition: 0, ...record }));
  await producer.send({ messages });
  await producer.close();
  return records.length;
}

const consumer = (groupId, heartbeatInterval = 200) =>
  new Consumer({ ...base, groupId, deserializers, heartbeatInterval, maxWaitTime: 100 });

async function readFrom(topic, count, offset, onReady) {
  const reader = consumer(`reader-${process.pid}-${Math.random()}`);
  const offsets = [{ topic, partition: 0, offset }];
  const stream = await reader.consume({ topics: [topic], mode: "manual", offsets });
  await onReady?.();
  const found = [];
  for await (const message of stream) {
    found.push(recordOf(message));
    if (found.length === count) break;
  }
  await reader.close(true);
  return found;
}

async function withAdmin(use) {
  const admin = new Admin(base);
  try {
    return await use(admin);
  } finally {
    await admin.close();
  }
}

const offsetAt = async (admin, topic, timestamp) => {
  const partitions = [{ partitionIndex: 0, timestamp }];
  const [listed] = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
  return listed.partitions[0].offset;
};

async function read({ topic, count, from }) {
  const offset = await withAdmin((admin) =>
    from === undefined ? 0n : offsetAt(admin, topic, BigInt(from)),
  );
  return await readFrom(topic, count, offset);
}

async function tail({ topic }) {
  const end = await withAdmin((admin) => offsetAt(admin, topic, ListOffsetTimestamps.LATEST));
  const late = { value: "late", headers: {} };
  return await readFrom(topic, 1, end, () =>
    produce({ topic, codec: "none", idempotent: false, records: [late] }),
  );
}

/** A member whose assignment can be waited for. */
async function member(topic, groupId) {
  const joined = consumer(groupId);
  const state = { consumer: joined, assigned: [], waiters: [] };
  joined.on("consumer:group:join", ({ assignments }) => {
    state.assigned = assignments.flatMap(({ partitions }) => partitions);
    for (const waiter of state.waiters) waiter();
  });
  state.stream = await joined.consume({ topics: [topic], mode: "earliest" });
  state.stream.resume();
  return state;
}

async function until(members, condition) {
  while (!condition()) {
    await new Promise((resolve) => members.forEach((each) => each.waiters.push(resolve)));
  }
}

async function share({ topic, group }) {
  const first = await member(topic, group);
  await until([first], () => first.assigned.length === 4);
  const alone = [first.assigned];
  const second = await member(topic, group);
  await until([first, second], () => first.assigned.length === 2 && second.assigned.length === 2);
  const together = [first.assigned, second.assigned];
  await second.consumer.close(true);
  await until([first], () => first.assigned.length === 4);
  const afterwards = [first.assigned];
  await first.consumer.close(true);
  return { alone, together, afterwards };
}

async function take({ topic, group, count }) {
  const taker = consumer(group);
  const stream = await taker.consume({
    topics: [topic],
    mode: "committed",
    fallbackMode: "earliest",
    autocommit: false,
  });
  const values = [];
  for await (const message of stream) {
    values.push(message.value);
    if (values.length < count) continue;
    await message.commit();
    break;
  }
  await taker.close(true);
  return values;
}

const retentionMs = async (admin, topic) => {
  const resource = { resourceType: 2, resourceName: topic, configurationKeys: ["retention.ms"] };
  const [described] = await admin.describeConfigs({ resources: [resource] });
  return described.configs[0].value;
};

const partitionCount = async (admin, topic) =>
  (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic).partitionsCount;

async function administer({ topic, group }) {
  return await withAdmin(async (admin) => {
    const configs = [{ name: "retention.ms", value: "100000" }];
    const wanted = { topics: [topic], partitions: 2, replicas: 1, configs };
    await admin.createTopics(wanted);
    const partitions = [await partitionCount(admin, topic)];
    const configured = [await retentionMs(admin, topic)];
    const altered = [{ name: "retention.ms", value: "200000", configOperation: 0 }];
    const resource = { resourceType: 2, resourceName: topic, configs: altered };
    await admin.incrementalAlterConfigs({ resources: [resource] });
    configured.push(await retentionMs(admin, topic));
    await admin.createPartitions({ topics: [{ name: topic, count: 4, assignments: null }] });
    partitions.push(await partitionCount(admin, topic));
    const record = { value: "value", headers: {} };
    const records = [record, record, record];
    await produce({ topic, codec: "none", idempotent: false, records });
    const before = [{ partition: 0, offset: 2n }];
    const [deleted] = await admin.deleteRecords({ topics: [{ name: topic, partitions: before }] });
    const offsets = [];
    for (const timestamp of [ListOffsetTimestamps.EARLIEST, ListOffsetTimestamps.LATEST]) {
      offsets.push(Number(await offsetAt(admin, topic, timestamp)));
    }
    const joined = await member(topic, group);
    await until([joined], () => joined.assigned.length === 4);
    const described = (await admin.describeGroups({ groups: [group] })).get(group);
    const isListed = (await admin.listGroups()).has(group);
    await joined.consumer.close(true);
    await admin.deleteGroups({ groups: [group] });
    const isGroupGone = !(await admin.listGroups()).has(group);
    const refused = await admin.createTopics(wanted).then(
      () => "created",
      (error) => error.errors[0].errors?.[0].apiId ?? error.errors[0].apiId,
    );
    await admin.deleteTopics({ topics: [topic] });
    return {
      partitions,
      configured,
      lowWatermark: Number(deleted.partitions[0].lowWatermark),
      offsets,
      group: [described.state.toLowerCase().replace(/^s/, "S"), described.members.size],
      isListed,
      isGroupGone,
      isTopicGone: !(await admin.listTopics()).includes(topic),
      refused,
    };
  });
}

const jobs = { produce, read, tail, share, take, admin: administer };
for (const job of JSON.parse(process.argv[3])) {
  process.stdout.write(`${JSON.stringify(await jobs[job.do](job))}\n`);
}
