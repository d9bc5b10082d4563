/** Dialogs: one at a time, over the page; Escape closes it, and the focus goes back. */
import { type ComponentChildren, h, type ComponentChild } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { messageOf } from "./api.ts";
import { button, problem, type ButtonOptions } from "./parts.ts";
import { Store, useStore } from "./store.ts";

const open = new Store<(() => ComponentChild) | null>(null);

/** Shows a dialog; it is one of {@link Dialog}. */
export const show = (render: () => ComponentChild): void => open.set(render);

export const close = (): void => open.set(null);

/** Where dialogs appear. */
export function Dialogs(): ComponentChild | null {
  const render = useStore(open);
  return render === null ? null : render();
}

/** A frame around a dialog's content. */
export function Dialog(props: {
  readonly title: string;
  readonly kind?: "wide" | "palette";
  readonly children?: ComponentChildren;
}): ComponentChild {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  // The browser tells of a closed dialog later; by then another one may be open.
  const own = open.get();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    element.current?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return h(
    "dialog",
    {
      ref: element,
      class: props.kind ?? "",
      "aria-labelledby": id,
      // The browser would hide it now and take it away a moment later: keys pressed in between
      // would go to what is hidden.
      onCancel: (event: Event) => {
        event.preventDefault();
        close();
      },
      onClose: () => {
        if (open.get() === own) close();
      },
      onMouseDown: (event: MouseEvent) => {
        // The backdrop is part of the element; its content is not.
        if (event.target === element.current) close();
      },
    },
    h(
      "div",
      { class: "dialog-body" },
      h(
        "div",
        { class: "dialog-head" },
        h("h2", { id }, props.title),
        button("", close, { kind: "quiet", icon: "close", title: "Close" }),
      ),
      props.children,
    ),
  );
}

/** A form in a dialog: what was asked is done, or it says why not and stays. */
export function DialogForm(props: {
  readonly title: string;
  readonly kind?: "wide";
  readonly action: string;
  readonly actionOptions?: ButtonOptions;
  /** Done when it resolves; then the dialog closes. */
  readonly act: () => Promise<void>;
  readonly children?: ComponentChildren;
}): ComponentChild {
  const [busy, setBusy] = useState(false);
  const [message, setMessage] = useState<string | null>(null);
  const submit = async (): Promise<void> => {
    if (busy || props.actionOptions?.disabled === true) return;
    setBusy(true);
    setMessage(null);
    try {
      await props.act();
      close();
    } catch (error) {
      setMessage(messageOf(error));
      setBusy(false);
    }
  };
  const submitted = (event: Event): void => {
    event.preventDefault();
    void submit();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submitted(event);
  };
  const { disabled = false, ...options } = props.actionOptions ?? {};
  return h(
    Dialog,
    { title: props.title, ...(props.kind && { kind: props.kind }) },
    h(
      "form",
      { onSubmit: submitted, onKeyDown, noValidate: true },
      h("div", { class: "dialog-content" }, props.children, problem(message)),
      h(
        "div",
        { class: "dialog-foot" },
        button("Cancel", close, { kind: "quiet" }),
        button(props.action, () => undefined, {
          kind: "primary",
          ...options,
          disabled: disabled || busy,
          submits: true,
        }),
      ),
    ),
  );
}
