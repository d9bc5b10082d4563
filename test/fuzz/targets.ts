/** The targets, by name; each is made when it is wanted. */
import { batches } from "./batches.ts";
import { compressed } from "./compressed.ts";
import { http } from "./http.ts";
import { kafkaFrames } from "./kafka-frames.ts";
import { nativeFrames } from "./native-frames.ts";
import { recovery } from "./recovery.ts";
import type { Target } from "./target.ts";

export const targets: Readonly<Record<string, () => Promise<Target>>> = {
  "kafka-frames": kafkaFrames,
  "native-frames": nativeFrames,
  batches,
  compressed,
  recovery,
  http,
};
