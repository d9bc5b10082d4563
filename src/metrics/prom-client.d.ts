/**
 * The two parts of the library that are used, by their files: its main module loads a web client,
 * a cluster and tracing beside them, which cost a broker 12 MiB for nothing. Types are the main
 * module's.
 */

declare module "prom-client/lib/registry.js" {
  export { Registry as default } from "prom-client";
}

declare module "prom-client/lib/gauge.js" {
  export { Gauge as default } from "prom-client";
}
