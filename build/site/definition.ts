/** A heading that names what it defines: `.send(data)`, `send(data)`, `reply.send([payload])`. */
const CALL = /^(\.?)([\p{L}_$][\p{L}\p{N}_$]*)\s*(\(|$)/u;
const NAME = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;

/**
 * The full names of what a section defines, as readers type them: the section `.send(data)` below the heading `Reply` defines
 * `Reply.send`. Its own text seldom says so, where every example elsewhere does.
 */
export function definitionsOf(heading: string, above: readonly string[]): string[] {
  const match = CALL.exec(heading.trim());
  if (!match || (match[1] === "" && match[3] === "")) return [];
  const owners = new Set(above.map((one) => one.trim()).filter((one) => NAME.test(one)));
  return [...owners].map((owner) => `${owner}.${match[2]}`);
}
