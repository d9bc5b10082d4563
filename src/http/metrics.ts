/** `/metrics`: numbers for Prometheus. What there is, and how it is measured, is in `metrics/`. */
import { metricsNamesMax } from "../limits.ts";
import { stream, type Reply } from "./reply.ts";
import { route, type Route } from "./route.ts";
import { list, optional, text } from "./schema.ts";

const textType = "text/plain";
const openMetricsType = "application/openmetrics-text";

const getMetrics = route({
  method: "GET",
  at: "/metrics",
  operation: "getMetrics",
  tag: "metrics",
  summary: "Counts, durations and lag, for Prometheus; as OpenMetrics if it is asked for.",
  query: {
    // As Prometheus's client libraries have it.
    "name[]": optional(
      list(text(), { countMax: metricsNamesMax, doc: "Only the metrics of these names." }),
    ),
  },
  answers: { 200: { doc: "The metrics.", mediaTypes: [textType, openMetricsType] } },
  handle: async ({ services, accepted, query }): Promise<Reply> => {
    const format = accepted === openMetricsType ? "openmetrics" : "text";
    const { contentType, chunks } = await services.metrics.scrape(format, query["name[]"]);
    return stream(() => readable(chunks()), contentType);
  },
});

/** Made no faster than it is taken. */
const readable = (chunks: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return();
    },
  });

/** The route of this family. */
export const metricsRoutes: readonly Route[] = [getMetrics];
