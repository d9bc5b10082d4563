import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { DiskError } from "../../src/disk/disk.ts";
import { SharedSync } from "../../src/metadata/shared-sync.ts";
import { Transactions } from "../../src/metadata/transactions.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { turns } from "../support/until.ts";

const failing = (code: string): Error => Object.assign(new Error("disk I/O error"), { code });

/** Transactions on a database that fails as told, once for each code, and syncs when told. */
class TransactionsWorld {
  begun = 0;
  isSealed = false;
  readonly logger = new MemoryLogger();
  /** The syncs under way: at most one. */
  readonly syncs: PromiseWithResolvers<void>[] = [];
  readonly #sync: SharedSync;
  readonly transactions: Transactions<string>;

  /** @param isHeld whether a sync waits for the test, which ends those in `syncs` */
  constructor(codes: (string | null)[], isHeld = false) {
    this.#sync = new SharedSync(() => {
      const sync = Promise.withResolvers<void>();
      this.syncs.push(sync);
      if (!isHeld) sync.resolve();
      return sync.promise;
    });
    const begin = async <T>(work: (connection: string) => Promise<T>): Promise<T> => {
      const code = codes[this.begun++];
      const result = await work("connection");
      if (code) throw failing(code);
      return result;
    };
    const durability = {
      wrote: () => this.#sync.wrote(),
      durable: () => this.#sync.durable(),
      seal: () => void (this.isSealed = true),
    };
    this.transactions = new Transactions(begin, durability, this.logger, "metadata m.db");
  }
}

/** What a promise has become so far. */
function outcomeOf(promise: Promise<unknown>): () => unknown {
  let outcome: unknown = "waits";
  void promise.then((value) => (outcome = value));
  return () => outcome;
}

test("a transaction gives the result of its work", async () => {
  const { transactions } = new TransactionsWorld([null]);
  expect(await transactions.run("adding", (sql) => Promise.resolve(`on ${sql}`))).toBe(
    "on connection",
  );
});

test("a failed transaction is a refusal that says what it was for", async () => {
  const { transactions } = new TransactionsWorld(["SQLITE_FULL"]);
  const refused = await transactions.run("adding topic t", () => Promise.resolve("done"));
  expect(String(refused)).toBe(
    "DISK_FULL: metadata m.db: adding topic t: disk I/O error (SQLITE_FULL)",
  );
});

test("after a full disk the next transaction is tried", async () => {
  const { transactions } = new TransactionsWorld(["SQLITE_FULL", null]);
  await transactions.run("adding", () => Promise.resolve("first"));
  expect(await transactions.run("adding", () => Promise.resolve("second"))).toBe("second");
});

test("after a failed fsync of the database no transaction is begun any more", async () => {
  const world = new TransactionsWorld(["SQLITE_IOERR_FSYNC", null]);
  const first = await world.transactions.run("adding", () => Promise.resolve("first"));
  const second = await world.transactions.run("removing", () => Promise.resolve("second"));
  expect(second).toBe(first);
  expect(world.begun).toBe(1);
  expect(world.isSealed).toBeTrue();
});

test("a programmer's error in the work is no refusal, and the next transaction runs", async () => {
  const { transactions } = new TransactionsWorld([null, null]);
  const work = (): Promise<never> => Promise.reject(new TypeError("a mistake"));
  await expect(transactions.run("adding", work)).rejects.toThrow("a mistake");
  expect(await transactions.run("adding", () => Promise.resolve("done"))).toBe("done");
});

test("one after another, also those whose work takes long", async () => {
  const { transactions } = new TransactionsWorld([]);
  const log: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    log.push(`${name} begins`);
    await turns(1);
    log.push(`${name} ends`);
  };
  await Promise.all([
    transactions.run("one", work("one")),
    transactions.alone("two", work("two")),
    transactions.run("three", work("three")),
  ]);
  const names = ["one", "two", "three"];
  expect(log).toEqual(names.flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test("nothing is told before it is durable; commits during a sync share the next", async () => {
  const { transactions, syncs } = new TransactionsWorld([], true);
  const run = (name: string) => outcomeOf(transactions.run(name, () => Promise.resolve(name)));
  const first = run("first");
  await turns(1);
  const [second, third] = [run("second"), run("third")];
  await turns(1);
  expect(syncs).toHaveLength(1);
  expect([first(), second(), third()]).toEqual(["waits", "waits", "waits"]);
  syncs[0]?.resolve();
  await turns(1);
  expect(syncs).toHaveLength(2);
  expect([first(), second(), third()]).toEqual(["first", "waits", "waits"]);
  syncs[1]?.resolve();
  await turns(1);
  expect([second(), third()]).toEqual(["second", "third"]);
  expect(syncs).toHaveLength(2);
});

test("reading needs no sync; but it tells nothing that is not durable", async () => {
  const { transactions, syncs } = new TransactionsWorld([], true);
  expect(await transactions.read("reading", () => Promise.resolve("nothing"))).toBe("nothing");
  expect(syncs).toHaveLength(0);
  void transactions.run("adding", () => Promise.resolve("added"));
  const read = outcomeOf(transactions.read("reading", () => Promise.resolve("a topic")));
  await turns(1);
  expect(read()).toBe("waits");
  syncs[0]?.resolve();
  await turns(1);
  expect(read()).toBe("a topic");
  expect(syncs).toHaveLength(1);
});

test("a refusal tells of what is there, too, and waits for it to be durable", async () => {
  const { transactions, syncs } = new TransactionsWorld([], true);
  void transactions.run("adding", () => Promise.resolve("added"));
  const exists = new Refusal("TOPIC_ALREADY_EXISTS", "it exists");
  const refused = outcomeOf(transactions.run("adding again", () => Promise.resolve(exists)));
  await turns(1);
  expect(refused()).toBe("waits");
  syncs[0]?.resolve();
  await turns(1);
  syncs[1]?.resolve();
  await turns(1);
  expect(refused()).toBe(exists);
});

test("a failed sync is told to all who wait for one, and to all who come", async () => {
  const world = new TransactionsWorld([], true);
  const { transactions, syncs } = world;
  const run = (name: string) => outcomeOf(transactions.run(name, () => Promise.resolve(name)));
  const first = run("first");
  await turns(1);
  const second = run("second");
  const read = outcomeOf(transactions.read("reading", () => Promise.resolve("a topic")));
  await turns(1);
  syncs[0]?.reject(new DiskError("failed", "sync", "m.db-wal", "EIO"));
  await turns(1);
  expect(String(first())).toBe("KAFKA_STORAGE_ERROR: metadata m.db: first: sync m.db-wal: EIO");
  expect([second(), read()]).toEqual([first(), first()]);
  expect(await transactions.run("late", () => Promise.resolve("late"))).toBe(first() as Refusal);
  expect(await transactions.read("late", () => Promise.resolve("late"))).toBe(first() as Refusal);
  let ran = false;
  await transactions.alone("late", () => Promise.resolve(void (ran = true)));
  expect({ ran, begun: world.begun, syncs: syncs.length }).toEqual({
    ran: false,
    begun: 3,
    syncs: 1,
  });
  expect(world.isSealed).toBeTrue();
  expect(world.logger.named("metadata sealed")).toHaveLength(1);
});
