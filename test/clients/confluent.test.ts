import { join } from "node:path";
import { leaveNothing } from "../e2e/support/leave-nothing.ts";
import { skipUnless } from "../support/skip.ts";
import { describeClient } from "./support/jobs.ts";
import { kit } from "./support/kits.ts";

leaveNothing();

const packages = await kit("python");
const isThere = "folder" in packages;

describeClient(skipUnless(isThere, isThere ? "" : packages.missing), {
  name: "confluent-kafka",
  command: ["python3", join(import.meta.dir, "programs", "confluent.py")],
  options: { environment: { PYTHONPATH: isThere ? join(packages.folder, "lib") : "" } },
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
});
