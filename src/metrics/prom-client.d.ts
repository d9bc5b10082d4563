/**
 * The two parts of the library that are used, by their files: its main module loads a web client,
 * a cluster and tracing beside them, which cost a broker 12 MiB for nothing. Types are the main
 * module's.
 */

declare module "prom-client/lib/registry.js" {
  import { Registry } from "prom-client";
  export = Registry;
}

declare module "prom-client/lib/gauge.js" {
  import { Gauge } from "prom-client";
  export = Gauge;
}
