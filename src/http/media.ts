/**
 * Media types: which of those that a route offers a client accepts (RFC 9110 §12.5.1), and whether
 * it takes what a client sends.
 */

/** A media type in lower case, without its parameters; `null`: it is none. */
export function mediaTypeOf(header: string | null): string | null {
  const [essence = ""] = (header ?? "").split(";");
  const type = essence.trim().toLowerCase();
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type) ? type : null;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function rangesOf(accept: string): readonly Range[] {
  return accept.split(",").map((part) => {
    const [type = "", ...parameters] = part.split(";").map((each) => each.trim().toLowerCase());
    const quality = parameters.find((each) => each.startsWith("q="))?.slice(2) ?? "1";
    return { type, quality: /^[01](\.\d{0,3})?$/.test(quality) ? Number(quality) : 0 };
  });
}

/** How closely a range fits: 3 for the type itself, 2 for `application/*`, 1 for any, 0: not. */
function closeness(range: string, type: string): number {
  if (range === type) return 3;
  if (range === "*/*" || range === "*") return 1;
  return range.endsWith("/*") && type.startsWith(range.slice(0, -1)) ? 2 : 0;
}

/**
 * The offered type that the client likes best, the first one among equals; `null`: it accepts none.
 * @param accept the header; without one everything is accepted, as with the one of most programs
 */
export function negotiate(accept: string | null, offered: readonly string[]): string | null {
  if (accept === null || accept.trim() === "" || accept === "*/*") return offered[0] ?? null;
  const ranges = rangesOf(accept);
  let best: string | null = null;
  let bestQuality = 0;
  for (const type of offered) {
    const closest = ranges
      .map((range) => ({ ...range, closeness: closeness(range.type, type) }))
      .filter((range) => range.closeness > 0)
      .sort((one, other) => other.closeness - one.closeness)[0];
    if (closest === undefined || closest.quality <= bestQuality) continue;
    best = type;
    bestQuality = closest.quality;
  }
  return best;
}
