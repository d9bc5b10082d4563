/** The jobs of support/jobs.ts with kafkajs. Arguments: address, jobs. Packages: in $KIT. */
import { createRequire } from "node:module";
import zlib from "node:zlib";

const require = createRequire(`${process.env.KIT}/package.json`);
const {
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  logLevel,
} = require("kafkajs");
const wasm = createRequire(require.resolve("@platformatic/kafka"))("@platformatic/wasm-utils");

// kafkajs brings gzip only, and takes other codecs from its user.
const codec = (compress, decompress) => () => ({
  compress: async (encoder) => compress(encoder.buffer),
  decompress: async (bytes) => decompress(bytes),
});
CompressionCodecs[CompressionTypes.Snappy] = codec(wasm.snappyCompress, wasm.snappyDecompress);
CompressionCodecs[CompressionTypes.LZ4] = codec(wasm.lz4Compress, wasm.lz4Decompress);
CompressionCodecs[CompressionTypes.ZSTD] = codec(zlib.zstdCompressSync, zlib.zstdDecompressSync);
const compressions = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING });
const text = (bytes) => bytes?.toString() ?? null;
const recordOf = ({ key, value, headers }) => ({
  key: text(key),
  value: text(value),
  headers: Object.fromEntries(Object.entries(headers).map(([name, of]) => [name, text(of)])),
});

async function produce({ topic, codec: name, idempotent, records }) {
  const producer = kafka.producer({ idempotent });
  await producer.connect();
  await producer.send({
    topic,
    compression: compressions[name],
    messages: records.map((record) => ({ ...record, partition: 0 })),
  });
  await producer.disconnect();
  return records.length;
}

/** kafkajs reads only as a member of a group; `seek` says where. */
async function readFrom(topic, count, offset, onReady) {
  const groupId = `reader-${process.pid}-${Math.random()}`;
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  const found = [];
  const enough = Promise.withResolvers?.() ?? resolvers();
  consumer.on(consumer.events.CRASH, ({ payload }) => enough.reject(payload.error));
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    eachMessage: async ({ message }) => {
      if (found.length < count) found.push(recordOf(message));
      if (found.length === count) enough.resolve();
    },
  });
  await joined;
  consumer.seek({ topic, partition: 0, offset });
  await onReady?.();
  await enough.promise;
  await consumer.disconnect();
  return found;
}

function resolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

async function withAdmin(use) {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

async function read({ topic, count, from }) {
  const offset = await withAdmin(async (admin) => {
    if (from === undefined) return "0";
    const found = await admin.fetchTopicOffsetsByTimestamp(topic, from);
    return found.find(({ partition }) => partition === 0).offset;
  });
  return await readFrom(topic, count, offset);
}

async function tail({ topic }) {
  const ends = await withAdmin((admin) => admin.fetchTopicOffsets(topic));
  const late = { key: null, value: "late", headers: {} };
  return await readFrom(topic, 1, ends[0].high, () =>
    produce({ topic, codec: "none", idempotent: false, records: [late] }),
  );
}

/** A member whose assignment can be waited for. */
async function member(topic, groupId) {
  const consumer = kafka.consumer({ groupId, heartbeatInterval: 200, maxWaitTimeInMs: 100 });
  const state = { consumer, assigned: [], waiters: [] };
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    state.assigned = payload.memberAssignment[topic] ?? [];
    for (const waiter of state.waiters) waiter();
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({ eachMessage: async () => {} });
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
  await second.consumer.disconnect();
  await until([first], () => first.assigned.length === 4);
  const afterwards = [first.assigned];
  await first.consumer.disconnect();
  return { alone, together, afterwards };
}

async function take({ topic, group, count }) {
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100 });
  const values = [];
  const enough = Promise.withResolvers?.() ?? resolvers();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      if (values.length === count) return;
      values.push(text(message.value));
      if (values.length < count) return;
      const offset = String(Number(message.offset) + 1);
      await consumer.commitOffsets([{ topic, partition, offset }]);
      enough.resolve();
    },
  });
  await enough.promise;
  await consumer.disconnect();
  return values;
}

const retentionMs = async (admin, topic) => {
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configNames: ["retention.ms"] };
  const { resources } = await admin.describeConfigs({ resources: [resource] });
  return resources[0].configEntries[0].configValue;
};

const partitionCount = async (admin, topic) =>
  (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length;

async function administer({ topic, group }) {
  return await withAdmin(async (admin) => {
    const configEntries = [{ name: "retention.ms", value: "100000" }];
    const wanted = { topics: [{ topic, numPartitions: 2, configEntries }] };
    await admin.createTopics(wanted);
    const counts = [await partitionCount(admin, topic)];
    const configured = [await retentionMs(admin, topic)];
    const altered = [{ name: "retention.ms", value: "200000" }];
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: altered };
    await admin.alterConfigs({ resources: [resource] });
    configured.push(await retentionMs(admin, topic));
    await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] });
    counts.push(await partitionCount(admin, topic));
    const record = { key: null, value: "value", headers: {} };
    const records = [record, record, record];
    await produce({ topic, codec: "none", idempotent: false, records });
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "2" }] });
    const ends = (await admin.fetchTopicOffsets(topic)).find(({ partition }) => partition === 0);
    const joined = await member(topic, group);
    await until([joined], () => joined.assigned.length === 4);
    const { groups } = await admin.describeGroups([group]);
    const listed = async () =>
      (await admin.listGroups()).groups.some(({ groupId }) => groupId === group);
    const isListed = await listed();
    await joined.consumer.disconnect();
    await admin.deleteGroups([group]);
    const isGroupGone = !(await listed());
    const refused = await admin.createTopics({ ...wanted, validateOnly: false }).then(
      (isNew) => (isNew ? "created" : "TOPIC_ALREADY_EXISTS"),
      (error) => error.type,
    );
    await admin.deleteTopics({ topics: [topic] });
    return {
      partitions: counts,
      configured,
      offsets: [Number(ends.low), Number(ends.high)],
      group: [groups[0].state, groups[0].members.length],
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
