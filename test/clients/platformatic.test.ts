import { join } from "node:path";
import { leaveNothing } from "../e2e/support/leave-nothing.ts";
import { skipUnless } from "../support/skip.ts";
import { describeClient } from "./support/jobs.ts";
import { kit } from "./support/kits.ts";

leaveNothing();

const packages = await kit("javascript");
const isThere = "folder" in packages;

describeClient(skipUnless(isThere, isThere ? "" : packages.missing), {
  name: "@platformatic/kafka",
  command: ["node", join(import.meta.dir, "programs", "platformatic.js")],
  options: { environment: { KIT: isThere ? packages.folder : "" } },
  // zstd would come from Node.js itself, in versions later than some that it must run on.
  codecs: ["none", "gzip", "snappy", "lz4"],
});
