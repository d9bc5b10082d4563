/** Where the page begins. */
import { h, render } from "preact";
import { App } from "./app.ts";
import { startKeys } from "./keys.ts";
import { startLive } from "./live.ts";
import { startTheme } from "./theme.ts";

startTheme();
startKeys();
startLive();
render(h(App, {}), document.body);
