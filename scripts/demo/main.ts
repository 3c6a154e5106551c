import { runForeground } from "./foreground.ts";
import { buildDemo } from "./index.ts";

/** `npm start`: the reverse dictionary, built when need be, with the Worker's own page. */
await runForeground("npm start", async ({ root, onProgress, note }) => {
  const { dir, built } = await buildDemo({ root, onProgress });
  if (!built) note("The index is built already.");
  return { artifact: dir };
});
