/**
 * Families as text, by prom-client: the only file that knows the library. It is loaded with the
 * first scrape, so that a broker which nobody scrapes does not pay for it.
 *
 * The library keeps values of its own for each series and writes a family in one go. Neither is
 * wanted here: values are read where they are counted, and a family of a hundred thousand lines is
 * written in slices. So each slice is a metric of its own to the library.
 */
import type { Gauge, MetricObjectWithValues, MetricValue, RegistryContentType } from "prom-client";
import type { Family, Sample } from "./family.ts";

/** The classic text format, and the one that became of it. */
export type Format = "text" | "openmetrics";

/** Writes slices of families. */
export interface Exposition {
  /** For `Content-Type`. */
  readonly contentType: string;
  /** Behind the last family. */
  readonly end: string;
  /** @param isFirst what the family is stands before its first slice */
  write(family: Family, samples: readonly Sample[], isFirst: boolean): Promise<string>;
}

const contentTypes: Readonly<Record<Format, RegistryContentType>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

type Values = MetricObjectWithValues<MetricValue<string>>;

/** Loads the library if need be. */
export async function openExposition(format: Format): Promise<Exposition> {
  const [{ default: Registry }, { default: LibraryGauge }] = await Promise.all([
    import("prom-client/lib/registry.js"),
    import("prom-client/lib/gauge.js"),
  ]);
  const contentType = contentTypes[format];
  const isOpenMetrics = format === "openmetrics";
  return {
    contentType,
    end: isOpenMetrics ? "# EOF\n" : "",
    async write(family, samples, isFirst) {
      const name = nameIn(family, isOpenMetrics);
      const gauge: Gauge = new LibraryGauge({ name, help: family.help, registers: [] });
      const values = samples.map(({ labels, value, suffix = "" }) => {
        return { labels, value, ...(suffix !== "" && { metricName: name + suffix }) };
      });
      const described = { name, help: family.help, type: typeIn(family, isOpenMetrics), values };
      // The library's code knows types by their names, its declarations by numbers.
      gauge.get = () => Promise.resolve(described as unknown as Values);
      const registry = new Registry<RegistryContentType>();
      registry.setContentType(contentType);
      registry.registerMetric(gauge);
      const text = await registry.getSingleMetricAsString(name);
      return `${isFirst ? text : withoutHead(text)}\n`;
    },
  };
}

/** OpenMetrics has `_total` on a counter's lines only; the library adds it there. */
const nameIn = ({ name, type }: Family, isOpenMetrics: boolean): string =>
  isOpenMetrics && type === "counter" ? name.replace(/_total$/, "") : name;

const typeIn = ({ type }: Family, isOpenMetrics: boolean): string =>
  isOpenMetrics && type === "untyped" ? "unknown" : type;

/** The lines behind those of help and type. */
const withoutHead = (text: string): string =>
  text.slice(text.indexOf("\n", text.indexOf("\n") + 1) + 1);
