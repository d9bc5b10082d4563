/** Deadlines for what another process does. */

/** What `promise` resolves to; an error that names `what` if that takes longer than `ms`. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const deadline = AbortSignal.timeout(ms);
  const refuse = (): void => reject(new Error(`${what}: not within ${ms} ms`));
  deadline.addEventListener("abort", refuse);
  try {
    return await Promise.race([promise, late]);
  } finally {
    deadline.removeEventListener("abort", refuse);
  }
}

/** Resolves once `condition` holds; an error that names `what` if that takes longer than `ms`. */
export async function untilWithin(
  ms: number,
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const from = performance.now();
  while (!(await condition())) {
    if (performance.now() - from > ms) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Lets so many milliseconds pass: where time itself is what is done to a broker. */
export async function passing(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  AbortSignal.timeout(ms).addEventListener("abort", () => resolve());
  await promise;
}
