import { expect, test } from "bun:test";
import * as library from "../../../src/client/kafka/index.ts";

test("a program that imports obelisk/kafka has all clients, and their errors", async () => {
  const name = "obelisk/kafka";
  const imported: typeof library = await import(name);
  expect(Object.keys(imported).sort()).toEqual([
    "Admin",
    "ClientError",
    "Cluster",
    "Consumer",
    "DamageError",
    "DeliveryError",
    "Producer",
  ]);
  expect(imported.Producer).toBe(library.Producer);
});
