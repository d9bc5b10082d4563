/**
 * The ways to the brokers of a cluster: which node is where, and a line to each place for each
 * lane, made when it is first wanted.
 *
 * Two nodes at one address, or a node and the address that the caller gave, share their lines.
 */
import type { Writer } from "../../wire/writer.ts";
import { type Address, addressText } from "./address.ts";
import type { Backoff } from "./backoff.ts";
import { ClientError } from "./client-error.ts";
import type { ClientWorld } from "./client-world.ts";
import type { Connection } from "./connection.ts";
import { Line } from "./line.ts";
import type { Waits } from "./waits.ts";

/** A broker of the cluster. */
export interface Node extends Address {
  readonly nodeId: number;
  readonly rack: string | null;
}

export interface NodesParts {
  /** Whom to ask as long as nobody else is known. */
  readonly bootstrap: readonly Address[];
  readonly clientId: string;
  readonly connectTimeoutMs: number;
  readonly backoff: Backoff;
  readonly world: ClientWorld;
  readonly waits: Waits;
  readonly writer: Writer;
}

/** See the head of this file. */
export class Nodes {
  #nodes = new Map<number, Node>();
  readonly #lines = new Map<string, { readonly lane: string; readonly line: Line }>();

  constructor(private readonly parts: NodesParts) {}

  /** Takes in who is in the cluster now; lines to places that are not any more are let go. */
  learn(nodes: readonly Node[]): void {
    this.#nodes = new Map(nodes.map((node) => [node.nodeId, node]));
    const places = this.#places().map(addressText);
    for (const [key, { lane, line }] of this.#lines) {
      if (places.some((place) => key === lineKey(place, lane))) continue;
      this.#lines.delete(key);
      line.close(new ClientError("NETWORK", `${key} is not in the cluster any more`));
    }
  }

  /** Takes in where one node is. */
  learnOne(node: Node): void {
    this.#nodes.set(node.nodeId, node);
  }

  find(nodeId: number): Node | undefined {
    return this.#nodes.get(nodeId);
  }

  /** A connection to a place that was found. */
  connect(to: Address, lane: string): Promise<Connection> {
    return this.#line(addressText(to), to, lane).connection();
  }

  /**
   * A connection to whoever can be reached: one that is there, or the first that comes to be.
   * Rejects with the last error once everybody was tried.
   */
  async connectAny(lane: string): Promise<Connection> {
    const lines = this.#places().map((place) => this.#line(addressText(place), place, lane));
    // Those first that are not pausing after a failure, or as their broker wants.
    lines.sort((a, b) => a.resumesAt - b.resumesAt);
    const open = lines.find(({ isOpen }) => isOpen);
    if (open !== undefined) return await open.connection();
    let last: unknown;
    for (const line of lines) {
      try {
        return await line.connection();
      } catch (error) {
        if (error instanceof ClientError && error.code === "CLOSED") throw error;
        last = error;
      }
    }
    throw last;
  }

  /** Closes the lines of a lane, or all; whatever waits there is rejected with `error`. */
  close(error: ClientError, lane: string | null = null): void {
    for (const [key, entry] of this.#lines) {
      if (lane !== null && entry.lane !== lane) continue;
      this.#lines.delete(key);
      entry.line.close(error);
    }
  }

  /** All addresses once, those of nodes before those that the caller gave. */
  #places(): Address[] {
    const places = new Map<string, Address>();
    for (const place of [...this.#nodes.values(), ...this.parts.bootstrap]) {
      if (!places.has(addressText(place))) places.set(addressText(place), place);
    }
    return [...places.values()];
  }

  #line(place: string, address: Address, lane: string): Line {
    const key = lineKey(place, lane);
    const known = this.#lines.get(key);
    if (known !== undefined) return known.line;
    const { clientId, connectTimeoutMs, backoff, world, waits, writer } = this.parts;
    const { clock, dial } = world;
    const connection = { address, clientId, clock, dial, writer };
    const line = new Line({ connection, connectTimeoutMs, backoff, world, waits });
    this.#lines.set(key, { lane, line });
    return line;
  }
}

const lineKey = (place: string, lane: string): string => (lane === "" ? place : `${place} ${lane}`);
