/**
 * A language for telling what happens to one group, and the teller. A story is a text: lines that
 * begin with `> ` are commands, indented lines are what came of them, all else is for the reader.
 *
 *     join a [id=a-1] [instance=i] [v=9] [session=10000] [rebalance=30000] [type=consumer]
 *          [offers=range:x,sticky:y] [reason=words_with_underscores]
 *     sync a-1 gen=1 [a-1=x b-1=y …] [instance=i] [type=consumer] [protocol=range]
 *     heartbeat a-1 gen=1 [instance=i]        commit a-1 gen=1 [instance=i]
 *     leave a-1 … [instance=i]                close
 *     wait 3000         time passes; timers that fall due on the way fire in their order
 *     stored, failed    the oldest thing that is being stored is stored, or is not
 *     restart           the broker stops at once, and comes back with what was stored
 *     show              the group as it is
 *
 * Member ids are the name in `join` and a number. Times are milliseconds since the beginning.
 */
import { unreachable } from "../../src/base/assert.ts";
import type { JoinGroupReply, SyncGroupReply } from "../../src/broker/group-coordinator.ts";
import type { GroupEffect, GroupEvent, GroupTimer, Now } from "../../src/broker/group-event.ts";
import { defaultGroupRules, type GroupRules } from "../../src/broker/group-rules.ts";
import { Group } from "../../src/broker/group.ts";
import { commitError } from "../../src/broker/offset-rules.ts";
import type { GroupRow } from "../../src/metadata/metadata.ts";

export const storyRules: GroupRules = { ...defaultGroupRules, membersMax: 4 };

/** A story with what came of each command put in anew. */
export function retell(story: string): string {
  const teller = new Teller();
  const lines = story.split("\n").filter((line) => !line.startsWith("  "));
  return lines
    .flatMap((line) =>
      line.startsWith("> ")
        ? [line, ...teller.run(line.slice(2)).map((each) => `  ${each}`)]
        : line,
    )
    .join("\n");
}

/** The words of a command: `name=value` ones, and the others. */
interface Words {
  readonly bare: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

class Teller {
  #elapsedMs = 0;
  #group = new Group("g", storyRules, null, this.#now());
  readonly #timers = new Map<GroupTimer, number>();
  readonly #storing: { storeId: number; row: GroupRow }[] = [];
  #stored: GroupRow | null = null;
  /** Who asked what, by ticket. */
  readonly #asked = new Map<number, string>();
  #tickets = 0;
  readonly #memberNumbers = new Map<string, number>();

  run(command: string): string[] {
    const [verb, ...words] = command.split(" ");
    const bare = words.filter((word) => !word.includes("="));
    const named = new Map(
      words
        .filter((word) => word.includes("="))
        .map((word): [string, string] => {
          const at = word.indexOf("=");
          return [word.slice(0, at), word.slice(at + 1)];
        }),
    );
    const verbs: Readonly<Record<string, (words: Words) => string[]>> = {
      join: (given) => this.#join(given),
      sync: (given) => this.#sync(given),
      heartbeat: (given) => this.#heartbeat(given),
      commit: (given) => this.#commit(given),
      leave: (given) => this.#leave(given),
      close: () => this.#step({ kind: "closed" }),
      wait: (given) => this.#wait(Number(given.bare[0])),
      stored: () => this.#settle("NONE"),
      failed: () => this.#settle("KAFKA_STORAGE_ERROR"),
      restart: () => this.#restart(),
      show: () => this.#show(),
    };
    const run = verbs[verb ?? ""];
    if (run === undefined) throw new Error(`no command ${command}`);
    return run({ bare, named });
  }

  #join({ bare, named }: Words): string[] {
    const name = bare[0] ?? "";
    const number = (this.#memberNumbers.get(name) ?? 0) + 1;
    const memberId = named.get("id") ?? "";
    if (memberId === "") this.#memberNumbers.set(name, number);
    const sessionTimeoutMs = Number(named.get("session") ?? 10_000);
    const protocols = (named.get("offers") ?? `range:${name}`).split(",").map((offer) => {
      const [protocol = "", metadata = ""] = offer.split(":");
      return { name: protocol, metadata: bytes(metadata) };
    });
    return this.#step({
      kind: "join",
      ticket: this.#ask("join", memberId === "" ? name : memberId),
      caller: {
        apiVersion: Number(named.get("v") ?? 9),
        clientId: name,
        clientHost: "/127.0.0.1",
      },
      newMemberId: `${name}-${number}`,
      request: {
        groupId: "g",
        sessionTimeoutMs,
        rebalanceTimeoutMs: Number(named.get("rebalance") ?? 30_000),
        memberId,
        groupInstanceId: named.get("instance") ?? null,
        protocolType: named.get("type") ?? "consumer",
        protocols,
        reason: named.get("reason")?.replaceAll("_", " ") ?? null,
      },
    });
  }

  #sync({ bare, named }: Words): string[] {
    const memberId = bare[0] ?? "";
    const own = new Set(["gen", "instance", "type", "protocol"]);
    const assignments = [...named]
      .filter(([name]) => !own.has(name))
      .map(([name, value]) => ({ memberId: name, assignment: bytes(value) }));
    return this.#step({
      kind: "sync",
      ticket: this.#ask("sync", memberId),
      request: {
        groupId: "g",
        generationId: Number(named.get("gen")),
        memberId,
        groupInstanceId: named.get("instance") ?? null,
        protocolType: named.get("type") ?? null,
        protocolName: named.get("protocol") ?? null,
        assignments,
      },
    });
  }

  #heartbeat({ bare, named }: Words): string[] {
    const memberId = bare[0] ?? "";
    return this.#step({
      kind: "heartbeat",
      ticket: this.#ask("heartbeat", memberId),
      request: {
        groupId: "g",
        generationId: Number(named.get("gen")),
        memberId,
        groupInstanceId: named.get("instance") ?? null,
      },
    });
  }

  #commit({ bare, named }: Words): string[] {
    const memberId = bare[0] ?? "";
    const errorCode = commitError(this.#group, {
      groupId: "g",
      generationIdOrMemberEpoch: Number(named.get("gen")),
      memberId,
      groupInstanceId: named.get("instance") ?? null,
      retentionTimeMs: -1,
      topics: [],
    });
    return [`commit ${memberId}: ${errorCode}`];
  }

  #leave({ bare, named }: Words): string[] {
    const instance = named.get("instance") ?? null;
    const leaving = bare.length > 0 ? bare : [""];
    return this.#step({
      kind: "leave",
      ticket: this.#ask("leave", bare.length > 0 ? bare.join(" ") : `instance ${instance}`),
      request: {
        groupId: "g",
        members: leaving.map((memberId) => ({
          memberId,
          groupInstanceId: instance,
          reason: "the consumer is being closed",
        })),
      },
    });
  }

  #wait(durationMs: number): string[] {
    const told: string[] = [];
    const endMs = this.#elapsedMs + durationMs;
    for (;;) {
      const [first] = [...this.#timers].sort(([, one], [, other]) => one - other);
      if (first === undefined || first[1] > endMs) break;
      const [timer, dueMs] = first;
      this.#timers.delete(timer);
      this.#elapsedMs = dueMs;
      told.push(`at ${dueMs} timer ${timer} is due`, ...this.#step({ kind: "timer", timer }));
    }
    this.#elapsedMs = endMs;
    return told;
  }

  #settle(errorCode: "NONE" | "KAFKA_STORAGE_ERROR"): string[] {
    const oldest = this.#storing.shift();
    if (oldest === undefined) throw new Error("nothing is being stored");
    if (errorCode === "NONE") this.#stored = oldest.row;
    return this.#step({ kind: "stored", storeId: oldest.storeId, errorCode });
  }

  #restart(): string[] {
    this.#timers.clear();
    this.#storing.length = 0;
    const unanswered = [...this.#asked.values()].map((asked) => `${asked}: connection lost`);
    this.#asked.clear();
    this.#group = new Group("g", storyRules, structuredClone(this.#stored), this.#now());
    return [...unanswered, ...this.#step({ kind: "loaded" }), ...this.#show()];
  }

  #show(): string[] {
    const { state, generationId, protocolName } = this.#group;
    const { leader } = this.#group.row();
    return [
      `${state}, generation ${generationId}, protocol ${protocolName}, leader ${leader}`,
      ...this.#group.members().map((member) => {
        const instance =
          member.groupInstanceId === null ? "" : ` instance ${member.groupInstanceId}`;
        const waits =
          member.joining !== null ? " joining" : member.syncing !== null ? " syncing" : "";
        return `${member.memberId}${instance} has ${shown(member.assignment)}${waits}`;
      }),
      `timers: ${[...this.#timers].map(([timer, dueMs]) => `${timer} ${dueMs}`).join(", ")}`,
    ];
  }

  #ask(what: string, who: string): number {
    const ticket = ++this.#tickets;
    this.#asked.set(ticket, `${what} ${who}`);
    return ticket;
  }

  #answered(ticket: number): string {
    const asked = this.#asked.get(ticket);
    if (asked === undefined) throw new Error("a request is answered once");
    this.#asked.delete(ticket);
    return asked;
  }

  #now(): Now {
    return { wallMs: 1_754_705_528_480 + this.#elapsedMs, monotonicMs: this.#elapsedMs };
  }

  #step(event: GroupEvent): string[] {
    return this.#group.step(event, this.#now()).flatMap((effect) => this.#tell(effect));
  }

  #tell(effect: GroupEffect): string[] {
    switch (effect.kind) {
      case "join reply":
        return [`${this.#answered(effect.ticket)}: ${joinText(effect.reply)}`];
      case "sync reply":
        return [`${this.#answered(effect.ticket)}: ${syncText(effect.reply)}`];
      case "heartbeat reply":
        return [`${this.#answered(effect.ticket)}: ${effect.reply.errorCode}`];
      case "leave reply": {
        const each = effect.reply.members.map(({ errorCode }) => errorCode).join(" ");
        const { errorCode } = effect.reply;
        return [`${this.#answered(effect.ticket)}: ${errorCode === "NONE" ? each : errorCode}`];
      }
      case "schedule":
        this.#timers.set(effect.timer, effect.deadlineMs);
        return [`timer ${effect.timer} at ${effect.deadlineMs}`];
      case "cancel":
        return this.#timers.delete(effect.timer) ? [`timer ${effect.timer} is off`] : [];
      case "store":
        this.#storing.push(effect);
        return [rowText(effect.row)];
      case "state":
        return [`${effect.state}, ${effect.memberCount} members: ${effect.reason}`];
      default:
        return unreachable(effect);
    }
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function shown(assignment: Uint8Array): string {
  if (assignment.length === 0) return "nothing";
  const text = new TextDecoder().decode(assignment);
  return text.startsWith("\0") ? "no partitions" : text;
}

function joinText(reply: JoinGroupReply): string {
  if (reply.errorCode !== "NONE") return `${reply.errorCode} "${reply.memberId}"`;
  const members = reply.members.map(({ memberId, groupInstanceId, metadata }) => {
    const instance = groupInstanceId === null ? "" : `/${groupInstanceId}`;
    return `${memberId}${instance}(${shown(metadata)})`;
  });
  return [
    `it is ${reply.memberId} in generation ${reply.generationId} of ${reply.protocolName}`,
    `leader ${reply.leader}`,
    ...(members.length > 0 ? [`members ${members.join(" ")}`] : []),
    ...(reply.skipAssignment ? ["skip the assignment"] : []),
  ].join(", ");
}

const syncText = ({ errorCode, assignment }: SyncGroupReply): string =>
  errorCode === "NONE" ? shown(assignment) : errorCode;

function rowText({ generationId, members }: GroupRow): string {
  const assigned = members.map(({ memberId, assignment }) => `${memberId}=${shown(assignment)}`);
  return `store generation ${generationId}: ${assigned.join(" ") || "no members"}`;
}
