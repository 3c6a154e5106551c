import type { OpenApiDocument } from "./openapi.ts";

/** The reference page and the Content-Security-Policy it is served under. */
export async function docsPage(document: OpenApiDocument): Promise<{ html: string; policy: string }> {
  return { html: `<!doctype html><title>${document.info.title}</title>`, policy: "default-src 'none'" };
}
