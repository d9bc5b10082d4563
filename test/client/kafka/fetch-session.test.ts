import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { FetchSession, type Wanted } from "../../../src/client/kafka/fetch-session.ts";
import { Position } from "../../../src/client/kafka/position.ts";
import { apis } from "../../../src/kafka/apis.ts";
import type { ErrorName } from "../../../src/kafka/errors.ts";
import { blank, noUuid } from "../../../src/wire/table.ts";
import { at } from "./assigned-members.ts";
import { codeOf, ScriptedCluster } from "./scripted-cluster.ts";

const { world } = new ScriptedCluster();
const id = (topic: string): string => `00000000-0000-0000-0000-00000000000${topic.length}`;

const wanted = (name: string, from: number, topicId = id(at(name).topic)): Wanted => ({
  ...at(name),
  position: new Position(at(name), world, () => {}),
  topicId,
  leaderEpoch: 0,
  fetchOffset: offset(from),
});

const answer = (sessionId: number, error: ErrorName = "NONE") => {
  return { ...blank(apis.Fetch.response.shape), errorCode: codeOf(error), sessionId };
};

/** A request in few words. */
function next(session: FetchSession, ...all: readonly Wanted[]): string {
  const { sessionId, sessionEpoch, topics, forgottenTopicsData } = session.next(all);
  const asked = topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, fetchOffset }) => `${topic}/${partition}@${fetchOffset}`),
  );
  const forgotten = forgottenTopicsData.flatMap(({ topic, partitions }) =>
    partitions.map((each) => `-${topic}/${each}`),
  );
  return [`${sessionId}:${sessionEpoch}`, ...asked, ...forgotten].join(" ");
}

test("after a full request, only what has changed is asked for", () => {
  const session = new FetchSession(100);
  const same = wanted("a/0", 5);
  expect(next(session, same, wanted("a/1", 6))).toBe("0:0 a/0@5 a/1@6");
  expect(session.answered(answer(9))).toBeNull();
  expect(next(session, same, wanted("a/1", 7))).toBe("9:1 a/1@7");
  session.answered(answer(9));
  expect(next(session, same, wanted("bb/0", 0))).toBe("9:2 bb/0@0 -a/1");
  session.answered(answer(9));
  expect(next(session, same, wanted("bb/0", 0))).toBe("9:3");
});

test("a broker without sessions is asked for everything each time", () => {
  const session = new FetchSession(100);
  next(session, wanted("a/0", 5));
  session.answered(answer(0));
  expect(next(session, wanted("a/0", 5))).toBe("0:0 a/0@5");
  expect(session.last()).toBeNull();
});

test("a session that the broker has forgotten, or lost count of, begins anew", () => {
  const session = new FetchSession(100);
  next(session, wanted("a/0", 5));
  session.answered(answer(9));
  next(session, wanted("a/0", 5));
  const error = session.answered(answer(0, "FETCH_SESSION_ID_NOT_FOUND"));
  expect(error).toMatchObject({ code: "FETCH_SESSION_ID_NOT_FOUND", retriable: true });
  expect(next(session, wanted("a/0", 5))).toBe("0:0 a/0@5");
  session.answered(answer(10));
  next(session, wanted("a/0", 6));
  session.answered(answer(0, "INVALID_FETCH_SESSION_EPOCH"));
  // The old one is named, so that the broker need not keep it.
  expect(next(session, wanted("a/0", 6))).toBe("10:0 a/0@6");
});

test("a request without an answer is followed by a full one", () => {
  const session = new FetchSession(100);
  next(session, wanted("a/0", 5));
  session.answered(answer(9));
  next(session, wanted("a/0", 6));
  session.failed();
  expect(next(session, wanted("a/0", 6))).toBe("9:0 a/0@6");
});

test("a topic that was created again is forgotten under its old id, and asked for under the new", () => {
  const session = new FetchSession(100);
  const old = wanted("a/0", 5);
  next(session, old);
  session.answered(answer(9));
  expect(next(session, wanted("a/0", 5, id("other")))).toBe("9:1 a/0@5 -a/0");
  expect(session.find("", id("other"), 0)?.fetchOffset).toBe(offset(5));
  expect(session.find("", old.topicId, 0)).toBeUndefined();
});

test("a session has ids or names: the change from one to the other begins a new one", () => {
  const session = new FetchSession(100);
  next(session, wanted("a/0", 5));
  expect(session.byIds).toBe(true);
  session.answered(answer(9));
  expect(next(session, wanted("a/0", 5), wanted("bb/0", 0, noUuid))).toBe("9:0 a/0@5 bb/0@0");
  expect(session.byIds).toBe(false);
  expect(session.find("bb", noUuid, 0)?.topic).toBe("bb");
});

test("its last request ends it", () => {
  const session = new FetchSession(100);
  next(session, wanted("a/0", 5));
  session.answered(answer(9));
  expect(session.last()).toMatchObject({ sessionId: 9, sessionEpoch: -1, topics: [] });
});
