/** Shortcuts: single keys, pairs (`g t`), and Ctrl-K; never while somebody types. */
import { useEffect, useRef } from "preact/hooks";

/** What each key does: `?`, `g t`, `mod+k`. */
export type Shortcuts = Readonly<Record<string, () => void>>;

/** Between the two keys of a pair. */
const pairMsMax = 1_200;

let first = "";
let firstAt = 0;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** While a dialog is open the page behind it hears nothing. */
const isBehindDialog = (): boolean => document.querySelector("dialog[open]") !== null;

function nameOf(event: KeyboardEvent): string | null {
  if (event.altKey) return null;
  if (event.ctrlKey || event.metaKey) return `mod+${event.key.toLowerCase()}`;
  return event.key;
}

/** Answers to these keys while the caller is there; the newest caller is asked first. */
export function useKeys(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  current.current = shortcuts;
  useEffect(() => {
    const answer = (name: string): boolean => {
      const action = Object.hasOwn(current.current, name) ? current.current[name] : undefined;
      action?.();
      return action !== undefined;
    };
    answers.unshift(answer);
    return () => void answers.splice(answers.indexOf(answer), 1);
  }, []);
}

const answers: ((name: string) => boolean)[] = [];

/** Listens, from now on. */
export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    const name = nameOf(event);
    if (name === null || event.defaultPrevented || isBehindDialog()) return;
    if (isTyping(event.target) && !name.startsWith("mod+")) return;
    const pair = event.timeStamp - firstAt < pairMsMax ? `${first} ${name}` : "";
    first = name;
    firstAt = event.timeStamp;
    const isAnswered = [pair, name].some((each) => {
      return each !== "" && answers.some((answer) => answer(each));
    });
    if (isAnswered) event.preventDefault();
  });
}
