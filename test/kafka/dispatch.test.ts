import { describe, expect, test } from "bun:test";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import { routeOf } from "../../src/kafka/dispatch.ts";
import type { Api } from "../../src/wire/table.ts";
import { bytesOf } from "../support/hex.ts";
import { KafkaWorld } from "../support/kafka-world.ts";

const everything = (Object.keys(apis) as ApiName[]).flatMap((name) => {
  const { versions }: Api = apis[name];
  const [oldest, newest] = versions;
  const count = newest - oldest + 1;
  return Array.from({ length: count }, (_, index) => ({ name, version: oldest + index }));
});

describe("every API answers in every version, in the form of that version", () => {
  test.each(everything)("$name $version", async ({ name, version }) => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    // Of a Produce, a response has to be asked for.
    const answer = await peer.request(name, version, name === "Produce" ? { acks: 1 } : {});
    expect(answer).toBeObject();
    expect(peer.closedFor).toBeNull();
    expect(peer.reservedBytes).toBe(0);
    await world.close();
  });
});

describe("a request is routed by the first bytes of its header", () => {
  const routed = (hex: string): string => {
    const bytes = bytesOf(hex);
    const route = routeOf(new DataView(bytes.buffer), 0, bytes.length);
    return typeof route === "string" ? route : `${route.route.name} ${route.apiVersion}`;
  };

  test.each([
    ["0003 000d", "Metadata 13"],
    ["0003 000e", "version 14 of Metadata is not served"],
    ["0003 ffff", "version -1 of Metadata is not served"],
    ["0000 0003", "Produce 3"],
    ["0000 0002", "version 2 of Produce is not served"],
    ["0012 7fff", "ApiVersions 32767"],
    ["0012 ffff", "ApiVersions -1"],
    ["0016 0006", "version 6 of InitProducerId is not served"],
    ["ffff 0000", "API -1 is not served"],
    ["0003 00", "a request ends within its header"],
  ])("%s", (hex, expected) => {
    expect(routed(hex)).toBe(expected);
  });
});
