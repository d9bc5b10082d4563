/**
 * A feed as server-sent events. Every event's id is the position behind it, so a browser's
 * EventSource that reconnects goes on there by itself.
 *
 * - `message` (no name): a record. `skipped`: records that retention took first. `assigned`: what a
 *   group gives this stream to read. `refused`: why the stream ends.
 * - Where nothing comes there is an id without data now and then: no event, but a sign of life, and
 *   with filters the progress past what was not shown.
 *
 * Source: WHATWG HTML, "Server-sent events".
 */
import { errorOf, type HttpError } from "../errors.ts";
import { eventText } from "./chunk.ts";
import type { Feed, FeedStep } from "./feed.ts";
import { positionText } from "./position.ts";

export const eventsMediaType = "text/event-stream";

/** How soon a browser comes back when the connection was lost. */
const retryMs = 1_000;

const utf8 = new TextEncoder();

/**
 * The stream. It reads the feed as fast as its peer takes what comes, and closes it in the end.
 * @param onEnd see `Inbound.onEnd`
 */
export function eventStream(
  feed: Feed,
  onEnd: (cancel: () => void) => () => void,
): ReadableStream<Uint8Array> {
  const forget = onEnd(() => void feed.close());
  const end = async (): Promise<void> => {
    forget();
    await feed.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      // The first bytes make the runtime send the headers, and the id is good for coming back.
      start: (controller) => {
        controller.enqueue(utf8.encode(`retry: ${retryMs}\n${idLine(feed)}\n`));
      },
      async pull(controller) {
        for (;;) {
          const step = await feed.next();
          const last = lastWords(step);
          if (last !== null) {
            await end();
            if (last.length > 0) controller.enqueue(utf8.encode(last));
            return controller.close();
          }
          const sent = sentFor(step, feed);
          if (sent !== null) return controller.enqueue(sent);
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

/** An id by itself: no event. A position of no partitions is none to come back to. */
const idLine = ({ position }: Feed): string => (position === "" ? ":\n" : `id: ${position}\n`);

function sentFor(step: FeedStep, feed: Feed): Uint8Array | null {
  if (step.kind === "quiet") return utf8.encode(`${idLine(feed)}\n`);
  if (step.kind === "assigned") {
    const partitions = step.position.map(({ topic, partition, offset }) => {
      return { topic_name: topic, partition_id: partition, offset };
    });
    const id = positionText(step.position, null);
    return utf8.encode(eventText("assigned", id, JSON.stringify({ partitions })));
  }
  return step.kind === "chunk" ? (step.chunk.data as Uint8Array | null) : null;
}

/** What a stream ends with; `null`: it does not. */
function lastWords(step: FeedStep): string | null {
  if (step.kind === "refused") return refusedText(errorOf(step.refusal));
  if (step.kind === "closing") return "";
  if (step.kind === "ended") return step.error === null ? "" : refusedText(step.error);
  return null;
}

const refusedText = ({ errorCode, message }: HttpError): string =>
  `event: refused\ndata: ${JSON.stringify({ error_code: errorCode, message })}\n\n`;
