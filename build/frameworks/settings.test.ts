import { describe, expect, it } from "vitest";
import { checkSettings, type SearchSettings } from "./settings.ts";

describe("settings of an integration", () => {
  it("are taken as documented, undefined ones for absent", () => {
    const settings: SearchSettings = {
      endpoint: "https://search.example.com",
      filters: ["section"],
      filter: { version: "2" },
      scope: [],
      messages: { de: { open: "Suche", found: { one: "{count} Treffer", other: "{count} Treffer" } } },
      suggest: true,
      insight: true,
      index: { embedder: "static", publish: { remote: true } },
    };
    expect(checkSettings(settings)).toBe(settings);
    expect(checkSettings({ filters: undefined, index: false } as object)).toEqual({ index: false });
  });

  it.each<[unknown, RegExp]>([
    [null, /are an object/],
    [[], /are an object/],
    [{ endPoint: "https://a.example" }, /no setting endPoint/],
    [{ toString: 1 }, /no setting toString/],
    [{ endpoint: "ftp://a.example" }, /^endpoint is "ftp/],
    [{ endpoint: "https://a b" }, /^endpoint is/],
    [{ filters: "section" }, /^filters is "section"; it is a list/],
    [{ filter: "section" }, /^filter is/],
    [{ scope: [5] }, /^scope is/],
    [{ messages: { de: "Suche" } }, /^messages is/],
    [{ messages: { de: { open: 5 } } }, /^messages is/],
    [{ suggest: "on" }, /^suggest is "on"; it is true or false/],
    [{ insight: "yes" }, /^insight is/],
    [{ index: true }, /^index is true; it is options of build, or false/],
    [{ index: { embeder: "static" } }, /^index has no option embeder; there are name, out, .*, embedder, /],
    [{ index: { site: "dist", toString: 1 } }, /^index has no option site, toString/],
    [{ index: { publish: "remote" } }, /^index\.publish is "remote"; it is true, false, or options/],
    [{ index: { publish: { remove: true } } }, /^index\.publish has no option remove; there are remote/],
  ])("refuses %j", (settings, message) => {
    expect(() => checkSettings(settings as SearchSettings)).toThrow(
      expect.objectContaining({ code: "BAD_OPTION", message: expect.stringMatching(message) }),
    );
  });
});
