/**
 * REST v3: what other resources lead to and one broker without access control has none of:
 * reassignments of replicas, and access control lists.
 */
import { HttpError } from "../errors.ts";
import { route, type Route } from "../route.ts";
import { anything } from "../schema.ts";
import {
  collection,
  inCluster,
  listType,
  pageQuery,
  partitionIn,
  partitionPath,
  topicIn,
  topicPath,
} from "./resource.ts";

const reassignmentListType = listType("KafkaReassignmentList", anything());
const noneUnderWay = { 200: { doc: "None is under way.", type: reassignmentListType } };

const listAll = route({
  method: "GET",
  at: "/topics/-/partitions/-/reassignment",
  operation: "listKafkaAllReassignments",
  tag: "partitions",
  summary: "Replicas on their way to another broker: none, since there is one.",
  query: pageQuery,
  answers: noneUnderWay,
  handle: (call) => collection(call, "KafkaReassignmentList", [], () => null),
});

const listOfTopic = route({
  method: "GET",
  at: "/topics/{topic_name}/partitions/-/reassignment",
  operation: "searchKafkaReassignments",
  tag: "partitions",
  summary: "The same of one topic.",
  path: topicPath,
  query: pageQuery,
  answers: noneUnderWay,
  handle: (call) => {
    const topic = topicIn(call, call.path.topic_name);
    if (topic instanceof HttpError) return topic;
    return collection(call, "KafkaReassignmentList", [], () => null);
  },
});

const getOne = route({
  method: "GET",
  at: "/topics/{topic_name}/partitions/{partition_id}/reassignment",
  operation: "getKafkaReassignment",
  tag: "partitions",
  summary: "The same of one partition: 404, since there is none.",
  path: partitionPath,
  answers: {},
  handle: (call) => {
    const partition = partitionIn(call, call.path);
    return partition instanceof HttpError
      ? partition
      : HttpError.of(404, "the partition is not being moved");
  },
});

const listAcls = route({
  method: "GET",
  at: "/acls",
  operation: "getKafkaAcls",
  tag: "clusters",
  summary: "Access control lists: 400, since there is no access control.",
  answers: {},
  handle: () => new HttpError(400, 40002, "No Authorizer is configured on the broker."),
});

/** The routes of this family. */
export const absentRoutes: readonly Route[] = [listAll, listOfTopic, getOne, listAcls].map(
  inCluster,
);
