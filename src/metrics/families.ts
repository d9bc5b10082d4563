/** All metrics, in the order in which they are written; a row for each folder that counts. */
import { brokerFamilies } from "./broker-families.ts";
import { doorFamilies } from "./door-families.ts";
import { exporterFamilies } from "./exporter-families.ts";
import type { Family } from "./family.ts";
import { lagFamilies } from "./lag-families.ts";
import { logFamilies } from "./log-families.ts";
import { processFamilies } from "./process-families.ts";
import { upkeepFamilies } from "./upkeep-families.ts";

export const families: readonly Family[] = [
  ...brokerFamilies,
  ...logFamilies,
  ...upkeepFamilies,
  ...doorFamilies,
  ...processFamilies,
  ...exporterFamilies,
  ...lagFamilies,
];
