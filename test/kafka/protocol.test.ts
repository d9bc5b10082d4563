import { expect, test } from "bun:test";
import { kafkaFrameBytesMax } from "../../src/limits.ts";
import { KafkaWorld } from "../support/kafka-world.ts";

test("a frame begins with its length, big endian, of at most a hundred mebibytes", async () => {
  const world = await KafkaWorld.open();
  const { framing } = world.protocol;
  expect(framing).toEqual({ littleEndian: false, payloadBytesMax: kafkaFrameBytesMax });
  expect(kafkaFrameBytesMax).toBe(104_857_600);
  await world.close();
});

test("connections share a writer, and none sees another's responses", async () => {
  const world = await KafkaWorld.open();
  await world.topic("a", 3);
  await world.topic("b", 5);
  const peers = Array.from({ length: 20 }, () => world.connect());
  peers.forEach((peer, index) => {
    peer.ask("Metadata", 9, { topics: [{ name: index % 2 === 0 ? "a" : "b" }] });
  });
  const counts = peers.map((peer) => {
    return peer.answerTo<"Metadata">(1)?.topics[0]?.partitions.length;
  });
  expect(counts).toEqual(peers.map((_, index) => (index % 2 === 0 ? 3 : 5)));
  await world.close();
});
