import { diskSuite } from "../conformance/disk.suite.ts";
import { MemoryDisk } from "./disk.ts";

diskSuite("the disk in memory", () => ({ disk: new MemoryDisk(), [Symbol.dispose]() {} }));
