/**
 * Routes of lists that are made as a whole now and then and asked for in pieces: topics, groups.
 */
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { list, named, object, type Type, whole } from "../schema.ts";
import type { HttpServices } from "../services.ts";
import type { Kept } from "./kept.ts";
import { type Keys, type Piece, pieceOf, rowsQuery } from "./rows.ts";

/** A piece of a list. */
export interface ListAnswer<Row> extends Piece<Row> {
  readonly total: number;
}

/** See the head of this file. */
interface Listed<Row, By extends string> {
  readonly at: string;
  readonly operation: string;
  readonly summary: string;
  /** What the answer is called in the document. */
  readonly name: string;
  readonly rowType: Type<Row>;
  readonly all: Kept<HttpServices, readonly Row[]>;
  readonly nameOf: (row: Row) => string;
  readonly keys: Keys<Row, By>;
}

export function listRoute<Row, By extends string>(listed: Listed<Row, By>): Route {
  const { at, operation, summary, name, rowType, all, nameOf, keys } = listed;
  const type: Type<ListAnswer<Row>> = named(
    name,
    object({
      total: whole({ doc: "All there are." }),
      found: whole({ doc: "Those that fit." }),
      rows: list(rowType),
    }),
  );
  return route({
    method: "GET",
    at,
    operation,
    tag: "console",
    summary,
    query: rowsQuery(keys),
    answers: { 200: { doc: "A piece of them.", type } },
    handle: async ({ services, query }) => {
      const rows = await all.of(services);
      const piece = pieceOf(rows, query, nameOf, keys);
      return json({ total: rows.length, ...piece } satisfies ListAnswer<Row>);
    },
  });
}
