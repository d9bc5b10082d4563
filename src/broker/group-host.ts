/**
 * All groups of one broker as living things: their state machines, their timers, who waits for an
 * answer, and the way to the store. The verbs in `groups.ts` and `group-offsets.ts` stand on it.
 *
 * Invariants: a group is in the map while there is anything to be remembered of it; what
 * {@link HostedGroup.row} and `offsets` say is what is on the device; a request that waits has one
 * answer coming.
 */
import { assert, unreachable } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Random } from "../base/random.ts";
import type { GroupChange, GroupRow, GroupStore, StoredGroup } from "../metadata/metadata.ts";
import { CommittedOffsets } from "./committed-offsets.ts";
import type {
  HeartbeatReply,
  JoinGroupReply,
  LeaveGroupReply,
  SyncGroupReply,
} from "./group-coordinator.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import type { GroupEffect, GroupEvent, Now, Ticket } from "./group-event.ts";
import type { GroupRules } from "./group-rules.ts";
import { GroupTimers } from "./group-timers.ts";
import { GroupWriter } from "./group-writer.ts";
import { Group } from "./group.ts";

/** What groups are made of. */
export interface GroupParts {
  readonly store: GroupStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** One group and all that belongs to it. */
export interface HostedGroup {
  readonly group: Group;
  readonly offsets: CommittedOffsets;
  readonly timers: GroupTimers;
  /** The generation that is on the device; moves when one was stored. */
  row: GroupRow | null;
  /** Changes on their way to the device. */
  writes: number;
  /** The end of all of them. */
  written: Promise<GroupErrorCode>;
  /** What was last counted of it into the total. */
  bytes: number;
}

/** Requests that wait for the same kind of reply. What waits is bounded by the members. */
class Waiting<Reply> {
  readonly #resolves = new Map<Ticket, (reply: Reply) => void>();

  wait(ticket: Ticket): Promise<Reply> {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#resolves.set(ticket, resolve);
    return promise;
  }

  answer(ticket: Ticket, reply: Reply): void {
    const resolve = this.#resolves.get(ticket);
    assert(resolve !== undefined, "a request is answered once");
    this.#resolves.delete(ticket);
    resolve(reply);
  }
}

/** See the head of this file. */
export class GroupHost {
  readonly #groups = new Map<string, HostedGroup>();
  readonly #writer: GroupWriter;
  readonly #joins = new Waiting<JoinGroupReply>();
  readonly #syncs = new Waiting<SyncGroupReply>();
  readonly #heartbeats = new Waiting<HeartbeatReply>();
  readonly #leaves = new Waiting<LeaveGroupReply>();
  /** How often a group has begun to rebalance, since the start. */
  rebalances = 0;
  #tickets = 0;
  #bytes = 0;

  constructor(
    readonly parts: GroupParts,
    readonly rules: GroupRules,
    stored: readonly StoredGroup[],
  ) {
    this.#writer = new GroupWriter(parts.store, parts.clock, parts.logger);
    for (const { groupId, row, offsets } of stored) {
      this.step(this.#host(groupId, row, new CommittedOffsets(offsets)), { kind: "loaded" });
    }
  }

  get(groupId: string): HostedGroup | undefined {
    return this.#groups.get(groupId);
  }

  all(): readonly HostedGroup[] {
    return [...this.#groups.values()];
  }

  now(): Now {
    const { clock } = this.parts;
    return { wallMs: clock.now(), monotonicMs: clock.monotonic() };
  }

  /** Whether all groups together may hold so much more. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.rules.groupsBytesMax;
  }

  /** The group, or a new one, without anything; `undefined` if there are too many. */
  getOrCreate(groupId: string): HostedGroup | undefined {
    const hosted = this.#groups.get(groupId);
    if (hosted !== undefined) return hosted;
    if (this.#groups.size >= this.rules.groupsMax) return undefined;
    return this.#host(groupId, null, new CommittedOffsets([]));
  }

  /** Sends the event that `ask` makes with a ticket, and waits for the reply to it. */
  join(hosted: HostedGroup, ask: (ticket: Ticket) => GroupEvent): Promise<JoinGroupReply> {
    return this.#ask(this.#joins, hosted, ask);
  }

  sync(hosted: HostedGroup, ask: (ticket: Ticket) => GroupEvent): Promise<SyncGroupReply> {
    return this.#ask(this.#syncs, hosted, ask);
  }

  heartbeat(hosted: HostedGroup, ask: (ticket: Ticket) => GroupEvent): Promise<HeartbeatReply> {
    return this.#ask(this.#heartbeats, hosted, ask);
  }

  leave(hosted: HostedGroup, ask: (ticket: Ticket) => GroupEvent): Promise<LeaveGroupReply> {
    return this.#ask(this.#leaves, hosted, ask);
  }

  /** A group of which nothing is to be remembered goes without a trace, as at the next start. */
  settle(hosted: HostedGroup): void {
    this.#count(hosted);
    const { group, offsets, row, writes } = hosted;
    if (row === null && writes === 0 && offsets.size === 0 && group.isDeserted) {
      this.#forget(hosted);
    }
  }

  /** Sends an event to a group and does what it wants done. */
  step(hosted: HostedGroup, event: GroupEvent): void {
    for (const effect of hosted.group.step(event, this.now())) this.#perform(hosted, effect);
    this.settle(hosted);
  }

  /** Stores a change of a group; `apply` makes it in memory once it is on the device. */
  write(hosted: HostedGroup, change: GroupChange, apply: () => void): Promise<GroupErrorCode> {
    hosted.writes++;
    const written = this.#writer
      .write(change, () => {
        apply();
        this.#count(hosted);
      })
      .then((errorCode) => {
        hosted.writes--;
        this.settle(hosted);
        return errorCode;
      });
    hosted.written = hosted.written.then(() => written);
    return written;
  }

  /**
   * Deletes an empty group with all that it has. Nobody may come in meanwhile.
   * @param reason for the log
   */
  async remove(hosted: HostedGroup, reason: string): Promise<GroupErrorCode> {
    const { groupId } = hosted.group;
    this.step(hosted, { kind: "condemned", reason });
    const errorCode = await this.write(hosted, { kind: "remove", groupId }, () => {
      this.#forget(hosted);
    });
    if (errorCode !== "NONE" && hosted.group.state === "Dead") {
      this.step(hosted, { kind: "spared" });
    }
    return errorCode;
  }

  /** Ends all waiting, then stores what is on its way. */
  async close(): Promise<void> {
    for (const hosted of this.all()) {
      this.step(hosted, { kind: "closed" });
      hosted.timers.clear();
    }
    await this.#writer.close();
  }

  #ask<Reply>(
    waiting: Waiting<Reply>,
    hosted: HostedGroup,
    ask: (ticket: Ticket) => GroupEvent,
  ): Promise<Reply> {
    const ticket = ++this.#tickets;
    const reply = waiting.wait(ticket);
    this.step(hosted, ask(ticket));
    return reply;
  }

  #host(groupId: string, row: GroupRow | null, offsets: CommittedOffsets): HostedGroup {
    const hosted: HostedGroup = {
      group: new Group(groupId, this.rules, row, this.now()),
      offsets,
      timers: new GroupTimers(this.parts.clock, (timer) => {
        this.step(hosted, { kind: "timer", timer });
      }),
      row,
      writes: 0,
      written: Promise.resolve("NONE"),
      bytes: 0,
    };
    this.#groups.set(groupId, hosted);
    this.#count(hosted);
    return hosted;
  }

  #perform(hosted: HostedGroup, effect: GroupEffect): void {
    switch (effect.kind) {
      case "join reply":
        return this.#joins.answer(effect.ticket, effect.reply);
      case "sync reply":
        return this.#syncs.answer(effect.ticket, effect.reply);
      case "heartbeat reply":
        return this.#heartbeats.answer(effect.ticket, effect.reply);
      case "leave reply":
        return this.#leaves.answer(effect.ticket, effect.reply);
      case "schedule":
        return hosted.timers.schedule(effect.timer, effect.deadlineMs);
      case "cancel":
        return hosted.timers.cancel(effect.timer);
      case "store":
        return this.#store(hosted, effect.storeId, effect.row);
      case "state": {
        const { state, generationId: generation, memberCount: members, reason } = effect;
        if (state === "PreparingRebalance") this.rebalances += 1;
        const group = hosted.group.groupId;
        return this.parts.logger.info("group changed", {
          group,
          state,
          generation,
          members,
          reason,
        });
      }
      default:
        return unreachable(effect);
    }
  }

  /** Success is told in the order of the store, before anything that was stored later. */
  #store(hosted: HostedGroup, storeId: number, row: GroupRow): void {
    const { groupId } = hosted.group;
    const stored = this.write(hosted, { kind: "generation", groupId, row }, () => {
      hosted.row = row;
      this.step(hosted, { kind: "stored", storeId, errorCode: "NONE" });
    });
    void stored.then((errorCode) => {
      if (errorCode !== "NONE") this.step(hosted, { kind: "stored", storeId, errorCode });
    });
  }

  #forget(hosted: HostedGroup): void {
    hosted.timers.clear();
    const { groupId } = hosted.group;
    if (this.#groups.get(groupId) !== hosted) return;
    this.#groups.delete(groupId);
    this.#bytes -= hosted.bytes;
    hosted.bytes = 0;
  }

  #count(hosted: HostedGroup): void {
    if (this.#groups.get(hosted.group.groupId) !== hosted) return;
    const bytes = hosted.group.bytes + hosted.offsets.bytes;
    this.#bytes += bytes - hosted.bytes;
    hosted.bytes = bytes;
  }
}
