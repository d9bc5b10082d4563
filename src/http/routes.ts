/** All routes of the HTTP door: one line for each family. */
import { consoleBrokerRoutes } from "./console-api/broker.ts";
import { consoleGroupRoutes } from "./console-api/groups.ts";
import { liveRoutes } from "./console-api/live.ts";
import { resetRoutes } from "./console-api/reset.ts";
import { consoleTopicRoutes } from "./console-api/topics.ts";
import { consoleRoutes } from "./console.ts";
import { healthRoutes } from "./health.ts";
import { metricsRoutes } from "./metrics.ts";
import { type DocumentInfo, openApiRoute } from "./openapi.ts";
import { consumerRoutesV2 } from "./rest-v2/consumers.ts";
import { produceRoutesV2 } from "./rest-v2/produce.ts";
import { topicRoutesV2 } from "./rest-v2/topics.ts";
import { absentRoutes } from "./rest-v3/absent.ts";
import { clusterRoutes } from "./rest-v3/clusters.ts";
import { configRoutes } from "./rest-v3/configs.ts";
import { groupRoutes } from "./rest-v3/groups.ts";
import { partitionRoutes } from "./rest-v3/partitions.ts";
import { produceRoutes } from "./rest-v3/produce.ts";
import { readRoutes } from "./rest-v3/read.ts";
import { topicRoutes } from "./rest-v3/topics.ts";
import type { Route } from "./route.ts";
import { streamRoutes } from "./streams/routes.ts";

/** The families, in the order in which documents list them. */
const families: readonly (readonly Route[])[] = [
  healthRoutes,
  metricsRoutes,
  clusterRoutes,
  topicRoutes,
  configRoutes,
  partitionRoutes,
  absentRoutes,
  groupRoutes,
  produceRoutes,
  readRoutes,
  streamRoutes,
  topicRoutesV2,
  produceRoutesV2,
  consumerRoutesV2,
  consoleRoutes,
  liveRoutes,
  consoleTopicRoutes,
  consoleGroupRoutes,
  resetRoutes,
  consoleBrokerRoutes,
];

/** Every route that is served. */
export function allRoutes(info: DocumentInfo): readonly Route[] {
  const routes = families.flat();
  return [...routes, openApiRoute(routes, info)];
}
