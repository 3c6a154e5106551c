import { defineConfig } from "annoy-edge";

export default defineConfig({ name: "site", site: "public" });
