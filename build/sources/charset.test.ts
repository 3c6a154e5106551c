import { expect, test } from "vitest";
import { decodeHtml } from "./charset.ts";

const latin = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const utf8 = (text: string) => new TextEncoder().encode(text);

test.each([
  ["UTF-8 without saying so", utf8("<p>café ☃"), "", "<p>café ☃"],
  ["UTF-8 with its mark", utf8("\ufeff<p>café"), "", "<p>café"],
  ["UTF-16 with its mark", Uint8Array.of(0xff, 0xfe, 0x61, 0, 0xe9, 0), "", "aé"],
  [
    "Latin-1 as it says itself",
    latin('<meta charset="iso-8859-1"><p>café'),
    "",
    '<meta charset="iso-8859-1"><p>café',
  ],
  [
    "Latin-1 as it says in the old way",
    latin('<META http-equiv=Content-Type content="text/html; charset=ISO-8859-1"><p>café'),
    "",
    '<META http-equiv=Content-Type content="text/html; charset=ISO-8859-1"><p>café',
  ],
  ["Cyrillic as its answer says", Uint8Array.of(0xcf, 0xf0), 'text/html; charset="windows-1251"', "Пр"],
  ["UTF-16 as only its letters say", utf8('<meta charset="utf-16">é'), "", '<meta charset="utf-16">é'],
  ["an encoding that nobody knows", utf8('<meta charset="klingon">é'), "", '<meta charset="klingon">é'],
  ["nothing, and no UTF-8", latin("<p>café \x93quoted\x94"), "", "<p>café “quoted”"],
  [
    "UTF-8, with a bad byte",
    latin("<meta charset=utf-8>caf\xe9 \xc3\xa9"),
    "",
    "<meta charset=utf-8>caf\ufffd é",
  ],
])("reads %s", (_, bytes, type, text) => {
  expect(decodeHtml(bytes, type)).toBe(text);
});
