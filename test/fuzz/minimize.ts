/** Makes a case as small as it still fails: fewer inputs, then fewer and plainer bytes. */
import type { Case } from "./target.ts";

/** Cases that are tried. */
const attemptsMax = 3_000;
/** And for how long. */
const secondsMax = 30;

type Judge = (inputs: Case) => Promise<string | null>;

/** The smallest that was found; `inputs` themselves where they don't fail again. */
export async function minimized(inputs: Case, findingOf: Judge): Promise<Case> {
  const begun = performance.now();
  let attempts = 0;
  const fails = async (some: Case): Promise<boolean> => {
    attempts += 1;
    const isSpent = attempts > attemptsMax || performance.now() - begun > secondsMax * 1000;
    return !isSpent && (await findingOf(some)) !== null;
  };
  const last = inputs.slice(-1);
  let least: Case = inputs;
  if (await fails(last)) least = last;
  else least = await fewer(inputs, fails);
  for (let at = 0; at < least.length; at++) {
    const others = least;
    const failsWith = (input: Uint8Array): Promise<boolean> => fails(others.with(at, input));
    least = others.with(at, await smaller(others[at]!, failsWith));
  }
  return least;
}

/** Leaves out inputs, in halves, then one by one. */
async function fewer(inputs: Case, fails: (some: Case) => Promise<boolean>): Promise<Case> {
  let least = inputs;
  for (let size = least.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < least.length;) {
      const without = [...least.slice(0, at), ...least.slice(at + size)];
      if (without.length > 0 && (await fails(without))) least = without;
      else at += size;
    }
  }
  return least;
}

/** Leaves out bytes, from large pieces to single ones, then makes others zero. */
async function smaller(
  input: Uint8Array,
  fails: (input: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let least = input;
  for (let size = least.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < least.length;) {
      const parts = [least.subarray(0, at), least.subarray(at + size)];
      const without = new Uint8Array(Buffer.concat(parts));
      if (await fails(without)) least = without;
      else at += size;
    }
  }
  for (let at = 0; at < least.length; at++) {
    if (least[at] === 0) continue;
    const plainer = least.with(at, 0);
    if (await fails(plainer)) least = plainer;
  }
  return least;
}
