import { describe, expect, test } from "bun:test";
import { KafkaWorld, named } from "../../support/kafka-world.ts";

const topic = { resourceType: 2, resourceName: "t" };

describe("DescribeConfigs", () => {
  test("describes every configuration, with where its value comes from", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 1, { "retention.ms": "5" });
    const peer = world.connect();
    const answer = await peer.request("DescribeConfigs", 4, {
      resources: [{ ...topic, configurationKeys: null }],
      includeSynonyms: true,
      includeDocumentation: true,
    });
    const configs = answer.results[0]?.configs ?? [];
    expect(configs.length).toBeGreaterThan(30);
    expect(configs.find(({ name }) => name === "retention.ms")).toMatchObject({
      value: "5",
      configSource: 1,
      configType: 5,
      readOnly: false,
      synonyms: [
        { name: "retention.ms", value: "5", source: 1 },
        { name: "log.retention.ms", value: "604800000", source: 5 },
      ],
    });
    expect(configs.find(({ name }) => name === "cleanup.policy")).toMatchObject({
      value: "delete",
      configSource: 5,
      configType: 7,
    });
    expect(configs.every(({ documentation }) => documentation !== null)).toBeTrue();
    await world.close();
  });

  test("leaves out what was not asked for", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const ask = async (configurationKeys: string[] | null): Promise<string[]> => {
      const resources = [{ ...topic, configurationKeys }];
      const [result] = (await peer.request("DescribeConfigs", 3, { resources })).results;
      expect(result?.configs.every(({ synonyms }) => synonyms.length === 0)).toBeTrue();
      expect(result?.configs.every(({ documentation }) => documentation === null)).toBeTrue();
      return result?.configs.map(({ name }) => name) ?? [];
    };
    expect(await ask(["segment.ms", "x", "retention.ms"])).toEqual(["retention.ms", "segment.ms"]);
    expect(await ask([])).toEqual(await ask(null));
    await world.close();
  });

  test.each([
    ["a topic that there is not", 2, "u", "UNKNOWN_TOPIC_OR_PARTITION"],
    ["this broker", 4, "1", "NONE"],
    ["all brokers", 4, "", "NONE"],
    ["another broker", 4, "2", "INVALID_REQUEST"],
    ["loggers", 8, "1", "INVALID_REQUEST"],
    ["client metrics", 16, "x", "INVALID_REQUEST"],
    ["a group", 32, "g", "INVALID_REQUEST"],
    ["who knows what", 99, "x", "INVALID_REQUEST"],
  ])("of %s", async (_what, resourceType, resourceName, error) => {
    const world = await KafkaWorld.open();
    const resources = [{ resourceType, resourceName, configurationKeys: null }];
    const answer = await world.connect().request("DescribeConfigs", 1, { resources });
    expect(answer.results).toMatchObject([{ resourceType, resourceName }]);
    expect(named(answer.results[0]?.errorCode ?? 0)).toBe(error);
    await world.close();
  });

  test("of the broker shows what was set at its start, and what can't be changed", async () => {
    const world = await KafkaWorld.open({ facts: { "node.id": "1" }, partitionCount: 3 });
    const resources = [{ resourceType: 4, resourceName: "1", configurationKeys: null }];
    const answer = await world.connect().request("DescribeConfigs", 4, { resources });
    const configs = answer.results[0]?.configs ?? [];
    const shown = (wanted: string) => configs.find(({ name }) => name === wanted);
    expect(shown("node.id")).toMatchObject({ value: "1", readOnly: true, configSource: 4 });
    expect(shown("num.partitions")).toMatchObject({ value: "3", readOnly: true });
    expect(shown("log.retention.ms")).toMatchObject({ readOnly: false, configSource: 5 });
    await world.close();
  });
});

describe("AlterConfigs", () => {
  test("replaces the whole configuration of a topic", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 1, { "retention.ms": "5", "segment.ms": "7" });
    const peer = world.connect();
    const configs = [{ name: "retention.ms", value: "6" }];
    const alter = (validateOnly: boolean) =>
      peer.request("AlterConfigs", 2, { resources: [{ ...topic, configs }], validateOnly });
    expect((await alter(true)).responses[0]).toMatchObject({ errorCode: 0, ...topic });
    expect(world.broker.topic("t")?.config.raw).toEqual({ "retention.ms": "5", "segment.ms": "7" });
    await alter(false);
    expect(world.broker.topic("t")?.config.raw).toEqual({ "retention.ms": "6" });
    await world.close();
  });
});

describe("IncrementalAlterConfigs", () => {
  test("sets, deletes, appends and subtracts", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 1, { "retention.ms": "5" });
    const peer = world.connect();
    const alter = async (name: string, configOperation: number, value: string | null) => {
      const resources = [{ ...topic, configs: [{ name, configOperation, value }] }];
      const [answer] = (await peer.request("IncrementalAlterConfigs", 1, { resources })).responses;
      return named(answer?.errorCode ?? 0);
    };
    expect(await alter("segment.ms", 0, "7")).toBe("NONE");
    expect(await alter("retention.ms", 1, null)).toBe("NONE");
    expect(await alter("cleanup.policy", 2, "compact")).toBe("NONE");
    expect(await alter("cleanup.policy", 3, "delete")).toBe("NONE");
    expect(await alter("retention.ms", 2, "1")).toBe("INVALID_CONFIG");
    expect(await alter("retention.ms", 4, "1")).toBe("INVALID_REQUEST");
    expect(await alter("retention.ms", 0, null)).toBe("INVALID_REQUEST");
    expect(await alter("nothing", 0, "1")).toBe("INVALID_CONFIG");
    const { raw } = world.broker.topic("t")?.config ?? {};
    expect(raw).toEqual({ "segment.ms": "7", "cleanup.policy": "compact" });
    await world.close();
  });

  test("of the broker, by its id or by none, takes effect for topics that don't say", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const alter = async (resourceName: string, value: string): Promise<string> => {
      const configs = [{ name: "log.retention.ms", configOperation: 0, value }];
      const resources = [{ resourceType: 4, resourceName, configs }];
      const [answer] = (await peer.request("IncrementalAlterConfigs", 0, { resources })).responses;
      return named(answer?.errorCode ?? 0);
    };
    expect(await alter("", "77")).toBe("NONE");
    expect(world.broker.topic("t")?.config.values["retention.ms"]).toBe(77);
    expect(await alter("1", "78")).toBe("NONE");
    expect(world.broker.topic("t")?.config.values["retention.ms"]).toBe(78);
    expect(await alter("2", "79")).toBe("INVALID_REQUEST");
    const resources = [{ resourceType: 4, resourceName: "", configurationKeys: null }];
    const shown = await peer.request("DescribeConfigs", 1, { resources });
    expect(shown.results[0]?.configs).toMatchObject([
      { name: "log.retention.ms", value: "78", configSource: 3 },
    ]);
    await world.close();
  });

  test("refuses one resource without the others", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const configs = [{ name: "segment.ms", configOperation: 0, value: "7" }];
    const answer = await world.connect().request("IncrementalAlterConfigs", 1, {
      resources: [
        { resourceType: 2, resourceName: "u", configs },
        { resourceType: 8, resourceName: "1", configs },
        { ...topic, configs },
        { ...topic, configs },
      ],
    });
    expect(answer.responses.map(({ errorCode }) => named(errorCode))).toEqual([
      "UNKNOWN_TOPIC_OR_PARTITION",
      "INVALID_REQUEST",
      "NONE",
      "INVALID_REQUEST",
    ]);
    await world.close();
  });
});

describe("ListConfigResources", () => {
  test("lists topics and the broker; version 0 asks for what there is not", async () => {
    const world = await KafkaWorld.open();
    await world.topic("a");
    await world.topic("b");
    const peer = world.connect();
    const list = async (version: number, resourceTypes: number[]): Promise<string[]> => {
      const answer = await peer.request("ListConfigResources", version, { resourceTypes });
      if (answer.errorCode !== 0) return [named(answer.errorCode)];
      return answer.configResources.map(({ resourceType, resourceName }) => {
        return `${resourceType} ${resourceName}`;
      });
    };
    expect(await list(0, [])).toEqual([]);
    expect(await list(1, [])).toEqual(["2 a", "2 b", "4 1"]);
    expect(await list(1, [2])).toEqual(["2 a", "2 b"]);
    expect(await list(1, [4, 16, 32])).toEqual(["4 1"]);
    expect(await list(1, [5])).toEqual(["UNSUPPORTED_VERSION"]);
    await world.close();
  });
});
