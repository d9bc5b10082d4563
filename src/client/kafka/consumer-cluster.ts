/** As much of a cluster as a consumer asks for; tests have others. */
import type { Cluster } from "./cluster.ts";

export type ConsumerCluster = Pick<
  Cluster,
  | "world"
  | "send"
  | "topic"
  | "topics"
  | "leaderOf"
  | "coordinatorOf"
  | "forgetTopic"
  | "forgetCoordinator"
  | "retry"
  | "closeLane"
>;
