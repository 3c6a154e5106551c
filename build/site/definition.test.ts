import { expect, test } from "vitest";
import { definitionsOf } from "./definition.ts";

test("a section that is named by a call defines it below each heading that is one name", () => {
  expect(definitionsOf(".send(data)", ["Reply", "Reply", "Methods of it"])).toEqual(["Reply.send"]);
  expect(definitionsOf("close([callback])", ["server", "net"])).toEqual(["server.close", "net.close"]);
  expect(definitionsOf(".statusCode", ["Reply"])).toEqual(["Reply.statusCode"]);
});

test("a section with a plain heading, or one of several words, defines nothing", () => {
  for (const heading of ["Methods", "How to send (data)", "", "1.2.3", "send data(x)"]) {
    expect(definitionsOf(heading, ["Reply"])).toEqual([]);
  }
  expect(definitionsOf(".send()", ["Replies to requests"])).toEqual([]);
});
