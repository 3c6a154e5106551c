import { baseOf } from "../base.ts";
import { HttpError } from "../problems.ts";
import type { Handler } from "./route.ts";

export const nothingHere: Handler = (c) => {
  const detail = `There is nothing at ${c.req.path.slice(0, 200)}. The paths of this API are at ${baseOf(c)}/docs.`;
  throw new HttpError("NOT_FOUND", detail);
};
