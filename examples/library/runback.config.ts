import { defineConfig } from "@runback/runtime";
import { libraryImport } from "./library-import.ts";

export default defineConfig({
  migrations: [
    {
      declaration: libraryImport,
      source: "data",
      policies: { "library.genres": { Novel: "FICTION", Poetry: "VERSE", Science: "SCIENCE" } },
    },
  ],
});
