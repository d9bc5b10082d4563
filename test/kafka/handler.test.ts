import { expect, test } from "bun:test";
import { KafkaProtocol } from "../../src/kafka/protocol.ts";
import { KafkaWorld } from "../support/kafka-world.ts";

test("clients are told of the address that was set, else of the one that they came to", async () => {
  const world = await KafkaWorld.open();
  const told = async (): Promise<string | undefined> => {
    const answer = await world.connect().request("Metadata", 1, { topics: [] });
    return answer.brokers.map(({ host, port }) => `${host}:${port}`)[0];
  };
  expect(await told()).toBe("broker.test:9092");
  const advertised = { host: "public.test", port: 19092 };
  world.protocol = new KafkaProtocol({ ...world.protocol.services, advertised });
  expect(await told()).toBe("public.test:19092");
  await world.close();
});
