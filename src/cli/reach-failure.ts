/** What to say when nobody could be asked: what happened, and what to do. */
import type { ClusterFailure } from "./cluster-failure.ts";

/** @param otherwise what else can be done, as a sentence */
export function reachFailure({ code, message }: ClusterFailure, otherwise: string): string {
  if (code === "MALFORMED") return `${message}. Is it a port of Kafka's protocol? ${otherwise}`;
  if (code !== "NETWORK" && code !== "TIMED_OUT") return message;
  const help = "Is a broker there? obelisk serve starts one, -b says where it is.";
  return `${message}. ${help} ${otherwise}`;
}
