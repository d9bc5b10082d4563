import { expect, test } from "bun:test";
import { ClusterFailure } from "../../src/cli/cluster-failure.ts";
import { reachFailure } from "../../src/cli/reach-failure.ts";

const said = (code: ConstructorParameters<typeof ClusterFailure>[1]): string =>
  reachFailure(new ClusterFailure("no answer from one:9092", code), "Or do else.");

test("nobody there: what to do", () => {
  const help = "Is a broker there? obelisk serve starts one, -b says where it is. Or do else.";
  expect(said("NETWORK")).toBe(`no answer from one:9092. ${help}`);
  expect(said("TIMED_OUT")).toBe(`no answer from one:9092. ${help}`);
});

test("somebody else there: another port", () => {
  expect(said("MALFORMED")).toBe(
    "no answer from one:9092. Is it a port of Kafka's protocol? Or do else.",
  );
});

test("a broker that says no has said it all", () => {
  expect(said("CLUSTER_AUTHORIZATION_FAILED")).toBe("no answer from one:9092");
});
