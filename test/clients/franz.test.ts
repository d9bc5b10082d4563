import { join } from "node:path";
import { leaveNothing } from "../e2e/support/leave-nothing.ts";
import { skipUnless } from "../support/skip.ts";
import { describeClient } from "./support/jobs.ts";
import { kit } from "./support/kits.ts";

leaveNothing();

const packages = await kit("go");
const isThere = "folder" in packages;

describeClient(skipUnless(isThere, isThere ? "" : packages.missing), {
  name: "franz-go",
  command: [isThere ? join(packages.folder, "franz") : ""],
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
});
