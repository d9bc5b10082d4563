/**
 * More connections to the HTTP port of the executable than the process may have descriptors: the
 * other ports go on, and so does HTTP once the crowd is gone.
 */
import { expect } from "bun:test";
import { join } from "node:path";
import { batchOf } from "../support/batches.ts";
import { requestFrame } from "../support/malformed.ts";
import { Peer } from "../support/peer.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { startBroker } from "./support/broker-process.ts";
import { executable } from "./support/executable.ts";
import { KafkaSocket } from "./support/kafka-socket.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { untilWithin } from "./support/within.ts";

leaveNothing();

const onLinux = skipUnless(process.platform === "linux", "only Linux tells what is left");
const msMax = 60_000;
const descriptorsMax = 256;

/** Connections that send as much as makes the system hand them over, and then nothing more. */
async function crowd(port: number, count: number): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (let left = count; left > 0; left--) {
    const peer = await Peer.connect(port);
    peer.send("GET ");
    peers.push(peer);
  }
  return peers;
}

onLinux(
  "a crowd at the HTTP port takes no descriptor from producers, and HTTP comes back",
  async () => {
    using directory = temporaryDirectory();
    const program = join(directory.path, "obelisk-of-few-files");
    await Bun.write(
      program,
      `#!/bin/sh\nulimit -n ${descriptorsMax}\nexec '${executable()}' "$@"\n`,
    );
    await Bun.$`chmod +x ${program}`;
    const started = await startBroker(join(directory.path, "data"), [], { program });
    await using broker = started.process;
    const door = broker.lines.find((line) => line["door"] === "http");
    const port = Number(String(door?.["address"]).split(":").at(-1));
    const peers = await crowd(port, descriptorsMax);
    await broker.logged("http closed for a while");
    // A topic is a directory and files: it needs descriptors of its own.
    using producer = await KafkaSocket.connect(started.kafkaPort);
    const topics = [{ name: "t", numPartitions: 4, replicationFactor: 1 }];
    await producer.ask(requestFrame("CreateTopics", 4, { topics }));
    const topicData = [
      { name: "t", partitionData: [{ index: 3, records: batchOf({ first: 0 }) }] },
    ];
    await producer.ask(requestFrame("Produce", 9, { acks: 1, topicData }));
    await broker.logged("http opened again");
    await untilWithin(msMax, "the end of the crowd", () => peers.every(({ ended }) => ended));
    const answered = await fetch(`http://127.0.0.1:${port}/topics/t/partitions/3/offsets`);
    expect(await answered.json()).toEqual({ beginning_offset: 0, end_offset: 1 });
  },
  2 * msMax,
);
