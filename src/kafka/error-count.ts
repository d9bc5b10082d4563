/**
 * Finds the errors of a response, whatever its API: the columns named `errorCode`, in all its
 * lists. Where they are follows from the table, once for each API; a response then costs a look at
 * each of these numbers and nothing else.
 */
import type { Content, Row, Shape } from "../wire/table.ts";

/** Is told of each error code but 0. */
type Found = (errorCode: number) => void;
type Visit = (row: Row<Shape>, found: Found) => void;

const visits = new WeakMap<Shape, Visit>();

/** Calls `found` for each error of `response`, whose table is `shape`. */
export function visitErrors(shape: Shape, response: Row<Shape>, found: Found): void {
  let visit = visits.get(shape);
  if (visit === undefined) {
    visit = visitOf(shape) ?? nothing;
    visits.set(shape, visit);
  }
  visit(response, found);
}

const nothing: Visit = () => {};

/** `null`: there are no error codes in it. */
function visitOf(shape: Shape): Visit | null {
  const parts = Object.entries(shape).flatMap(([name, { content }]) => {
    return partOf(name, content) ?? [];
  });
  if (parts.length === 0) return null;
  return (row, found) => {
    for (const part of parts) part(row, found);
  };
}

function partOf(name: string, content: Content): Visit | null {
  if (content.kind === "fixed" && name === "errorCode") {
    return (row, found) => {
      if (row[name] !== 0) found(row[name] as number);
    };
  }
  const isList = content.kind === "list";
  const inner = isList ? content.element : content;
  const visit = inner.kind === "struct" ? visitOf(inner.shape) : null;
  if (visit === null) return null;
  // A list or a struct may be null.
  return (row, found) => {
    const value = row[name];
    if (value === null) return;
    if (!isList) return visit(value as Row<Shape>, found);
    for (const element of value as readonly Row<Shape>[]) visit(element, found);
  };
}
