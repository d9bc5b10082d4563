/** Waits for what has no promise to wait for. */

/**
 * Resolves once `condition` holds, asking again each time the event loop has gone round. The
 * runner's time limit ends a wait for something that never comes.
 */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Resolves when the event loop has gone round `turns` times: what was under way has happened. */
export async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
