/**
 * Counts the bytes of buffers that are made while somebody watches. The engine tells of them only
 * when it has collected garbage, so their constructors are watched instead.
 */

type Allocate = (size: number, ...rest: never[]) => Buffer;

/** Counts until it is disposed of. */
export class AllocationMeter implements Disposable {
  bytes = 0;
  readonly #array = globalThis.Uint8Array;
  readonly #buffer = {
    alloc: Buffer.alloc,
    allocUnsafe: Buffer.allocUnsafe,
    allocUnsafeSlow: Buffer.allocUnsafeSlow,
  };

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
    for (const [name, allocate] of Object.entries(this.#buffer) as [string, Allocate][]) {
      const watched: Allocate = (size, ...rest) => {
        this.#count(size);
        return allocate.call(Buffer, size, ...rest);
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
