/**
 * From a request to its answer, whatever is in it: guards, routing, the handler, errors. Knows no
 * server; `door.ts` brings requests and takes answers away.
 *
 * - HEAD is GET without its body. OPTIONS says what is allowed, and to a browser's preflight who.
 * - What a handler throws is a defect: it is logged with its stack, and the client is told nothing
 *   of it.
 */
import type { Logger } from "../base/logger.ts";
import { quoted } from "../base/printable.ts";
import { shownCharactersMax } from "../limits.ts";
import { HttpError } from "./errors.ts";
import {
  type GuardRules,
  isFromElsewhere,
  preflightHeaders,
  sharingHeaders,
  turnedAway,
} from "./guards.ts";
import { errorReply, noContent, type Reply } from "./reply.ts";
import type { Inbound } from "./route.ts";
import type { Router } from "./router.ts";

/** What answering needs beside the request. */
export interface Answering {
  readonly router: Router;
  readonly rules: GuardRules;
  readonly logger: Logger;
}

/** One answer, and the headers that belong to it whatever it is. */
export interface Answered {
  readonly reply: Reply;
  readonly headers: Readonly<Record<string, string>>;
}

/** Never rejects. */
export async function answerTo(request: Inbound, answering: Answering): Promise<Answered> {
  const { rules, logger } = answering;
  const { stats } = request.system;
  const refused = (error: HttpError): Reply => {
    stats.failed(String(error.errorCode));
    return errorReply(error);
  };
  const away = turnedAway(request, rules);
  if (away !== null) return { reply: refused(away), headers: {} };
  const headers = sharingHeaders(request, rules);
  try {
    const reply = await routed(request, answering);
    return { reply: reply instanceof HttpError ? refused(reply) : reply, headers };
  } catch (error) {
    const path = quoted(request.url.pathname, shownCharactersMax);
    const shown = error instanceof Error ? error : String(error);
    logger.error("http request failed", { method: request.method, path, error: shown });
    const failed = new HttpError(500, 50002, "the broker failed to answer; its log says why");
    return { reply: refused(failed), headers };
  }
}

async function routed(request: Inbound, { router }: Answering): Promise<Reply | HttpError> {
  const { method, url, system } = request;
  const found = router.find(method, url.pathname);
  if (found.kind === "malformed") return HttpError.of(400, "the path holds an escape that is none");
  if (found.kind === "nothing") {
    return HttpError.of(404, "there is no such path; /openapi.json lists those there are");
  }
  if (found.kind === "methods") {
    const { allow } = found;
    if (method !== "OPTIONS") return HttpError.of(405, `allowed here: ${allow}`, { allow });
    return noContent({ allow, ...preflightHeaders(request, allow) });
  }
  const { route, names } = found;
  if (!route.isAlways && system.services === null) {
    return new HttpError(503, 50302, "the broker is starting", { "retry-after": "1" });
  }
  if (route.isMoving && isFromElsewhere(request)) {
    return HttpError.of(403, "a page of another site may not ask this");
  }
  const begunAt = system.clock.monotonic();
  const answered = await route.answer(request, names);
  system.stats.answered(route.operation, system.clock.monotonic() - begunAt);
  return answered;
}
