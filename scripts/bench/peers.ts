/** All peers, by name: each broker with each setting that it is compared in. */
import { diskPeer } from "./disk-peer.ts";
import { kafkaPeer } from "./kafka-peer.ts";
import type { Kits } from "./kits.ts";
import { natsPeer } from "./nats-peer.ts";
import { type Door, obeliskPeer } from "./obelisk-peer.ts";
import type { Peer } from "./peer.ts";
import { redisPeer } from "./redis-peer.ts";

export function allPeers(kits: Kits, executable: string): ReadonlyMap<string, Peer> {
  const obelisk = (name: string, door: Door, ...args: string[]): Peer =>
    obeliskPeer(name, kits, { executable, door, args });
  const peers = [
    obelisk("obelisk", "kafka"),
    obelisk("obelisk-unsynced", "kafka", "--fsync", "never"),
    obelisk("obelisk-native", "native"),
    obelisk("obelisk-http", "HTTP"),
    obelisk("obelisk-beside-http", "kafka beside HTTP"),
    obelisk("obelisk-apart-from-http", "kafka apart from HTTP"),
    obelisk("obelisk-http-beside-kafka", "HTTP beside kafka"),
    obelisk("obelisk-http-apart-from-kafka", "HTTP apart from kafka"),
    kafkaPeer("kafka", kits, []),
    kafkaPeer("kafka-flush", kits, ["log.flush.interval.messages=1"]),
    natsPeer("nats", kits, "default"),
    natsPeer("nats-always", kits, "always"),
    redisPeer("redis", kits, "no"),
    redisPeer("redis-always", kits, "always"),
    diskPeer,
  ];
  return new Map(peers.map((peer) => [peer.name, peer]));
}
