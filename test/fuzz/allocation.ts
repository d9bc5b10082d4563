/**
 * Counts the bytes of buffers that are made while somebody watches. The engine tells of them only
 * when it has collected garbage, so their constructors are watched instead.
 */

type Allocate = (this: void, size: number, ...rest: never[]) => Buffer;

/** Functions that make one. None of them looks at what it is a method of. */
const functionNames: readonly string[] = ["alloc", "allocUnsafe", "allocUnsafeSlow"];

/** Counts until it is disposed of. */
export class AllocationMeter implements Disposable {
  bytes = 0;
  readonly #array = globalThis.Uint8Array;
  readonly #buffer: Readonly<Record<string, Allocate>>;

  constructor() {
    const counted: typeof Uint8Array = new Proxy(this.#array, {
      construct: (target, args: unknown[], newTarget: NewableFunction) => {
        this.#count(args[0]);
        return Reflect.construct(
          target,
          args,
          newTarget === counted ? target : newTarget,
        ) as object;
      },
    });
    globalThis.Uint8Array = counted;
    const own = Buffer as unknown as Record<string, Allocate>;
    this.#buffer = Object.fromEntries(functionNames.map((name) => [name, own[name]!]));
    for (const [name, allocate] of Object.entries(this.#buffer)) {
      const watched: Allocate = (size, ...rest) => {
        this.#count(size);
        return allocate(size, ...rest);
      };
      Object.assign(Buffer, { [name]: watched });
    }
  }

  [Symbol.dispose](): void {
    globalThis.Uint8Array = this.#array;
    Object.assign(Buffer, this.#buffer);
  }

  #count(size: unknown): void {
    if (typeof size === "number") this.bytes += size;
  }
}
