/** Values that several parts of the page show, and answers that are asked for again and again. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure, messageOf } from "./api.ts";

/** A value that tells when it changes. */
export class Store<T> {
  readonly #listeners = new Set<() => void>();

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The store's value; renders again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [, render] = useState({});
  useEffect(() => store.listen(() => render({})), [store]);
  return store.get();
}

/** What has come of asking. */
export interface Asked<T> {
  /** The newest answer; it stays while later ones fail. `null`: none yet. */
  readonly data: T | null;
  /** Why the newest one failed; `null`: it did not. */
  readonly error: string | null;
  /** It failed since there is no such thing: 404. */
  readonly isMissing: boolean;
  /** Asks again at once. */
  readonly refresh: () => void;
}

/**
 * Asks now and every `everyMs` (0: never again) while the page is to be seen.
 * @param key asks anew, and forgets, when it changes
 */
export function useAsked<T>(key: string, ask: () => Promise<T>, everyMs: number): Asked<T> {
  const [answer, setAnswer] = useState<Omit<Asked<T>, "refresh"> & { readonly of: string }>({
    data: null,
    error: null,
    isMissing: false,
    of: key,
  });
  const asking = useRef(ask);
  asking.current = ask;
  const again = useRef<() => void>(() => undefined);
  useEffect(() => {
    let isOver = false;
    let timer = 0;
    let turn = 0;
    const run = async (): Promise<void> => {
      const mine = ++turn;
      clearTimeout(timer);
      try {
        const data = await asking.current();
        if (!isOver && mine === turn) setAnswer({ data, error: null, isMissing: false, of: key });
      } catch (error) {
        if (!isOver && mine === turn) {
          const kept = (before: { readonly data: T | null; readonly of: string }): T | null =>
            before.of === key ? before.data : null;
          const isMissing = error instanceof Failure && error.status === 404;
          setAnswer((before) => ({
            // What is gone is not shown as if it were there.
            data: isMissing ? null : kept(before),
            error: messageOf(error),
            isMissing,
            of: key,
          }));
        }
      }
      if (!isOver && mine === turn && everyMs > 0 && !document.hidden) later();
    };
    const later = (): void => {
      timer = setTimeout(() => void run(), everyMs) as unknown as number;
    };
    const shown = (): void => {
      if (!document.hidden && everyMs > 0) void run();
    };
    again.current = () => void run();
    document.addEventListener("visibilitychange", shown);
    void run();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", shown);
    };
  }, [key, everyMs]);
  const refresh = useRef(() => again.current()).current;
  const { data, error, isMissing } =
    answer.of === key ? answer : { data: null, error: null, isMissing: false };
  return { data, error, isMissing, refresh };
}
