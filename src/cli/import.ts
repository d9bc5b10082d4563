/**
 * `obelisk import`: topics of the original Obelisk, into a data directory or into a broker.
 *
 * One log after another, each from its first message to its last. What is damaged is told and
 * stepped over; what can't be stored ends the import, and what was stored until then stays.
 */
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { Refusal } from "../base/refusal.ts";
import { LockHeld } from "../disk/lock.ts";
import { localDisk } from "../disk/local.ts";
import type { Disk } from "../disk/disk.ts";
import { nameFault, topicsDirectory } from "../log/layout.ts";
import type { OriginalLog } from "../original/layout.ts";
import { brokerOptions } from "../options.ts";
import { findPartitions, type FoundPartition } from "../reader/directory.ts";
import type { DamageItem } from "../reader/item.ts";
import { remarkText } from "../reader/lines.ts";
import { firstPlace, readOriginal } from "../reader/read-original.ts";
