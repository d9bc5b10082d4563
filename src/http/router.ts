/**
 * Finds the route of a request in a tree of path segments. A literal segment goes before a name in
 * braces, so `/topics/-/configs` and `/topics/{topic_name}/configs` live side by side.
 *
 * A segment is decoded after the path was cut, so a group may be called `a/b` (`a%2Fb`).
 */
import { assert } from "../base/assert.ts";
import type { Method, PathValues, Route } from "./route.ts";

/** What a path and a method come to. */
export type Found =
  | { readonly kind: "route"; readonly route: Route; readonly names: PathValues }
  /** The path is there, the method is not; also for OPTIONS. `allow` as the header has it. */
  | { readonly kind: "methods"; readonly allow: string }
  | { readonly kind: "nothing" }
  /** It can't be decoded. */
  | { readonly kind: "malformed" };

interface Node {
  readonly literals: Map<string, Node>;
  /** The child for any segment. */
  any: Node | null;
  readonly routes: Map<Method, Placed>;
}

/** A route, and the names of its path by the places of their segments. */
interface Placed {
  readonly route: Route;
  readonly names: readonly (readonly [place: number, name: string])[];
}

const newNode = (): Node => ({ literals: new Map(), any: null, routes: new Map() });

/** See the head of this file. */
export class Router {
  readonly #root = newNode();

  constructor(readonly routes: readonly Route[]) {
    const operations = new Set<string>();
    for (const route of routes) {
      assert(!operations.has(route.operation), `operation ${route.operation} comes once`);
      operations.add(route.operation);
      this.#add(route);
    }
  }

  /** @param method HEAD finds the route of GET */
  find(method: string, pathname: string): Found {
    const segments: string[] = [];
    for (const segment of pathname.split("/").slice(1)) {
      const decoded = decode(segment);
      if (decoded === null) return { kind: "malformed" };
      segments.push(decoded);
    }
    const node = seek(this.#root, segments, 0);
    if (node === null) return { kind: "nothing" };
    const placed = node.routes.get((method === "HEAD" ? "GET" : method) as Method);
    if (placed === undefined) return { kind: "methods", allow: allowOf(node) };
    const names = new Map<string, string>();
    for (const [place, name] of placed.names) names.set(name, segments[place] ?? "");
    return { kind: "route", route: placed.route, names };
  }

  #add(route: Route): void {
    let node = this.#root;
    const names: [number, string][] = [];
    for (const [place, segment] of route.at.split("/").slice(1).entries()) {
      if (segment.startsWith("{")) {
        names.push([place, segment.slice(1, -1)]);
        node = node.any ??= newNode();
        continue;
      }
      const child = node.literals.get(segment) ?? newNode();
      node.literals.set(segment, child);
      node = child;
    }
    const described = Object.keys(route.path).sort().join();
    const named = names.map(([, name]) => name).sort();
    assert(named.join() === described, `${route.at}: its names are those in \`path\``);
    assert(!node.routes.has(route.method), `${route.method} ${route.at} comes once`);
    node.routes.set(route.method, { route, names });
  }
}

function seek(node: Node, segments: readonly string[], at: number): Node | null {
  const segment = segments[at];
  if (segment === undefined) return node.routes.size === 0 ? null : node;
  const literal = node.literals.get(segment);
  const found = literal === undefined ? null : seek(literal, segments, at + 1);
  if (found !== null || node.any === null || segment === "") return found;
  return seek(node.any, segments, at + 1);
}

function allowOf({ routes }: Node): string {
  const methods = [...routes.keys()].flatMap((method) => {
    return method === "GET" ? ["GET", "HEAD"] : [method];
  });
  return [...methods, "OPTIONS"].join(", ");
}

function decode(segment: string): string | null {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
