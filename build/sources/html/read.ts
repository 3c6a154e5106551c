import { attribute, elements, parseHtml, textOf } from "./dom.ts";
import { furnitureOf, type PageContext } from "./furniture.ts";
import { contentRoots, createLandmarks, isLookedInto } from "./roots.ts";
import { type Section, sectionsOf } from "./sections.ts";

/** Text of the main content of a page, its title, and its language when given. Parsed as a browser does (parse5). */
export function readHtml(html: string): { pageContent: string; metadata: Record<string, unknown> } {
  const document = parseHtml(html);
  const landmarks = createLandmarks();
  let title: string | undefined;
  let lang: string | undefined;
  for (const element of elements(document, isLookedInto)) {
    landmarks.note(element);
    if (element.tagName === "title") title ??= textOf(element);
    else if (element.tagName === "html") lang ??= attribute(element, "lang");
  }
  const { roots, declared } = contentRoots(landmarks);
  const page: PageContext = {
    declared,
    controlled: landmarks.controlled,
    leadsHere: (href) => href.startsWith("#"),
  };
  const leftOut = furnitureOf(page);
  let pageContent = textOfSections(roots.flatMap((root) => sectionsOf(root, leftOut)));
  // A page of nothing but navigation is read as that.
  if (pageContent === "" && landmarks.body) {
    pageContent = textOfSections(sectionsOf(landmarks.body, ({ tagName }) => tagName === "script"));
  }
  return { pageContent, metadata: { ...(title && { title }), ...(lang && { lang }) } };
}

/** Sections as one text: headings are paragraphs of their own. */
function textOfSections(sections: readonly Section[]): string {
  return sections
    .flatMap(({ heading, text }) => [heading, text])
    .filter((text) => text !== "")
    .join("\n\n");
}
