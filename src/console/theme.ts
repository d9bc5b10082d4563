/** Dark or light: as the system has it, unless the reader says otherwise. */
import { Store } from "./store.ts";

const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const storageName = "obelisk-theme";
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

const stored = (): Theme => themes.find((each) => each === saved.read()) ?? "system";

/** A browser may keep nothing for pages: then the choice lasts as long as the page. */
const saved = {
  read(): string | null {
    try {
      return localStorage.getItem(storageName);
    } catch (error) {
      if (error instanceof DOMException) return null;
      throw error;
    }
  },
  write(value: string): void {
    try {
      localStorage.setItem(storageName, value);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  },
};

/** What the reader has chosen. */
const theme = new Store<Theme>(stored());
/** What the page is painted in. */
export const isDark = new Store(false);

function apply(): void {
  const chosen = theme.get();
  isDark.set(chosen === "system" ? systemIsDark.matches : chosen === "dark");
  document.documentElement.dataset["theme"] = isDark.get() ? "dark" : "light";
}

/** Paints the page, now and whenever the choice or the system changes. */
export function startTheme(): void {
  apply();
  theme.listen(apply);
  systemIsDark.addEventListener("change", apply);
}

/** The other one. */
export function toggleTheme(): void {
  const next = isDark.get() ? "light" : "dark";
  // Back to what the system says, where that is the same.
  const isSystem = systemIsDark.matches === (next === "dark");
  theme.set(isSystem ? "system" : next);
  saved.write(theme.get());
}
