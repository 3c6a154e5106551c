import { defineConfig } from "annoy-edge";

export default defineConfig({ name: "docs", source: "content" });
