/**
 * What all of Confluent's REST v3 has in common: everything lies in a cluster, every resource says
 * its kind and where it is, and lists come in pages whose `next` leads on.
 *
 * Source: confluentinc/kafka-rest `api/v3/openapi.yaml`. Pages are ours, in the place that its
 * lists have for them: a list of more than `httpPageRowsMax` rows would hold everybody up.
 */
import type { Topic } from "../../broker/broker.ts";
import { httpPageRowsMax } from "../../limits.ts";
import { HttpError } from "../errors.ts";
import { json, type Reply } from "../reply.ts";
import type { Inbound, Route } from "../route.ts";
import {
  type Fields,
  list,
  named,
  nullable,
  object,
  oneOf,
  optional,
  text,
  type Type,
  whole,
} from "../schema.ts";
import type { HttpServices } from "../services.ts";

/** As much of a call as is needed to speak about where things are. */
export interface Place {
  readonly request: Pick<Inbound, "url">;
  readonly services: HttpServices;
}

const clusterField = text({ doc: "The only one there is; GET /v3/clusters tells it." });

/** The same route, in a cluster: 404 for another one. */
export const inCluster = (inner: Route): Route => ({
  ...inner,
  at: `/v3/clusters/{cluster_id}${inner.at}`,
  path: { cluster_id: clusterField, ...inner.path },
  answer: (request, names) => {
    const { services } = request.system;
    if (names.get("cluster_id") === services?.clusterId) return inner.answer(request, names);
    return Promise.resolve(HttpError.of(404, "there is no such cluster"));
  },
});

/** A path in the cluster as a URL, at the address that the client has used. */
export const linkTo = ({ request, services }: Place, ...segments: readonly unknown[]): string => {
  const path = [services.clusterId, ...segments].map((each) => encodeURIComponent(String(each)));
  return `${request.url.origin}/v3/clusters/${path.join("/")}`;
};

/** What leads to another resource. */
export const related = (place: Place, ...segments: readonly unknown[]) => ({
  related: linkTo(place, ...segments),
});

export const relatedType = named("Relationship", object({ related: text() }));

/** A resource's own fields, and those that all of them have. */
export const resourceType = <const F extends Fields>(kind: string, fields: F): Type<unknown> =>
  named(
    kind,
    object({
      kind: oneOf([kind]),
      metadata: object({ self: text({ doc: "Where it is." }), resource_name: nullable(text()) }),
      cluster_id: text(),
      ...fields,
    }),
  );

/** A list of such resources. */
export const listType = (kind: string, of: Type<unknown>): Type<unknown> =>
  named(
    kind,
    object({
      kind: oneOf([kind]),
      metadata: object({
        self: text(),
        next: nullable(text(), { doc: "The next page; null: this is the last." }),
      }),
      data: list(of),
    }),
  );

/** One resource. @param name pairs of its Confluent resource name, after the cluster's */
export const resource = (
  place: Place,
  kind: string,
  segments: readonly unknown[],
  name: readonly (readonly [type: string, id: unknown])[],
  fields: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => {
  const { clusterId } = place.services;
  const path = name.map(([type, id]) => `/${type}=${String(id)}`).join("");
  return {
    kind,
    metadata: {
      self: linkTo(place, ...segments),
      resource_name: `crn:///kafka=${clusterId}${path}`,
    },
    cluster_id: clusterId,
    ...fields,
  };
};

/** The parameters of every list. */
export const pageQuery = {
  page_size: optional(
    whole({ min: 1, max: httpPageRowsMax, doc: `Rows of a page; ${httpPageRowsMax} by default.` }),
  ),
  page_token: optional(
    whole({ min: 0, doc: "Rows to leave out; `metadata.next` has the next page's." }),
  ),
};

interface PageQuery {
  readonly page_size?: number;
  readonly page_token?: number;
}

/** One page of rows, each shown only if it is on it. */
export function collection<Row>(
  call: { readonly request: Pick<Inbound, "url">; readonly query: PageQuery },
  kind: string,
  rows: readonly Row[],
  show: (row: Row) => unknown,
): Reply {
  const from = call.query.page_token ?? 0;
  const to = from + (call.query.page_size ?? httpPageRowsMax);
  const { url } = call.request;
  let next: string | null = null;
  if (to < rows.length) {
    const following = new URL(url);
    following.searchParams.set("page_token", String(to));
    next = following.href;
  }
  return json({ kind, metadata: { self: url.href, next }, data: rows.slice(from, to).map(show) });
}

/** The path of a topic. */
export const topicPath = { topic_name: text() };

/** The path of a partition. */
export const partitionPath = { topic_name: text(), partition_id: whole({ min: 0 }) };

/** The topic; Confluent's answer if there is none. */
export function topicIn({ services }: Place, name: string): Topic | HttpError {
  return services.broker.topic(name) ?? unknownTopic;
}

/** The partition; likewise. */
export function partitionIn(
  place: Place,
  { topic_name: name, partition_id: index }: { topic_name: string; partition_id: number },
): Topic["partitions"][number] | HttpError {
  const topic = topicIn(place, name);
  if (topic instanceof HttpError) return topic;
  return topic.partitions[index] ?? unknownTopic;
}

const unknownTopic = new HttpError(404, 40403, "This server does not host this topic-partition.");

/** The only broker; 404 for another id. */
export const otherBroker = ({ services }: Place, id: number): HttpError | null =>
  id === services.brokerId ? null : HttpError.of(404, `there is no broker ${id}`);

export const brokerPath = { broker_id: whole({ min: 0 }) };
