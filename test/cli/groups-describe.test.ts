import { describe, expect, test } from "bun:test";
import { call } from "../support/call.ts";
import { GroupWorld } from "../support/group-world.ts";

/** The records are of 1970; ids of members have a UUID. */
const told = (text: string): string =>
  text.replace(/ +\d+d \d\dh/, " (days)").replace(/-[0-9a-f-]{36}/, "-(a UUID)");

describe("a group that nobody is in", () => {
  test("has offsets, and how far behind they are", async () => {
    await using world = await GroupWorld.open();
    const { code, out, error } = await world.call("groups", "describe", "readers");
    const [head, , first = "", second] = out.split("\n");
    expect(head).toBe("readers: Empty, 0 members, lag 6");
    expect(told(first)).toBe("orders          0          4   10    6 (days)  nobody");
    expect(second?.replace(/ +/g, " ")).toBe("orders 1 20 20 0 0 ms nobody");
    expect([code, error]).toEqual([0, ""]);
  });

  test("for a script", async () => {
    await using world = await GroupWorld.open();
    const { out } = await world.call("groups", "describe", "readers", "--json");
    const place = { topic: "orders", member: null, clientId: null, start: 0 };
    expect(JSON.parse(out)).toEqual([
      {
        group: "readers",
        state: "Empty",
        protocolType: "",
        assignor: "",
        lag: 6,
        members: [],
        offsets: [
          { ...place, partition: 0, committed: 4, end: 10, lag: 6, lagSeconds: expect.any(Number) },
          { ...place, partition: 1, committed: 20, end: 20, lag: 0, lagSeconds: 0 },
        ],
      },
    ]);
  });
});

describe("a group at work", () => {
  test("has members with what they read, and offsets that are not there yet", async () => {
    await using world = await GroupWorld.open();
    await world.join("busy");
    const { out } = await world.call("groups", "describe", "busy");
    expect(told(out)).toBe(
      "busy: Stable, 1 member, assignor range\n" +
        "client  host       partitions    member\n" +
        "app     127.0.0.1  orders:0,1,2  app-(a UUID)\n" +
        "\n" +
        "topic   partition  committed  end   lag  behind  client\n" +
        "orders          0       none   10  none    none  app\n" +
        "orders          1       none   20  none    none  app\n" +
        "orders          2       none    0  none    none  app\n",
    );
  });

  test.each([
    ["--members", ["assignor", "group", "members", "protocolType", "state"]],
    ["--offsets", ["assignor", "group", "lag", "offsets", "protocolType", "state"]],
  ])("only with its %s", async (part, keys) => {
    await using world = await GroupWorld.open();
    await world.join("busy");
    const { out } = await world.call("groups", "describe", "busy", part, "--json");
    const [row] = JSON.parse(out) as object[];
    expect(Object.keys(row ?? {}).sort()).toEqual(keys);
    const page = (await world.call("groups", "describe", "busy", part)).out;
    expect(page.includes("host")).toBe(part === "--members");
    expect(page.includes("committed")).toBe(part === "--offsets");
  });
});

test("several groups are pages of their own", async () => {
  await using world = await GroupWorld.open();
  await world.commit("done", [10]);
  const { out } = await world.call("groups", "describe", "done", "readers", "--members");
  expect(out).toBe("done: Empty, 0 members\n\nreaders: Empty, 0 members\n");
});

test("a group that is not there is a failure", async () => {
  await using world = await GroupWorld.open();
  expect(await world.call("groups", "describe", "readers", "raeders")).toEqual({
    code: 1,
    out: "",
    error: 'obelisk groups describe: there is no group "raeders"\n',
  });
});

test("both parts left out leave nothing", async () => {
  const { code, error } = await call(["groups", "describe", "a", "--members", "--offsets"]);
  expect(error).toStartWith("obelisk groups describe: --members and --offsets leave nothing out");
  expect(code).toBe(2);
});
