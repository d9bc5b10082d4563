/**
 * Server-sent events, read from a body: which is more than a browser's EventSource gives, since
 * here the reader sets the pace. What is not read yet waits at the broker and takes no memory here.
 */
import { EventSplitter, type StreamEvent } from "./event-splitter.ts";

/** Milliseconds of work after which the page is painted, and what comes waits. */
const workMsMax = 8;

const painted = (): Promise<void> =>
  new Promise((resolve) => {
    // A page that is not seen is not painted; it reads on all the same.
    if (document.hidden) setTimeout(resolve, 50);
    else requestAnimationFrame(() => setTimeout(resolve));
  });

/** Calls `each` with every event, until the stream ends. Throws what the body's reader throws. */
export async function readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  each: (event: StreamEvent) => void,
): Promise<void> {
  const splitter = new EventSplitter();
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let since = performance.now();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const event of splitter.take(value)) {
      each(event);
      if (performance.now() - since < workMsMax) continue;
      await painted();
      since = performance.now();
    }
  }
}
