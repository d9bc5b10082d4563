/** REST v3: the cluster and its one broker. */
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { nullable, text, whole } from "../schema.ts";
import {
  brokerPath,
  collection,
  inCluster,
  listType,
  otherBroker,
  pageQuery,
  type Place,
  related,
  relatedType,
  resource,
  resourceType,
} from "./resource.ts";

const clusterType = resourceType("KafkaCluster", {
  controller: relatedType,
  acls: relatedType,
  brokers: relatedType,
  broker_configs: relatedType,
  consumer_groups: relatedType,
  topics: relatedType,
  partition_reassignments: relatedType,
});

const clusterBody = (place: Place): unknown =>
  resource(place, "KafkaCluster", [], [], {
    controller: related(place, "brokers", place.services.brokerId),
    acls: related(place, "acls"),
    brokers: related(place, "brokers"),
    broker_configs: related(place, "broker-configs"),
    consumer_groups: related(place, "consumer-groups"),
    topics: related(place, "topics"),
    partition_reassignments: related(place, "topics", "-", "partitions", "-", "reassignment"),
  });

const brokerType = resourceType("KafkaBroker", {
  broker_id: whole(),
  host: nullable(text()),
  port: nullable(whole()),
  rack: nullable(text()),
  configs: relatedType,
  partition_replicas: relatedType,
});

function brokerBody(place: Place): unknown {
  const { brokerId, kafka } = place.services;
  return resource(place, "KafkaBroker", ["brokers", brokerId], [["broker", brokerId]], {
    broker_id: brokerId,
    host: kafka?.host ?? null,
    port: kafka?.port ?? null,
    rack: null,
    configs: related(place, "brokers", brokerId, "configs"),
    partition_replicas: related(place, "brokers", brokerId, "partition-replicas"),
  });
}

const listClusters = route({
  method: "GET",
  at: "/v3/clusters",
  operation: "listKafkaClusters",
  tag: "clusters",
  summary: "The cluster; its id is in every other path.",
  query: pageQuery,
  answers: { 200: { doc: "There is one.", type: listType("KafkaClusterList", clusterType) } },
  handle: (call) => collection(call, "KafkaClusterList", [call], clusterBody),
});

const getCluster = route({
  method: "GET",
  at: "",
  operation: "getKafkaCluster",
  tag: "clusters",
  summary: "The cluster.",
  answers: { 200: { doc: "The cluster.", type: clusterType } },
  handle: (call) => json(clusterBody(call)),
});

const listBrokers = route({
  method: "GET",
  at: "/brokers",
  operation: "listKafkaBrokers",
  tag: "brokers",
  summary: "The broker, and where Kafka's clients reach it.",
  query: pageQuery,
  answers: { 200: { doc: "There is one.", type: listType("KafkaBrokerList", brokerType) } },
  handle: (call) => collection(call, "KafkaBrokerList", [call], brokerBody),
});

const getBroker = route({
  method: "GET",
  at: "/brokers/{broker_id}",
  operation: "getKafkaBroker",
  tag: "brokers",
  summary: "The broker.",
  path: brokerPath,
  answers: { 200: { doc: "The broker.", type: brokerType } },
  handle: (call) => otherBroker(call, call.path.broker_id) ?? json(brokerBody(call)),
});

/** The routes of this family. */
export const clusterRoutes: readonly Route[] = [
  listClusters,
  ...[getCluster, listBrokers, getBroker].map(inCluster),
];
